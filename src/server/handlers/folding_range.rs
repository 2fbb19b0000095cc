//! textDocument/foldingRange, past the router.

use tower_lsp::jsonrpc::Error;

use super::text_sync::{OfDocument, unanswered};
use crate::features::folding::limited;
use crate::server::dispatch::Context;
use crate::server::json;
use crate::server::message::Params;
use crate::server::session::Session;
use crate::syntax::parsing::FoldKind;

pub(crate) fn answer(session: &Session, params: &Params, asked: &Context, out: &mut Vec<u8>) -> Result<(), Error> {
    params.parse::<OfDocument>()?;
    let outcome = session.typing.look(asked.pin.as_deref(), &asked.cancel, |now| now.parsing().folds());
    let folds = outcome.map(|folds| limited(folds.unwrap_or_default(), session.facts().fold_limit));
    let written = folds.map(|folds| {
        out.push(b'[');
        for (at, fold) in folds.iter().enumerate() {
            out.extend_from_slice(if at > 0 { b",{\"startLine\":" } else { b"{\"startLine\":" });
            json::number(out, fold.start_line);
            out.extend_from_slice(b",\"endLine\":");
            json::number(out, fold.end_line);
            out.extend_from_slice(match fold.kind {
                FoldKind::Code => b"}",
                FoldKind::Comment => b",\"kind\":\"comment\"}",
                FoldKind::Imports => b",\"kind\":\"imports\"}",
                FoldKind::Region => b",\"kind\":\"region\"}",
            });
        }
        out.push(b']');
    });
    unanswered(written, out, b"[]")
}
