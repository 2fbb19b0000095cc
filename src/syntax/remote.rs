//! The parsing door into a process of our own that may die: for large texts and for grammars with open fuzz findings.
//! Invariant: the caller never waits longer than its budget, whatever the process does; a process that has no answer after
//! `patience` is killed, and the document has no syntax until it has changed and a while has passed. What comes back is
//! bounded and checked like any foreign input. Must not know how processes are started.

mod link;
pub mod serve;
#[cfg(test)]
mod tests;
pub mod wire;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::extract::{self, Limits};
use super::languages::Lang;
use super::parsing::{Difference, Fold, Lost, Parsed, Parsing, Placed, SyntaxError, View};
use crate::base::span::Span;
use crate::text::ByteEdit;
use link::Link;
pub use link::{Connection, Spawn, Usage};
use wire::{Answer, Request};

/// After a process was lost, how long the document stays without syntax.
const REST: Duration = Duration::from_secs(10);

/// How often one parse starts anew because its process had to make room.
const RESTARTS: u32 = 3;

/// How a document's process is treated.
#[derive(Clone)]
pub struct RemoteOptions {
    pub limits: Limits,
    /// No answer for so long means that the process hangs.
    pub patience: Duration,
    pub spawn: Spawn,
}

/// A document parsed elsewhere. It keeps the text, the outline and the line index here.
pub struct Remote {
    lang: Lang,
    options: RemoteOptions,
    text: String,
    view: View,
    link: Option<Link>,
    /// Edits that came while an answer was under way: they count on a text that the answer does not know yet.
    deferred: Vec<ByteEdit>,
    /// A parse or healing was asked for and has not been answered.
    under_way: Option<Instant>,
    stale: bool,
    doubtful: bool,
    /// When a process was last lost, and why.
    lost: Option<(Instant, String)>,
    stored: Vec<Placed>,
}

impl Remote {
    /// A document with its whole text; the process starts with the first parse.
    pub fn open(lang: Lang, text: String, options: RemoteOptions) -> Self {
        Self {
            lang,
            options,
            view: View::new(&text),
            text,
            link: None,
            deferred: Vec::new(),
            under_way: None,
            stale: true,
            doubtful: false,
            lost: None,
            stored: Vec::new(),
        }
    }

    /// Edits text and view here, and tells the process.
    fn take(&mut self, edits: &[ByteEdit]) {
        for edit in edits {
            edit.apply_to(&mut self.text);
            self.view.shift(edit, &self.text);
        }
        if let Some(link) = &self.link {
            link.send(&Request::Edit(edits.to_vec()));
        }
        self.stale = true;
    }

    /// The process is gone: no outline, and a rest before the next attempt.
    fn lose(&mut self, why: String) -> Lost {
        if !self.link.as_ref().is_some_and(Link::is_reaped) {
            tracing::warn!(lang = self.lang.id(), why, "a document's parser process is lost");
            self.lost = Some((Instant::now(), why.clone()));
        }
        self.let_go();
        Lost(why)
    }

    /// Without a process; the next one begins with the whole text.
    fn let_go(&mut self) {
        self.link = None;
        self.under_way = None;
        self.stored = Vec::new();
        self.view.items.clear();
        let deferred = std::mem::take(&mut self.deferred);
        self.take(&deferred);
    }

    /// Whether the document goes without syntax for now.
    fn resting(&self) -> bool {
        self.lost.as_ref().is_some_and(|(at, _)| at.elapsed() < REST)
    }

    fn connect(&mut self) -> Result<(), Lost> {
        if self.link.is_some() {
            return Ok(());
        }
        match Link::open(&self.options.spawn) {
            Ok(link) => {
                link.send(&Request::Open { lang: self.lang, text: self.text.clone() });
                // Whatever the view held belongs to a process that is gone.
                self.view.items.clear();
                self.link = Some(link);
                Ok(())
            }
            Err(error) => Err(self.lose(format!("it cannot be started: {error}"))),
        }
    }

    /// The next answer; none where it has not come by `until`.
    fn next_answer(&mut self, asked: Instant, until: Instant) -> Result<Option<Answer>, Lost> {
        let give_up = asked + self.options.patience;
        let Some(link) = &self.link else { return Err(Lost("it was never started".to_owned())) };
        match link.receive(until.min(give_up)) {
            Ok(Some(answer)) => Ok(Some(answer)),
            Ok(None) if until >= give_up => Err(self.lose(format!("no answer within {:?}", self.options.patience))),
            Ok(None) => Ok(None),
            Err(why) => Err(self.lose(why)),
        }
    }

    /// Asks something that is answered at once, and waits for it.
    fn ask(&mut self, request: &Request) -> Result<Answer, Lost> {
        // The outline was asked for before, so the process exists and is idle, or the document has no syntax.
        let Some(link) = self.link.as_ref().filter(|_| self.under_way.is_none()) else {
            return Err(Lost("no syntax".to_owned()));
        };
        link.send(request);
        let now = Instant::now();
        let answer = self.next_answer(now, now + self.options.patience)?;
        answer.ok_or_else(|| Lost("no answer".to_owned()))
    }

