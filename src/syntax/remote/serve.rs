//! The document worker itself: one document, edits in, differences out, until the input ends. Invariant: opens nothing,
//! starts nothing. Must not know which file the document is.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use super::wire::{self, Answer, Request, Sent};
use crate::facts::Facts;
use crate::syntax::InProcess;
use crate::syntax::extract::Limits;
use crate::syntax::parsing::{Lost, Parsed, Parsing};

/// The parent's patience ends before this does.
const NO_HURRY: Duration = Duration::from_secs(3_600);

/// Serves one document.
///
/// # Errors
/// The pipes broke, or the parent talks nonsense; the process should end.
pub fn serve(mut from: impl Read, mut to: impl Write, limits: &Limits) -> io::Result<()> {
    let mut document: Option<InProcess> = None;
    let mut sent: Vec<Arc<Facts>> = Vec::new();
    while let Some(body) = wire::read_frame(&mut from)? {
        let request = wire::request(&body).ok_or_else(|| io::Error::other("a request that makes no sense"))?;
        if let Request::Open { lang, text } = request {
            document = Some(InProcess::open(lang, text, limits.clone()));
            sent.clear();
            continue;
        }
        let document = document.as_mut().ok_or_else(|| io::Error::other("no document"))?;
        let Some(answer) = answer(document, request, &mut sent).map_err(|Lost(why)| io::Error::other(why))? else {
            continue;
        };
        wire::write_frame(&mut to, &wire::put_answer(&answer))?;
    }
    Ok(())
}

fn answer(document: &mut InProcess, request: Request, sent: &mut Vec<Arc<Facts>>) -> Result<Option<Answer>, Lost> {
    Ok(Some(match request {
        Request::Open { .. } => return Ok(None),
        Request::Edit(edits) => {
            document.edit(&edits);
            return Ok(None);
        }
        Request::Parse => parsed(document, InProcess::parse)?,
        Request::Heal => parsed(document, InProcess::heal)?,
        Request::Folds => Answer::Folds(document.folds()?),
        Request::Selections(offsets) => Answer::Selections(document.selections(&offsets)?),
        Request::Errors(limit) => Answer::Errors(document.errors(limit as usize)?),
        Request::Facts => {
            let placed = document.facts()?;
            let known = |facts: &Arc<Facts>| sent.iter().position(|it| Arc::ptr_eq(it, facts));
            let segments = placed.iter().map(|it| match known(&it.facts) {
                Some(at) => (it.span, Sent::Kept(at as u32)),
                None => (it.span, Sent::New(it.facts.clone())),
            });
            let answer = Answer::Facts(segments.collect());
            *sent = placed.into_iter().map(|it| it.facts).collect();
            answer
        }
    }))
}

fn parsed(
    document: &mut InProcess,
    step: impl Fn(&mut InProcess, Duration) -> Result<Parsed, Lost>,
) -> Result<Answer, Lost> {
    loop {
        if let Parsed::Done(differences) = step(document, NO_HURRY)? {
            return Ok(Answer::Parsed { differences, doubtful: document.wants_healing() });
        }
    }
}
