//! Inputs that end, and then go on.

use std::io::{self, Read};

use crate::error::Error;
use crate::stream::testing::*;
use crate::stream::*;

/// Gives nothing at one place, and more behind it.
struct Pausing<'a> {
    bytes: &'a [u8],
    /// Bytes before the pause.
    before: usize,
    has_paused: bool,
}

impl Read for Pausing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.before == 0 && !buffer.is_empty() && !std::mem::replace(&mut self.has_paused, true)
        {
            return Ok(0);
        }
        let most = if self.has_paused { buffer.len() } else { self.before.min(buffer.len()) };
        let n = self.bytes.read(&mut buffer[..most])?;
        if !self.has_paused {
            self.before -= n;
        }
        Ok(n)
    }
}

fn pausing(bytes: &[u8], before: usize) -> Pausing<'_> {
    Pausing { bytes, before, has_paused: false }
}

#[test]
fn the_first_end_of_an_input_is_its_end() {
    let plain = mixed(5000);
    let long =
        CompressOptions { group_bytes: 1024, full_hashes: true, ..CompressOptions::default() };
    for options in [CompressOptions::default(), long] {
        for before in 0..=plain.len() {
            let mut file = Vec::new();
            let reader = pausing(&plain, before);
            compress(reader, &mut file, &Packer::model(1), &options, &NoProgress).unwrap();
            let (again, result) = unpack(&file);
            result.unwrap();
            assert!(again == plain[..before], "{before}");
        }
    }
}

#[test]
fn an_input_that_grows_beyond_a_short_frame_ends_all_the_same() {
    let plain = mixed(140_000);
    for before in [65_535, 65_536, 65_537, 65_540, 131_072, 139_999] {
        let mut file = Vec::new();
        let options = CompressOptions { group_bytes: 65_536, ..CompressOptions::default() };
        let reader = pausing(&plain, before);
        compress(reader, &mut file, &Packer::mixer(), &options, &NoProgress).unwrap();
        assert!(unpack(&file).0 == plain[..before], "{before}");
    }
}

#[test]
fn a_compressed_input_ends_where_it_first_does() {
    let file = [pack_short(b"abc"), pack_long(&mixed(3000)), pack_short(b"def")].concat();
    for before in 1..=file.len() {
        let mut whole = Vec::new();
        let options = DecompressOptions::default();
        let paused = decompress(pausing(&file, before), &mut whole, &Shelf, &options, &NoProgress);
        let (cut, expected) = unpack(&file[..before]);
        assert!(whole == cut && paused.is_ok() == expected.is_ok(), "{before}");
    }
}

#[test]
fn the_first_frame_is_decompressed_alone_and_says_where_it_ends() {
    let (options, long) = (DecompressOptions::default(), mixed(3000));
    for (first, plain) in [(pack_short(b"abc"), &b"abc"[..]), (pack_long(&long), &long)] {
        for behind in [&b""[..], b"not ours", &pack_long(b"def"), &[0; 100]] {
            let (file, mut whole) = ([&first, behind].concat(), Vec::new());
            let done = decompress_frame(&file[..], &mut whole, &Shelf, &options, &NoProgress);
            assert_eq!(done.unwrap().stored_bytes, first.len() as u64);
            assert!(whole == plain);
        }
        for end in 0..first.len() {
            let cut = &first[..end];
            let done = decompress_frame(cut, Vec::new(), &Shelf, &options, &NoProgress);
            assert!(matches!(done, Err(Error::Truncated { .. })), "{end}");
        }
    }
}
