//! Files that were written once and must stay readable, byte for byte, as long as the versions in
//! them stay; `tests/files/README.md` has a sentence on each.
//!
//! `LLMZIP_BLESS=1 cargo test --release --test golden` writes those that are not there. A file that
//! exists is never rewritten: where the format or the builtin changes, remove it by hand, in the
//! commit that says why.

use llmzip::codec::Level;
use llmzip::container::hex;
use llmzip::stream::{self, CompressOptions, NoProgress};
use llmzip::{Error, Options, compress, decompress};
use sha2::{Digest, Sha256};
use std::path::PathBuf;

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name)
}

fn text() -> Vec<u8> {
    include_bytes!("../corpus/text/lighthouse.txt").to_vec()
}

fn numbers() -> Vec<u8> {
    (0..4000u32).flat_map(|i| (i * i / 7).to_le_bytes()).collect()
}

/// Bytes of which nothing is known.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1u64;
    let byte = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..len).map(byte).collect()
}

fn at(level: Level) -> Options {
    Options { level, ..Options::default() }
}

fn in_groups(plain: &[u8]) -> Vec<u8> {
    let (codec, options) = at(Level::Default).codec().unwrap();
    let options = CompressOptions { group_bytes: 2048, full_hashes: true, ..options };
    let mut packed = Vec::new();
    stream::compress(plain, &mut packed, &codec, &options, &NoProgress).unwrap();
    packed
}

/// Name, original, and what this version makes of it.
fn good() -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    let message = b"Running 10 minutes late, see you at the station.".to_vec();
    let made = |plain: Vec<u8>, options: &Options| {
        let packed = compress(&plain, options).unwrap();
        (plain, packed)
    };
    let letters = noise(50_000).iter().map(|byte| b' ' + byte % 64).collect();
    let three_lanes = Options { lanes: 3, window: 100, ..at(Level::Default) };
    let groups = (text(), in_groups(&text()));
    let named = [
        ("good-empty.llmz", made(Vec::new(), &at(Level::Default))),
        ("good-message.llmz", made(message, &at(Level::Default))),
        ("good-text-light.llmz", made(text(), &at(Level::Light))),
        ("good-text-mixer.llmz", made(text(), &at(Level::Mixer))),
        ("good-text-default.llmz", made(text(), &at(Level::Default))),
        ("good-text-full.llmz", made(text(), &at(Level::Full))),
        ("good-text-lanes.llmz", made(text(), &three_lanes)),
        ("good-text-groups.llmz", groups),
        ("good-numbers.llmz", made(numbers(), &at(Level::Default))),
        ("good-copies.llmz", made(text().repeat(3), &at(Level::Default))),
        ("good-checkpoint.llmz", made(letters, &at(Level::Light))),
        ("good-zeros.llmz", made(vec![0; 100_000], &at(Level::Default))),
    ];
    named.into_iter().map(|(name, (plain, packed))| (name, plain, packed)).collect()
}

#[test]
fn good_files_are_read_and_written_as_ever() {
    for (name, plain, packed) in good() {
        let path = file(name);
        if std::env::var_os("LLMZIP_BLESS").is_some() && !path.exists() {
            std::fs::write(&path, &packed).unwrap();
        }
        let golden = std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(decompress(&golden).unwrap() == plain, "{name} is read differently");
        assert!(packed == golden, "{name} is written differently");
    }
}

#[test]
fn stored_pieces_are_written_as_ever() {
    let plain = noise(300_000);
    let packed = compress(&plain, &Options::default()).unwrap();
    assert_eq!(packed.len(), 300_000 + 3 * 4 + 91);
    assert!(decompress(&packed).unwrap() == plain);
    let digest = hex(&Sha256::digest(&packed));
    assert_eq!(digest, "?");
}

#[test]
fn bad_files_are_refused_with_the_right_kind() {
    let message = std::fs::read(file("good-message.llmz")).unwrap();
    let groups = std::fs::read(file("good-text-groups.llmz")).unwrap();
    let changed = |bytes: &[u8], at: usize, to: u8| {
        let mut bytes = bytes.to_vec();
        bytes[at] = to;
        bytes
    };
    let cut = &groups[..groups.len() - 1];
    assert!(matches!(decompress(cut), Err(Error::Truncated { .. } | Error::Damaged { .. })));
    assert!(matches!(decompress(b"PK\x03\x04"), Err(Error::NotLlmzip)));
    // The model's identity stands behind magic and flags.
    assert!(matches!(
        decompress(&changed(&message, 3, !message[3])),
        Err(Error::MissingModel { .. })
    ));
    let middle = groups.len() / 2;
    let damaged = decompress(&changed(&groups, middle, !groups[middle]));
    assert!(matches!(damaged, Err(Error::Damaged { group: Some(_), .. })));
    let trailing = [&message[..], b"garbage"].concat();
    assert!(matches!(decompress(&trailing), Err(Error::Damaged { .. })));
    let padded = [&message[..], &[0; 512]].concat();
    assert_eq!(decompress(&padded).unwrap(), decompress(&message).unwrap());
}
