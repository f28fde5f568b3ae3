//! The compressors that llmzip is compared with, by their names in a report.

use super::contender::{Contender, Zstd};

/// All that this build has, in the order of the report.
pub const NAMES: &[&str] = &[
    #[cfg(feature = "peers")]
    "zstd-3",
    "zstd-19",
    #[cfg(feature = "peers")]
    "zstd-22-long",
    #[cfg(feature = "peers")]
    "xz-9e",
    #[cfg(feature = "peers")]
    "brotli-11",
    #[cfg(feature = "peers")]
    "ppmd-16",
];

/// The peer of this name.
pub fn named(name: &str) -> Option<Box<dyn Contender>> {
    match name {
        "zstd-3" => Some(Box::new(Zstd { level: 3, long: false })),
        "zstd-19" => Some(Box::new(Zstd { level: 19, long: false })),
        "zstd-22-long" => Some(Box::new(Zstd { level: 22, long: true })),
        #[cfg(feature = "peers")]
        "xz-9e" => Some(Box::new(more::Xz)),
        #[cfg(feature = "peers")]
        "brotli-11" => Some(Box::new(more::Brotli)),
        #[cfg(feature = "peers")]
        "ppmd-16" => Some(Box::new(more::Ppmd)),
        _ => None,
    }
}

#[cfg(feature = "peers")]
mod more {
    use std::io::{self, Read, Write};

    use crate::bench::Contender;
    use crate::error::{Error, Result};

    /// `xz -9e`, with its checksum.
    pub struct Xz;

    /// `9` with the bit of liblzma that stands for `e`.
    const XZ_PRESET: u32 = 9 | 1 << 31;

    impl Contender for Xz {
        fn name(&self) -> String {
            "xz-9e".into()
        }

        fn compress(
            &self,
            reader: &mut dyn Read,
            writer: &mut dyn Write,
            _plain_bytes: u64,
        ) -> Result<Option<[u64; 4]>> {
            let mut encoder = liblzma::write::XzEncoder::new(writer, XZ_PRESET);
            io::copy(reader, &mut encoder)?;
            encoder.finish()?;
            Ok(None)
        }

        fn decompress(&self, reader: &mut dyn Read, writer: &mut dyn Write) -> Result<()> {
            io::copy(&mut liblzma::read::XzDecoder::new(reader), writer)?;
            Ok(())
        }
    }

    /// `brotli -q 11 --large_window=24`, the widest window that every decoder takes.
    pub struct Brotli;

    const BROTLI_BUFFER: usize = 1 << 16;

    impl Contender for Brotli {
        fn name(&self) -> String {
            "brotli-11".into()
        }

        fn compress(
            &self,
            reader: &mut dyn Read,
            writer: &mut dyn Write,
            plain_bytes: u64,
        ) -> Result<Option<[u64; 4]>> {
            let params = brotli::enc::BrotliEncoderParams {
                quality: 11,
                lgwin: 24,
                size_hint: plain_bytes as usize,
                ..Default::default()
            };
            brotli::BrotliCompress(&mut { reader }, &mut { writer }, &params)?;
            Ok(None)
        }

        fn decompress(&self, reader: &mut dyn Read, writer: &mut dyn Write) -> Result<()> {
            io::copy(&mut brotli::Decompressor::new(reader, BROTLI_BUFFER), writer)?;
            Ok(())
        }
    }

    /// PPMd variant H of order 16 as 7-Zip has it, in 192 MiB.
    pub struct Ppmd;

    const PPMD_ORDER: u32 = 16;
    const PPMD_BYTES: u32 = 192 << 20;

    fn failed(error: impl std::fmt::Display) -> Error {
        Error::Io(io::Error::other(error.to_string()))
    }

    impl Contender for Ppmd {
        fn name(&self) -> String {
            "ppmd-16".into()
        }

        fn compress(
            &self,
            reader: &mut dyn Read,
            writer: &mut dyn Write,
            _plain_bytes: u64,
        ) -> Result<Option<[u64; 4]>> {
            let mut encoder =
                ppmd_rust::Ppmd7Encoder::new(writer, PPMD_ORDER, PPMD_BYTES).map_err(failed)?;
            io::copy(reader, &mut encoder)?;
            encoder.finish(true)?.flush()?;
            Ok(None)
        }

        fn decompress(&self, reader: &mut dyn Read, writer: &mut dyn Write) -> Result<()> {
            let mut decoder =
                ppmd_rust::Ppmd7Decoder::new(reader, PPMD_ORDER, PPMD_BYTES).map_err(failed)?;
            io::copy(&mut decoder, writer)?;
            Ok(())
        }
    }
}
