//! How a worker is started and what it may take. Invariant: nothing of our environment is handed on but what a runtime or a
//! driver needs. Must not know what is asked of it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::base::version;
use crate::embed::device::Device;

/// What a runtime or a driver needs of our environment; nothing else is handed on.
const ENVIRONMENT: [&str; 14] = [
    "HOME",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "PATH",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "CUDA_PATH",
    "CUDA_HOME",
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
    "ROCM_PATH",
    "INTEL_OPENVINO_DIR",
];

/// What a driver of another device than the CPU maps, but no more than so many times what the CPU may take.
const RESIDENT_DRIVER: u64 = 6 << 30;
const DRIVER_TIMES: u64 = 8;

/// How a worker is started and watched.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Our own executable; none: `/proc/self/exe`, and where there is no such thing what the system names.
    pub executable: Option<PathBuf>,
    /// A worker that says nothing for so long while it has something to do is killed.
    pub patience: Duration,
    /// The same while it opens the model.
    pub patience_at_start: Duration,
    /// A worker that holds more bytes is killed, on the CPU.
    pub resident: u64,
}

impl Launch {
    /// Bytes that it may hold while it runs on this device, or tries to: a driver maps more than a model needs.
    pub fn most_resident(&self, device: Device) -> u64 {
        match device {
            Device::Cpu => self.resident,
            _ => self.resident.max(RESIDENT_DRIVER.min(self.resident.saturating_mul(DRIVER_TIMES))),
        }
    }

    /// Starts the process, which finds `library` and what belongs to it.
    ///
    /// # Errors
    /// What the system says.
    pub fn spawn(&self, library: &Path) -> std::io::Result<Child> {
        let mut command = Command::new(self.program()?);
        command.args(["worker", "--embed", "--parent", &std::process::id().to_string()]);
        command.env_clear().envs(version::environment()).current_dir("/");
        command.envs(ENVIRONMENT.iter().filter_map(|it| Some((*it, std::env::var_os(it)?))));
        // Python packages of a GPU vendor lie beside the runtime's, where no loader looks by itself.
        let beside = crate::embed::onnx::library::companions(library);
        if !beside.is_empty() {
            let own = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
            let all = std::env::split_paths(&own).filter(|it| !it.as_os_str().is_empty()).chain(beside);
            if let Ok(joined) = std::env::join_paths(all) {
                command.env("LD_LIBRARY_PATH", joined);
            }
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()
    }

    fn program(&self) -> std::io::Result<PathBuf> {
        if let Some(named) = &self.executable {
            return Ok(named.clone());
        }
        // It stays the one that runs, also where the file has been replaced since.
        let own = Path::new("/proc/self/exe");
        if own.exists() { Ok(own.to_path_buf()) } else { std::env::current_exe() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_worker_may_hold_goes_by_the_device_it_runs_on() {
        let of = |resident| {
            let patience = Duration::from_secs(1);
            Launch { executable: None, patience, patience_at_start: patience, resident }
        };
        let mib = 1 << 20;
        assert_eq!([Device::Cpu, Device::Cuda].map(|it| of(400 * mib).most_resident(it)), [400 * mib, 3_200 * mib]);
        assert_eq!(of(2_048 * mib).most_resident(Device::Cuda), RESIDENT_DRIVER);
        assert_eq!(of(8_192 * mib).most_resident(Device::Cuda), 8_192 * mib);
    }
}
