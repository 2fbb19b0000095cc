//! Tiers: budget, promotion, demotion, chunks, groups, any order of calls.

use super::*;
use proptest::prelude::*;

/// A text whose weight is twice its length, as decoded things are larger than their bytes; an empty one is not worth
/// compressing.
#[derive(Clone, Debug, PartialEq)]
struct Text(Arc<str>);

impl Stored for Text {
    fn weight(&self) -> usize {
        self.0.len() * 2
    }

    fn encode(&self, out: &mut Vec<u8>) -> bool {
        out.extend_from_slice(self.0.as_bytes());
        !self.0.starts_with("plain")
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        String::from_utf8(bytes.to_vec()).ok().map(|it| Self(it.into()))
    }
}

fn key(number: usize) -> Key {
    Key::of("test", &[&number.to_le_bytes()])
}

fn text(number: usize) -> Text {
    Text(format!("value {number} ").repeat(40).into())
}

/// One text weighs about 1 KB; ratios as by default.
fn tiers(kilobytes: u64) -> Tiers<Text> {
    Tiers::new(&TierOptions { budget: kilobytes << 10, ..TierOptions::default() })
}

/// Asks, and loads what is missing.
fn ask(it: &Tiers<Text>, number: usize) {
    let found = it.read(&key(number), Group::default(), Reading::Asked, |_| Ok::<_, ()>(text(number)));
    assert_eq!(found, Ok(text(number)));
}

/// So many others come, and are never asked for again.
fn others(it: &Tiers<Text>, many: usize) {
    for number in 0..many {
        it.insert(key(100_000 + number), text(0));
    }
}

#[test]
fn what_is_asked_for_again_and_again_becomes_hot() {
    let it = tiers(1000);
    ask(&it, 1);
    for _ in 0..5 {
        // One question asks many times: that counts as once.
        ask(&it, 1);
    }
    assert_eq!(it.tier_of(&key(1)), Some(Tier::Warm));
    others(&it, 8);
    ask(&it, 1);
    assert_eq!(it.tier_of(&key(1)), Some(Tier::Warm));
    others(&it, 8);
    ask(&it, 1);
    assert_eq!(it.tier_of(&key(1)), Some(Tier::Hot));
    ask(&it, 1);
    let seen = it.statistics();
    assert_eq!((seen.hits, seen.misses, seen.promotions), ([1, 7, 0, 0], 1, 1));
    assert!(it.get(&key(2)).is_none());
    assert_eq!(it.statistics().misses, 2);
    assert!(it.statistics().times[4].p95 > std::time::Duration::ZERO);
}

#[test]
fn what_is_pushed_out_goes_down_if_it_was_asked_for_again() {
    let it = tiers(200);
    for number in 0..10 {
        ask(&it, number);
    }
    others(&it, 8);
    for number in 0..5 {
        ask(&it, number);
    }
    others(&it, 200);
    it.settle();
    for number in 0..10 {
        assert_eq!(it.tier_of(&key(number)), (number < 5).then_some(Tier::Cold), "{number}");
    }
    let seen = it.statistics();
    assert_eq!((seen.entries[2], seen.demotions), (5, 5), "{seen:?}");
    assert!((0..4).all(|at| seen.bytes[at] <= seen.shares[at]), "{seen:?}");
    ask(&it, 3);
    assert_eq!((it.tier_of(&key(3)), it.statistics().hits), (Some(Tier::Warm), [0, 5, 1, 0]));
    // Its bytes stay, so that it goes down again for nothing.
    others(&it, 200);
    it.settle();
    assert_eq!((it.tier_of(&key(3)), it.statistics().entries[2]), (Some(Tier::Cold), 5));
}

#[test]
fn what_is_not_worth_compressing_is_dropped() {
    let it = tiers(200);
    let plain = Text("plain".repeat(40).into());
    it.insert(key(1), plain.clone());
    others(&it, 8);
    assert_eq!(it.get(&key(1)), Some(plain));
    others(&it, 200);
    it.settle();
    assert_eq!((it.tier_of(&key(1)), it.statistics().entries[2]), (None, 0));
}

/// Asks for a value of a chunk of 100 KB; says whether that had to be opened.
fn ask_chunk(it: &Tiers<Text>, number: usize, chunk: usize, reading: Reading) -> bool {
    let mut opened = false;
    let load = |frozen: &Opened<'_, Text>| {
        let open = &mut || {
            opened = true;
            Some(vec![0; 100 << 10])
        };
        frozen.chunk(key(1_000_000 + chunk), open).map(|_| text(number)).ok_or(())
    };
    it.read(&key(number), Group::default(), reading, load).unwrap();
    opened
}

