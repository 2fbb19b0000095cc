//! Limits and signals of our own processes. Invariant: only processes that we started are ever signalled. Must not
//! know what the processes do.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;

use rustix::process::{Pid, Resource, Rlimit, Signal};

/// What a worker process may use; `None` leaves a limit as it is. Each is lowered, never raised.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessLimits {
    /// Bytes of address space.
    pub address_space: Option<u64>,
    /// Open descriptors.
    pub open_files: Option<u64>,
    /// Bytes of the largest file it may write; 0 forbids writing.
    pub file_size: Option<u64>,
    /// Seconds of processor time in its whole life.
    pub cpu_seconds: Option<u64>,
    /// Bytes of a core dump.
    pub core: Option<u64>,
}

/// Lowers the limits of this process. What the system refuses is skipped.
pub fn limit_this_process(limits: &ProcessLimits) {
    let wanted = [
        (Resource::As, limits.address_space),
        (Resource::Nofile, limits.open_files),
        (Resource::Fsize, limits.file_size),
        (Resource::Cpu, limits.cpu_seconds),
        (Resource::Core, limits.core),
    ];
    for (resource, value) in wanted {
        let Some(value) = value else { continue };
        let now = rustix::process::getrlimit(resource);
        let lowered = now.maximum.map_or(value, |most| most.min(value));
        // A limit that cannot be set leaves the watching parent as the only bound, which polls anyway.
        let _ = rustix::process::setrlimit(resource, Rlimit { current: Some(lowered), maximum: Some(lowered) });
    }
}

/// Time that the calling thread has spent on a processor. Unlike a clock on the wall it does not run while other programs
/// have the machine.
pub fn thread_time() -> std::time::Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let (seconds, nanoseconds) = (u64::try_from(now.tv_sec), u32::try_from(now.tv_nsec));
    std::time::Duration::new(seconds.unwrap_or(0), nanoseconds.unwrap_or(0).min(999_999_999))
}

/// Time that this process and all its children, those that have ended included, have spent on a processor.
pub fn tree_time() -> std::time::Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let own = std::time::Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), now.tv_nsec as u32 % 1_000_000_000);
    let me = std::process::id();
    let living =
        super::memory::descendants(me).into_iter().filter_map(super::memory::cpu_of).sum::<std::time::Duration>();
    own + living + ended_children_time().unwrap_or_default()
}

/// The same of the children that have ended and were waited for.
fn ended_children_time() -> Option<std::time::Duration> {
    let text = std::fs::read("/proc/self/stat").ok()?;
    // The name, in parentheses, may hold anything: the numbers are counted from behind it.
    let behind = text.iter().rposition(|&it| it == b')')? + 1;
    let numbers: Vec<u64> =
        std::str::from_utf8(&text[behind..]).ok()?.split_whitespace().map(|it| it.parse().unwrap_or(0)).collect();
    let ticks = numbers.get(13)?.saturating_add(*numbers.get(14)?);
    // Linux tells these times in hundredths of a second on every processor that we are built for.
    Some(std::time::Duration::from_millis(ticks.saturating_mul(10)))
}

/// The largest file that this process may write, in bytes; `None` without limit. Writing beyond it would kill the
/// process by a signal, so writers ask first.
pub fn file_size_limit() -> Option<u64> {
    rustix::process::getrlimit(Resource::Fsize).current
}

/// Lets as many descriptors be open as the system allows this user.
pub fn raise_open_files() {
    let now = rustix::process::getrlimit(Resource::Nofile);
    // A failure only means that fewer files can be open.
    let _ = rustix::process::setrlimit(Resource::Nofile, Rlimit { current: now.maximum, maximum: now.maximum });
}

/// Asks the system to kill this process when its parent thread ends, and says whether `expected_parent` is still there:
/// it may have died before the request. On systems without such a signal this only compares the parent.
pub fn die_with_parent(expected_parent: u32) -> bool {
    #[cfg(target_os = "linux")]
    {
        // Without the signal the end of the input pipe still ends a worker.
        let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    }
    parent() == Some(expected_parent)
}

/// The parent's process id; `None` where it is outside our namespace.
pub fn parent() -> Option<u32> {
    rustix::process::getppid().and_then(|it| u32::try_from(it.as_raw_nonzero().get()).ok())
}

/// Whether the process `pid` exists (also one of another user; also a zombie).
pub fn exists(pid: u32) -> bool {
    let Some(pid) = known(pid) else { return false };
    !matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}

/// Kills the process `pid`, at once. The caller has started it and not yet waited for it, so the number is still its.
pub fn kill(pid: u32) -> io::Result<()> {
    signal(pid, Signal::KILL)
}

/// Asks the process `pid`, which the caller has started, to end.
pub fn terminate(pid: u32) -> io::Result<()> {
    signal(pid, Signal::TERM)
}

/// Lowers the priority of the calling thread (on Linux; of the process elsewhere) by `by` steps of niceness.
pub fn be_nice(by: i32) {
    // A failure only means that the work runs at normal priority.
    let _ = rustix::process::nice(by);
}

/// Takes the standard output for ourselves and points descriptor 1 at the standard error, so that nothing that any
/// library prints can come between the frames of a protocol.
pub fn take_stdout() -> io::Result<File> {
    let ours = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr().as_fd())?;
    Ok(ours.into())
}

fn signal(pid: u32, signal: Signal) -> io::Result<()> {
    let pid = known(pid).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    Ok(rustix::process::kill_process(pid, signal)?)
}

/// A process id that names one process: 0 and negative numbers would name groups.
fn known(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().filter(|&it| it > 0).and_then(Pid::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_seen_and_killed() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        assert!(exists(child.id()));
        kill(child.id()).unwrap();
        assert!(!child.wait().unwrap().success());
        assert!(!exists(child.id()));
    }

    #[test]
    fn groups_and_impossible_numbers_are_not_signalled() {
        assert!(kill(0).is_err());
        assert!(kill(u32::MAX).is_err());
        assert!(!exists(0));
    }

    #[test]
    fn the_parent_is_known() {
        assert!(parent().is_some_and(exists));
    }
}
