//! Frames on their way to the client. Invariant: frames leave whole and in the order in which they were put; at most
//! [`ROOM`] bytes wait before those who make more have to wait. Must not know what the frames say.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::frame;

/// Bytes that may wait for a client that does not read.
const ROOM: usize = 32 << 20;
/// Frames are joined up to this size for one write.
const BATCH: usize = 256 << 10;

/// The queue between all who answer and the one thread that writes.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    /// Signalled when frames come in or the box closes.
    filled: Condvar,
    /// Signalled when frames leave or the box closes.
    emptied: Condvar,
}

#[derive(Debug, Default)]
struct State {
    frames: VecDeque<Vec<u8>>,
    /// Bytes in `frames` and in the write under way.
    bytes: usize,
    closed: bool,
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts one message, given as JSON. Never waits; those who make large messages ask [`Self::wait_for_room`] first.
    pub(crate) fn put(&self, body: &[u8]) {
        let frame = frame::encode(body);
        let mut state = self.lock();
        if state.closed {
            return;
        }
        state.bytes += frame.len();
        state.frames.push_back(frame);
        drop(state);
        self.filled.notify_one();
    }

    /// Puts a message that can be made into JSON.
    pub(crate) fn put_json(&self, message: &impl serde::Serialize) {
        match serde_json::to_vec(message) {
            Ok(body) => self.put(&body),
            Err(error) => tracing::error!(%error, "a message cannot be written as JSON"),
        }
    }

    /// Waits until the client has read enough, or the box is closed.
    pub(crate) fn wait_for_room(&self) {
        let mut state = self.lock();
        while state.bytes >= ROOM && !state.closed {
            state = self.emptied.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until all is written, at most `limit`.
    pub(crate) fn flush(&self, limit: Duration) {
        let end = Instant::now() + limit;
        let mut state = self.lock();
        while state.bytes > 0 && !state.closed {
            let Some(left) = end.checked_duration_since(Instant::now()) else { return };
            state = self.emptied.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Nothing more is taken or written.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.frames.clear();
        drop(state);
        self.filled.notify_all();
        self.emptied.notify_all();
    }

    /// The writing thread's work: writes until the box closes. Errors are the client's closed end.
    pub(crate) fn write_to(self: &Arc<Self>, mut to: impl Write) -> std::io::Result<()> {
        let mut batch = Vec::new();
        loop {
            {
                let mut state = self.lock();
                while state.frames.is_empty() && !state.closed {
                    state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                if state.closed {
                    return Ok(());
                }
                batch.clear();
                while let Some(next) = state.frames.front()
                    && (batch.is_empty() || batch.len() + next.len() <= BATCH)
                    && let Some(next) = state.frames.pop_front()
                {
                    if batch.is_empty() { batch = next } else { batch.extend_from_slice(&next) }
                }
            }
            let written = to.write_all(&batch).and_then(|()| to.flush());
            self.lock().bytes -= batch.len();
            self.emptied.notify_all();
            if let Err(error) = written {
                self.close();
                return Err(error);
            }
        }
    }
}
