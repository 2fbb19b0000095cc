//! One exclusive lock by `flock`. Invariants: never waits; the system releases it when its process dies, however that
//! happens; children do not inherit it. Must not know what it guards.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::FlockOperation;
use rustix::io::Errno;

/// A held lock; dropping it releases it.
#[derive(Debug)]
pub struct FileLock {
    // Held for its life alone.
    _fd: OwnedFd,
}

impl FileLock {
    /// Takes the lock on an open file at once, or says `None` where another process has it.
    pub fn try_exclusive(fd: OwnedFd) -> io::Result<Option<Self>> {
        loop {
            match rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Some(Self { _fd: fd })),
                Err(Errno::AGAIN) => return Ok(None),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}
