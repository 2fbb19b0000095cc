//! Which ONNX Runtime library is loaded, and whether it may be. Invariant: only a complete regular file is ever handed to
//! the loader (a cut-off one kills the process, a FIFO hangs it). Executes nothing, Python neither.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::embed::EmbedError;

/// The environment variable that names the library, for those who set nothing.
pub const VARIABLE: &str = "PORTOLAN_ONNXRUNTIME";

/// Most directory entries that are looked at in one folder.
const MOST_ENTRIES: usize = 4_096;
/// Most program headers of a library.
const MOST_HEADERS: u64 = 512;

/// The library to load: `setting`, else [`VARIABLE`], else one beside the executable, else the one inside a Python
/// environment (`VIRTUAL_ENV`, the user's, the system's).
///
/// # Errors
/// None is found, or the one named cannot be loaded safely.
pub fn find(setting: Option<&Path>) -> Result<PathBuf, EmbedError> {
    let named = setting
        .map(|path| (path.to_path_buf(), "embeddings.library"))
        .or_else(|| std::env::var_os(VARIABLE).filter(|v| !v.is_empty()).map(|v| (v.into(), VARIABLE)));
    if let Some((path, origin)) = named {
        let whole = path.canonicalize().map_err(|e| EmbedError(format!("{origin}: {}: {e}", path.display())))?;
        check(&whole).map_err(|why| EmbedError(format!("{origin}: {} {why}", path.display())))?;
        return Ok(whole);
    }
    candidates().into_iter().find(|path| check(path).is_ok()).ok_or_else(|| {
        EmbedError(
            "no ONNX Runtime library found: set embeddings.library to libonnxruntime.so, install the Python package \
             onnxruntime, or set embeddings.runtime to built-in"
                .into(),
        )
    })
}

/// ` 1.31.1` where the file's name ends in a version, else nothing.
pub fn version(library: &Path) -> String {
    let name = library.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    name.split_once(".so.").map(|(_, version)| format!(" {version}")).unwrap_or_default()
}

fn candidates() -> Vec<PathBuf> {
    let mut out = Vec::new();
    if let Some(folder) = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_path_buf)) {
        out.extend(libraries_in(&folder));
    }
    let environments = ["VIRTUAL_ENV", "CONDA_PREFIX"]
        .iter()
        .filter_map(std::env::var_os)
        .map(PathBuf::from)
        .chain(std::env::var_os("HOME").map(|home| Path::new(&home).join(".local")))
        .chain(["/usr/local", "/usr"].map(PathBuf::from));
    for environment in environments {
        for python in entries(&environment.join("lib"), "python3") {
            for packages in ["site-packages", "dist-packages"] {
                out.extend(libraries_in(&python.join(packages).join("onnxruntime/capi")));
            }
        }
    }
    out
}

fn libraries_in(folder: &Path) -> Vec<PathBuf> {
    entries(folder, "libonnxruntime.so").into_iter().filter_map(|path| path.canonicalize().ok()).collect()
}

/// Entries of `folder` whose names begin with `prefix`, sorted.
fn entries(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(listing) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut out: Vec<PathBuf> = listing
        .take(MOST_ENTRIES)
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path())
        .collect();
    out.sort();
    out
}

/// Whether `path` is a regular file that holds all that its ELF headers promise. The error completes "PATH ...".
pub fn check(path: &Path) -> Result<(), String> {
    let meta = std::fs::metadata(path).map_err(|e| format!("cannot be read: {e}"))?;
    if !meta.is_file() {
        return Err("is not a regular file".into());
    }
    let mut file = File::open(path).map_err(|e| format!("cannot be opened: {e}"))?;
    let mut head = [0u8; 64];
    file.read_exact(&mut head).map_err(|_| "is too short for a shared library".to_owned())?;
    if head[..4] != *b"\x7FELF" || head[4] != 2 || head[5] != 1 {
        return Err("is not a 64-bit shared library of this system".into());
    }
    let word = |at: usize, bytes: &[u8]| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap_or_default());
    let half = |at: usize| u64::from(u16::from_le_bytes([head[at], head[at + 1]]));
    let (table, entry_size, entries) = (word(32, &head), half(54), half(56));
    if entry_size != 56 || entries == 0 || entries > MOST_HEADERS {
        return Err("has program headers of an unknown kind".into());
    }
    for entry in 0..entries {
        let mut header = [0u8; 56];
        let at = table.checked_add(entry * entry_size).ok_or("is damaged")?;
        file.read_exact_at(&mut header, at).map_err(|_| "is cut off; install it again".to_owned())?;
        let loads = u32::from_le_bytes([header[0], header[1], header[2], header[3]]) == 1;
        let end = word(8, &header).checked_add(word(32, &header));
        if loads && end.is_none_or(|end| end > meta.len()) {
            return Err("is cut off; install it again".into());
        }
    }
    Ok(())
}
