//! Frames on the wire: `Content-Length: N`, a blank line, N bytes. Invariant: whatever arrives, the decoder goes on; a lost
//! header costs what lies before the next `Content-Length:` and one error. Must not know JSON.

use memchr::memchr;

/// A header block may be this long; what is longer is junk.
const HEADER_CAP: usize = 8 << 10;
/// A body may be this long; a larger frame is refused and the decoder looks for the next header.
const BODY_CAP: usize = 64 << 20;
/// What is kept of an endless line: enough for a header at its end.
const TAIL: usize = 128;
const LENGTH: &[u8] = b"content-length:";

/// What the decoder found.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// The bytes of one body.
    Body(Vec<u8>),
    /// Something that is no frame; told once for each run of junk.
    Bad(&'static str),
}

/// Cuts a stream of bytes into bodies.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Bytes before this one are consumed.
    start: usize,
    header: Header,
    /// The length of the body that is being received.
    body: Option<Expected>,
}

#[derive(Debug, Default)]
struct Header {
    length: Option<usize>,
    /// Bytes of this block so far.
    size: usize,
    /// Why this block is no header; the flag says whether that was told.
    fault: Option<&'static str>,
    told: bool,
    /// The body is in an encoding that we do not read.
    foreign: bool,
}

#[derive(Debug)]
struct Expected {
    length: usize,
    foreign: bool,
}

impl Decoder {
    /// Adds received bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 && (self.start == self.buffer.len() || self.start > (1 << 20)) {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next piece, if it is complete.
    pub fn next_piece(&mut self) -> Option<Piece> {
        loop {
            if let Some(expected) = &self.body {
                if self.buffer.len() - self.start < expected.length {
                    return None;
                }
                let end = self.start + expected.length;
                let piece = if expected.foreign {
                    Piece::Bad("the body's charset is not utf-8")
                } else {
                    Piece::Body(self.buffer[self.start..end].to_vec())
                };
                self.start = end;
                self.body = None;
                self.release();
                return Some(piece);
            }
            let bad = self.header_line()?;
            if let Some(reason) = bad {
                return Some(Piece::Bad(reason));
            }
        }
    }

    /// A body that is no JSON may hold a true header, since JSON strings hold no raw line ends: then the length before it
    /// was wrong, and reading goes on there.
    pub(crate) fn resume_within(&mut self, body: &[u8]) {
        let mut at = 0;
        while let Some(found) = find_length(&body[at..]) {
            let from = at + found;
            let rest = &body[from + LENGTH.len()..];
            if let Some(end) = memchr(b'\n', &rest[..rest.len().min(TAIL)])
                && parse_length(&rest[..end]).is_some()
            {
                let mut buffer = body[from..].to_vec();
                buffer.extend_from_slice(&self.buffer[self.start..]);
                self.buffer = buffer;
                self.start = 0;
                return;
            }
            at = from + LENGTH.len();
        }
    }

    /// Consumes one line of a header. `None`: more bytes are needed. `Some(Some(..))`: a fault to tell.
    fn header_line(&mut self) -> Option<Option<&'static str>> {
        let rest = &self.buffer[self.start..];
        let Some(end) = memchr(b'\n', rest) else {
            if rest.len() + self.header.size <= HEADER_CAP {
                return None;
            }
            let drop = rest.len().saturating_sub(TAIL);
            self.start += drop;
            self.header.size += drop;
            self.release();
            return if self.header.told { None } else { Some(self.fault("a header is longer than 8 KiB")) };
        };
        let line = &rest[..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (blank, found) = (line.is_empty(), find_last_length(line));
        let mut fault = None;
        match found {
            Some(at) => {
                if at > 0 {
                    fault = Some("there is something else before Content-Length");
                    self.header = Header { told: self.header.told, ..Header::default() };
                }
                match parse_length(&line[at + LENGTH.len()..]) {
                    None => fault = Some("Content-Length is no number"),
                    Some(n) if n > BODY_CAP => fault = Some("a frame is larger than 64 MiB"),
                    Some(n) if self.header.length.is_some_and(|known| known != n) => {
                        self.header.length = None;
                        fault = Some("two different Content-Length");
                    }
                    Some(n) => self.header.length = Some(n),
                }
            }
            None if blank => {}
            None => match header_name(line) {
                Some(name) if name.eq_ignore_ascii_case(b"content-type") => self.header.foreign = is_foreign(line),
                Some(_) => {}
                None => fault = Some("a header line has no name"),
            },
        }
        self.start += end + 1;
        self.header.size += end + 1;
        if blank {
            return Some(self.block_end());
        }
        if self.header.size > HEADER_CAP && fault.is_none() && found.is_none() {
            fault = Some("a header is longer than 8 KiB");
        }
        Some(fault.and_then(|reason| self.fault(reason)))
    }

    /// A blank line: a body begins, or the block was none.
    fn block_end(&mut self) -> Option<&'static str> {
        let header = std::mem::take(&mut self.header);
        match header.length {
            Some(length) => {
                self.body = Some(Expected { length, foreign: header.foreign });
                None
            }
            None if header.size > 2 && !header.told => Some("a header has no Content-Length"),
            None => None,
        }
    }

    fn fault(&mut self, reason: &'static str) -> Option<&'static str> {
        self.header.fault = Some(reason);
        if std::mem::replace(&mut self.header.told, true) { None } else { self.header.fault }
    }

    /// Gives a large buffer back once it is consumed.
    fn release(&mut self) {
        if self.start == self.buffer.len() {
            self.buffer.clear();
            self.buffer.shrink_to(64 << 10);
            self.start = 0;
        }
    }
}

/// The bytes of a frame around `body`.
pub(crate) fn encode(body: &[u8]) -> Vec<u8> {
    let mut frame = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    frame.extend_from_slice(body);
    frame
}

fn find_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(colon) = memchr(b':', &bytes[at..]) {
        let end = at + colon + 1;
        if end >= LENGTH.len() && bytes[end - LENGTH.len()..end].eq_ignore_ascii_case(LENGTH) {
            return Some(end - LENGTH.len());
        }
        at = end;
    }
    None
}

/// The last `content-length:` of a line, looked for in its tail only where the line is endless.
fn find_last_length(line: &[u8]) -> Option<usize> {
    let from = if line.len() > HEADER_CAP { line.len() - TAIL } else { 0 };
    let (mut at, mut last) = (from, None);
    while let Some(found) = find_length(&line[at..]) {
        last = Some(at + found);
        at += found + LENGTH.len();
    }
    last
}

fn parse_length(value: &[u8]) -> Option<usize> {
    let value = value.trim_ascii();
    if value.is_empty() || value.len() > 15 || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn header_name(line: &[u8]) -> Option<&[u8]> {
    let name = &line[..memchr(b':', line)?];
    (!name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')).then_some(name)
}

/// Whether a Content-Type line names a charset other than UTF-8.
fn is_foreign(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line).to_ascii_lowercase();
    let Some((_, charset)) = line.split_once("charset=") else { return false };
    !matches!(charset.trim().trim_matches('"'), "utf-8" | "utf8")
}

#[cfg(test)]
mod tests;
