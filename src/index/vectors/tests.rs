//! Kernels agree; sketches find what the exact scan finds; foreign packs are refused or harmless.

use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn kernels_agree(query in proptest::collection::vec(any::<i8>(), 256), rows in proptest::collection::vec(any::<u8>(), 256 * 5)) {
        let (mut fast, mut plain) = (Vec::new(), Vec::new());
        kernels::dots(&query, &rows, &mut fast);
        kernels::dots_portable(&query, &rows, &mut plain);
        prop_assert_eq!(&fast, &plain);
        prop_assert_eq!(fast.len(), 5);
        let planes = std::array::from_fn(|plane| query[plane * 32..][..32].iter().map(|&it| it as u8).collect());
        let (mut fast, mut plain) = ([0; 40], [0; 40]);
        kernels::likeness(&planes, &rows, &mut fast);
        kernels::likeness_portable(&planes, &rows, &mut plain);
        prop_assert_eq!(fast, plain);
    }

    #[test]
    fn quantised_is_close(vector in proptest::collection::vec(-1.0f32..1.0, 64)) {
        let it = quantise(&vector);
        for (exact, &near) in vector.iter().zip(&it.values) {
            prop_assert!((exact - f32::from(near) * it.scale).abs() <= it.scale * 0.51);
        }
    }
}

#[test]
fn odd_numbers_are_harmless() {
    assert_eq!(quantise(&[f32::NAN, f32::INFINITY, 0.0]).values, vec![0, 0, 0]);
    assert_eq!(quantise(&[1.0, -2.0]).values, vec![64, -127]);
}

#[test]
fn whole_numbers_are_those_of_the_standard_library() {
    let halves = (-256..256).map(|it| it as f32 / 2.0);
    for it in halves.flat_map(|it| [it.next_down(), it, it.next_up(), it + 0.25]) {
        assert_eq!(rounded(it), it.round() as i8, "{it}");
    }
}

#[test]
fn runs_come_back_by_key() {
    let run = |byte, value| VectorRun {
        key: Key([byte; 16]),
        vectors: vec![quantise(&[value; 32]), quantise(&[-value; 32])],
    };
    let pack = crate::index::source::MemoryPack::new(build_vector_pack(32, &[run(7, 1.0), run(3, 2.0), run(7, 9.0)]));
    let view = VectorView::open(&pack).unwrap();
    assert_eq!((view.run_count(), view.len(), view.find(Key([5; 16]))), (2, 4, None));
    assert_eq!(view.vectors(view.find(Key([3; 16])).unwrap()).vectors, run(3, 2.0).vectors);
}

#[test]
fn a_path_tail_has_three_components() {
    let tail =
        |text: &str| String::from_utf8(path_tail(&RelPath::from_bytes(text.as_bytes()).unwrap()).to_vec()).unwrap();
    assert_eq!((tail("a/b/c/d.rs"), tail("c/d.rs"), tail("d.rs")), ("b/c/d.rs".into(), "c/d.rs".into(), "d.rs".into()));
}
