//! A file of any length as a stream of chunks that its content cuts, each hashed. Invariants: two windows and one chunk are
//! all that is held, whatever the length; reading waits for hashing; equal bytes give equal chunks and an equal root hash
//! on every machine, and bytes put in somewhere change the chunks around that place alone. Must not know what a file is for.

use std::fs::File;
use std::io::{self, Read};

use crossbeam_channel::{Receiver, Sender, bounded};
use fastcdc::v2020::FastCDC;

use crate::base::cancel::Cancel;
use crate::base::hash::{ContentHash, Key, RootHasher};
use crate::base::threads::{self, Intent};

/// Bytes of a chunk: least, aimed at, most. Another number is another root hash of every large file.
const CHUNK: [usize; 3] = [512 << 10, 1 << 20, 2 << 20];
/// The same for the pieces that a text's words are kept by.
const PIECE: [usize; 3] = [64 << 10, 128 << 10, 256 << 10];
/// So far behind a cut a line's end is looked for.
const LINE: usize = 4 << 10;
/// Bytes of one system call: what a cancelled stream may still wait for.
const STEP: usize = 512 << 10;
/// Windows in circulation: one is filled while the other is hashed.
const WINDOWS: usize = 2;

/// What a stream has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Streamed {
    /// Stands for all bytes.
    pub root: ContentHash,
    /// Of each chunk in order: bytes and hash.
    pub chunks: Vec<(u32, Key)>,
}

/// Why a stream did not come to its end.
#[derive(Debug)]
pub enum Stopped {
    Cancelled,
    /// The file has fewer bytes than it had.
    Shrunk,
    Io(io::Error),
}

/// Reads `size` bytes from where `file` stands, in windows of `window` bytes together, and shows every chunk to `see` in
/// order.
///
/// # Errors
/// Cancelled (within one system call and one chunk), the file is shorter, or the system's error.
pub fn stream(
    file: &mut File,
    size: u64,
    window: usize,
    cancel: &Cancel,
    see: &mut dyn FnMut(&[u8]),
) -> Result<Streamed, Stopped> {
    let [_, _, most] = CHUNK;
    let window = (window / WINDOWS).max(STEP / WINDOWS);
    let (full_in, full) = bounded::<io::Result<Window>>(WINDOWS);
    let (empty_in, empty) = bounded::<Vec<u8>>(WINDOWS);
    for _ in 0..WINDOWS.min((size / window as u64) as usize + 1) {
        // Before the window there is room for what the one before has left over.
        let _ = empty_in.send(vec![0; most + window]);
    }
    std::thread::scope(|scope| {
        let read = move || read_windows(file, size, cancel, &empty, &full_in);
        match threads::scoped(scope, "read-large", Intent::Background, read) {
            Some(_) => hash_windows(size, cancel, full, empty_in, see),
            None => Err(Stopped::Io(io::Error::other("the system gives no thread"))),
        }
    })
}

/// Bytes of the file: `bytes[start..start + length]`, room before `start`.
struct Window {
    bytes: Vec<u8>,
    length: usize,
}

/// Fills windows until the bytes are read, nobody takes them any more, or nothing comes.
fn read_windows(
    file: &mut File,
    size: u64,
    cancel: &Cancel,
    empty: &Receiver<Vec<u8>>,
    full: &Sender<io::Result<Window>>,
) {
    let [_, _, start] = CHUNK;
    let mut left = size;
    while left > 0 {
        let Ok(mut bytes) = empty.recv() else { return };
        let room = (bytes.len() - start).min(usize::try_from(left).unwrap_or(usize::MAX));
        let mut length = 0;
        while length < room && !cancel.is_cancelled() {
            let step = (room - length).min(STEP);
            match file.read(&mut bytes[start + length..start + length + step]) {
                Ok(0) => break,
                Ok(count) => length += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return drop(full.send(Err(error))),
            }
        }
        left -= length as u64;
        let is_cut = length < room;
        if full.send(Ok(Window { bytes, length })).is_err() || is_cut {
            return;
        }
    }
}

/// Takes both ends, so that the reading thread ends with it.
fn hash_windows(
    size: u64,
    cancel: &Cancel,
    full: Receiver<io::Result<Window>>,
    empty: Sender<Vec<u8>>,
    see: &mut dyn FnMut(&[u8]),
) -> Result<Streamed, Stopped> {
    let [least, average, most] = CHUNK;
    let mut root = RootHasher::new("large file");
    let mut chunks = Vec::new();
    let mut rest: Vec<u8> = Vec::with_capacity(most);
    let mut left = size;
    while left > 0 {
        let Ok(window) = full.recv() else {
            return Err(if cancel.is_cancelled() { Stopped::Cancelled } else { Stopped::Shrunk });
        };
        let Window { mut bytes, length } = window.map_err(Stopped::Io)?;
        let start = most - rest.len();
        bytes[start..most].copy_from_slice(&rest);
        left -= length as u64;
        let part = &bytes[start..most + length];
        let cutter = FastCDC::new(part, least, average, most);
        let mut at = 0;
        // Where a chunk ends may depend on the next window, but for the last one.
        while at < part.len() && (left == 0 || part.len() - at >= most) {
            if cancel.is_cancelled() {
                return Err(Stopped::Cancelled);
            }
            let end = cutter.cut(at, part.len() - at).1.clamp(at + 1, part.len());
            let chunk = &part[at..end];
            chunks.push((chunk.len() as u32, root.add(chunk)));
            see(chunk);
            at = end;
        }
        rest.clear();
        rest.extend_from_slice(&part[at..]);
        let _ = empty.send(bytes);
    }
    Ok(Streamed { root: root.finish(), chunks })
}

/// Where the words of a long text are kept apart: pieces that tile it, cut by its content at ends of lines, so that what is
/// put in somewhere changes the piece that it falls in and, at most, the next.
pub fn pieces(text: &str) -> Vec<crate::base::span::Span> {
    let [least, average, most] = PIECE;
    let bytes = text.as_bytes();
    let cutter = FastCDC::new(bytes, least, average, most);
    let (mut out, mut start) = (Vec::new(), 0);
    while start < bytes.len() {
        let cut = cutter.cut(start, bytes.len() - start).1.clamp(start + 1, bytes.len());
        let line = memchr::memchr(b'\n', &bytes[cut..bytes.len().min(cut + LINE)]);
        let mut end = line.map_or(cut, |line| cut + line + 1);
        while !text.is_char_boundary(end) {
            end += 1;
        }
        out.push(crate::base::span::Span::new(start as u32, end as u32));
        start = end;
    }
    out
}

#[cfg(test)]
mod tests;
