//! The words of a text, 64 bytes at a time: which bytes are letters or digits, and where words begin and end, is told for
//! all of them with a few operations on bits. Invariant: words are non-empty, in order, within the text and of letters or of
//! digits alone. Must not know a vocabulary.

use super::pieces::{LONGEST, key};

/// Bytes whose bits fit a number.
const BLOCK: usize = 64;
/// A one in each byte.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The highest bit of each byte.
const HIGH: u64 = 0x80 * ONES;

/// A word in its text.
#[derive(Clone, Copy)]
pub struct Word<'t> {
    text: &'t [u8],
    from: usize,
    to: usize,
}

impl<'t> Word<'t> {
    pub fn bytes(self) -> &'t [u8] {
        &self.text[self.from..self.to]
    }

    /// Its key in lower case; none where it is too long for one.
    #[inline]
    pub fn key(self) -> Option<u128> {
        let len = self.to - self.from;
        if len > LONGEST {
            return None;
        }
        // What follows is read with it, and cut off.
        let read = match self.text[self.from..].first_chunk() {
            Some(chunk) => u128::from_le_bytes(*chunk),
            None => key(self.bytes())?,
        };
        let kept = u128::MAX >> (128 - 8 * len);
        // Of letters this bit makes small ones; digits have it.
        Some((read | (0x20 * (u128::MAX / 0xFF))) & kept)
    }
}

/// Bits of the bytes of a block.
#[derive(Clone, Copy, Default)]
struct Classes {
    lower: u64,
    upper: u64,
    digit: u64,
}

impl Classes {
    fn of(block: &[u8; BLOCK]) -> Self {
        let mut it = Self::default();
        for (at, eight) in block.as_chunks::<8>().0.iter().enumerate() {
            let eight = u64::from_le_bytes(*eight);
            let bits = |least: u8, most: u8| packed(between(eight, least, most)) << (8 * at);
            it.lower |= bits(b'a', b'z');
            it.upper |= bits(b'A', b'Z');
            it.digit |= bits(b'0', b'9');
        }
        it
    }

    fn any(self) -> u64 {
        self.lower | self.upper | self.digit
    }

    /// The same for the bytes before each, given those of the block before.
    fn before(self, last: Self) -> Self {
        let shifted = |this: u64, last: u64| this << 1 | last >> (BLOCK - 1);
        Self {
            lower: shifted(self.lower, last.lower),
            upper: shifted(self.upper, last.upper),
            digit: shifted(self.digit, last.digit),
        }
    }
}

/// The highest bit of each byte that lies between these, both below 128.
#[inline]
fn between(eight: u64, least: u8, most: u8) -> u64 {
    let low = eight & !HIGH;
    let reaches = low + u64::from(0x80 - least) * ONES;
    let exceeds = low + u64::from(0x7F - most) * ONES;
    reaches & !exceeds & !eight & HIGH
}

/// The highest bits of eight bytes, side by side.
#[inline]
fn packed(high: u64) -> u64 {
    // Byte i's bit comes to stand at 56 + i; no two meet.
    (high >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// Hands on the words of a text for as long as it is told to go on.
#[inline]
pub fn words<'t>(text: &'t [u8], mut take: impl FnMut(Word<'t>) -> bool) {
    let mut last = Classes::default();
    // Of a word that goes on in the next block.
    let mut open = None;
    for start in (0..text.len()).step_by(BLOCK) {
        let this = Classes::of(&block(text, start));
        let follows = text.get(start + BLOCK).is_some_and(u8::is_ascii_lowercase);
        let (mut begins, ends) = borders(this, this.before(last), follows);
        last = this;
        let borders = begins | ends;
        if let Some(from) = open.filter(|_| borders != 0) {
            open = None;
            if !take(Word { text, from, to: start + borders.trailing_zeros() as usize }) {
                return;
            }
        }
        while begins != 0 {
            let at = begins.trailing_zeros() as usize;
            begins &= begins - 1;
            let behind = borders >> at >> 1;
            let from = start + at;
            if behind == 0 {
                open = Some(from);
            } else if !take(Word { text, from, to: from + 1 + behind.trailing_zeros() as usize }) {
                return;
            }
        }
    }
    if let Some(from) = open {
        take(Word { text, from, to: text.len() });
    }
}

/// Where in a block words begin, and where something begins that is no word.
#[inline]
fn borders(this: Classes, before: Classes, follows_lower: bool) -> (u64, u64) {
    let next_lower = this.lower >> 1 | u64::from(follows_lower) << (BLOCK - 1);
    let humps = this.upper & (before.lower | before.upper & next_lower);
    let turns = this.digit & !before.digit | !this.digit & before.digit;
    (this.any() & (!before.any() | humps | turns), before.any() & !this.any())
}

/// The bytes from `start`, filled up with zeros.
#[inline]
fn block(text: &[u8], start: usize) -> [u8; BLOCK] {
    let rest = &text[start..];
    match rest.first_chunk() {
        Some(it) => *it,
        None => {
            let mut it = [0; BLOCK];
            it[..rest.len()].copy_from_slice(rest);
            it
        }
    }
}
