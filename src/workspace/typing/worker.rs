//! The typing worker: one thread that takes all documents that were touched, parses those that nobody asked for in the
//! meantime, and attends to each that has become quiet. Invariant: it never holds a document longer than one slice while
//! an edit waits.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::Shared;
use super::document::OpenDocument;
use crate::base::cancel::Cancel;

/// How long a request that follows its edit at once is let go first.
const GRACE: Duration = Duration::from_millis(10);

/// What the worker is told.
pub(super) enum Wake {
    /// Opened, changed or saved.
    Touched(Arc<OpenDocument>),
    Closed(Arc<OpenDocument>),
    Stop,
}

/// A document that the worker has to look after.
struct Due {
    document: Arc<OpenDocument>,
    /// When it was last touched, and when next to look at it.
    touched: Instant,
    at: Instant,
    parsed: bool,
}

pub(super) fn run(shared: &Shared, woken: &Receiver<Wake>) {
    let mut due: HashMap<Arc<str>, Due> = HashMap::new();
    loop {
        let next = due.values().map(|it| it.at).min();
        let first = match next {
            Some(at) => woken.recv_deadline(at),
            None => woken.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        let waiting = match first {
            Ok(wake) => std::iter::once(wake).chain(woken.try_iter()).collect(),
            Err(RecvTimeoutError::Timeout) => Vec::new(),
            Err(RecvTimeoutError::Disconnected) => return,
        };
        for wake in waiting {
            match wake {
                Wake::Touched(document) => touch(&mut due, document),
                Wake::Closed(document) => {
                    due.remove(&document.uri);
                    shared.sink.closed(&document.uri, document.path.as_ref());
                }
                Wake::Stop => return,
            }
        }
        attend(shared, &mut due);
    }
}

fn touch(due: &mut HashMap<Arc<str>, Due>, document: Arc<OpenDocument>) {
    let now = Instant::now();
    due.insert(document.uri.clone(), Due { document, touched: now, at: now + GRACE, parsed: false });
}

/// Looks after every document whose time has come.
fn attend(shared: &Shared, due: &mut HashMap<Arc<str>, Due>) {
    let now = Instant::now();
    let ready: Vec<Arc<str>> = due.values().filter(|it| it.at <= now).map(|it| it.document.uri.clone()).collect();
    for uri in ready {
        let Some(it) = due.get_mut(&uri) else { continue };
        if it.document.closed.load(Ordering::Acquire) {
            due.remove(&uri);
        } else if !it.parsed {
            // Nobody asked in the meantime, or they have parsed already and there is nothing to do. Lost: nobody to tell.
            let _ = it.document.read(shared, it.document.edits(), &Cancel::new(), |_| ());
            it.parsed = true;
            it.at = it.touched + shared.options.quiet;
        } else {
            if it.document.heal(shared) {
                it.document.mark_unpublished();
            }
            if it.document.is_unpublished() {
                it.document.publish(shared, &Cancel::new());
            }
            shared.sink.settled(&uri);
            due.remove(&uri);
        }
    }
}
