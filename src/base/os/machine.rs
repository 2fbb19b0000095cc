//! What kind of machine this is: cores, memory, whether it runs on its battery. Invariant: what the system does not tell
//! counts as plenty. Must not know why anybody asks.

use std::path::Path;

/// What processes of this user may take here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Processors that this process may run on.
    pub cores: usize,
    /// Bytes; 0 where it is not known.
    pub memory: u64,
}

impl Machine {
    /// This one, within the limits of its container.
    pub fn here() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let installed = std::fs::read_to_string("/proc/meminfo").ok().and_then(|it| total_of(&it)).unwrap_or(0);
        let group = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
        let allowed = group.iter().find_map(|path| std::fs::read_to_string(path).ok()?.trim().parse::<u64>().ok());
        let memory = match (installed, allowed) {
            (0, allowed) => allowed.unwrap_or(0),
            (installed, allowed) => allowed.map_or(installed, |it| it.min(installed)),
        };
        Self { cores, memory }
    }
}

/// Bytes in the first line of /proc/meminfo.
fn total_of(text: &str) -> Option<u64> {
    let kilobytes: u64 =
        text.lines().next()?.strip_prefix("MemTotal:")?.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// Where Linux lists what feeds the machine.
pub const POWER_SUPPLIES: &str = "/sys/class/power_supply";

/// Whether the machine lives on its battery now, by the directory that lists its supplies: some battery of its own is
/// being emptied, and nothing else feeds it. A system without such a list has no battery.
pub fn on_battery(supplies: &Path) -> bool {
    let Ok(listing) = std::fs::read_dir(supplies) else { return false };
    let mut emptied = false;
    for supply in listing.flatten().take(64) {
        let says = |name: &str| {
            let text = std::fs::read_to_string(supply.path().join(name)).unwrap_or_default();
            text.trim().to_owned()
        };
        match says("type").as_str() {
            // The battery of a mouse says nothing about the machine.
            "Battery" => emptied |= says("scope") != "Device" && says("status") == "Discharging",
            _ if says("online") == "1" => return false,
            _ => {}
        }
    }
    emptied
}

#[cfg(test)]
mod tests {
    use super::*;

    fn supply(dir: &Path, name: &str, facts: &[(&str, &str)]) {
        let dir = dir.join(name);
        std::fs::create_dir_all(&dir).unwrap();
        for (name, value) in facts {
            std::fs::write(dir.join(name), format!("{value}\n")).unwrap();
        }
    }

    #[test]
    fn a_laptop_without_its_cable_runs_on_its_battery() {
        let dir = tempfile::tempdir().unwrap();
        let here = dir.path();
        assert!(!on_battery(&here.join("missing")));
        supply(here, "hid-mouse", &[("type", "Battery"), ("scope", "Device"), ("status", "Discharging")]);
        supply(here, "AC", &[("type", "Mains"), ("online", "0")]);
        assert!(!on_battery(here));
        supply(here, "BAT0", &[("type", "Battery"), ("status", "Discharging")]);
        assert!(on_battery(here));
        supply(here, "AC", &[("online", "1")]);
        assert!(!on_battery(here));
    }

    #[test]
    fn this_machine_has_cores_and_memory() {
        let here = Machine::here();
        assert!(here.cores > 0 && here.memory > 1 << 20, "{here:?}");
        assert_eq!(total_of("MemTotal:  2048 kB\nMemFree: 1 kB\n"), Some(2 << 20));
        assert_eq!(total_of("nonsense"), None);
    }
}
