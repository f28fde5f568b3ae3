use crate::error::Error;
use crate::stream::testing::*;
use crate::stream::*;

/// Small files of every shape, with what they hold.
fn specimens() -> Vec<(Vec<u8>, Vec<u8>)> {
    let text = b"It was the best of times, it was the worst of times. ".repeat(2);
    let noise: Vec<u8> = mixed(60).iter().map(|b| b | 0x80).collect();
    let long = mixed(2 * 1024 + 300);
    let odd = GroupParams { lanes: 3, window: 500, ..GroupParams::default() };
    let odd = CompressOptions { params: odd, ..CompressOptions::default() };
    let mut all = vec![
        (pack_short(b""), Vec::new()),
        (pack_short(&text), text.clone()),
        (pack_short(&[5; 700]), vec![5; 700]),
        (pack_short(&noise), noise),
        (pack_with(&Packer::mixer(), &text, &odd), text.clone()),
        (pack_long(b""), Vec::new()),
        (pack_long(&long), long),
    ];
    all.push(([pack_short(&text), pack_short(b"tail")].concat(), [&text[..], b"tail"].concat()));
    all.push(([pack_long(&text), pack_short(&text)].concat(), text.repeat(2)));
    all
}

/// What may go wrong with bytes that are not the ones written.
fn is_right_kind(error: &Error) -> bool {
    matches!(
        error,
        Error::NotLlmzip
            | Error::Truncated { .. }
            | Error::Damaged { .. }
            | Error::Unsupported { .. }
            | Error::MissingModel { .. }
    )
}

#[test]
fn every_prefix_is_cut_short() {
    for (file, plain) in specimens() {
        let frame_ends: Vec<u64> =
            inspect(&file[..]).unwrap().iter().map(|f| f.offset + f.stored_bytes).collect();
        for len in 0..file.len() {
            let (again, result) = unpack(&file[..len]);
            assert!(plain.starts_with(&again));
            if frame_ends.contains(&(len as u64)) {
                result.unwrap();
                continue;
            }
            assert!(matches!(result, Err(Error::Truncated { .. })), "{len}: {result:?}");
            assert!(matches!(inspect(&file[..len]), Err(Error::Truncated { .. })));
        }
    }
}

