//! A double-array trie over an alphabet of 36. Invariant: immutable; a walk never leaves the array. Must not know texts.

/// Letters and digits.
pub const ALPHABET: usize = 36;

/// A state: children stand at `base + code`, and name their parent.
#[derive(Clone, Copy)]
struct Cell {
    base: u32,
    parent: u32,
    /// Id of the piece that ends here, plus one; 0: none.
    value: u32,
}

const FREE: u32 = u32::MAX;

/// Pieces by their codes; finds the longest that begins a word.
pub struct Trie {
    cells: Vec<Cell>,
}

impl Trie {
    /// From sorted, distinct pieces (codes below [`ALPHABET`]) with their ids.
    pub fn new(pieces: &[(Vec<u8>, u32)]) -> Self {
        let mut it = Self { cells: vec![Cell { base: 0, parent: FREE, value: 0 }; ALPHABET + 1] };
        it.cells[0].parent = 0;
        // Each entry: state, the pieces below it, and how many codes led there. Bounded by the pieces' total length.
        let mut work = vec![(0u32, 0..pieces.len(), 0usize)];
        let mut first_free = 1usize;
        while let Some((state, range, depth)) = work.pop() {
            let mut from = range.start;
            if from < range.end && pieces[from].0.len() == depth {
                it.cells[state as usize].value = pieces[from].1 + 1;
                from += 1;
            }
            let mut children: Vec<(u8, std::ops::Range<usize>)> = Vec::new();
            for (ix, (codes, _)) in pieces.iter().enumerate().take(range.end).skip(from) {
                let code = codes[depth];
                match children.last_mut() {
                    Some((last, span)) if *last == code => span.end = ix + 1,
                    _ => children.push((code, ix..ix + 1)),
                }
            }
            if children.is_empty() {
                continue;
            }
            while it.cells.get(first_free).is_some_and(|cell| cell.parent != FREE) {
                first_free += 1;
            }
            let base = it.place(&children, first_free);
            it.cells[state as usize].base = base as u32;
            for (code, span) in children {
                let child = base + usize::from(code);
                it.cells[child].parent = state;
                work.push((child as u32, span, depth + 1));
            }
        }
        it
    }

    /// The first base at which all children fall on free cells; the array grows as needed.
    fn place(&mut self, children: &[(u8, std::ops::Range<usize>)], first_free: usize) -> usize {
        let mut base = first_free.saturating_sub(usize::from(children[0].0)).max(1);
        loop {
            if self.cells.len() < base + ALPHABET {
                self.cells.resize(base + ALPHABET, Cell { base: 0, parent: FREE, value: 0 });
            }
            if children.iter().all(|(code, _)| self.cells[base + usize::from(*code)].parent == FREE) {
                return base;
            }
            base += 1;
        }
    }

    /// Id and length of the longest piece that `codes` begins with.
    #[inline]
    pub fn longest(&self, codes: &[u8]) -> Option<(u32, usize)> {
        let mut state = 0u32;
        let mut base = self.cells[0].base;
        let mut best = None;
        for (ix, &code) in codes.iter().enumerate() {
            let at = base + u32::from(code);
            match self.cells.get(at as usize) {
                Some(cell) if cell.parent == state && at != 0 => {
                    state = at;
                    base = cell.base;
                    if cell.value != 0 {
                        best = Some((cell.value - 1, ix + 1));
                    }
                    // A leaf has no children; its base is 0.
                    if base == 0 {
                        break;
                    }
                }
                _ => break,
            }
        }
        best
    }
}