#[test]
fn an_opened_chunk_serves_its_neighbours_until_its_share_is_full() {
    let it = tiers(1000);
    let read = |number: usize, chunk: usize, reading: Reading| ask_chunk(&it, number, chunk, reading);
    assert!(read(1, 1, Reading::Asked));
    assert!(!read(2, 1, Reading::Asked));
    let seen = it.statistics();
    assert_eq!((seen.hits, seen.misses, seen.entries[3]), ([0, 0, 0, 1], 1, 1));
    // Who reads everything once leaves nothing behind and counts for nothing.
    assert!(read(3, 9, Reading::Once) && read(3, 9, Reading::Once));
    assert_eq!((it.tier_of(&key(3)), it.statistics().misses), (None, 1));
    for chunk in 2..9 {
        assert!(read(10 + chunk, chunk, Reading::Asked));
    }
    assert!(read(20, 1, Reading::Asked));
    let seen = it.statistics();
    assert_eq!((seen.entries[3], seen.shares[3]), (3, 400 << 10), "what a chunk costs besides its bytes counts");
}

#[test]
fn what_is_cold_is_only_what_no_opened_chunk_has() {
    let it = tiers(1000);
    let used_again_and_pushed_out = |number: usize| {
        ask_chunk(&it, number, number, Reading::Asked);
        others(&it, 8);
        ask_chunk(&it, number, number, Reading::Asked);
        others(&it, 900);
        it.settle();
        (it.tier_of(&key(number)), it.statistics().entries[2])
    };
    assert_eq!(used_again_and_pushed_out(1), (None, 0), "its chunk is as near");
    assert!(!ask_chunk(&it, 1, 1, Reading::Asked));
    others(&it, 8);
    ask_chunk(&it, 1, 1, Reading::Asked);
    // Its chunk is closed before it goes.
    for chunk in 2..6 {
        ask_chunk(&it, chunk, chunk, Reading::Asked);
    }
    others(&it, 900);
    it.settle();
    assert_eq!((it.tier_of(&key(1)), it.statistics().entries[2]), (Some(Tier::Cold), 1));
    assert!(!ask_chunk(&it, 1, 1, Reading::Asked));
}

#[test]
fn the_cold_tier_lends_its_room_to_the_warm_one() {
    let it = tiers(1000);
    let seen = it.statistics();
    assert_eq!(seen.shares, [100 << 10, 500 << 10, 0, 400 << 10]);
    // What becomes cold takes its share back.
    for round in 0..12 {
        let some = || (0..100).for_each(|number| ask(&it, 10_000 + round * 100 + number));
        some();
        others(&it, 8);
        some();
        others(&it, 300);
        it.settle();
    }
    let seen = it.statistics();
    assert!(seen.entries[2] > 500 && seen.bytes[2] > 99 << 10, "{seen:?}");
    assert_eq!((seen.shares[1], seen.shares[2]), ((500 << 10) - seen.bytes[2], seen.bytes[2]));
    assert!(seen.bytes[1] <= seen.shares[1], "{seen:?}");
}

#[test]
fn what_is_read_ahead_counts_apart() {
    let it = tiers(1000);
    let ahead = |number: usize| {
        it.read(&key(number), Group::default(), Reading::Ahead, |_| Ok::<_, ()>(text(number))).unwrap();
    };
    (0..4).for_each(ahead);
    assert_eq!((it.statistics().misses, it.statistics().hits), (0, [0; 4]));
    ask(&it, 1);
    ask(&it, 1);
    ask(&it, 2);
    others(&it, 900);
    let seen = it.statistics();
    assert_eq!((seen.ahead, seen.ahead_used, seen.ahead_unused), (4, 2, 2), "{seen:?}");
    assert_eq!((seen.hits[1], seen.misses), (3, 0));
}

#[test]
fn pressure_moves_decoded_values_down_and_closes_chunks() {
    let it = tiers(2000);
    for number in 0..90 {
        it.insert(key(number), text(number));
    }
    it.inner.lock().freeze(key(500), Arc::new(vec![0; 1000]));
    for number in 0..70 {
        ask(&it, number);
    }
    it.relieve(20 << 10);
    let seen = it.statistics();
    assert!(seen.bytes[0] + seen.bytes[1] <= 20 << 10 && seen.entries[1] > 10, "{seen:?}");
    it.relieve(0);
    it.settle();
    let seen = it.statistics();
    assert_eq!((seen.entries[0], seen.entries[1], seen.entries[2], seen.entries[3]), (0, 0, 70, 0), "{seen:?}");
    ask(&it, 3);
    assert_eq!(it.tier_of(&key(3)), Some(Tier::Warm));
}

#[test]
fn a_loaded_value_is_kept_and_an_error_is_handed_on() {
    let it = tiers(100);
    let read = |value: Result<Text, &'static str>| it.read(&key(1), Group::default(), Reading::Asked, |_| value);
    assert_eq!(read(Err("no")).unwrap_err(), "no");
    assert_eq!(read(Ok(text(1))), Ok(text(1)));
    assert_eq!(read(Err("no")), Ok(text(1)));
    it.remove(&key(1));
    assert!(it.get(&key(1)).is_none());
    it.insert(key(1), text(1));
    it.clear();
    assert!(it.get(&key(1)).is_none());
    // Larger than its tier: handed out, not kept.
    it.insert(key(2), Text("x".repeat(1 << 20).into()));
    assert!(it.get(&key(2)).is_none());
}

