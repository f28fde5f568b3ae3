use std::io::Cursor;
use std::ops::Range;

use proptest::prelude::*;

use crate::error::Error;
use crate::stream::testing::*;
use crate::stream::*;

fn cut(file: &[u8], range: Range<u64>) -> (Vec<u8>, crate::Result<Summary>) {
    let mut plain = Vec::new();
    let options = DecompressOptions::default();
    let reader = Dribble { inner: Cursor::new(file), count: 0 };
    let result = decompress_range(reader, &mut plain, &Shelf, &options, range, &NoProgress);
    (plain, result)
}

#[test]
fn only_the_groups_that_are_needed_are_decoded() {
    let plain = mixed(8 * 1024);
    let mut file = pack_long(&plain);
    let info = inspect(&file[..]).unwrap().remove(0);
    file[info.groups[3].offset as usize + 100] ^= 1;
    let (part, result) = cut(&file, 4096..7000);
    assert!(part == plain[4096..7000]);
    assert_eq!(result.unwrap().groups, 3);
    let (part, result) = cut(&file, 2000..3100);
    assert!(part == plain[2000..3072]);
    assert!(matches!(result, Err(Error::Damaged { group: Some(3), .. })));
}

#[test]
fn ranges_beyond_the_end_are_invalid() {
    let file = [pack_long(b"0123456789"), pack_short(b"abc")].concat();
    let (part, result) = cut(&file, 8..14);
    assert_eq!(part, b"89abc");
    assert!(matches!(result, Err(Error::Invalid { .. })));
    assert!(matches!(cut(&file, Range { start: 3, end: 2 }).1, Err(Error::Invalid { .. })));
    assert!(cut(&file, 0..0).1.is_ok() && cut(&file, 13..13).1.is_ok());
}

#[test]
fn damaged_files_give_errors_or_the_right_bytes() {
    let plain = mixed(2500);
    for good in [pack_long(&plain), [pack_short(&plain), pack_long(&plain)].concat()] {
        for byte in 0..good.len() {
            let mut file = good.clone();
            file[byte] ^= 4;
            let (part, result) = cut(&file, 500..2100);
            assert!(plain[500..2100].starts_with(&part), "byte {byte}");
            assert!(result.is_err() || part.len() == 1600, "byte {byte}");
        }
        for len in (0..good.len()).step_by(13) {
            let (part, result) = cut(&good[..len], 500..2100);
            assert!(plain[500..2100].starts_with(&part));
            assert!(result.is_err() || part.len() == 1600);
        }
    }
}

#[test]
fn damage_before_the_range_never_moves_it() {
    let text = b"It was the best of times, it was the worst of times.";
    let plain = [&text[..], b"tail of it, and", &text[..]].concat();
    for first in [pack_short(text), pack_short(&[7; 52]), pack_long(text)] {
        let good = [&first[..], &pack_short(b"tail of it, and"), &pack_short(text)].concat();
        for range in [55..60, 70..90] {
            for bit in 0..good.len() * 8 {
                let mut file = good.clone();
                file[bit / 8] ^= 1 << (bit % 8);
                let (part, result) = cut(&file, range.start as u64..range.end as u64);
                assert!(plain[range.clone()].starts_with(&part), "bit {bit}");
                assert!(result.is_err() || part.len() == range.len(), "bit {bit}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_range_of_concatenated_frames_is_the_same_as_of_the_original(
        lens in prop::collection::vec((0usize..5000, any::<bool>()), 1..4),
        a in 0.0..1.0f64,
        b in 0.0..1.0f64,
    ) {
        let mut plain = Vec::new();
        let mut file = Vec::new();
        for (len, is_long) in lens {
            let part = mixed(len);
            file.extend(if is_long { pack_long(&part) } else { pack_short(&part) });
            plain.extend(part);
        }
        let at = |x: f64| (x * (plain.len() + 1) as f64) as usize;
        let (from, to) = (at(a.min(b)), at(a.max(b)));
        let (part, result) = cut(&file, from as u64..to as u64);
        prop_assert!(result.is_ok());
        prop_assert!(part == plain[from..to]);
    }
}