#[test]
fn every_flipped_bit_is_refused_or_harmless() {
    for (mut file, plain) in specimens() {
        for bit in 0..file.len() * 8 {
            file[bit / 8] ^= 1 << (bit % 8);
            let (again, result) = unpack(&file);
            match result {
                // Where a second frame's magic is damaged, it is something else.
                Ok(summary) if summary.foreign_bytes > 0 => assert!(plain.starts_with(&again)),
                Ok(_) => assert!(again == plain, "bit {bit}"),
                Err(error) => {
                    assert!(is_right_kind(&error), "bit {bit}: {error}");
                    assert!(plain.starts_with(&again), "bit {bit}");
                }
            }
            // Looking does not panic either.
            let _ = inspect(&file[..]);
            file[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn damage_names_the_group_and_its_bytes() {
    let plain = mixed(3 * 1024);
    let mut file = pack_long(&plain);
    let info = inspect(&file[..]).unwrap().remove(0);
    let third = info.groups[2].offset as usize;
    file[third + 500] ^= 1;
    let (again, result) = unpack(&file);
    assert!(again == plain[..2048]);
    let message = result.unwrap_err().to_string();
    assert!(message.ends_with("(group 2, bytes 2048..3072 of the original)"), "{message}");

    // In a second frame the bytes are counted from the first one's beginning, the groups are not.
    let two = [pack_short(b"0123456789"), file.clone()].concat();
    let message = unpack(&two).1.unwrap_err().to_string();
    assert!(message.ends_with("(group 2, bytes 2058..3082 of the original)"), "{message}");

    let message = unpack(&file[..third + 100]).1.unwrap_err().to_string();
    assert!(message.contains("group 2 (bytes 2048..3072 of the original)"), "{message}");
}

#[test]
fn bytes_behind_a_frame_are_named() {
    for frame in [pack_short(b"abc"), pack_long(b"abc")] {
        for tail in [&b"x"[..], b"garbage", b"\xF5\x7B", b"\xF5\x4C\x4D"] {
            let file = [&frame, tail].concat();
            let (plain, result) = unpack(&file);
            assert_eq!(plain, b"abc");
            assert_eq!(result.unwrap().foreign_bytes, tail.len() as u64);
            let message = crate::decompress(&file[..]).unwrap_err().to_string();
            assert!(message.contains(&format!(" {} bytes behind", tail.len())), "{message}");
            assert!(matches!(inspect(&file[..]), Err(Error::Damaged { .. })));
        }
    }
}

#[test]
fn zeros_behind_frames_are_passed_over() {
    for (zeros, between) in [(1, 0), (512, 7), (200_000, 100_000)] {
        let (zeros, between) = (vec![0; zeros], vec![0; between]);
        let file = [&pack_short(b"abc")[..], &between, &pack_long(b"def"), &zeros].concat();
        let (plain, result) = unpack(&file);
        assert_eq!(plain, b"abcdef");
        let summary = result.unwrap();
        assert_eq!(summary.padding_bytes as usize, zeros.len() + between.len());
        assert_eq!((summary.frames, summary.foreign_bytes), (2, 0));
        assert_eq!(inspect(&file[..]).unwrap().len(), 2);
        let mut part = Vec::new();
        let options = DecompressOptions::default();
        let reader = std::io::Cursor::new(&file);
        decompress_range(reader, &mut part, &Shelf, &options, 2..5, &NoProgress).unwrap();
        assert_eq!(part, b"cde");
        // Something else behind them.
        let file = [&file[..], b"x\0\0"].concat();
        assert_eq!(unpack(&file).1.unwrap().foreign_bytes, 3);
    }
    assert!(matches!(unpack(&[0; 20]).1, Err(Error::NotLlmzip)));
}

#[test]
fn other_files_are_not_ours() {
    for other in
        [&b"x"[..], b"hello", b"\x1F\x8B\x08", b"\x28\xB5\x2F\xFD", b"\xF5x", b"\xF5\x4Cxx"]
    {
        assert!(matches!(unpack(other).1, Err(Error::NotLlmzip)), "{other:?}");
        assert!(matches!(inspect(other), Err(Error::NotLlmzip)));
    }
    assert!(matches!(unpack(b"").1, Err(Error::Truncated { .. })));
    assert!(matches!(unpack(b"\xF5").1, Err(Error::Truncated { .. })));
}

#[test]
fn later_versions_are_unsupported() {
    let mut short = pack_short(b"abc");
    short[2] = short[2] & 0x1F | 5 << 5;
    let mut long = pack_long(b"abc");
    long[4] = 2;
    for file in [short, long] {
        let error = unpack(&file).1.unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }), "{error}");
    }
}

#[test]
fn groups_that_changed_places_are_noticed() {
    // Two stored groups of equal size, exchanged with their heads and checks.
    let noise: Vec<u8> = mixed(2048).iter().enumerate().map(|(i, b)| b ^ i as u8 | 0x80).collect();
    let mut file = pack_long(&noise);
    let info = inspect(&file[..]).unwrap().remove(0);
    let (a, b) = (info.groups[0].offset as usize, info.groups[1].offset as usize);
    let len = b - a;
    let first = file[a..b].to_vec();
    file.copy_within(b..b + len, a);
    file[b..b + len].copy_from_slice(&first);
    let (again, result) = unpack(&file);
    assert!(again.is_empty());
    assert!(matches!(result, Err(Error::Damaged { group: Some(0), .. })));
}

#[test]
fn a_false_hash_of_the_whole_is_noticed() {
    // The group's check covers what the hash covers, so only a forged footer gets this far.
    let file = pack_long(b"some text");
    let info = inspect(&file[..]).unwrap().remove(0);
    let group_end = info.groups[0].offset + 1 + 1 + 8 + info.groups[0].payload_bytes;
    let mut forged = file[..group_end as usize].to_vec();
    let stored_len = group_end - crate::container::LongHeader::BYTES;
    crate::container::Footer {
        group_log2: 10,
        plain_len: 9,
        index: vec![crate::container::IndexEntry { stored_len, has_settings: false }],
        sha256: [0; 32],
    }
    .write(&mut forged)
    .unwrap();
    assert_eq!(forged.len(), file.len());
    let message = unpack(&forged).1.unwrap_err().to_string();
    assert!(message.contains("SHA-256"), "{message}");
}

#[test]
fn a_codec_that_decodes_otherwise_fails_verification() {
    struct Liar;
    impl GroupCodec for Liar {
        fn model_id(&self) -> Option<[u8; 32]> {
            None
        }
        fn model_name(&self) -> &str {
            ""
        }
        fn encode(
            &self,
            plain: &[u8],
            _: &GroupParams,
            _: &(dyn Fn(u64) + Sync),
        ) -> crate::Result<EncodedGroup> {
            Ok(EncodedGroup { method: Method::Mixer, payload: plain[..1].to_vec() })
        }
        fn decode(&self, group: &CodedGroup<'_>, _: &dyn Watch) -> crate::Result<Decoded> {
            Ok(Decoded::whole(vec![0; group.plain_len]))
        }
        fn memory_bytes(&self, _: u64, _: &GroupParams) -> u64 {
            0
        }
    }
    let codec: std::sync::Arc<dyn GroupCodec> = std::sync::Arc::new(Liar);
    let pack = |verify| {
        let options = CompressOptions { verify, ..CompressOptions::default() };
        compress(&b"abcdefgh"[..], Vec::new(), &codec, &options, &NoProgress)
    };
    assert!(pack(false).is_ok());
    assert!(matches!(pack(true), Err(Error::Damaged { group: Some(0), .. })));
}
