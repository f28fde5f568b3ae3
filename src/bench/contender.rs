//! The compressors that are measured, behind one small interface.

use std::io::{self, Read, Write};
use std::sync::Arc;

use crate::error::Result;
use crate::stream::{
    CompressOptions, DecompressOptions, GroupCodec, ModelSource, NoProgress, compress, decompress,
};

/// A compressor to measure, ready to run: models are loaded already.
pub trait Contender {
    /// What it is called in the report.
    fn name(&self) -> String;

    /// Bytes that the receiver needs besides the program's code and the compressed file.
    fn model_bytes(&self) -> u64 {
        0
    }

    /// Compresses the `plain_bytes` that `reader` has. What has groups says how many of each method.
    fn compress(
        &self,
        reader: &mut dyn Read,
        writer: &mut dyn Write,
        plain_bytes: u64,
    ) -> Result<Option<[u64; 4]>>;

    /// Gives back what [`Contender::compress`] was given.
    fn decompress(&self, reader: &mut dyn Read, writer: &mut dyn Write) -> Result<()>;
}

/// The logarithm of 128 MiB.
const LONG_WINDOW_LOG: u32 = 27;

/// zstd at one level, in this process, on one thread.
#[derive(Debug, Clone, Copy)]
pub struct Zstd {
    /// Its level, at most 22.
    pub level: i32,
    /// Whether repeats are looked for over 128 MiB, as `--long` does.
    pub long: bool,
}

impl Contender for Zstd {
    fn name(&self) -> String {
        format!("zstd-{}{}", self.level, if self.long { "-long" } else { "" })
    }

    fn compress(
        &self,
        reader: &mut dyn Read,
        writer: &mut dyn Write,
        plain_bytes: u64,
    ) -> Result<Option<[u64; 4]>> {
        // As its command does with a file: it fits its tables to the length, and adds a checksum.
        let mut encoder = zstd::stream::Encoder::new(writer, self.level)?;
        encoder.set_pledged_src_size(Some(plain_bytes))?;
        encoder.include_checksum(true)?;
        if self.long {
            encoder.long_distance_matching(true)?;
            encoder.window_log(LONG_WINDOW_LOG)?;
        }
        io::copy(reader, &mut encoder)?;
        encoder.finish()?;
        Ok(None)
    }

    fn decompress(&self, reader: &mut dyn Read, writer: &mut dyn Write) -> Result<()> {
        let mut decoder = zstd::stream::Decoder::new(reader)?;
        decoder.window_log_max(LONG_WINDOW_LOG)?;
        io::copy(&mut decoder, writer)?;
        Ok(())
    }
}

/// llmzip with one codec and one set of options.
pub struct Llmzip {
    /// What it is called in the report.
    pub name: String,
    /// What encodes.
    pub codec: Arc<dyn GroupCodec>,
    /// Where the way back finds its codec.
    pub models: Box<dyn ModelSource>,
    /// How to compress.
    pub options: CompressOptions,
    /// The length of the model's file; 0 without a model.
    pub model_bytes: u64,
}

impl Contender for Llmzip {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn model_bytes(&self) -> u64 {
        self.model_bytes
    }

    fn compress(
        &self,
        reader: &mut dyn Read,
        writer: &mut dyn Write,
        _plain_bytes: u64,
    ) -> Result<Option<[u64; 4]>> {
        let done = compress(reader, writer, &self.codec, &self.options, &NoProgress)?;
        Ok(Some(done.groups_by_method))
    }

    fn decompress(&self, reader: &mut dyn Read, writer: &mut dyn Write) -> Result<()> {
        let options = DecompressOptions {
            threads: self.options.threads,
            memory_limit: self.options.memory_limit,
            ..DecompressOptions::default()
        };
        decompress(reader, writer, &*self.models, &options, &NoProgress).map(|_| ())
    }
}
