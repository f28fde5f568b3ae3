//! What is written before a group is whole.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::codec::{BuiltinModels, Level};
use crate::error::Error;
use crate::stream::testing::Dribble;
use crate::stream::*;

/// Eight bits in ten, so that checkpoints come soon.
fn letters(len: usize) -> Vec<u8> {
    let mut state = 11u64;
    let letter = |_| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        b' ' + (state >> 58) as u8
    };
    (0..len).map(letter).collect()
}

fn pack(plain: &[u8]) -> Vec<u8> {
    let level = crate::Options { level: Level::Light, ..crate::Options::default() };
    let (codec, options) = level.codec().unwrap();
    let options = CompressOptions { group_bytes: 1 << 20, ..options };
    let mut file = Vec::new();
    compress(plain, &mut file, &codec, &options, &NoProgress).unwrap();
    file
}

/// Notes how much of the group was decoded at each write, and refuses after so many bytes.
struct Writer {
    written: Vec<u8>,
    decoded: Arc<AtomicU64>,
    first_at: Arc<AtomicUsize>,
    refuse_after: usize,
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.written.is_empty() && !bytes.is_empty() {
            self.first_at.store(self.decoded.load(Ordering::Relaxed) as usize, Ordering::Relaxed);
        }
        if self.written.len() >= self.refuse_after {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Counting(Arc<AtomicU64>);

impl Progress for Counting {
    fn plain(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

fn writer(refuse_after: usize) -> (Writer, Counting) {
    let decoded = Arc::new(AtomicU64::new(0));
    let (first_at, count) = (Arc::default(), Counting(decoded.clone()));
    (Writer { written: Vec::new(), decoded, first_at, refuse_after }, count)
}

#[test]
#[cfg(feature = "threads")]
fn the_beginning_is_written_long_before_the_end_is_known() {
    let mut plain = letters(900_000);
    // A repeat that is taken out does not stand in the way.
    plain.extend_from_within(5000..9000);
    plain.extend(letters(1_000_000));
    let file = pack(&plain);
    let (mut out, count) = writer(usize::MAX);
    let options = DecompressOptions::default();
    decompress(&file[..], &mut out, &BuiltinModels, &options, &count).unwrap();
    assert!(out.written == plain);
    let first_at = out.first_at.load(Ordering::Relaxed);
    // Threads decode on while the first bytes are on their way.
    assert!(first_at < 1_000_000, "{first_at}");
}

#[test]
fn damage_behind_a_checkpoint_leaves_what_was_right() {
    let plain = letters(600_000);
    let mut file = pack(&plain);
    let at = file.len() / 2;
    file[at] ^= 0x20;
    let (mut out, count) = writer(usize::MAX);
    let options = DecompressOptions::default();
    let result = decompress(&file[..], &mut out, &BuiltinModels, &options, &count);
    assert!(matches!(result, Err(Error::Damaged { group: Some(0), .. })), "{result:?}");
    assert!(plain.starts_with(&out.written));
    // The decoder stops soon instead of going on through the group.
    let decoded = count.0.load(Ordering::Relaxed) as usize;
    assert!(decoded <= plain.len() / 2 + 150_000 || decoded == plain.len(), "{decoded}");
}

#[test]
fn a_writer_that_refuses_ends_the_decoding() {
    let plain = letters(1_000_000);
    let file = pack(&plain);
    let (mut out, count) = writer(1);
    let options = DecompressOptions::default();
    let result = decompress(&file[..], &mut out, &BuiltinModels, &options, &count);
    assert!(matches!(result, Err(Error::Io(_))), "{result:?}");
    assert!(plain.starts_with(&out.written));
}

#[test]
#[cfg(feature = "threads")]
fn within_a_pool_all_is_as_ever() {
    let plain = letters(1_500_000);
    let file = pack(&plain);
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let again = pool.install(|| crate::decompress(&file).unwrap());
        assert!(again == plain, "{threads}");
    }
}

#[test]
fn a_range_is_decoded_no_further_than_it_must() {
    let plain = letters(1_000_000);
    let file = pack(&plain);
    let (mut out, count) = writer(usize::MAX);
    let options = DecompressOptions::default();
    let reader = Dribble { inner: std::io::Cursor::new(&file), count: 0 };
    decompress_range(reader, &mut out, &BuiltinModels, &options, 1000..2000, &count).unwrap();
    assert!(out.written == plain[1000..2000]);
    let decoded = count.0.load(Ordering::Relaxed);
    assert!(decoded < 200_000, "{decoded}");
}

#[test]
fn nothing_beyond_the_longest_output_is_written() {
    let plain = letters(300_000);
    let files =
        [pack(&plain), crate::compress(&plain[..1000], &crate::Options::default()).unwrap()];
    for (file, len) in files.iter().zip([300_000, 1000]) {
        for (most, is_enough) in [(len, true), (len - 1, false), (0, false)] {
            let options = DecompressOptions { max_output: Some(most), ..Default::default() };
            let mut out = Vec::new();
            let result = decompress(&file[..], &mut out, &BuiltinModels, &options, &NoProgress);
            assert_eq!(result.is_ok(), is_enough, "{most} of {len}");
            assert!(out.len() as u64 <= most);
            if !is_enough {
                assert!(matches!(result, Err(Error::TooLong { .. })), "{result:?}");
            }
        }
    }
}
