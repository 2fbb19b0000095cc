//! Names of files that hold credentials: neither indexed nor logged. Invariant: the decision is made by the name alone,
//! before a byte is read. Must not know other rules.

use crate::base::paths::RelPath;

/// Whole names.
const NAMES: [&[u8]; 22] = [
    b".npmrc",
    b".yarnrc.yml",
    b".pypirc",
    b".netrc",
    b"_netrc",
    b".git-credentials",
    b".htpasswd",
    b".pgpass",
    b".my.cnf",
    b".dockercfg",
    b".dockerconfigjson",
    b".vault-token",
    b".terraformrc",
    b"terraform.rc",
    b".boto",
    b".s3cfg",
    b"secrets.yml",
    b"secrets.yaml",
    b"secrets.json",
    b"secrets.toml",
    b"credentials.json",
    b"service-account.json",
];
/// Ends of names.
const ENDS: [&[u8]; 13] = [
    b".env",
    b".pem",
    b".key",
    b".p12",
    b".pfx",
    b".jks",
    b".keystore",
    b".kdbx",
    b".ppk",
    b".tfstate",
    b".tfvars",
    b".agekey",
    b".mobileprovision",
];
/// Private keys of ssh; their public halves end in `.pub`.
const KEYS: [&[u8]; 5] = [b"id_rsa", b"id_dsa", b"id_ecdsa", b"id_ed25519", b"id_xmss"];
/// `.env` files that are made to be shared.
const SHARED: [&[u8]; 5] = [b".example", b".sample", b".template", b".dist", b".defaults"];
/// Files that hold credentials in these folders only.
const IN_FOLDERS: [&[u8]; 5] =
    [b".aws/credentials", b".aws/config", b".docker/config.json", b".kube/config", b".cargo/credentials.toml"];

/// Whether the file at `path` is on the list. Letter case does not matter.
pub fn is_secret(path: &RelPath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    let whole = || path.as_bytes().to_ascii_lowercase();
    if name.starts_with(b".env") {
        return !SHARED.iter().any(|end| name.ends_with(end));
    }
    NAMES.contains(&name.as_slice())
        || ENDS.iter().any(|end| name.ends_with(end))
        || KEYS.iter().any(|key| name.starts_with(key)) && !name.ends_with(b".pub")
        || IN_FOLDERS.iter().any(|end| {
            let whole = whole();
            whole.ends_with(end) && (whole.len() == end.len() || whole[whole.len() - end.len() - 1] == b'/')
        })
}
