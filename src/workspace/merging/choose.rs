//! Which packs are merged together. Invariant: the smallest first, so that a pack is written anew a few times in its life;
//! who saves waits for no large one. Must not know what packs hold.

/// So many times as large as the smaller ones of a merge together may its largest pack be for a change of a few files.
const LOPSIDED: u64 = 8;

/// Larger ones have time while somebody saves: the next save waits for a merge.
const MERGED_NEAR: u64 = 32 << 20;

/// Why packs are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// A whole pass has ended: only as much as has to be.
    Whole,
    /// A few files have changed: so much that the next few changes need no merge.
    Near,
}

/// The smallest packs that have to be merged so that no more than `many` are left: positions, ascending. At least two,
/// together at most `most` bytes.
pub fn choose(sizes: &[u64], many: usize, most: u64, occasion: Occasion) -> Option<Vec<usize>> {
    let mut least = (sizes.len() + 1).checked_sub(many).filter(|it| *it >= 2)?;
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&it| (sizes[it], it));
    let near = occasion == Occasion::Near;
    // A large pack that is written anew for small ones makes room for some more, else the next change would do it again.
    let small: u64 = order[..least - 1].iter().map(|&it| sizes[it]).sum();
    if near && sizes[order[least - 1]] / LOPSIDED > small {
        least = (least + (many / 4).max(1)).min(order.len());
    }
    let (mut chosen, mut sum) = (Vec::new(), 0u64);
    for it in order {
        let enough = chosen.len() >= least;
        // Of about the same size: taken along they need not be merged one by one soon.
        let alike = near && sizes[it] <= sum && sizes.len() - chosen.len() >= many / 2;
        if sum.saturating_add(sizes[it]) > most || enough && !alike {
            break;
        }
        sum += sizes[it];
        chosen.push(it);
    }
    chosen.sort_unstable();
    (chosen.len() >= 2).then_some(chosen)
}

/// The same while somebody saves: the large ones are left to the next whole pass, unless packs have become far too many.
/// Beside them the small ones have a quarter of `many` at least, else each save would write all of them anew.
pub fn choose_near(sizes: &[u64], many: usize, most: u64) -> Option<Vec<usize>> {
    if sizes.len() > 2 * many {
        return choose(sizes, many, most, Occasion::Near);
    }
    let small: Vec<usize> = (0..sizes.len()).filter(|&it| sizes[it] <= MERGED_NEAR).collect();
    let large = sizes.len() - small.len();
    let of_small: Vec<u64> = small.iter().map(|&it| sizes[it]).collect();
    let many = many.saturating_sub(large).max(many / 4).max(1);
    let chosen = choose(&of_small, many, most.min(MERGED_NEAR), Occasion::Near)?;
    Some(chosen.into_iter().map(|it| small[it]).collect())
}

#[cfg(test)]
mod tests {
    use super::{MERGED_NEAR, Occasion, choose, choose_near};

    /// Puts one pack in the place of those chosen; its size.
    fn merge(sizes: &mut Vec<u64>, chosen: &[usize]) -> u64 {
        let sum = chosen.iter().map(|&it| sizes[it]).sum();
        let mut at = 0;
        sizes.retain(|_| {
            at += 1;
            !chosen.contains(&(at - 1))
        });
        sizes.push(sum);
        sum
    }

    #[test]
    fn the_smallest_are_merged_until_few_are_left() {
        assert_eq!(choose(&[9, 1, 2, 3, 9, 1, 1], 4, 100, Occasion::Whole), Some(vec![1, 2, 5, 6]));
        assert_eq!(choose(&[9, 1, 2, 3, 9, 1, 1], 7, 100, Occasion::Whole), None);
        assert_eq!(choose(&[9, 9, 9], 1, 17, Occasion::Whole), None);
        assert_eq!(choose(&[], 4, 17, Occasion::Whole), None);
    }

    #[test]
    fn what_is_of_about_the_same_size_is_taken_along() {
        assert_eq!(choose(&[900, 1, 1, 1, 1, 1, 1], 6, 5_000, Occasion::Whole), Some(vec![1, 2]));
        assert_eq!(choose(&[900, 1, 1, 1, 1, 1, 1], 6, 5_000, Occasion::Near), Some(vec![1, 2, 3, 4, 5]));
    }

    #[test]
    fn a_thousand_small_packs_are_written_a_few_times_each() {
        // Many slots free; none; none, and each a bit larger than the one before; none, and each twice as large.
        let growing = (0..11).map(|it| 4_000 + it * 400).collect();
        let ladder = (0..11).map(|it| 4 << it).collect();
        let none = vec![4_000; 11];
        for (mut sizes, many, most) in
            [(vec![4_000; 8], 16, 10_000), (none, 11, 50_000), (growing, 11, 60_000), (ladder, 11, 20_000)]
        {
            let mut written = 0u64;
            for _ in 0..1_000 {
                sizes.push(1);
                while let Some(chosen) = choose(&sizes, many, 1 << 40, Occasion::Near) {
                    let sum = merge(&mut sizes, &chosen);
                    written += sum;
                }
                assert!(sizes.len() <= many);
            }
            assert!(written < most, "{many}: {written}");
        }
    }

    #[test]
    fn no_save_waits_for_a_large_pack() {
        for large in [1, 8, 14, 16, 20] {
            let (mut sizes, mut written) = (vec![MERGED_NEAR * 3; large], 0u64);
            for _ in 0..1_000 {
                sizes.push(1_000);
                while let Some(chosen) = choose_near(&sizes, 16, 1 << 40) {
                    let sum = merge(&mut sizes, &chosen);
                    assert!(sum <= MERGED_NEAR);
                    written += sum;
                }
                assert!(sizes.len() <= 16.max(large + 4), "{large} large of {}", sizes.len());
            }
            assert!(written < 60_000_000, "{large}: {written}");
        }
        // They have become too many after all.
        assert_eq!(choose_near(&[MERGED_NEAR; 33], 16, 1 << 40).map(|it| it.len() > 2), Some(true));
    }
}
