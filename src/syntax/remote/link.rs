//! The two pipes to a document's process, each with a thread, so that nobody who holds the document ever blocks on them.
//! Invariant: dropping a link ends the process. Must not know what the frames mean to a document.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};

use super::wire::{self, Answer, Request};
use crate::base::threads::{self, Intent};

/// What a process's document and whoever starts processes tell each other.
#[derive(Debug)]
pub struct Usage {
    /// Requests of all documents until its last one.
    last: AtomicU64,
    /// It was ended to make room for others: nothing is wrong with the document.
    reaped: AtomicBool,
}

impl Default for Usage {
    /// Of a process that starts now.
    fn default() -> Self {
        let it = Self { last: AtomicU64::new(0), reaped: AtomicBool::new(false) };
        it.touch();
        it
    }
}

impl Usage {
    /// Its document asks something now.
    fn touch(&self) {
        static REQUESTS: AtomicU64 = AtomicU64::new(0);
        self.last.store(REQUESTS.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// Grows with each request of its document; the least of several is the one that was used longest ago.
    pub fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    /// To be called before the process is ended to make room.
    pub fn reap(&self) {
        self.reaped.store(true, Ordering::Release);
    }
}

/// A started process: its pipes, and what ends it.
pub struct Connection {
    pub from: Box<dyn Read + Send>,
    pub to: Box<dyn Write + Send>,
    /// Kills the process; called once, also when it has ended by itself.
    pub end: Box<dyn FnOnce() + Send>,
    pub usage: Arc<Usage>,
}

/// Starts a document's process.
pub type Spawn = Arc<dyn Fn() -> io::Result<Connection> + Send + Sync>;

/// A running process.
pub(super) struct Link {
    requests: Sender<Vec<u8>>,
    answers: Receiver<Result<Answer, String>>,
    end: Option<Box<dyn FnOnce() + Send>>,
    usage: Arc<Usage>,
}

impl Link {
    pub(super) fn open(spawn: &Spawn) -> io::Result<Self> {
        let (started, connection) = bounded(1);
        let (requests, outgoing) = unbounded::<Vec<u8>>();
        let (incoming, answers) = unbounded();
        let spawn = spawn.clone();
        // The signal that ends a child with its parent follows the thread that started it: so the thread that reads from
        // the child, and lives as long as it, starts it.
        threads::spawn("document-in", Intent::Latency, move || {
            let Connection { mut from, to, end, usage } = match spawn() {
                Ok(connection) => connection,
                Err(error) => return drop(started.send(Err(error))),
            };
            let writing = threads::spawn("document-out", Intent::Latency, move || write(to, &outgoing));
            if started.send(writing.map(|_| (end, usage))).is_err() {
                return;
            }
            loop {
                let answer = match wire::read_frame(&mut from) {
                    Ok(Some(body)) => wire::answer(&body).ok_or_else(|| "an answer that makes no sense".to_owned()),
                    Ok(None) => Err("it ended".to_owned()),
                    Err(error) => Err(error.to_string()),
                };
                let last = answer.is_err();
                if incoming.send(answer).is_err() || last {
                    return;
                }
            }
        })?;
        let (end, usage) = connection.recv().map_err(|_| io::Error::other("the thread for it ended"))??;
        Ok(Self { requests, answers, end: Some(end), usage })
    }

    /// Queues a request; a process that is gone shows when its answer is awaited.
    pub(super) fn send(&self, request: &Request) {
        self.usage.touch();
        let _ = self.requests.send(wire::put_request(request));
    }

    /// The process was ended to make room for others.
    pub(super) fn is_reaped(&self) -> bool {
        self.usage.reaped.load(Ordering::Acquire)
    }

    /// The next answer, if it comes by `until`. Errors: the process is gone, or talks nonsense.
    pub(super) fn receive(&self, until: Instant) -> Result<Option<Answer>, String> {
        match self.answers.recv_deadline(until) {
            Ok(Ok(answer)) => Ok(Some(answer)),
            Ok(Err(why)) => Err(why),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err("it ended".to_owned()),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            end();
        }
    }
}

/// Writes until the link is dropped or the process is gone.
fn write(mut to: Box<dyn Write + Send>, outgoing: &Receiver<Vec<u8>>) {
    while let Ok(body) = outgoing.recv() {
        if wire::write_frame(&mut to, &body).is_err() {
            return;
        }
    }
}
