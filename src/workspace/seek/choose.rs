//! Which of the files that hold a text are worth a parse now. Invariant: bounded in files and bytes, whatever was found;
//! the same hits give the same choice. Must not know how they were found.

use super::scan::{DECLARED, Hit};
use crate::base::paths::RelPath;
use crate::index::traits::{self, Traits};
use crate::index::wants::Sought;

/// Files for one text.
const EACH: usize = 12;
/// Files of one choice, and their bytes.
const MOST_FILES: usize = 256;
const MOST_BYTES: u64 = 6 << 20;

/// One answer's wish: the numbers of its texts, and how they are sought.
#[derive(Clone, Debug)]
pub struct Wish {
    pub needles: Vec<usize>,
    pub sought: Sought,
}

/// Places in `files` to be parsed, the most promising first.
pub fn choose(hits: &[Hit], files: &[RelPath], wishes: &[Wish]) -> Vec<usize> {
    let ranked: Vec<Vec<(u32, usize)>> = wishes
        .iter()
        .map(|wish| {
            let mut of: Vec<(u32, usize)> = hits
                .iter()
                .enumerate()
                .filter_map(|(number, hit)| Some((score(hit, wish)? + cost(&files[hit.file]), number)))
                .map(|(score, number)| (u32::MAX - score, number))
                .collect();
            of.sort_unstable();
            of.truncate(EACH * wish.needles.len().min(4));
            of
        })
        .collect();
    // Each wish in turn gives its next best, so that none waits for all of another.
    let (mut chosen, mut bytes) = (Vec::new(), 0);
    let longest = ranked.iter().map(Vec::len).max().unwrap_or(0);
    for place in 0..longest {
        for of in &ranked {
            let Some(&(_, number)) = of.get(place) else { continue };
            let hit = &hits[number];
            if chosen.contains(&hit.file) || chosen.len() >= MOST_FILES || bytes + hit.bytes > MOST_BYTES {
                continue;
            }
            bytes += hit.bytes;
            chosen.push(hit.file);
        }
    }
    chosen
}

/// Higher is better; none: the file is of no use to the wish.
fn score(hit: &Hit, wish: &Wish) -> Option<u32> {
    let of_wish = hit.fits.iter().filter(|it| wish.needles.contains(&it.0));
    match wish.sought {
        Sought::Declared => of_wish.map(|it| u32::from(it.1) * 16).max(),
        Sought::Together => {
            let points: u32 = of_wish.map(|it| if it.1 >= DECLARED { 24 } else { 16 }).sum();
            (points > 0).then_some(points)
        }
    }
}

/// Points for own code; tests, samples and vendored code have fewer.
fn cost(path: &RelPath) -> u32 {
    let traits = traits::of(path.as_bytes());
    let costs =
        [(Traits::VENDORED, 6), (Traits::TEST, 4), (Traits::GENERATED, 3), (Traits::SAMPLE, 2), (Traits::DOCS, 2)];
    15u32.saturating_sub(costs.iter().filter(|it| traits.has(it.0)).map(|it| it.1).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_declares_comes_before_what_uses_and_own_code_before_vendored() {
        let files: Vec<RelPath> = ["use.rs", "vendor/decl.rs", "decl.rs", "tests/decl.rs"]
            .iter()
            .filter_map(|it| RelPath::from_bytes(it.as_bytes()))
            .collect();
        let hit = |file, fit| Hit { file, bytes: 10, fits: vec![(0, fit)] };
        let hits = [hit(0, 2), hit(1, 6), hit(2, 6), hit(3, 6)];
        let wish = Wish { needles: vec![0], sought: Sought::Declared };
        assert_eq!(choose(&hits, &files, &[wish]), [2, 3, 1, 0]);
    }

    #[test]
    fn a_choice_is_bounded_and_every_wish_has_its_share() {
        let files: Vec<RelPath> =
            (0..100).filter_map(|it| RelPath::from_bytes(format!("f{it}.rs").as_bytes())).collect();
        let hits: Vec<Hit> =
            (0..100).map(|file| Hit { file, bytes: 1 << 20, fits: vec![(usize::from(file >= 98), 6)] }).collect();
        let wishes = [0, 1].map(|it| Wish { needles: vec![it], sought: Sought::Declared });
        assert_eq!(choose(&hits, &files, &wishes), [0, 98, 1, 99, 2, 3]);
    }
}
