//! Content hashes and keys, all BLAKE3. Invariant: equal bytes (and equal recipe) give equal keys on every machine.
//! Must not know what is hashed.

/// BLAKE3 of a file's raw bytes: change detection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub [u8; 32]);

/// 128 bits of BLAKE3 over a domain, a recipe and content: the name of a derived thing (facts, vectors).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub [u8; 16]);

impl ContentHash {
    /// Hash of raw bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

impl Key {
    /// The key of `parts` under a `domain` such as `"facts"`; each part is preceded by its length, so that no two lists
    /// of parts run together.
    pub fn of(domain: &str, parts: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in std::iter::once(domain.as_bytes()).chain(parts.iter().copied()) {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let mut key = [0; 16];
        key.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Self(key)
    }

    /// Lower-case hexadecimal, for logs and file names.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|b| format!("{b:02x}")).collect()
    }
}
