//! Which ONNX Runtime library is loaded, and whether it may be. Invariant: only a complete regular file is ever handed to
//! the loader (a cut-off one kills the process, a FIFO hangs it), by its absolute path; nothing of a workspace is looked at.
//! Executes nothing, Python neither.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::image::{Format, Image};
use crate::embed::EmbedError;

/// Environment variables that name the library, for those who set nothing: ours, and the one that others know.
pub const VARIABLE: &str = "PORTOLAN_ONNXRUNTIME";
const COMMON_VARIABLE: &str = "ORT_DYLIB_PATH";

/// What to do where there is none, or a wrong one.
pub const REMEDY: &str = "install ONNX Runtime 1.20 or newer (pip install onnxruntime, or onnxruntime-gpu for CUDA) or set \
                          embeddings.library to its libonnxruntime";

/// Most directory entries that are looked at in one folder.
const MOST_ENTRIES: usize = 4_096;
/// Most folders of PATH that are looked at.
const MOST_FOLDERS: usize = 200;

/// Where the user's environment says that things are; handed in, so that a test can make one up.
#[derive(Debug, Default)]
pub struct Surroundings {
    pub home: Option<PathBuf>,
    pub variables: Vec<(&'static str, OsString)>,
    pub executable: Option<PathBuf>,
    /// Roots such as `/usr`.
    pub prefixes: Vec<PathBuf>,
}

impl Surroundings {
    /// Those of this process.
    pub fn here() -> Self {
        const NAMES: [&str; 6] = [VARIABLE, COMMON_VARIABLE, "VIRTUAL_ENV", "CONDA_PREFIX", "PATH", "NODE_PATH"];
        Self {
            home: std::env::var_os("HOME").filter(|it| !it.is_empty()).map(PathBuf::from),
            variables: NAMES.iter().filter_map(|it| Some((*it, std::env::var_os(it)?))).collect(),
            executable: std::env::current_exe().ok(),
            prefixes: ["/usr/local", "/usr", "/opt/homebrew"].map(PathBuf::from).into(),
        }
    }

    fn variable(&self, name: &str) -> Option<&OsString> {
        self.variables.iter().find(|it| it.0 == name).map(|it| &it.1).filter(|it| !it.is_empty())
    }

    /// What programs are started from, where it is an absolute path.
    fn path(&self) -> Vec<PathBuf> {
        let path = self.variable("PATH").map(std::env::split_paths).into_iter().flatten();
        path.filter(|it| it.is_absolute()).take(MOST_FOLDERS).collect()
    }

    /// Folders with `lib/python3.x` or `lib/node_modules` in them, as installers make them.
    fn prefixes(&self) -> Vec<PathBuf> {
        let named = ["VIRTUAL_ENV", "CONDA_PREFIX"].iter().filter_map(|it| self.variable(it)).map(PathBuf::from);
        // `bin` of an environment: what it belongs to lies beside it.
        let on_path = self.path().into_iter().filter(|it| it.file_name().is_some_and(|name| name == "bin"));
        let on_path = on_path.filter_map(|it| it.parent().map(Path::to_path_buf));
        let home = self.home.iter().flat_map(|home| {
            let versions = [".pyenv/versions", ".nvm/versions/node", ".local/share/fnm/node-versions"];
            let installed = versions.iter().flat_map(|it| entries(&home.join(it), "")).collect::<Vec<_>>();
            [".local", ".npm-global", ".volta/tools/image/packages"]
                .map(|it| home.join(it))
                .into_iter()
                .chain(installed)
        });
        let mut out: Vec<PathBuf> = Vec::new();
        for prefix in named.chain(on_path).chain(home).chain(self.prefixes.iter().cloned()) {
            if prefix.is_absolute() && !out.contains(&prefix) {
                out.push(prefix);
            }
        }
        out
    }

