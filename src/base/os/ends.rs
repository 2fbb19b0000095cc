//! The end of a server's life: the wait for a client that is gone. Invariant: waiting costs no processor time. Must not
//! know the protocol.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags};

/// Who went away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// The watched process ended.
    Process,
    /// Nobody reads the watched pipe any more.
    Reader,
}

/// Blocks until the process `pid` has ended or the reader of `pipe` is gone; both may be absent. Without anything to watch
/// it returns `None` at once, and so it does where the system cannot watch.
pub fn wait_until_gone(pid: Option<u32>, pipe: Option<BorrowedFd<'_>>) -> Option<Gone> {
    let process = match pid.map(watched) {
        Some(Watched::Ended) => return Some(Gone::Process),
        Some(Watched::By(fd)) => Some(fd),
        Some(Watched::Unknown) | None => None,
    };
    if process.is_none() && pipe.is_none() {
        return None;
    }
    loop {
        let mut wanted = Vec::with_capacity(2);
        if let Some(fd) = &process {
            wanted.push(PollFd::new(fd, PollFlags::IN));
        }
        if let Some(pipe) = &pipe {
            // No events are asked for: errors and hang-ups are always told.
            wanted.push(PollFd::new(pipe, PollFlags::empty()));
        }
        match rustix::event::poll(&mut wanted, None) {
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return None,
            Ok(_) => {
                let told: Vec<bool> = wanted.iter().map(|it| !it.revents().is_empty()).collect();
                if process.is_some() && told[0] {
                    return Some(Gone::Process);
                }
                if told.last() == Some(&true) {
                    return Some(Gone::Reader);
                }
            }
        }
    }
}

enum Watched {
    Ended,
    By(OwnedFd),
    Unknown,
}

/// A descriptor that becomes readable when the process ends (also while its parent has not yet waited for it).
#[cfg(target_os = "linux")]
fn watched(pid: u32) -> Watched {
    let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) else { return Watched::Unknown };
    match rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()) {
        Ok(fd) => Watched::By(fd),
        Err(rustix::io::Errno::SRCH) => Watched::Ended,
        Err(_) => Watched::Unknown,
    }
}

#[cfg(not(target_os = "linux"))]
fn watched(_pid: u32) -> Watched {
    Watched::Unknown
}