    /// Goes on with what is under way until `until`; the differences if it came to its end.
    fn go_on(&mut self, until: Instant) -> Result<Option<Vec<Difference>>, Lost> {
        let Some(asked) = self.under_way else { return Ok(Some(Vec::new())) };
        let answer = match self.next_answer(asked, until)? {
            None => return Ok(None),
            Some(answer) => answer,
        };
        let Answer::Parsed { differences, doubtful } = answer else {
            return Err(self.lose("an answer to another question".to_owned()));
        };
        self.under_way = None;
        self.doubtful = doubtful;
        for difference in &differences {
            self.view.apply(difference);
        }
        if !self.view.is_sound(self.text.len() as u32) {
            return Err(self.lose("an outline that does not fit the text".to_owned()));
        }
        let deferred = std::mem::take(&mut self.deferred);
        if !deferred.is_empty() {
            self.take(&deferred);
        }
        Ok(Some(differences))
    }

    fn begin(&mut self, request: &Request) {
        if let Some(link) = &self.link {
            link.send(request);
            self.under_way = Some(Instant::now());
        }
    }
}

impl Parsing for Remote {
    fn edit(&mut self, edits: &[ByteEdit]) {
        if self.under_way.is_some() {
            self.deferred.extend_from_slice(edits);
        } else if !edits.is_empty() {
            self.take(edits);
        }
    }

    fn parse(&mut self, budget: Duration) -> Result<Parsed, Lost> {
        let until = Instant::now() + budget;
        let mut all = Vec::new();
        if self.resting() {
            return Ok(Parsed::Done(all));
        }
        if self.link.as_ref().is_some_and(Link::is_reaped) {
            self.let_go();
        }
        self.connect()?;
        let mut restarts = 0;
        loop {
            match self.go_on(until) {
                Ok(None) => return Ok(Parsed::Unfinished),
                Ok(Some(differences)) => all.extend(differences),
                // It had to make room in the midst of its work.
                Err(_) if self.link.is_none() && !self.resting() && restarts < RESTARTS => {
                    restarts += 1;
                    self.connect()?;
                }
                Err(lost) => return Err(lost),
            }
            if !self.stale {
                return Ok(Parsed::Done(all));
            }
            self.stale = false;
            self.begin(&Request::Parse);
        }
    }

    fn wants_healing(&self) -> bool {
        self.doubtful && !self.stale && self.link.is_some()
    }

    fn heal(&mut self, budget: Duration) -> Result<Parsed, Lost> {
        let until = Instant::now() + budget;
        if self.under_way.is_none() {
            if !self.wants_healing() {
                return Ok(Parsed::Done(Vec::new()));
            }
            self.begin(&Request::Heal);
        }
        Ok(self.go_on(until)?.map_or(Parsed::Unfinished, Parsed::Done))
    }

    fn text(&self) -> &str {
        &self.text
    }

    fn view(&self) -> &View {
        &self.view
    }

    fn folds(&mut self) -> Result<Vec<Fold>, Lost> {
        match self.ask(&Request::Folds)? {
            Answer::Folds(folds) => Ok(folds),
            _ => Err(self.lose("an answer to another question".to_owned())),
        }
    }

    fn selections(&mut self, offsets: &[u32]) -> Result<Vec<Vec<Span>>, Lost> {
        match self.ask(&Request::Selections(offsets.to_vec()))? {
            Answer::Selections(spans) if spans.len() == offsets.len() => Ok(spans),
            _ => Err(self.lose("an answer to another question".to_owned())),
        }
    }

    fn errors(&mut self, limit: usize) -> Result<Vec<SyntaxError>, Lost> {
        match self.ask(&Request::Errors(limit as u32))? {
            Answer::Errors(errors) => Ok(errors),
            _ => Err(self.lose("an answer to another question".to_owned())),
        }
    }

    fn facts(&mut self) -> Result<Vec<Placed>, Lost> {
        if self.link.is_none() {
            // Words and passages do without syntax.
            let segments = extract::extract(Lang::TEXT, &self.text, &self.options.limits);
            let placed = segments.into_iter().map(|it| Placed { span: it.span, facts: Arc::new(it.facts) });
            return Ok(placed.collect());
        }
        let Answer::Facts(segments) = self.ask(&Request::Facts)? else {
            return Err(self.lose("an answer to another question".to_owned()));
        };
        let before = std::mem::take(&mut self.stored);
        let mut placed = Vec::with_capacity(segments.len());
        for (span, facts) in segments {
            let facts = match facts {
                wire::Sent::New(facts) => facts,
                wire::Sent::Kept(at) => match before.get(at as usize) {
                    Some(kept) => kept.facts.clone(),
                    None => return Err(self.lose("facts that were never sent".to_owned())),
                },
            };
            placed.push(Placed { span, facts });
        }
        self.stored.clone_from(&placed);
        Ok(placed)
    }
}
