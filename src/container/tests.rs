//! The bytes of each structure; `FORMAT.md` shows the same ones as examples.

use super::*;
use crate::error::{Error, Result};

fn from_hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let value = |d: u8| char::from(d).to_digit(16).unwrap() as u8;
    digits.chunks(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect()
}

fn settings() -> Settings {
    let params = GroupParams {
        lanes: 32,
        window: 1024,
        window_policy: WindowPolicy::Hop { keep: 512 },
        prime_tokens: 256,
        mixer: MixerKindCode(1),
    };
    let model = ModelRef { id: std::array::from_fn(|i| i as u8), name: "builtin".into() };
    Settings { exact_version: EXACT_VERSION, model: Some(model), params }
}

fn footer() -> Footer {
    let index = vec![
        IndexEntry { stored_len: 200, has_settings: true },
        IndexEntry { stored_len: 10, has_settings: false },
    ];
    Footer { group_log2: 10, plain_len: 1500, index, sha256: Check::of(b"abc") }
}

/// Reads back what was written; every prefix and every flipped bit must be an error.
fn stands_guard<T: PartialEq + std::fmt::Debug>(
    bytes: &[u8],
    expected: &T,
    read: impl Fn(&[u8]) -> Result<T>,
) {
    assert_eq!(&read(bytes).unwrap(), expected);
    for len in 0..bytes.len() {
        let result = read(&bytes[..len]);
        assert!(matches!(result, Err(Error::Truncated { .. })), "{len}: {result:?}");
    }
    let mut bytes = bytes.to_vec();
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        let result = read(&bytes);
        assert!(result.is_err(), "bit {bit}: {result:?}");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn a_long_header_is_ten_bytes() {
    let header = LongHeader { group_log2: 24 };
    let mut bytes = Vec::new();
    header.write(&mut bytes);
    assert_eq!(hex(&bytes), "f54c4c5a01186468b1bd");
    assert_eq!(bytes.len() as u64, LongHeader::BYTES);
    stands_guard(&bytes[4..], &header, |bytes| LongHeader::read(&mut Source::new(bytes)));
    for group_log2 in [9, 31, 64, 255] {
        bytes.clear();
        LongHeader { group_log2 }.write(&mut bytes);
        let result = LongHeader::read(&mut Source::new(&bytes[4..]));
        assert!(matches!(result, Err(Error::Unsupported { .. })));
    }
}

#[test]
fn settings_guard_themselves() {
    let mut bytes = Vec::new();
    settings().write(&mut bytes);
    let expected = "b501 02 20 8008 8104 8002 01
        000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
        07 6275696c74696e 23a31d6b";
    assert_eq!(hex(&bytes), hex(&from_hex(expected)));
    stands_guard(&bytes[1..], &settings(), |bytes| Settings::read(&mut Source::new(bytes)));

    let later = Settings { exact_version: EXACT_VERSION + 1, ..settings() };
    bytes.clear();
    later.write(&mut bytes);
    let result = Settings::read(&mut Source::new(&bytes[1..]));
    assert!(matches!(result, Err(Error::Unsupported { .. })));
}

#[test]
fn names_that_could_move_a_cursor_are_refused() {
    for name in ["a\u{1b}[2J", "a\nb", &"n".repeat(65)] {
        let model = ModelRef { id: [0; 32], name: name.to_owned() };
        assert!(matches!(model.validate(), Err(Error::Invalid { .. })));
        let mut bytes = Vec::new();
        Settings { model: Some(model), ..settings() }.write(&mut bytes);
        let result = Settings::read(&mut Source::new(&bytes[1..]));
        assert!(matches!(result, Err(Error::Damaged { .. })), "{name:?}");
    }
}

#[test]
fn group_heads_are_short() {
    let whole = GroupHead {
        method: Method::Stored,
        transformed: false,
        plain_len: 1024,
        payload_len: 1024,
        check: [7; 8],
    };
    let part = GroupHead {
        method: Method::Model,
        transformed: true,
        plain_len: 300,
        payload_len: 100,
        check: [8; 8],
    };
    for (head, expected) in [(whole, "a0 0707070707070707"), (part, "af ac02 64 0808080808080808")]
    {
        let mut bytes = Vec::new();
        head.write(1024, &mut bytes);
        assert_eq!(hex(&bytes), hex(&from_hex(expected)));
        let mut source = Source::new(&bytes[1..]);
        assert_eq!(GroupHead::read(bytes[0], 1024, &mut source).unwrap(), head);
    }
    // A partial group that is whole, one without bytes, and one that storing would have beaten.
    for bad in ["a4 8008 00", "a4 00 00", "a6 05 05 00", "a6 05 06 00", "ac 05", "ad 05"] {
        let bytes = [from_hex(bad), vec![0; 8]].concat();
        let result = GroupHead::read(bytes[0], 1024, &mut Source::new(&bytes[1..]));
        assert!(matches!(result, Err(Error::Damaged { .. })), "{bad}");
    }
}

#[test]
fn a_footer_guards_itself() {
    let mut bytes = Vec::new();
    footer().write(&mut bytes).unwrap();
    let expected = "ca 0a dc0b 9103 14
        ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
        39000000 150100000000 6d1b9b63 5a4c4cf5";
    assert_eq!(hex(&bytes), hex(&from_hex(expected)));
    stands_guard(&bytes[1..], &footer(), |bytes| Footer::read(10, &mut Source::new(bytes)));
    let result = Footer::read(1, &mut Source::new(&bytes[1..]));
    assert!(matches!(result, Err(Error::Damaged { .. })));

    let trailer = Trailer::parse(bytes.last_chunk().unwrap()).unwrap();
    assert_eq!(trailer.footer_len, bytes.len() as u64);
    assert_eq!(trailer.frame_len, LongHeader::BYTES + 210 + bytes.len() as u64);
}

#[test]
fn a_footer_without_bytes_for_its_groups_is_cut_short() {
    // 2^60 bytes in groups of 1 KiB would be an index of 2^50 entries.
    let mut bytes = vec![10];
    varint::write(&mut bytes, 1 << 60);
    let result = Footer::read(u64::MAX, &mut Source::new(&bytes[..]));
    assert!(matches!(result, Err(Error::Truncated { .. })));
    assert_eq!(Footer::n_groups(10, u64::MAX), 1 << 54);
    assert_eq!(Footer::n_groups(10, 0), 0);
}

#[test]
fn short_heads_have_one_form() {
    let coded = ShortHead {
        method: Method::Model,
        transformed: false,
        model_prefix: Some([0xAA, 0xBB]),
        params: GroupParams { mixer: MixerKindCode(1), ..GroupParams::default() },
        plain_len: 2000,
        payload_len: 500,
    };
    let odd = GroupParams { lanes: 2, mixer: MixerKindCode(9), ..GroupParams::default() };
    for (head, expected) in [
        (coded.clone(), "f57a 6b aabb d00f f403"),
        (ShortHead { transformed: true, ..coded.clone() }, "f57a 8b aabb d00f f403"),
        (ShortHead { params: odd, ..coded }, "f57a 7f aabb 02000000 09 d00f f403"),
    ] {
        let mut bytes = Vec::new();
        head.write(&mut bytes);
        assert_eq!(hex(&bytes), hex(&from_hex(expected)));
        assert_eq!(ShortHead::read(&mut Source::new(&bytes[2..])).unwrap(), head);
    }
    for (bad, why) in [
        ("64 02000000 01", "parameters for a stored frame"),
        ("68 01", "a mixer for a stored frame"),
        ("66 00000000 0501", "a block of defaults"),
        ("7a 0501", "a large mixer without its block"),
        ("7e 02000000 02 0501", "a small mixer in the block"),
        ("62 0505", "a payload that does not pay"),
        ("61 00", "an empty run"),
        ("60 818004", "65,537 bytes"),
        ("60 8000", "a length in a longer form"),
        ("00 00", "version 0"),
        ("80 00", "a transformed frame that is stored"),
        ("81 05", "a transformed frame that is a run"),
    ] {
        let result = ShortHead::read(&mut Source::new(&from_hex(bad)[..]));
        assert!(matches!(result, Err(Error::Damaged { .. })), "{why}: {result:?}");
    }
}

#[test]
fn the_two_magics_are_far_apart() {
    assert!((SHORT_MAGIC[1] ^ LONG_MAGIC[1]).count_ones() >= 3);
}
