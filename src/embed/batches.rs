//! Which texts run together: by length, so that little is padding; by memory, halved where it runs out, and remembered; by
//! time, so that who asks meanwhile waits for one batch and no longer. Invariant: every text gets one last word; a text is
//! refused only after it has run alone. Must not know the runtime: it is an [`Engine`].

use std::time::{Duration, Instant};

use super::pooling::unit;

/// A text as the model reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoded {
    /// Given back with the vector.
    pub place: u32,
    pub ids: Vec<u32>,
    /// Which of two texts a token belongs to; empty: all to the first.
    pub types: Vec<u32>,
    /// Tokens at the beginning that do not count in the pooling.
    pub skipped: usize,
    /// It has failed together with others.
    pub alone: bool,
}

/// Texts that run together, as a matrix of `rows` times `width`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    pub rows: usize,
    pub width: usize,
    pub ids: Vec<i64>,
    pub mask: Vec<i64>,
    pub types: Vec<i64>,
    /// For each row, as [`Encoded::skipped`].
    pub skipped: Vec<usize>,
}

impl Batch {
    /// Of `texts` for an engine.
    pub fn of(texts: &[Encoded], engine: &impl Engine) -> Self {
        let longest = texts.iter().map(|it| it.ids.len()).max().unwrap_or(0);
        let (rows, width, padding) =
            (texts.len(), longest.next_multiple_of(engine.granularity().max(1)), engine.padding());
        let mut out = Self {
            rows,
            width,
            ids: vec![i64::from(padding); rows * width],
            mask: vec![0; rows * width],
            types: vec![0; rows * width],
            skipped: texts.iter().map(|it| it.skipped).collect(),
        };
        for (row, text) in texts.iter().enumerate() {
            for (column, &id) in text.ids.iter().enumerate() {
                let at = row * width + column;
                out.ids[at] = i64::from(id);
                out.mask[at] = 1;
                out.types[at] = i64::from(text.types.get(column).copied().unwrap_or(0));
            }
        }
        out
    }
}

/// Why a batch failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunError {
    /// The device has no memory left for it: fewer at once may do.
    Memory(String),
    Other(String),
}

impl RunError {
    /// By what a runtime says.
    pub fn of(text: String) -> Self {
        const SIGNS: [&str; 9] = [
            "failed to allocate memory",
            "out of memory",
            "out_of_memory",
            "outofmemory",
            "memory_allocation",
            "bad_alloc",
            "bfcarena",
            "bfc_arena",
            "8007000e",
        ];
        let folded = text.to_lowercase();
        if SIGNS.iter().any(|it| folded.contains(it)) { Self::Memory(text) } else { Self::Other(text) }
    }

    fn text(self) -> String {
        match self {
            Self::Memory(text) | Self::Other(text) => text,
        }
    }
}

/// Something that makes one vector of each row of a batch.
pub trait Engine {
    /// The vectors, in order, of any length.
    ///
    /// # Errors
    /// What the runtime says.
    fn run(&mut self, batch: &Batch) -> Result<Vec<Vec<f32>>, RunError>;
    /// What rows are filled up with.
    fn padding(&self) -> u32 {
        0
    }
    /// Rows have a multiple of so many tokens.
    fn granularity(&self) -> usize {
        1
    }
}

/// Bounds of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Most texts.
    pub rows: usize,
    /// Most texts where the device turns out to have time and memory for more; `rows`: never more.
    pub most_rows: usize,
    /// Most tokens, padding counted.
    pub tokens: usize,
    /// How long a batch may take: whoever asks meanwhile waits for so long.
    pub time: Duration,
}

/// The last word on a text: its vector, or why it has none.
pub type Word = (u32, Result<Vec<f32>, String>);

/// An engine and what is known of its limits.
pub struct Batcher<E> {
    engine: E,
    bounds: Bounds,
    /// Tokens that it does in a second, as far as it has shown.
    speed: Option<f64>,
}

impl<E: Engine> Batcher<E> {
    pub fn new(engine: E, bounds: Bounds) -> Self {
        Self { engine, bounds, speed: None }
    }

    /// As they are now: memory that ran out has lowered them.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Runs the longest of `waiting`, which is sorted by length, the longest last, and takes them out of it. What has to be
    /// tried again stays there; then the answer may be empty.
    pub fn step(&mut self, waiting: &mut Vec<Encoded>) -> Vec<Word> {
        let Some(longest) = waiting.last() else { return Vec::new() };
        let rows = if longest.alone { 1 } else { self.rows(longest.ids.len()) };
        let mut taken = waiting.split_off(waiting.len().saturating_sub(rows));
        // The model is not run for nothing: a text without a token has no vector.
        let mut words: Vec<Word> =
            taken.extract_if(.., |it| it.ids.is_empty()).map(|it| (it.place, Ok(Vec::new()))).collect();
        if taken.is_empty() {
            return words;
        }
        let batch = Batch::of(&taken, &self.engine);
        let begun = Instant::now();
        match self.engine.run(&batch) {
            Ok(vectors) if vectors.len() == taken.len() => {
                self.note(batch.rows * batch.width, begun.elapsed());
                self.grow(batch.rows, begun.elapsed());
                words.extend(taken.iter().zip(vectors).map(|(it, vector)| (it.place, checked(vector))));
            }
            Ok(vectors) => {
                let why = format!("the model gives {} vectors for {} texts", vectors.len(), taken.len());
                words.extend(taken.iter().map(|it| (it.place, Err(why.clone()))));
            }
            Err(error) if taken.len() == 1 => words.push((taken[0].place, Err(error.text()))),
            Err(RunError::Memory(_)) => {
                self.halve(batch.rows * batch.width);
                waiting.extend(taken);
            }
            Err(RunError::Other(_)) => {
                taken.iter_mut().for_each(|it| it.alone = true);
                waiting.extend(taken);
            }
        }
        words
    }

    /// Texts of `length` tokens that may run together.
    fn rows(&self, length: usize) -> usize {
        let in_time = self.speed.map_or(usize::MAX, |it| (it * self.bounds.time.as_secs_f64()) as usize);
        (self.bounds.tokens.min(in_time) / length.max(1)).clamp(1, self.bounds.rows.max(1))
    }

    /// So many tokens were too many.
    fn halve(&mut self, tokens: usize) {
        self.bounds.tokens = (tokens / 2).max(1);
        self.bounds.most_rows = self.bounds.rows;
    }

    /// A full batch that took little of its time: the device has room for more.
    fn grow(&mut self, rows: usize, time: Duration) {
        if rows == self.bounds.rows && time < self.bounds.time / 4 {
            self.bounds.rows = (rows * 2).min(self.bounds.most_rows.max(rows));
        }
    }

    /// The newest batch counts a quarter, so that one pause of the machine does not.
    fn note(&mut self, tokens: usize, time: Duration) {
        let now = tokens as f64 / time.as_secs_f64().max(1e-6);
        self.speed = Some(self.speed.map_or(now, |before| before * 0.75 + now * 0.25));
    }
}

fn checked(mut vector: Vec<f32>) -> Result<Vec<f32>, String> {
    unit(&mut vector).map_err(str::to_owned)?;
    Ok(vector)
}

/// Sorted as [`Batcher::step`] wants it.
pub fn sort(waiting: &mut [Encoded]) {
    waiting.sort_by_key(|it| it.ids.len());
}

#[cfg(test)]
mod tests;
