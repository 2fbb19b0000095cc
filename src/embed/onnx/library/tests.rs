//! Where libraries are looked for, in a made-up machine, and which files are refused.

use super::*;

/// A file that every check accepts: this test's own executable.
fn library(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(std::env::current_exe().unwrap(), path).unwrap();
}

fn found(around: &Surroundings) -> Option<PathBuf> {
    around.find(None).ok()
}

#[test]
fn each_place_is_looked_at() {
    let here = std::env::current_exe().unwrap().canonicalize().unwrap();
    let node = format!("onnxruntime-node/bin/napi-v6/{SYSTEM}/{PROCESSOR}/libonnxruntime.so.1");
    let python = "lib/python3.12/site-packages/onnxruntime/capi/libonnxruntime.so.1.31.1";
    for (name, at) in [
        ("executable", "bin/libonnxruntime.so".to_owned()),
        ("VIRTUAL_ENV", format!("venv/{python}")),
        ("CONDA_PREFIX", format!("conda/{python}")),
        ("PATH", format!("other/{python}")),
        ("HOME", format!("home/.local/{python}")),
        ("HOME", format!("home/.pyenv/versions/3.12.1/{python}")),
        ("HOME", format!("home/.nvm/versions/node/v22/lib/node_modules/{node}")),
        ("HOME", format!("home/.npm-global/lib/node_modules/{node}")),
        ("NODE_PATH", format!("modules/{node}")),
        ("PATH", format!("other/lib/node_modules/{node}")),
        ("prefix", format!("usr/{python}").replace("site-packages", "dist-packages")),
        ("prefix", format!("usr/lib/node_modules/{node}")),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        library(&root.join(&at));
        let mut around = Surroundings::default();
        assert_eq!(found(&around), None);
        match name {
            "executable" => around.executable = Some(root.join("bin/portolan")),
            "HOME" => around.home = Some(root.join("home")),
            "prefix" => around.prefixes = vec![root.join("usr")],
            "PATH" => around.variables = vec![("PATH", root.join("other/bin").into())],
            "VIRTUAL_ENV" => around.variables = vec![("VIRTUAL_ENV", root.join("venv").into())],
            "CONDA_PREFIX" => around.variables = vec![("CONDA_PREFIX", root.join("conda").into())],
            _ => around.variables = vec![("NODE_PATH", root.join("modules").into())],
        }
        assert_eq!(found(&around).as_ref(), Some(&here), "{name} {at}");
    }
}

#[test]
fn nothing_relative_is_looked_at() {
    // What a workspace holds is reached by relative paths, or by the folder that npm puts on the path.
    let dir = tempfile::tempdir().unwrap();
    library(
        &dir.path().join(format!("node_modules/onnxruntime-node/bin/napi-v6/{SYSTEM}/{PROCESSOR}/libonnxruntime.so.1")),
    );
    let path =
        std::env::join_paths([PathBuf::from("bin"), PathBuf::from("."), dir.path().join("node_modules/.bin")]).unwrap();
    let around = Surroundings {
        variables: vec![("PATH", path), ("VIRTUAL_ENV", "venv".into()), ("NODE_PATH", "node_modules".into())],
        ..Surroundings::default()
    };
    assert_eq!(around.candidates(), Vec::<PathBuf>::new());
}

#[test]
fn what_is_named_counts_alone_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let good = dir.path().join("libonnxruntime.so");
    library(&good);
    let text = dir.path().join("text.so");
    std::fs::write(&text, "a text file that is called like a library, and long enough to be looked into by anybody")
        .unwrap();
    let around = |ours: &Path, common: &Path| Surroundings {
        variables: vec![(VARIABLE, ours.into()), (COMMON_VARIABLE, common.into())],
        ..Surroundings::default()
    };
    let says = |around: &Surroundings, setting: Option<&Path>| around.find(setting).unwrap_err().to_string();
    assert!(around(&good, &text).find(None).is_ok());
    assert!(around(&text, &good).find(Some(&good)).is_ok());
    assert!(around(Path::new(""), &good).find(None).is_ok());
    let error = says(&around(&text, &good), None);
    assert!(
        error.starts_with(VARIABLE) && error.contains("not a 64-bit shared library") && error.contains("pip install"),
        "{error}"
    );
    assert!(says(&around(Path::new(""), &text), None).starts_with(COMMON_VARIABLE));
    assert!(says(&around(&good, &good), Some(&text)).starts_with("embeddings.library"));
    assert!(says(&around(&good, &good), Some(Path::new("libonnxruntime.so"))).contains("no absolute path"));
    assert!(says(&Surroundings::default(), None).contains("1.20 or newer"));
}

#[test]
fn packages_of_a_gpu_vendor_are_found_beside_the_runtime() {
    let dir = tempfile::tempdir().unwrap();
    for packages in PACKAGES {
        let packages = dir.path().join("lib/python3.12").join(packages);
        let library = packages.join("onnxruntime/capi/libonnxruntime.so.1.31.1");
        for name in ["nvidia/cublas/lib", "nvidia/cudnn/lib", "nvidia/none"] {
            std::fs::create_dir_all(packages.join(name)).unwrap();
        }
        assert_eq!(companions(&library), [packages.join("nvidia/cublas/lib"), packages.join("nvidia/cudnn/lib")]);
    }
    assert_eq!(companions(Path::new("/opt/libonnxruntime.so")), Vec::<PathBuf>::new());
}
