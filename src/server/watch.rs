//! What ends the process apart from `exit`. Invariant: the first end counts, and each is told within a second. Must not know
//! what has to be done before the process ends.

use std::fs::File;
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::base::os::ends::{self, Gone};
use crate::base::threads::{self, Intent};

/// A client that is gone already when it says who it is, may still be writing: it gets its answer first.
const FIRST_LOOK: Duration = Duration::from_millis(500);

/// Why the server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client sent `exit`.
    Exit,
    /// The client closed its end of our input.
    InputClosed,
    /// The client does not read our output any more.
    OutputClosed,
    /// The process named by `initialize` is gone.
    ClientDied,
    /// A signal asked us to end.
    Signal,
}

/// Where ends are reported.
#[derive(Debug)]
pub(crate) struct Watch {
    ends: Sender<End>,
    /// Our standard output, to see its reader go away; none where the output is no descriptor.
    pipe: Mutex<Option<File>>,
}

impl Watch {
    pub(crate) fn new(pipe: Option<File>) -> (Self, Receiver<End>) {
        let (ends, told) = channel();
        (Self { ends, pipe: Mutex::new(pipe) }, told)
    }

    /// Reports an end. Later ones are not heard.
    pub(crate) fn end(&self, end: End) {
        let _ = self.ends.send(end);
    }

    /// Watches the client's process, if it named one, and the reader of our output.
    pub(crate) fn client(&self, process: Option<u32>) {
        let pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner).take();
        let ends = self.ends.clone();
        let watch = move || {
            std::thread::sleep(FIRST_LOOK);
            let end = match ends::wait_until_gone(process, pipe.as_ref().map(AsFd::as_fd)) {
                Some(Gone::Process) => End::ClientDied,
                Some(Gone::Reader) => End::OutputClosed,
                None => return,
            };
            tracing::info!(?end, "the client is gone");
            let _ = ends.send(end);
        };
        if let Err(error) = threads::spawn("client-watch", Intent::Latency, watch) {
            tracing::warn!(%error, "the client's process is not watched");
        }
    }
}
