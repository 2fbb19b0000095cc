//! The frames; what real processes do is in tests/it/models.rs, which has an executable to start.

use super::wire::*;
use crate::embed::Purpose;
use crate::embed::device::{Device, Refusal};

#[test]
fn frames_are_read_back_as_written() {
    let ready = Ready {
        device: Device::Cuda,
        dimensions: 384,
        refused: vec![Refusal { device: Device::TensorRt, why: "größe".into() }],
    };
    let all = [
        Said::Trying(Device::CoreMl),
        Said::Ready(ready),
        Said::Failed("no".into()),
        Said::Bound(512),
        Said::Refused(7, 3, "NaN".into()),
        Said::Vectors(9, vec![(0, vec![0.5, -0.25]), (4, Vec::new())]),
    ];
    for said in all {
        assert_eq!(take(&put(&said)), Some(said));
    }
    let texts = ["one", "", "größe"];
    let request = take_request(&put_request(Purpose::Question, 5, &texts)).unwrap();
    assert_eq!(
        (request.number, request.purpose, request.texts),
        (5, Purpose::Question, texts.map(str::to_owned).into())
    );
}

#[test]
fn malformed_bytes_are_refused_not_believed() {
    assert_eq!(take(b""), None);
    assert_eq!(take(b"x"), None);
    assert_eq!(take(b"R{}"), None);
    assert_eq!(take(&put(&Said::Ready(Ready { device: Device::Cpu, dimensions: 0, refused: Vec::new() }))), None);
    let whole = put(&Said::Vectors(9, vec![(0, vec![0.5; 8])]));
    for length in 10..whole.len() {
        assert_eq!(take(&whole[..length]), None, "{length}");
    }
    let mut long = whole.clone();
    long[13..17].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(take(&long), None);
    let request = put_request(Purpose::Passage, 1, &["one"]);
    assert!((1..request.len()).filter(|&it| take_request(&request[..it]).is_some()).eq([9]), "none, or no text at all");
    assert_eq!(take_request(&put_request(Purpose::Passage, 1, &["a"; MOST_TEXTS + 1])), None);
    let mut huge: &[u8] = &[0xff, 0xff, 0xff, 0xff, 1];
    assert!(read_frame(&mut huge).is_err());
    let mut ended: &[u8] = &[];
    assert!(matches!(read_frame(&mut ended), Ok(None)));
}

proptest::proptest! {
    #[test]
    fn what_a_worker_says_never_panics(bytes: Vec<u8>) {
        let _ = take(&bytes);
        let _ = take_request(&bytes);
    }
}
