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

/// The hash of a thing of any length by the hashes of its parts.
pub struct RootHasher(blake3::Hasher);

impl RootHasher {
    /// Of a kind of thing: equal parts of another kind have another root.
    pub fn new(domain: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(domain.as_bytes());
        Self(hasher)
    }

    /// Adds the next part and gives its own key.
    pub fn add(&mut self, part: &[u8]) -> Key {
        let hash = blake3::hash(part);
        self.0.update(&(part.len() as u64).to_le_bytes());
        self.0.update(hash.as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&hash.as_bytes()[..16]);
        Key(key)
    }

    /// Of all parts so far, in their order.
    pub fn finish(self) -> ContentHash {
        ContentHash(*self.0.finalize().as_bytes())
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
