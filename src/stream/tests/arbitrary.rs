//! Bytes that nobody wrote: every reader answers with an error or a result, never a panic.

use std::io::Cursor;

use proptest::prelude::*;

use crate::container::*;
use crate::stream::testing::*;
use crate::stream::*;

/// Everything that takes a file.
fn try_all(file: &[u8]) {
    let options = DecompressOptions { memory_limit: 1 << 20, ..DecompressOptions::default() };
    let _ = unpack_with(file, &options);
    let _ = unpack_with(file, &DecompressOptions { recover: Recover::Skip, ..options.clone() });
    let _ = inspect(file);
    let mut part = Vec::new();
    let _ = decompress_range(Cursor::new(file), &mut part, &Shelf, &options, 3..3000, &NoProgress);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_bytes_are_harmless(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for magic in [&b""[..], &SHORT_MAGIC, &LONG_MAGIC] {
            try_all(&[magic, &bytes].concat());
        }
    }

    #[test]
    fn arbitrary_records_are_harmless(
        group_log2 in 10u8..=20,
        records in prop::collection::vec(
            (
                prop_oneof![0xA0u8..=0xAF, Just(Settings::TAG), Just(Footer::TAG), any::<u8>()],
                prop::collection::vec(any::<u8>(), 0..60),
            ),
            0..6,
        ),
    ) {
        let mut file = Vec::new();
        LongHeader { group_log2 }.write(&mut file);
        for (tag, bytes) in records {
            file.push(tag);
            file.extend(bytes);
        }
        try_all(&file);
    }

    #[test]
    fn good_files_with_bytes_changed_are_harmless(
        len in 0usize..5000,
        is_long: bool,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
    ) {
        let plain = mixed(len);
        let good = if is_long { pack_long(&plain) } else { pack_short(&plain) };
        let mut file = good.clone();
        for (at, byte) in changes {
            file[at.index(good.len())] = byte;
        }
        try_all(&file);
        let (again, result) = unpack(&file);
        let is_refused = result.as_ref().map_or(true, |summary| summary.foreign_bytes > 0);
        prop_assert!(is_refused || again == plain || file == good);
    }

    #[test]
    fn every_parser_gives_what_writes_the_same_bytes(
        bytes in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        let mut again = Vec::new();
        let mut source = Source::new(&bytes[..]);
        if let Ok(head) = ShortHead::read(&mut source) {
            head.write(&mut again);
            prop_assert_eq!(&again[2..], &bytes[..source.offset() as usize]);
        }
        for tag in 0xA0..=0xAF {
            let mut source = Source::new(&bytes[..]);
            if let Ok(head) = GroupHead::read(tag, 1 << 20, &mut source) {
                again.clear();
                head.write(1 << 20, &mut again);
                prop_assert_eq!(again[0], tag);
                prop_assert_eq!(&again[1..], &bytes[..source.offset() as usize]);
            }
        }
        let _ = LongHeader::read(&mut Source::new(&bytes[..]));
        let _ = Settings::read(&mut Source::new(&bytes[..]));
        let _ = Footer::read(50, &mut Source::new(&bytes[..]));
        let _ = next_frame(&mut Source::new(&bytes[..]));
    }
}
