//! How much memory and time processes use, from /proc. Invariant: a process that is gone counts as nothing. Must not know why
//! anybody asks.

use std::collections::HashMap;

/// Proportional set size of one process in bytes (shared pages divided by their users); `None` where it is gone or the
/// system does not tell.
pub fn pss_of(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|it| it.strip_prefix("Pss:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes.saturating_mul(1024))
}

/// Resident set size of one process in bytes: cheaper to ask for than the proportional size, never below it.
pub fn resident_of(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|it| it.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes.saturating_mul(1024))
}

/// Time that the process has spent on a processor; `None` where it is gone or the system does not tell.
pub fn cpu_of(pid: u32) -> Option<std::time::Duration> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/schedstat")).ok()?;
    text.split_whitespace().next()?.parse().ok().map(std::time::Duration::from_nanos)
}

/// The processes started by `pid`, by those, and so on; without `pid` itself and those that do not run their own command yet.
pub fn descendants(pid: u32) -> Vec<u32> {
    let mut out = Vec::new();
    let mut waiting = vec![pid];
    while let Some(next) = waiting.pop() {
        // A system without these lists, or a process that is gone.
        let Some(children) = children_of(next) else {
            if next == pid {
                return descendants_by_parent(pid);
            }
            continue;
        };
        let command = command_of(next);
        for child in children {
            // Numbers that are reused while we look cannot lead into a circle. A child that runs its parent's command is one
            // that is just being started: until then it shares the parent's memory, which would count twice.
            if child != pid && !out.contains(&child) && command_of(child) != command {
                out.push(child);
                waiting.push(child);
            }
        }
    }
    out
}

/// The children of all threads of a process; `None` where the system does not list them.
fn children_of(pid: u32) -> Option<Vec<u32>> {
    let mut out = Vec::new();
    let mut listed = false;
    for task in std::fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten() {
        let Ok(text) = std::fs::read_to_string(task.path().join("children")) else { continue };
        listed = true;
        out.extend(text.split_whitespace().filter_map(|it| it.parse::<u32>().ok()));
    }
    listed.then_some(out)
}

fn command_of(pid: u32) -> Vec<u8> {
    std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}

/// The same from every process's parent.
fn descendants_by_parent(pid: u32) -> Vec<u32> {
    let Ok(listing) = std::fs::read_dir("/proc") else { return Vec::new() };
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in listing.flatten() {
        let Some(child) = entry.file_name().to_str().and_then(|it| it.parse().ok()) else { continue };
        if let Some(parent) = parent_of(child) {
            children.entry(parent).or_default().push(child);
        }
    }
    let mut out = Vec::new();
    let mut waiting = vec![pid];
    while let Some(next) = waiting.pop() {
        // Taking the list out ends the loop even where numbers were reused into a circle.
        for child in children.remove(&next).unwrap_or_default() {
            out.push(child);
            waiting.push(child);
        }
    }
    out
}

/// Sum of the proportional sizes of `pid` and all its descendants, in bytes.
pub fn pss_of_tree(pid: u32) -> u64 {
    let mine = pss_of(pid).unwrap_or(0);
    descendants(pid).into_iter().filter_map(pss_of).fold(mine, u64::saturating_add)
}

fn parent_of(pid: u32) -> Option<u32> {
    let text = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the name in parentheses and may hold anything: count from the last one.
    let end = text.iter().rposition(|&b| b == b')')?;
    std::str::from_utf8(&text[end + 1..]).ok()?.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_a_missing_one_none() {
        let me = std::process::id();
        let pss = pss_of(me).unwrap();
        assert!(pss > 100_000 && pss <= resident_of(me).unwrap() + 65_536, "{pss}");
        assert!(pss_of_tree(me) > 100_000);
        assert_eq!(pss_of(u32::MAX), None);
        assert_eq!(pss_of_tree(u32::MAX), 0);
    }

    #[test]
    fn children_are_found() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let found = [descendants(std::process::id()), descendants_by_parent(std::process::id())];
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(found.iter().all(|it| it.contains(&child.id())));
    }
}
