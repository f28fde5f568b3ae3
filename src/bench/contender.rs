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
    fn model_bytes(&self) -> u64;

    /// Compresses the `plain_bytes` that `reader` has.
    fn compress(
        &self,
        reader: &mut dyn Read,
        writer: &mut dyn Write,
        plain_bytes: u64,
    ) -> Result<()>;

    /// Gives back what [`Contender::compress`] was given.
    fn decompress(&self, reader: &mut dyn Read, writer: &mut dyn Write) -> Result<()>;
}

/// zstd at one level, in this process, on one thread.
#[derive(Debug, Clone, Copy)]
pub struct Zstd {
    /// Its level, at most 22.
    pub level: i32,
}

impl Contender for Zstd {
    fn name(&self) -> String {
        format!("zstd-{}", self.level)
    }

    fn model_bytes(&self) -> u64 {
        0
    }

    fn compress(
        &self,
        reader: &mut dyn Read,
        writer: &mut dyn Write,
        plain_bytes: u64,
    ) -> Result<()> {
        // As its command does with a file: it fits its tables to the length, and adds a checksum.
        let mut encoder = zstd::stream::Encoder::new(writer, self.level)?;
        encoder.set_pledged_src_size(Some(plain_bytes))?;
        encoder.include_checksum(true)?;
        io::copy(reader, &mut encoder)?;
        encoder.finish()?;
        Ok(())
    }

    fn decompress(&self, reader: &mut dyn Read, writer: &mut dyn Write) -> Result<()> {
        Ok(zstd::stream::copy_decode(reader, writer)?)
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
    ) -> Result<()> {
        compress(reader, writer, &self.codec, &self.options, &NoProgress).map(|_| ())
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
