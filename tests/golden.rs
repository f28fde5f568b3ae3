//! Files that were written once and must stay readable, or be refused, as long as the versions in
//! them stay; `tests/files/README.md` has a sentence on each.
//!
//! `LLMZIP_BLESS=1 cargo test --release --test golden` writes those that are not there. A file that
//! exists is never rewritten: where the format or the builtin changes, remove it by hand, in the
//! commit that says why.

#[path = "golden/bad.rs"]
mod bad;
#[path = "golden/good.rs"]
mod good;
#[path = "golden/table.rs"]
mod table;

use llmzip::container::hex;
use llmzip::{Error, Options, compress, decompress};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/files")
}

/// The file of this name; `made` where it is not there and may be written.
fn golden(name: &str, made: &[u8]) -> Vec<u8> {
    let path = folder().join(format!("{name}.llmz"));
    if std::env::var_os("LLMZIP_BLESS").is_some() && !path.exists() {
        std::fs::write(&path, made).unwrap();
    }
    std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn good_files_are_read_and_written_as_ever() {
    for good in good::good() {
        let (name, packed) = (good.name, good.packed());
        let golden = golden(name, &packed);
        assert!(decompress(&golden).unwrap() == good.plain, "{name} is read differently");
        assert!(packed == golden, "{name} is written differently");
    }
}

#[test]
fn bad_and_unsupported_files_are_refused_in_the_words_of_the_table() {
    let expected = table::refused();
    let mut wrong = Vec::new();
    for (name, made) in bad::bad() {
        let golden = golden(name, &made);
        assert!(made == golden, "{name} is made differently");
        let error = decompress(&golden).expect_err(name);
        let is_unsupported =
            matches!(error, Error::Unsupported { .. } | Error::MissingModel { .. });
        assert_eq!(is_unsupported, name.starts_with("unsupported-"), "{name}: {error:?}");
        let message = error.to_string();
        let known = expected.iter().find(|(other, _)| *other == name);
        if !known.is_some_and(|(_, expected)| table::says(&message, expected)) {
            wrong.push(format!("{name}: {message}"));
        }
    }
    assert!(wrong.is_empty(), "not in the table:\n{}", wrong.join("\n"));
}

#[test]
fn every_file_has_a_line_in_the_table_and_a_test() {
    let names = |list: &mut dyn Iterator<Item = String>| list.collect::<BTreeSet<_>>();
    let there = names(&mut std::fs::read_dir(folder()).unwrap().filter_map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.strip_suffix(".llmz").map(String::from)
    }));
    let good: Vec<_> = good::good().into_iter().map(|good| good.name).collect();
    let bad = bad::bad().into_iter().map(|(name, _)| name);
    let tested = names(&mut good.iter().copied().chain(bad).map(String::from));
    assert_eq!(there, tested);
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let told = |name: &&&str| readme.lines().any(|line| line.starts_with(&format!("| {name} | ")));
    assert_eq!(good.iter().find(|name| !told(name)), None);
    let refused = names(&mut table::refused().iter().map(|(name, _)| name.to_string()));
    let bad = names(&mut bad::bad().iter().map(|(name, _)| name.to_string()));
    assert_eq!(refused, bad);
}

#[test]
fn stored_pieces_are_written_as_ever() {
    let plain = good::noise(300_000);
    let packed = compress(&plain, &Options::default()).unwrap();
    assert_eq!(packed.len(), 300_000 + 3 * 4 + 80);
    assert!(decompress(&packed).unwrap() == plain);
    let digest = hex(&Sha256::digest(&packed));
    assert_eq!(digest, "ae2f0d18df580aa705cc0bfe5d474c72e70497535a94e2486bfc9149169b1654");
}

/// Files as large as this takes are made here.
#[test]
fn a_piece_and_a_payload_with_checkpoints_are_refused_where_they_are_damaged() {
    let damaged = |name: &str, at: usize| {
        let good = good::good().into_iter().find(|good| good.name == name).unwrap();
        let mut packed = good.packed();
        packed[at] = !packed[at];
        decompress(&packed).unwrap_err().to_string()
    };
    assert_eq!(
        damaged("good-pieces", 131_050),
        "damaged: stored bytes do not match their check (group 0, bytes 0..131100 of the original)"
    );
    assert_eq!(
        damaged("good-checkpoint", 20_000),
        "damaged: the coded data does not match a check within it (group 0, bytes 0..50000 of the original)"
    );
}
