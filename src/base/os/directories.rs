//! The user's own directories, and what kind of file system they lie on. Invariant: only absolute paths from the
//! environment count (XDG). Must not know the workspace.

use std::path::{Path, PathBuf};

/// `$XDG_CACHE_HOME/portolan`, else `~/.cache/portolan`; `None` without a home.
pub fn user_cache() -> Option<PathBuf> {
    user_directory("XDG_CACHE_HOME", ".cache")
}

/// `$XDG_CONFIG_HOME/portolan`, else `~/.config/portolan`; `None` without a home.
pub fn user_config() -> Option<PathBuf> {
    user_directory("XDG_CONFIG_HOME", ".config")
}

/// The user's home directory by `$HOME`.
pub fn home() -> Option<PathBuf> {
    absolute("HOME")
}

/// A directory of this user on the local disk that survives a restart: for caches whose own place is on a network.
pub fn local_fallback() -> PathBuf {
    PathBuf::from(format!("/var/tmp/portolan-{}", rustix::process::geteuid().as_raw()))
}

fn user_directory(variable: &str, beneath_home: &str) -> Option<PathBuf> {
    let base = absolute(variable).or_else(|| home().map(|it| it.join(beneath_home)))?;
    Some(base.join("portolan"))
}

fn absolute(variable: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(variable)?);
    path.is_absolute().then_some(path)
}

/// Whether `path` lies on a file system where locks and maps cannot be trusted (network, FUSE, shared folders of a
/// virtual machine). One that cannot be asked counts as local.
#[cfg(target_os = "linux")]
pub fn is_remote(path: &Path) -> bool {
    // Numbers of linux/magic.h and of the file systems' own documents.
    const REMOTE: [u32; 13] = [
        0x6969,      // NFS
        0x517b,      // SMB
        0xff53_4d42, // CIFS
        0xfe53_4d42, // SMB2
        0x5346_414f, // AFS (OpenAFS)
        0x6b41_4653, // AFS
        0x6573_5546, // FUSE
        0x0102_1997, // 9p
        0x00c3_6400, // Ceph
        0x0bd0_0bd0, // Lustre
        0x4750_4653, // GPFS
        0x7375_7245, // Coda
        0x7461_636f, // OCFS2
    ];
    // The field's type differs between platforms; the numbers are 32 bits on all.
    #[allow(clippy::unnecessary_cast)]
    rustix::fs::statfs(path).is_ok_and(|it| REMOTE.contains(&(it.f_type as u32)))
}

#[cfg(not(target_os = "linux"))]
pub fn is_remote(_path: &Path) -> bool {
    false
}

/// Bytes that the user may still write on the file system of `path`.
pub fn free_bytes(path: &Path) -> Option<u64> {
    let it = rustix::fs::statvfs(path).ok()?;
    Some(it.f_bavail.saturating_mul(it.f_frsize))
}

/// How many directories one user may watch (inotify); `None` where the system does not say.
pub fn watch_limit() -> Option<usize> {
    std::fs::read_to_string("/proc/sys/fs/inotify/max_user_watches").ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_file_system_is_not_seen_where_there_is_none() {
        assert!(!is_remote(&std::env::temp_dir()));
        assert!(!is_remote(Path::new("/nowhere/at/all")));
    }

    #[test]
    fn free_space_is_told() {
        assert!(free_bytes(&std::env::temp_dir()).is_some_and(|it| it > 0));
        assert_eq!(free_bytes(Path::new("/nowhere/at/all")), None);
    }
}
