//! One exclusive lock by `flock`. Invariants: never waits; the system releases it when its process dies, however that
//! happens; children do not inherit it. Must not know what it guards.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::FlockOperation;
use rustix::io::Errno;

/// A held lock; dropping it releases it.
#[derive(Debug)]
pub struct FileLock {
    fd: OwnedFd,
}

impl FileLock {
    /// Takes the lock on an open file at once, or says `None` where another process has it.
    pub fn try_exclusive(fd: OwnedFd) -> io::Result<Option<Self>> {
        loop {
            match rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Some(Self { fd })),
                Err(Errno::AGAIN) => return Ok(None),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

impl Drop for FileLock {
    /// Closing alone leaves it to a child that is just being started: until it runs its program it has all that is open here.
    fn drop(&mut self) {
        let _ = rustix::fs::flock(&self.fd, FlockOperation::Unlock);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_is_free_though_a_child_still_has_it_open() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let open = || OwnedFd::from(std::fs::File::open(file.path()).unwrap());
        let fd = open();
        let of_child = fd.try_clone().unwrap();
        let lock = FileLock::try_exclusive(fd).unwrap().unwrap();
        assert!(FileLock::try_exclusive(open()).unwrap().is_none());
        drop(lock);
        assert!(FileLock::try_exclusive(open()).unwrap().is_some());
        drop(of_child);
    }
}
