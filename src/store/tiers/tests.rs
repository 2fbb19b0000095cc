//! Tiers: budget, promotion, demotion, any order of calls.

use super::*;
use proptest::prelude::*;

/// A text whose weight is twice its length, as decoded things are larger than their bytes.
#[derive(Debug, PartialEq)]
struct Text(String);

impl Stored for Text {
    fn weight(&self) -> usize {
        self.0.len() * 2
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        String::from_utf8(bytes.to_vec()).ok().map(Self)
    }
}

fn key(number: usize) -> Key {
    Key::of("test", &[&number.to_le_bytes()])
}

fn text(number: usize) -> Text {
    Text(format!("value {number} ").repeat(40))
}

/// One text weighs about 1 KB; ratios as by default.
fn tiers(kilobytes: u64) -> Tiers<Text> {
    Tiers::new(&TierOptions { budget: kilobytes << 10, ..TierOptions::default() })
}

#[test]
fn what_is_used_again_becomes_hot() {
    let it = tiers(1000);
    it.insert(key(1), Arc::new(text(1)));
    assert_eq!(it.tier_of(&key(1)), Some(Tier::Warm));
    assert_eq!(*it.get(&key(1)).unwrap(), text(1));
    assert_eq!(it.tier_of(&key(1)), Some(Tier::Warm));
    it.get(&key(1)).unwrap();
    assert_eq!(it.tier_of(&key(1)), Some(Tier::Hot));
    it.get(&key(1)).unwrap();
    let seen = it.statistics();
    assert_eq!((seen.hits, seen.misses, seen.promotions), ([1, 2, 0, 0], 0, 1));
    assert!(it.get(&key(2)).is_none());
    assert_eq!(it.statistics().misses, 1);
}

#[test]
fn the_budget_holds_and_what_is_pushed_out_goes_down() {
    let it = tiers(200);
    for number in 0..3000 {
        it.insert(key(number), Arc::new(text(number)));
        // Faster than the way down means dropped: here nothing is to be.
        if number % 10 == 0 {
            it.settle();
        }
    }
    it.settle();
    let seen = it.statistics();
    assert!(seen.bytes.iter().sum::<u64>() <= 200 << 10, "{seen:?}");
    assert!(seen.entries[1] > 0 && seen.entries[2] > 0 && seen.entries[3] > 0, "{seen:?}");
    assert!(seen.demotions > 100 && seen.dropped > 0, "{seen:?}");
    let found: Vec<_> = (0..3000).filter(|&number| it.tier_of(&key(number)).is_some()).collect();
    for number in found {
        // Promotion may push another one down between the two calls; what is there is right.
        if let Some(value) = it.get(&key(number)) {
            assert_eq!(*value, text(number));
        }
    }
    let seen = it.statistics();
    assert!(seen.hits[2] > 0 && seen.hits[3] > 0, "{seen:?}");
}

#[test]
fn pressure_moves_decoded_values_down() {
    let it = tiers(2000);
    for number in 0..90 {
        it.insert(key(number), Arc::new(text(number)));
        it.get(&key(number));
    }
    it.relieve(0);
    it.settle();
    let seen = it.statistics();
    assert_eq!((seen.entries[0], seen.entries[1]), (0, 0), "{seen:?}");
    assert!(seen.entries[2] > 50, "{seen:?}");
    let cold = (0..90).find(|&number| it.tier_of(&key(number)) == Some(Tier::Cold)).unwrap();
    assert_eq!(*it.get(&key(cold)).unwrap(), text(cold));
    assert_eq!(it.tier_of(&key(cold)), Some(Tier::Warm));
}

#[test]
fn a_loaded_value_is_kept_and_an_error_is_handed_on() {
    let it = tiers(100);
    assert_eq!(it.get_or_load(&key(1), || Err::<Text, _>("no")).unwrap_err(), "no");
    assert_eq!(*it.get_or_load(&key(1), || Ok::<_, ()>(text(1))).unwrap(), text(1));
    assert_eq!(*it.get_or_load(&key(1), || Err::<Text, _>(())).unwrap(), text(1));
    it.remove(&key(1));
    assert!(it.get(&key(1)).is_none());
    it.insert(key(1), Arc::new(text(1)));
    it.clear();
    assert!(it.get(&key(1)).is_none());
}

#[test]
fn ratios_are_scaled_and_nonsense_is_replaced() {
    let shares = |ratios| TierOptions { budget: 1000, ratios, compression: true }.shares();
    assert_eq!(shares([0.1, 0.2, 0.3, 0.4]), [100, 200, 300, 400]);
    assert_eq!(shares([1.0, 1.0, 1.0, 1.0]), [250; 4]);
    assert_eq!(shares([0.0, 0.0, 0.0, 0.0]), [100, 200, 300, 400]);
    assert_eq!(shares([f64::NAN, 1.0, 1.0, 1.0]), [100, 200, 300, 400]);
    assert_eq!(shares([-1.0, 1.0, 1.0, 1.0]), [100, 200, 300, 400]);
}

#[test]
fn many_threads_see_right_values_only() {
    let it = tiers(60);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let it = &it;
            scope.spawn(move || {
                for round in 0..4000 {
                    let number = (round * 7 + thread * 13) % 300;
                    let value = it.get_or_load(&key(number), || Ok::<_, ()>(text(number))).unwrap();
                    assert_eq!(*value, text(number));
                }
            });
        }
    });
    it.settle();
    assert!(it.statistics().bytes.iter().sum::<u64>() <= 60 << 10);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Any order of calls: a value that is found is the right one, with and without compression.
    #[test]
    fn any_order_of_calls_finds_right_values(
        calls in proptest::collection::vec((0..6_u8, 0..40_usize), 1..200),
        compression in any::<bool>(),
    ) {
        let it = Tiers::new(&TierOptions { budget: 20 << 10, compression, ..TierOptions::default() });
        for (call, number) in calls {
            match call {
                0 | 1 => it.insert(key(number), Arc::new(text(number))),
                2 => it.remove(&key(number)),
                3 => it.relieve(2000),
                _ => {
                    if let Some(value) = it.get(&key(number)) {
                        prop_assert_eq!(&*value, &text(number));
                    }
                }
            }
        }
        it.settle();
        prop_assert!(it.statistics().bytes.iter().sum::<u64>() <= 20 << 10);
    }
}
