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
        let (rows, width, padding) = (texts.len(), width(longest, engine), engine.padding());
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

/// The width of a batch whose longest text has so many tokens.
fn width(longest: usize, engine: &impl Engine) -> usize {
    // A model has no position beyond its last: filling up ends there.
    longest.next_multiple_of(engine.granularity().max(1)).min(engine.most_tokens()).max(longest)
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
        const SIGNS: [&str; 10] = [
            "failed to allocate memory",
            // As CUBLAS and CUDNN say it.
            "alloc_failed",
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
    /// A row is filled up to no more than so many tokens.
    fn most_tokens(&self) -> usize {
        usize::MAX
    }
    /// Whether it can tell a text from what its row is filled up with; where not, only texts of one length run together.
    fn sees_padding(&self) -> bool {
        true
    }
}

/// The engine fails even of the text that it began with: nobody is to blame but itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken(pub String);

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
    /// Tokens that it does in a second, padding counted, as far as it has shown.
    speed: Option<f64>,
    /// A text that it could run once.
    probe: Encoded,
}

impl<E: Engine> Batcher<E> {
    /// An engine that runs `probe`, and that text's vector. It runs twice: the first time much is still being made.
    ///
    /// # Errors
    /// What the runtime says, or what is wrong with the vector.
    pub fn open(mut engine: E, bounds: Bounds, probe: Encoded) -> Result<(Self, Vec<f32>), String> {
        let batch = Batch::of(std::slice::from_ref(&probe), &engine);
        engine.run(&batch).map_err(RunError::text)?;
        let begun = Instant::now();
        let vectors = engine.run(&batch).map_err(RunError::text)?;
        let time = begun.elapsed();
        let vector = checked(vectors.into_iter().next().unwrap_or_default())?;
        let mut out = Self { engine, bounds, speed: None, probe };
        out.note(batch.rows * batch.width, time);
        Ok((out, vector))
    }

    /// As they are now: memory that ran out has lowered them.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Runs the longest of `waiting`, which is sorted by length, the longest last, and takes them out of it. What has to be
    /// tried again stays there; then the answer may be empty.
    ///
    /// # Errors
    /// The engine is broken: what waits has nobody to run it.
    pub fn step(&mut self, waiting: &mut Vec<Encoded>) -> Result<Vec<Word>, Broken> {
        let mut taken = self.take(waiting);
        // The model is not run for nothing: a text without a token has no vector.
        let mut words: Vec<Word> =
            taken.extract_if(.., |it| it.ids.is_empty()).map(|it| (it.place, Ok(Vec::new()))).collect();
        if taken.is_empty() {
            return Ok(words);
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
            Err(error) if taken.len() == 1 => {
                self.still_works()?;
                words.push((taken[0].place, Err(error.text())));
            }
            Err(RunError::Memory(_)) => {
                self.halve(batch.rows * batch.width);
                waiting.extend(taken);
            }
            Err(RunError::Other(_)) => {
                taken.iter_mut().for_each(|it| it.alone = true);
                waiting.extend(taken);
            }
        }
        Ok(words)
    }

    /// Takes the longest texts, as many as may run together.
    fn take(&self, waiting: &mut Vec<Encoded>) -> Vec<Encoded> {
        let Some(longest) = waiting.last() else { return Vec::new() };
        let length = longest.ids.len();
        let mut rows = if longest.alone { 1 } else { self.rows(length) };
        if !self.engine.sees_padding() {
            rows = rows.min(waiting.iter().rev().take_while(|it| it.ids.len() == length).count());
        }
        waiting.split_off(waiting.len().saturating_sub(rows))
    }

    /// A text may be to blame for a failure only where another one still runs: some devices fail of all that comes after.
    fn still_works(&mut self) -> Result<(), Broken> {
        let batch = Batch::of(std::slice::from_ref(&self.probe), &self.engine);
        self.engine.run(&batch).map(drop).map_err(|it| Broken(it.text()))
    }

    /// Texts of `length` tokens that may run together; one alone as long as nothing is known of its speed.
    fn rows(&self, length: usize) -> usize {
        let in_time = self.speed.map_or(0, |it| (it * self.bounds.time.as_secs_f64()) as usize);
        (self.bounds.tokens.min(in_time) / width(length, &self.engine).max(1)).clamp(1, self.bounds.rows.max(1))
    }

    /// So many tokens, padding counted, were too many: as [`Batcher::rows`] counts them, so the next batch is smaller.
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