#[test]
fn ratios_are_scaled_and_nonsense_is_replaced() {
    let shares = |ratios| TierOptions { budget: 1000, ratios, ..TierOptions::default() }.shares().0;
    assert_eq!(shares([0.1, 0.2, 0.3, 0.4]), [100, 200, 300, 400]);
    assert_eq!(shares([1.0, 1.0, 1.0, 1.0]), [250; 4]);
    assert_eq!(shares([0.0, 0.0, 0.0, 0.0]), [100, 200, 300, 400]);
    assert_eq!(shares([f64::NAN, 1.0, 1.0, 1.0]), [100, 200, 300, 400]);
    assert_eq!(shares([-1.0, 1.0, 1.0, 1.0]), [100, 200, 300, 400]);
    let groups = vec![("rust".to_owned(), 0.25), ("odd".to_owned(), f64::NAN)];
    let (all, own) = TierOptions { budget: 1250, groups, ..TierOptions::default() }.shares();
    assert_eq!((all, own), ([100, 200, 300, 400], vec![250, 0]));
}

#[test]
fn a_group_has_a_hot_shelf_of_its_own() {
    let groups = vec![("rust".to_owned(), 0.9), ("python".to_owned(), 0.0)];
    let ratios = [0.01, 1.0, 0.1, 0.1];
    let it = Tiers::new(&TierOptions { budget: 400 << 10, ratios, groups, ..TierOptions::default() });
    for round in 0..4 {
        for number in 0..90 {
            let group = it.group(["rust", "python", "go"][number % 3]);
            let read = it.read(&key(number), group, Reading::Asked, |_| Ok::<_, ()>(text(number)));
            assert_eq!(read, Ok(text(number)));
        }
        others(&it, if round < 3 { 20 } else { 0 });
    }
    let hot = |of: usize| (0..30).filter(|at| it.tier_of(&key(at * 3 + of)) == Some(Tier::Hot)).count();
    assert_eq!((hot(0), hot(1)), (30, 0));
    assert!(hot(2) <= 2, "the common shelf has 1 % of all");
}

#[test]
fn without_a_tier_the_others_do_its_work() {
    for missing in 0..4 {
        let mut ratios = TierOptions::default().ratios;
        ratios[missing] = 0.0;
        let it = Tiers::new(&TierOptions { budget: 300 << 10, ratios, ..TierOptions::default() });
        for round in 0..6 {
            for number in 0..40 {
                ask(&it, number);
                others(&it, (number + round) % 3);
            }
        }
        it.settle();
        let seen = it.statistics();
        assert_eq!((seen.entries[missing], seen.shares[missing]), (0, 0));
        assert!(seen.hits.iter().sum::<u64>() >= 60, "{missing}: {seen:?}");
    }
}

#[test]
fn many_threads_see_right_values_only() {
    let it = tiers(60);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let it = &it;
            scope.spawn(move || {
                for round in 0..4000 {
                    ask(it, (round * 7 + thread * 13) % 300);
                }
            });
        }
    });
    it.settle();
    let seen = it.statistics();
    assert!(seen.bytes.iter().sum::<u64>() <= 60 << 10, "{seen:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Any order of calls: a value that is found is the right one, with and without compression, and the shares hold.
    #[test]
    fn any_order_of_calls_finds_right_values(
        calls in proptest::collection::vec((0..7_u8, 0..40_usize), 1..200),
        compression in any::<bool>(),
        cold_after in 0..2_u32,
    ) {
        let it = Tiers::new(&TierOptions { budget: 20 << 10, compression, cold_after, ..TierOptions::default() });
        for (call, number) in calls {
            match call {
                0 | 1 => it.insert(key(number), text(number)),
                2 => it.remove(&key(number)),
                3 => it.relieve(2000),
                4 => it.inner.lock().freeze(key(number), Arc::new(vec![0; 900])),
                _ => {
                    if let Some(value) = it.get(&key(number)) {
                        prop_assert_eq!(value, text(number));
                    }
                }
            }
        }
        it.settle();
        let seen = it.statistics();
        prop_assert!((0..4).all(|at| seen.bytes[at] <= seen.shares[at]), "{:?}", seen);
    }
}

#[test]
fn a_pass_that_reads_once_leaves_the_order_of_use_alone() {
    let it = tiers(200);
    (0..).map(|number| ask(&it, number)).take_while(|_| it.tier_of(&key(0)).is_some()).for_each(drop);
    let oldest = (1..).find(|number| it.tier_of(&key(*number)).is_some()).unwrap();
    let found = it.read(&key(oldest), Group::default(), Reading::Once, |_| Err::<Text, _>("it is there"));
    assert_eq!(found, Ok(text(oldest)));
    ask(&it, 10_000);
    assert_eq!(it.tier_of(&key(oldest)), None);
}