    /// Every place where a library may be, best first.
    fn candidates(&self) -> Vec<PathBuf> {
        let mut out = Vec::new();
        out.extend(self.executable.as_deref().and_then(Path::parent).into_iter().flat_map(libraries_in));
        let prefixes = self.prefixes();
        for prefix in &prefixes {
            for python in entries(&prefix.join("lib"), "python3") {
                for packages in PACKAGES {
                    out.extend(libraries_in(&python.join(packages).join("onnxruntime/capi")));
                }
            }
        }
        let named = self.variable("NODE_PATH").map(std::env::split_paths).into_iter().flatten();
        let modules = named.filter(|it| it.is_absolute()).chain(prefixes.iter().map(|it| it.join("lib/node_modules")));
        for modules in modules {
            for interface in entries(&modules.join("onnxruntime-node/bin"), "napi-v") {
                out.extend(libraries_in(&interface.join(SYSTEM).join(PROCESSOR)));
            }
        }
        out
    }

    /// See [`find`].
    ///
    /// # Errors
    /// None is found, or the one named cannot be loaded safely.
    pub fn find(&self, setting: Option<&Path>) -> Result<PathBuf, EmbedError> {
        let by_variable = |name| self.variable(name).map(|it| (PathBuf::from(it), name));
        let named = setting
            .map(|path| (path.to_path_buf(), "embeddings.library"))
            .or_else(|| by_variable(VARIABLE))
            .or_else(|| by_variable(COMMON_VARIABLE));
        if let Some((path, origin)) = named {
            let wrong = |why: &str| EmbedError(format!("{origin}: {} {why}; {REMEDY}", path.display()));
            if !path.is_absolute() {
                return Err(wrong("is no absolute path"));
            }
            let whole = path.canonicalize().map_err(|e| wrong(&format!("cannot be opened: {e}")))?;
            check(&whole).map_err(|why| wrong(&why))?;
            return Ok(whole);
        }
        let found = self.candidates().into_iter().find(|path| check(path).is_ok());
        found.ok_or_else(|| {
            EmbedError(format!("no ONNX Runtime library found: {REMEDY}, or set embeddings.runtime to built-in"))
        })
    }
}

/// As npm's package calls them.
const SYSTEM: &str = if cfg!(target_vendor = "apple") { "darwin" } else { "linux" };
const PROCESSOR: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
/// How the library's name begins.
const NAME: &str = "libonnxruntime.";

/// The library to load: `setting`, else [`VARIABLE`] or `ORT_DYLIB_PATH`, else one beside the executable, else the one inside a
/// Python package (of `VIRTUAL_ENV`, `CONDA_PREFIX`, what PATH names, the user's, the system's), else inside a Node package
/// that is installed for all projects.
///
/// # Errors
/// None is found, or the one named cannot be loaded safely.
pub fn find(setting: Option<&Path>) -> Result<PathBuf, EmbedError> {
    Surroundings::here().find(setting)
}

/// Where Python keeps packages; the second is what Debian calls it.
const PACKAGES: [&str; 2] = ["site-packages", "dist-packages"];

/// Folders beside the library's package that its providers load from: Python packages of a GPU vendor
/// (`site-packages/nvidia/*/lib`).
pub fn companions(library: &Path) -> Vec<PathBuf> {
    let is_packages = |it: &&Path| PACKAGES.iter().any(|name| it.ends_with(name));
    let Some(packages) = library.ancestors().nth(3).filter(is_packages) else {
        return Vec::new();
    };
    entries(&packages.join("nvidia"), "").into_iter().map(|it| it.join("lib")).filter(|it| it.is_dir()).collect()
}

/// ` 1.31.1` where the file's name ends in a version, else nothing.
pub fn version(library: &Path) -> String {
    let name = library.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    name.split_once(".so.").map(|(_, version)| format!(" {version}")).unwrap_or_default()
}

fn libraries_in(folder: &Path) -> Vec<PathBuf> {
    let named = entries(folder, NAME).into_iter().chain(entries(folder, "libonnxruntime-"));
    named.filter_map(|path| path.canonicalize().ok()).collect()
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

/// Whether `path` is a regular file that holds all that its headers promise. The error completes "PATH ...".
pub fn check(path: &Path) -> Result<(), String> {
    let meta = std::fs::metadata(path).map_err(|e| format!("cannot be read: {e}"))?;
    if !meta.is_file() {
        return Err("is not a regular file".into());
    }
    let file = File::open(path).map_err(|e| format!("cannot be opened: {e}"))?;
    let read = |at: u64, out: &mut [u8]| file.read_exact_at(out, at).is_ok();
    Image { length: meta.len(), read: &read }.check(Format::HERE)
}

#[cfg(test)]
mod tests;
