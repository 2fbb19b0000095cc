//! Packs written and read, flipped, cut, forged.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::store::StoreError;
use crate::store::disk::{Disk, DiskBytes, MemoryDisk};

fn written(draft: &PackDraft) -> (PackId, Vec<u8>) {
    let disk = MemoryDisk::new();
    let pack = draft.write(disk.create("pack").unwrap()).unwrap();
    let bytes = disk.read("pack", u64::MAX).unwrap();
    assert_eq!(pack.len, bytes.len() as u64);
    (pack.id, bytes)
}

fn open(bytes: &[u8]) -> Result<Arc<Pack>, StoreError> {
    Pack::open(DiskBytes::copied(bytes), "test.pack")
}

/// A pack over several blocks, with an empty section, a small, a compressed and a large one.
fn draft() -> PackDraft {
    let large = (0..150_000_u32).map(|it| (it.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    PackDraft::new(7)
        .section(10, Encoding::Raw, b"small".to_vec())
        .section(3, Encoding::Raw, large)
        .section(4, Encoding::Raw, Vec::new())
        .section(5, Encoding::Zstd, b"again and again ".repeat(1000))
}

/// Everything that can be read of a pack.
fn contents(pack: &Arc<Pack>) -> Result<Vec<(u32, Vec<u8>)>, StoreError> {
    pack.sections().map(|it| Ok((it.id, pack.section(it.id)?.to_vec()))).collect()
}

#[test]
fn sections_come_back_aligned() {
    let (id, bytes) = written(&draft());
    let pack = open(&bytes).unwrap();
    assert_eq!((pack.id(), pack.kind(), pack.size()), (id, 7, bytes.len() as u64));
    for (number, encoding, content) in draft().sections {
        let section = pack.section(number).unwrap();
        assert_eq!(&*section, content, "{number}");
        if encoding == Encoding::Raw {
            assert_eq!(section.as_ptr().align_offset(64), 0);
            assert_eq!(pack.lazy(number).unwrap().all().unwrap(), content);
        }
    }
    assert!(matches!(pack.section(99), Err(StoreError::NoSection { id: 99, .. })));
    assert!(pack.has(4) && !pack.has(99) && pack.lazy(5).is_err());
    pack.check_all().unwrap();
}

#[test]
fn equal_content_has_an_equal_name_and_other_content_another() {
    let (id, bytes) = written(&draft());
    assert_eq!(written(&draft()), (id, bytes));
    let mut other = draft();
    other.sections[1].2[140_000] ^= 1;
    assert_ne!(written(&other).0, id);
    other = draft();
    other.kind = 8;
    assert_ne!(written(&other).0, id);
}

#[test]
fn a_section_in_pieces_equals_the_whole() {
    let disk = MemoryDisk::new();
    let mut writer = PackWriter::new(7, disk.create("pack").unwrap()).unwrap();
    for (number, encoding, content) in draft().sections {
        match encoding {
            Encoding::Raw => {
                writer.begin(number).unwrap();
                for piece in content.chunks(777) {
                    writer.append(piece).unwrap();
                }
            }
            Encoding::Zstd => writer.section(number, encoding, &content).unwrap(),
        }
    }
    let pack = writer.finish().unwrap();
    assert_eq!((pack.id, disk.read("pack", u64::MAX).unwrap()), written(&draft()));
}

#[test]
fn numbers_are_unique() {
    let twice = PackDraft::new(0).section(1, Encoding::Raw, vec![]).section(1, Encoding::Raw, vec![]);
    assert!(twice.write(MemoryDisk::new().create("x").unwrap()).is_err());
}

#[test]
fn a_pack_of_whole_blocks_has_no_empty_block() {
    let whole = PackDraft::new(0).section(1, Encoding::Raw, vec![5; BLOCK - 64]);
    let (_, bytes) = written(&whole);
    assert_eq!(bytes.len(), BLOCK + 32 + 8 + 64);
    assert_eq!(open(&bytes).unwrap().section(1).unwrap().len(), BLOCK - 64);
}

#[test]
fn every_flipped_bit_is_found_or_harmless() {
    let (id, bytes) = written(&draft());
    let right = contents(&open(&bytes).unwrap()).unwrap();
    let mut seed = 1_u64;
    let mut refused = 0;
    let tries = 20_000;
    for number in 0..tries {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut spoilt = bytes.clone();
        // Header, table, checksums and footer have few bytes and get their share of the tries.
        let at = match number % 4 {
            0 => (seed >> 33) as usize % 64,
            1 => bytes.len() - 1 - (seed >> 33) as usize % 256,
            _ => (seed >> 33) as usize % bytes.len(),
        };
        spoilt[at] ^= 1 << (number % 8);
        match open(&spoilt) {
            Err(_) => refused += 1,
            Ok(pack) => match contents(&pack) {
                Err(_) => {
                    refused += 1;
                    assert!(pack.is_damaged());
                }
                // Padding between sections: a block that no section touches.
                Ok(found) => assert!(found == right && pack.id() == id, "flip at {at}"),
            },
        }
    }
    assert!(refused > tries * 9 / 10, "{refused}");
}

#[test]
fn every_truncation_is_refused() {
    let (_, bytes) = written(&draft());
    for len in (0..bytes.len()).step_by(17).chain(bytes.len() - 300..bytes.len()) {
        assert!(open(&bytes[..len]).is_err(), "{len}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(open(&longer).is_err());
}

#[test]
fn another_format_is_told_as_such() {
    let (_, mut bytes) = written(&draft());
    let at = bytes.len() - 64 + 16;
    bytes[at] = 9;
    assert!(matches!(open(&bytes), Err(StoreError::Format { found: 9, wanted: FORMAT, .. })));
}

#[test]
fn damage_in_one_block_leaves_the_others_readable() {
    let (_, mut bytes) = written(&draft());
    let pack = open(&bytes).unwrap();
    let large = pack.sections().find(|it| it.id == 3).unwrap();
    assert!(large.stored > 2 * BLOCK as u64);
    bytes[2 * BLOCK - 5] ^= 4;
    let pack = open(&bytes).unwrap();
    assert_eq!(&*pack.section(10).unwrap(), b"small");
    let lazy = pack.lazy(3).unwrap();
    assert!(lazy.get(0..100).is_ok());
    assert!(!pack.is_damaged());
    assert!(lazy.get(BLOCK..BLOCK + 100).is_err());
    assert!(pack.is_damaged() && pack.section(3).is_err());
    assert!(lazy.get(0..100).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn arbitrary_bytes_are_no_pack(bytes in any::<Vec<u8>>()) {
        prop_assert!(open(&bytes).is_err());
    }

    /// A directory that hashes right but lies: what a hostile writer could make. Nothing may panic.
    #[test]
    fn a_lying_directory_never_panics(
        body in 0..3_usize,
        entries in proptest::collection::vec((0..4_u32, 0..3_u8, any::<u64>(), any::<u64>(), any::<u64>(), 0..200_u64), 0..4),
        counts in (0..5_u32, 0..5_u32),
    ) {
        let bytes = forge(body * 40_000 / 64 * 64 + 64, &entries, counts);
        if let Ok(pack) = open(&bytes) {
            let _ = contents(&pack);
            for it in 0..4 {
                let _ = pack.lazy(it).map(|it| it.all().map(<[u8]>::len));
            }
        }
    }

    #[test]
    fn any_sections_come_back(
        sections in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..3000)), 0..8),
    ) {
        let mut draft = PackDraft::new(1);
        for (number, (packed, content)) in sections.iter().enumerate() {
            let encoding = if *packed { Encoding::Zstd } else { Encoding::Raw };
            draft = draft.section(number as u32, encoding, content.clone());
        }
        let pack = open(&written(&draft).1).unwrap();
        for (number, (_, content)) in sections.iter().enumerate() {
            prop_assert_eq!(&*pack.section(number as u32).unwrap(), &content[..]);
        }
    }
}

/// A pack whose hashes are right for a table that may say anything.
fn forge(table_at: usize, entries: &[(u32, u8, u64, u64, u64, u64)], (more, blocks): (u32, u32)) -> Vec<u8> {
    use super::layout::*;
    let mut body = vec![0; table_at];
    body[..8].copy_from_slice(&HEADER_MAGIC);
    body[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    let mut table = Vec::new();
    for &(id, encoding, start, stored, plain, small) in entries {
        table.extend_from_slice(&id.to_le_bytes());
        table.extend_from_slice(&[encoding, 0, 0, 0]);
        // Half of them plausible, half of them anything.
        let numbers =
            if small % 2 == 0 { [64 * (small % 5), small, small * (1 + small % 3)] } else { [start, stored, plain] };
        for number in numbers {
            table.extend_from_slice(&number.to_le_bytes());
        }
    }
    let mut checksums = Vec::new();
    for (number, block) in body.chunks(BLOCK).enumerate() {
        checksums.extend_from_slice(&checksum(block, number as u64).to_le_bytes());
    }
    let mut footer = (table_at as u64).to_le_bytes().to_vec();
    let sections = entries.len() as u32 + if more == 4 { 1 } else { 0 };
    let blocks = if blocks == 4 { u32::MAX } else { (checksums.len() / 8) as u32 };
    for number in [sections, blocks, FORMAT, 0] {
        footer.extend_from_slice(&number.to_le_bytes());
    }
    let id = PackId::of(&table, &checksums, &footer);
    footer.extend_from_slice(&id.0);
    footer.extend_from_slice(&[0; 16]);
    footer.extend_from_slice(&FOOTER_MAGIC);
    [body, table, checksums, footer].concat()
}
