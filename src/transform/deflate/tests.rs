use super::*;
use proptest::prelude::*;

/// Streams of other programs, each with what it holds: `samples/README.md`.
const SAMPLES: [(&str, &[u8]); 6] = [
    ("zlib-1", include_bytes!("samples/zlib-1.deflate")),
    ("zlib-6", include_bytes!("samples/zlib-6.deflate")),
    ("zlib-9", include_bytes!("samples/zlib-9.deflate")),
    ("zlib-ng-2", include_bytes!("samples/zlib-ng-2.deflate")),
    ("libdeflate-12", include_bytes!("samples/libdeflate-12.deflate")),
    ("zopfli", include_bytes!("samples/zopfli.deflate")),
];

fn there_and_back(bytes: &[u8]) -> Option<Stream> {
    let stream = forward(bytes, 1 << 20, &mut 0)?;
    let mut out = Room::new(stream.len);
    inverse(&stream.plain, &stream.corrections, &mut out).unwrap();
    assert_eq!(out.bytes(), &bytes[..stream.len]);
    Some(stream)
}

#[test]
fn streams_of_other_programs_come_back() {
    let text = include_bytes!("../../../corpus/text/lighthouse.txt");
    for (name, bytes) in SAMPLES {
        let stream = there_and_back(&[bytes, b"what follows"].concat()).unwrap();
        assert!(stream.plain == text && stream.len == bytes.len(), "{name}");
        // Of zlib's, nothing is said wrong.
        let most = if name.starts_with("zlib-n") {
            300
        } else if name.starts_with("zlib") {
            4
        } else {
            260
        };
        assert!(stream.corrections.len() <= most, "{name}: {}", stream.corrections.len());
    }
}

#[test]
fn a_bomb_is_left_alone() {
    let bytes = SAMPLES[0].1;
    let mut vain = 0;
    assert!(forward(bytes, 1000, &mut vain).is_none());
    assert!(vain <= 1000);
}

#[test]
fn damaged_streams_are_no_streams_or_come_back() {
    for (_, bytes) in SAMPLES {
        for at in (0..bytes.len()).step_by(7) {
            let mut bytes = bytes.to_vec();
            bytes[at] ^= 0x10;
            there_and_back(&bytes);
            there_and_back(&bytes[..at]);
        }
    }
}

#[test]
fn damaged_corrections_are_refused_or_give_another_stream() {
    for (_, bytes) in SAMPLES {
        let stream = there_and_back(bytes).unwrap();
        for at in 0..stream.corrections.len().min(60) {
            let mut corrections = stream.corrections.clone();
            corrections[at] ^= 0x24;
            let mut out = Room::new(2 * bytes.len());
            let _ = inverse(&stream.plain, &corrections, &mut out);
            let _ = inverse(&stream.plain[..at], &stream.corrections, &mut out);
        }
    }
}

proptest! {
    /// Corrections of any kind make a stream now and then: it holds what it was made of.
    #[test]
    fn any_corrections_make_a_right_stream_or_none(
        plain in prop_oneof!["[ab]{0,300}", "(word |and |more ){0,60}"],
        corrections in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let mut out = Room::new(4000);
        if inverse(plain.as_bytes(), &corrections, &mut out).is_ok() {
            let mut held = Vec::new();
            let read = inflate::inflate(out.bytes(), 4000, &mut held);
            prop_assert!(read.is_some_and(|read| read.len == out.bytes().len()));
            prop_assert_eq!(held, plain.into_bytes());
        }
    }

    #[test]
    fn any_bytes_are_a_stream_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        there_and_back(&bytes);
    }
}
