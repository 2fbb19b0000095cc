//! What a path filter fits. Invariant: linear in the path but for globs with several stars; letters of ASCII count case
//! apart. Must not know the index.
//!
//! Without a star: a run of path that begins where a component does (or, without a slash in it, where a word of a name does)
//! and ends anywhere; a slash at its end: whole folders; a dot at its start: an ending of file names. With `*` (no slash),
//! `**` (slashes, too) or `?`: whole components. A slash at the start: from the root.

use memchr::{memchr2_iter, memmem};

/// One pattern, made ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    shape: Shape,
    /// It begins where the path does.
    rooted: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    /// Lower case.
    Run {
        text: Vec<u8>,
        /// A slash follows.
        folder: bool,
        /// It may begin within a component.
        within: bool,
        /// It is an ending of names.
        ending: bool,
    },
    Glob(Vec<Piece>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// Lower case.
    Byte(u8),
    Any,
    /// Anything without a slash.
    Star,
    /// Anything.
    Deep,
    /// Any folders: nothing, or all up to and with a slash.
    Folders,
}

impl Pattern {
    pub fn new(value: &str) -> Self {
        let value = value.replace('\\', "/").to_ascii_lowercase();
        let bare = value.strip_prefix("./").or_else(|| value.strip_prefix('/'));
        let (rooted, text) = (bare.is_some(), bare.unwrap_or(&value));
        if text.contains(['*', '?']) {
            return Self { rooted, shape: Shape::Glob(pieces(text.trim_end_matches('/').as_bytes())) };
        }
        let folder = text.ends_with('/');
        let text = text.trim_end_matches('/').as_bytes().to_vec();
        let within = !text.contains(&b'/') && !folder;
        let ending = within && text.starts_with(b".");
        Self { rooted, shape: Shape::Run { text, folder, within, ending } }
    }

    /// Whether it fits a path beneath its root.
    pub fn fits(&self, path: &[u8]) -> bool {
        match &self.shape {
            Shape::Run { text, folder, within, ending } => {
                let ends = |end: usize| match path.get(end) {
                    _ if *ending => path.get(end).is_none_or(|it| !it.is_ascii_alphanumeric()),
                    Some(b'/') => true,
                    _ => !folder,
                };
                let Some(&first) = text.first() else { return true };
                if self.rooted {
                    return begins(path, text) && ends(text.len());
                }
                let starts = memchr2_iter(first, first.to_ascii_uppercase(), path);
                let fits = |at: usize| {
                    begins(&path[at..], text)
                        && ends(at + text.len())
                        && (at == 0 || path[at - 1] == b'/' || *within && is_word_start(path, at))
                };
                starts.into_iter().any(fits)
            }
            Shape::Glob(pieces) => {
                let starts = memmem::find_iter(path, b"/").map(|at| at + 1);
                glob(pieces, path) || !self.rooted && starts.into_iter().any(|at| glob(pieces, &path[at..]))
            }
        }
    }
}

fn begins(path: &[u8], text: &[u8]) -> bool {
    path.get(..text.len()).is_some_and(|it| it.eq_ignore_ascii_case(text))
}

/// Whether a word of a name begins at a byte that is not the path's first: behind what is no letter, at a hump, at a mark.
fn is_word_start(path: &[u8], at: usize) -> bool {
    let (before, here) = (path[at - 1], path[at]);
    let next_is_lower = path.get(at + 1).is_some_and(u8::is_ascii_lowercase);
    !before.is_ascii_alphabetic() && before < 0x80
        || !here.is_ascii_alphanumeric() && here < 0x80
        || here.is_ascii_uppercase() && (!before.is_ascii_uppercase() || next_is_lower)
}

fn pieces(text: &[u8]) -> Vec<Piece> {
    let (mut out, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let rest = &text[at..];
        let at_component = at == 0 || text[at - 1] == b'/';
        let (piece, length) = match rest {
            [b'*', b'*', b'/', ..] if at_component => (Piece::Folders, 3),
            [b'*', b'*', ..] => (Piece::Deep, 2),
            [b'*', ..] => (Piece::Star, 1),
            [b'?', ..] => (Piece::Any, 1),
            _ => (Piece::Byte(rest[0]), 1),
        };
        out.push(piece);
        at += length;
    }
    out
}

/// Whether the pieces fit the path from its start to its end, or to the end of a folder.
fn glob(pieces: &[Piece], path: &[u8]) -> bool {
    let (mut at, mut piece) = (0, 0);
    // Where to go on when it does not fit: the last star, and the last piece that crosses slashes.
    let mut star: Option<(usize, usize)> = None;
    let mut deep: Option<(usize, usize)> = None;
    loop {
        let here = path.get(at).copied();
        let fits = match pieces.get(piece) {
            None if here.is_none_or(|it| it == b'/') => return true,
            None => false,
            Some(Piece::Byte(byte)) => here.is_some_and(|it| it.to_ascii_lowercase() == *byte),
            Some(Piece::Any) => here.is_some_and(|it| it != b'/'),
            Some(Piece::Star) => {
                star = Some((piece, at));
                piece += 1;
                continue;
            }
            Some(Piece::Deep | Piece::Folders) => {
                (deep, star) = (Some((piece, at)), None);
                piece += 1;
                continue;
            }
        };
        if fits {
            (at, piece) = (at + 1, piece + 1);
            continue;
        }
        match (star, deep) {
            (Some((from, reached)), _) if path.get(reached).is_some_and(|it| *it != b'/') => {
                (star, at, piece) = (Some((from, reached + 1)), reached + 1, from + 1);
            }
            (_, Some((from, reached))) => {
                let step = match pieces[from] {
                    Piece::Folders => memchr::memchr(b'/', &path[reached..]).map(|it| it + 1),
                    _ => (reached < path.len()).then_some(1),
                };
                let Some(step) = step else { return false };
                (deep, star) = (Some((from, reached + step)), None);
                (at, piece) = (reached + step, from + 1);
            }
            _ => return false,
        }
    }
}
