//! What the store costs: committing, opening, the first and the later touch of a section. Prints medians.
//! `cargo bench --bench store -- [MEGABYTES] [ROUNDS]` makes an index of that size beneath the system's temporary
//! directory and removes it. The file cache is warm: what is measured is our work, not the disk's.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench is a program of its own and may stop on any error"
)]

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use portolan::base::os::private::remove_tree;
use portolan::store::{Encoding, PackDraft, PackId, Store, StoreOptions};

/// Packs of the index, as many as stand just before a merge.
const PACKS: usize = 24;

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|it| it.parse::<usize>().ok());
    let megabytes = numbers.next().unwrap_or(64);
    let rounds = numbers.next().unwrap_or(9);
    let place = std::env::temp_dir().join(format!("portolan-bench-{}", std::process::id()));
    let options = StoreOptions { cache_dir: Some(place.clone()), ..StoreOptions::default() };
    println!("{PACKS} packs, {megabytes} MB together, {rounds} rounds; per operation:");
    let part = bytes(megabytes * 1_000_000 / PACKS);
    commits(&options, &part, rounds);
    reads(&options, rounds);
    remove_tree(&place).unwrap();
}

fn open(options: &StoreOptions) -> Store {
    Store::open(Path::new("/bench"), options)
}

/// Bytes without much pattern, as bit-packed columns are.
fn bytes(count: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..count).map(|_| next()).collect()
}

fn commits(options: &StoreOptions, part: &[u8], rounds: usize) {
    let store = open(options);
    let mut small = Vec::new();
    for number in 0..rounds as u64 {
        let draft = PackDraft::new(2).section(1, Encoding::Raw, number.to_le_bytes().to_vec());
        let begun = Instant::now();
        store.commit(vec![draft.into()], &[], None).unwrap();
        small.push(begun.elapsed());
    }
    show("commit of 8 bytes (packs, manifest, four syncs)", small);
    let old: Vec<PackId> = store.state().packs.iter().map(|it| it.id()).collect();
    store.commit(Vec::new(), &old, None).unwrap();
    let mut large = Vec::new();
    for number in 0..PACKS as u64 {
        let head = number.to_le_bytes().to_vec();
        let draft = PackDraft::new(1).section(1, Encoding::Raw, head).section(2, Encoding::Raw, part.to_vec());
        let begun = Instant::now();
        store.commit(vec![draft.into()], &[], None).unwrap();
        large.push(begun.elapsed());
    }
    show(&format!("commit of {:.1} MB", part.len() as f64 / 1e6), large);
}

fn reads(options: &StoreOptions, rounds: usize) {
    let mut taken: [Vec<Duration>; 6] = Default::default();
    for _ in 0..rounds {
        let begun = Instant::now();
        let store = open(options);
        taken[0].push(begun.elapsed());
        let state = store.state();
        assert_eq!(state.packs.len(), PACKS);
        let each = |job: &mut dyn FnMut(usize)| {
            let begun = Instant::now();
            (0..PACKS).for_each(job);
            begun.elapsed() / PACKS as u32
        };
        taken[1].push(each(&mut |at| {
            black_box(state.packs[at].lazy(2).unwrap().get(5000..5100).unwrap());
        }));
        taken[2].push(each(&mut |at| drop(black_box(state.packs[at].section(2).unwrap()))));
        taken[3].push(each(&mut |at| drop(black_box(state.packs[at].section(2).unwrap()))));
        let lazy = state.packs[0].lazy(2).unwrap();
        let begun = Instant::now();
        for at in 0..1_000_000 {
            black_box(lazy.get(at % 900_000..at % 900_000 + 16).unwrap());
        }
        taken[4].push(begun.elapsed() / 1_000_000);
        let begun = Instant::now();
        black_box(store.refresh());
        taken[5].push(begun.elapsed());
    }
    let names = [
        "open of the whole store",
        "first touch of 100 bytes in a pack (one block checked)",
        "first section of a pack as a whole (all blocks checked)",
        "the same section again",
        "16 bytes of a checked section, lazily",
        "refresh with nothing new",
    ];
    for (name, taken) in names.into_iter().zip(taken) {
        show(name, taken);
    }
}

fn show(name: &str, mut taken: Vec<Duration>) {
    taken.sort();
    println!("{:>12?}  {name}", taken[taken.len() / 2]);
}
