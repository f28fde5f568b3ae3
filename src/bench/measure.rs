//! One file through one compressor and back.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::contender::Contender;
use super::memory;
use crate::error::{Error, Result};

/// What one compressor did with one file; it came back unchanged, or there would be none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// The compressor.
    pub compressor: String,
    /// Length of the file.
    pub plain_bytes: u64,
    /// Length of the compressed file.
    pub stored_bytes: u64,
    /// What the receiver needs besides, once for any number of files.
    pub model_bytes: u64,
    /// Seconds of wall clock, without loading the model.
    pub compress_seconds: f64,
    /// Seconds of wall clock, without loading the model.
    pub decompress_seconds: f64,
    /// The most memory that the process held while it compressed, where the system tells.
    pub compress_peak_bytes: Option<u64>,
    /// The most memory that the process held while it decompressed, where the system tells.
    pub decompress_peak_bytes: Option<u64>,
    /// Groups by method, where there are groups.
    #[serde(default)]
    pub groups_by_method: Option<[u64; 4]>,
}

/// Compresses the first `first` bytes of `path` into a temporary file and back, compares hashes, and says what it took.
///
/// The file is read through once before, so that no time is spent waiting for the disk. Fails with
/// [`Error::Damaged`] if other bytes come back, and with what the compressor fails with.
pub fn measure(contender: &dyn Contender, path: &Path, first: u64) -> Result<Measurement> {
    let open = || Ok::<_, io::Error>(File::open(path)?.take(first));
    let mut original = Hasher::default();
    let plain_bytes = io::copy(&mut open()?, &mut original)?;
    let mut compressed = tempfile::tempfile()?;

    memory::reset_peak();
    let begun = Instant::now();
    let mut writer = BufWriter::new(&mut compressed);
    let groups_by_method =
        contender.compress(&mut BufReader::new(open()?), &mut writer, plain_bytes)?;
    writer.flush()?;
    drop(writer);
    let compress_seconds = begun.elapsed().as_secs_f64();
    let compress_peak_bytes = memory::peak();

    let stored_bytes = compressed.stream_position()?;
    compressed.rewind()?;
    let mut restored = Hasher::default();
    memory::reset_peak();
    let begun = Instant::now();
    contender.decompress(&mut BufReader::new(&mut compressed), &mut restored)?;
    let decompress_seconds = begun.elapsed().as_secs_f64();
    let decompress_peak_bytes = memory::peak();

    if original.0.finalize() != restored.0.finalize() {
        return Err(Error::damaged("other bytes came back than were compressed"));
    }
    Ok(Measurement {
        compressor: contender.name(),
        plain_bytes,
        stored_bytes,
        model_bytes: contender.model_bytes(),
        compress_seconds,
        decompress_seconds,
        compress_peak_bytes,
        decompress_peak_bytes,
        groups_by_method,
    })
}

/// A writer that keeps only the hash; its cost is part of the time, as writing would be.
#[derive(Default)]
struct Hasher(Sha256);

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::contender::Zstd;
    use super::*;

    const ZSTD: Zstd = Zstd { level: 19, long: false };

    /// Loses the last byte.
    struct Liar;

    impl Contender for Liar {
        fn name(&self) -> String {
            "liar".into()
        }

        fn model_bytes(&self) -> u64 {
            7
        }

        fn compress(
            &self,
            reader: &mut dyn Read,
            writer: &mut dyn Write,
            _: u64,
        ) -> Result<Option<[u64; 4]>> {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes)?;
            bytes.pop();
            writer.write_all(&bytes)?;
            Ok(None)
        }

        fn decompress(&self, reader: &mut dyn Read, writer: &mut dyn Write) -> Result<()> {
            io::copy(reader, writer)?;
            Ok(())
        }
    }

    fn sample() -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&b"one line like another\n".repeat(500)).unwrap();
        file
    }

    #[test]
    fn a_measurement_counts_the_bytes_of_both_sides() {
        let measured = measure(&ZSTD, sample().path(), u64::MAX).unwrap();
        assert_eq!((measured.compressor.as_str(), measured.plain_bytes), ("zstd-19", 11_000));
        assert!(measured.stored_bytes > 10 && measured.stored_bytes < 200);
    }

    #[test]
    fn the_beginning_of_a_file_can_be_measured() {
        assert_eq!(measure(&ZSTD, sample().path(), 100).unwrap().plain_bytes, 100);
    }

    #[test]
    fn every_peer_gives_back_what_it_was_given() {
        for name in super::super::peers::NAMES {
            let peer = super::super::peers::named(name).unwrap();
            assert_eq!(peer.name(), *name);
            let measured = measure(&*peer, sample().path(), u64::MAX).unwrap();
            assert!(measured.stored_bytes < 300, "{name}: {}", measured.stored_bytes);
            let mut empty = tempfile::NamedTempFile::new().unwrap();
            measure(&*peer, empty.path(), u64::MAX).unwrap();
            empty.write_all(b"x").unwrap();
            measure(&*peer, empty.path(), u64::MAX).unwrap();
        }
    }

    #[test]
    fn a_compressor_that_gives_other_bytes_back_is_found_out() {
        let error = measure(&Liar, sample().path(), u64::MAX).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
    }
}
