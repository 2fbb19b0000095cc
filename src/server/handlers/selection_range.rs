//! textDocument/selectionRange, past the router. Invariant: one answer for each position, in their order.

use serde::Deserialize;
use tower_lsp::jsonrpc::Error;

use super::text_sync::{OfDocument, Placed, unanswered};
use crate::base::span::Span;
use crate::features::positions::Places;
use crate::server::dispatch::Context;
use crate::server::json;
use crate::server::message::Params;
use crate::server::session::Session;
use crate::syntax::parsing::View;
use crate::text::{Encoding, Position, Range};

/// More positions than that are not asked for by any editor.
const MOST: usize = 1_000;
/// Larger selections than that many steps are left out, the whole text excepted: editors recurse over the answer.
const STEPS: usize = 60;

#[derive(Deserialize)]
struct Asked {
    positions: Vec<Placed>,
}

pub(crate) fn answer(session: &Session, params: &Params, asked: &Context, out: &mut Vec<u8>) -> Result<(), Error> {
    params.parse::<OfDocument>()?;
    let Asked { positions } = params.parse()?;
    if positions.len() > MOST {
        return Err(Error::invalid_params(format!("{} positions, at most {MOST}", positions.len())));
    }
    let encoding = session.facts().encoding;
    let written = session.typing.look(asked.pin.as_deref(), &asked.cancel, |now| {
        let places = Places::new(&now.parsing().view().lines, encoding);
        let offsets: Vec<u32> = positions.iter().map(|&at| places.byte_of(at.into())).collect();
        let selections = now.parsing().selections(&offsets).unwrap_or_default();
        let view = now.parsing().view();
        out.push(b'[');
        for (at, spans) in selections.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            write(spans, view, encoding, out);
        }
        out.push(b']');
    });
    let nothing: Vec<String> = positions.iter().map(|&at| alone(at.into())).collect();
    unanswered(written, out, format!("[{}]", nothing.join(",")).as_bytes())
}

fn write(spans: &[Span], view: &View, encoding: Encoding, out: &mut Vec<u8>) {
    let mut places = Places::new(&view.lines, encoding);
    let kept = spans.iter().take(STEPS).chain(spans.last().filter(|_| spans.len() > STEPS));
    let count = kept.clone().count();
    for (at, span) in kept.enumerate() {
        out.extend_from_slice(if at > 0 { b",\"parent\":{\"range\":" } else { b"{\"range\":" });
        json::range(out, Range { start: places.of(span.start), end: places.of(span.end) });
    }
    out.resize(out.len() + count, b'}');
}

/// The selection of a text that we know nothing of.
fn alone(at: Position) -> String {
    let mut out = b"{\"range\":".to_vec();
    json::range(&mut out, Range { start: at, end: at });
    out.push(b'}');
    String::from_utf8(out).unwrap_or_default()
}
