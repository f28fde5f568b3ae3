//! From the original to one frame.

use std::io::{Cursor, Read, Write};
use std::sync::Arc;

use super::batch;
use super::encode::{Encoded, Encoder};
use super::options::{CompressOptions, TOGETHER_ENCODING_BYTES};
use super::place::Place;
use super::progress::{Progress, stop_if_cancelled};
use super::summary::Summary;
use crate::container::{
    Check, EXACT_VERSION, Footer, GroupCodec, GroupHead, GroupParams, IndexEntry, LongHeader,
    Method, ModelRef, SHORT_MAX_BYTES, Settings, ShortHead, UntilEnd, varint,
};
use crate::error::{Error, Result};

/// Compresses everything that `reader` has into one frame on `writer`, which is flushed.
///
/// Inputs of up to 64 KB become a short frame unless `options.full_hashes` is set; longer ones are
/// coded group by group, and their length need not be known. The input ends where `reader` first gives nothing.
///
/// Fails with [`Error::Io`] from reader, writer or cancellation, [`Error::Invalid`] for options
/// that cannot be recorded, [`Error::Memory`] if coding a group or decoding it again takes more than
/// `options.memory_limit`, and with what the codec fails with. With `options.verify`, a group that
/// does not decode to its bytes is [`Error::Damaged`]; what was written is then of no use.
pub fn compress<R: Read, W: Write>(
    reader: R,
    writer: W,
    codec: &Arc<dyn GroupCodec>,
    options: &CompressOptions,
    progress: &dyn Progress,
) -> Result<Summary> {
    let header = LongHeader { group_log2: options.checked_group_log2()? };
    let mut compressor = Compressor::new(writer, codec, options, progress)?;
    let model_is_used = compressor.model.is_some();
    let mut reader = UntilEnd::new(reader);
    let mut first = Vec::new();
    (&mut reader).take(SHORT_MAX_BYTES as u64 + 1).read_to_end(&mut first)?;
    stop_if_cancelled(progress)?;
    if first.len() <= SHORT_MAX_BYTES && !options.full_hashes {
        compressor.short(first)?;
    } else {
        let each = compressor.encoder.encode_memory_bytes(header.group_bytes()).max(1);
        let together = if model_is_used { TOGETHER_ENCODING_BYTES } else { u64::MAX };
        let fitting = options.memory_limit.min(together) / each;
        let fitting = usize::try_from(fitting).unwrap_or(usize::MAX);
        let at_once = batch::at_once(options.threads).min(fitting).max(1);
        compressor.long(Cursor::new(first).chain(reader), header, at_once)?;
    }
    compressor.writer.flush()?;
    Ok(compressor.summary)
}

struct Compressor<'a, W> {
    writer: W,
    encoder: Encoder<'a>,
    model: Option<ModelRef>,
    progress: &'a dyn Progress,
    summary: Summary,
}

/// Compresses several inputs, each into the frame that [`compress`] would write, with what was done.
///
/// Short inputs go through the codec together, which with a model takes a fraction of the time.
///
/// Fails for each input as [`compress`] does.
pub fn compress_many(
    plains: &[&[u8]],
    codec: &Arc<dyn GroupCodec>,
    options: &CompressOptions,
    progress: &dyn Progress,
) -> Vec<Result<(Vec<u8>, Summary)>> {
    let is_short = |plain: &[u8]| plain.len() <= SHORT_MAX_BYTES && !options.full_hashes;
    let short: Vec<_> = plains.iter().copied().filter(|plain| is_short(plain)).collect();
    let encoder = encoder(codec, options, progress);
    let mut encoded = options
        .checked_group_log2()
        .map_or_else(|_| Vec::new(), |_| encoder.encode_many(&short))
        .into_iter();
    let frame = |plain: &&[u8]| {
        let mut packed = Vec::new();
        let encoded = if is_short(plain) { encoded.next() } else { None };
        let Some(encoded) = encoded else {
            let summary = compress(*plain, &mut packed, codec, options, progress)?;
            return Ok((packed, summary));
        };
        let mut compressor = Compressor::new(&mut packed, codec, options, progress)?;
        compressor.short_frame(encoded?)?;
        let summary = compressor.summary;
        Ok((packed, summary))
    };
    plains.iter().map(frame).collect()
}

fn encoder<'a>(
    codec: &'a Arc<dyn GroupCodec>,
    options: &CompressOptions,
    progress: &'a dyn Progress,
) -> Encoder<'a> {
    let CompressOptions { params, verify, transform, memory_limit, .. } = *options;
    Encoder { codec, params, verify, transform, memory_limit, progress }
}

impl<'a, W: Write> Compressor<'a, W> {
    fn new(
        writer: W,
        codec: &'a Arc<dyn GroupCodec>,
        options: &CompressOptions,
        progress: &'a dyn Progress,
    ) -> Result<Self> {
        let named = |id| ModelRef { id, name: codec.model_name().to_owned() };
        let model = codec.model_id().map(named);
        if let Some(model) = &model {
            model.validate()?;
        }
        Ok(Compressor {
            writer,
            encoder: encoder(codec, options, progress),
            model,
            progress,
            summary: Summary { frames: 1, ..Summary::default() },
        })
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.writer.write_all(bytes)?;
        self.summary.stored_bytes += bytes.len() as u64;
        self.progress.stored(bytes.len() as u64);
        Ok(())
    }

    fn count(&mut self, encoded: &Encoded) {
        let (plain, payload) = (encoded.plain.len() as u64, encoded.stored().len() as u64);
        self.progress.group(encoded.method, plain, payload);
        self.summary.count(encoded.method, encoded.plain.len() as u64);
        self.summary.seen.add_all(&encoded.seen);
        if let (Method::Model, Some(model)) = (encoded.method, &self.model) {
            self.summary.model_name = Some(model.name.clone());
            let Encoder { codec, params, .. } = &self.encoder;
            let decoding = codec.memory_bytes(encoded.plain.len() as u64, params)
                + encoded.payload.len() as u64;
            self.summary.memory_bytes = self.summary.memory_bytes.max(decoding);
        }
    }

    /// The model's identity, for a group that was coded with it.
    fn named_model(&self) -> Result<&ModelRef> {
        let nameless = || Error::invalid("the codec used a model that has no identity");
        self.model.as_ref().ok_or_else(nameless)
    }

    fn short(&mut self, plain: Vec<u8>) -> Result<()> {
        let place = Place { group: 0, bytes: 0..plain.len() as u64 };
        let encoded = self.encoder.encode(plain, 1).map_err(|e| place.mark(e))?;
        self.short_frame(encoded)
    }

    fn short_frame(&mut self, mut encoded: Encoded) -> Result<()> {
        let mut head = Vec::new();
        self.short_head(&encoded)?.write(&mut head);
        let lengths = varint::encoded_len(encoded.plain.len() as u64)
            + varint::encoded_len(encoded.payload.len() as u64);
        // What the coded form has that the stored one would not: identity and parameters.
        encoded.store_unless_shorter_by(head.len().saturating_sub(3 + lengths));
        head.clear();
        self.short_head(&encoded)?.write(&mut head);
        let mut check = Check::default();
        check.update(&head);
        check.update(&encoded.plain);
        let check: [u8; ShortHead::CHECK_BYTES] = check.first();
        let frame = [&head, &encoded.stored()[..], &check].concat();
        self.put(&frame)?;
        if !encoded.plain.is_empty() {
            self.count(&encoded);
        }
        Ok(())
    }

    fn short_head(&self, encoded: &Encoded) -> Result<ShortHead> {
        let is_coded = encoded.method.is_coded();
        Ok(ShortHead {
            method: encoded.method,
            transformed: encoded.transformed(),
            model_prefix: match encoded.method {
                Method::Model => self.named_model()?.id.first_chunk().copied(),
                _ => None,
            },
            params: if is_coded { self.encoder.params } else { GroupParams::default() },
            plain_len: encoded.plain.len() as u64,
            payload_len: encoded.stored().len() as u64,
        })
    }

    fn long(&mut self, mut reader: impl Read, header: LongHeader, at_once: usize) -> Result<()> {
        let group_bytes = header.group_bytes();
        // It goes out with the first group: what is refused has written nothing.
        let mut bytes = Vec::new();
        header.write(&mut bytes);
        let mut whole_hash = Check::default();
        let mut frame = Frame { group_bytes, index: Vec::new(), settings: None };
        loop {
            stop_if_cancelled(self.progress)?;
            let mut batch = Vec::new();
            while batch.len() < at_once {
                let mut plain = Vec::new();
                (&mut reader).take(group_bytes).read_to_end(&mut plain)?;
                if plain.is_empty() {
                    break;
                }
                whole_hash.update(&plain);
                batch.push(plain);
            }
            if batch.is_empty() {
                break;
            }
            let together = batch.len();
            for encoded in batch::in_order(batch, |plain| self.encoder.encode(plain, together)) {
                let number = frame.index.len() as u64;
                let encoded = encoded.map_err(|e| frame.place(number).mark(e))?;
                self.put(&std::mem::take(&mut bytes))?;
                self.group(&mut frame, encoded)?;
            }
        }
        let footer = Footer {
            group_log2: header.group_log2,
            plain_len: self.summary.plain_bytes,
            index: frame.index,
            sha256: whole_hash.first(),
        };
        footer.write(&mut bytes)?;
        self.put(&bytes)
    }

    fn group(&mut self, frame: &mut Frame, mut encoded: Encoded) -> Result<()> {
        let mut bytes = Vec::new();
        let settings = self.settings_for(frame, encoded.method)?;
        if let Some(settings) = &settings {
            settings.write(&mut bytes);
            encoded.store_unless_shorter_by(bytes.len());
        }
        let has_settings = settings.is_some() && encoded.method.is_coded();
        if has_settings {
            frame.settings = settings;
        } else {
            bytes.clear();
        }
        let stored = encoded.stored();
        let mut head = GroupHead {
            method: encoded.method,
            transformed: encoded.transformed(),
            plain_len: encoded.plain.len() as u64,
            payload_len: stored.len() as u64,
            check: [0; 8],
        };
        let mut check = head.check_of(frame.index.len() as u64, frame.group_bytes);
        check.update(&encoded.plain);
        head.check = check.first();
        head.write(frame.group_bytes, &mut bytes);
        let stored_len = bytes.len() as u64 + head.payload_len;
        frame.index.push(IndexEntry { stored_len, has_settings });
        self.put(&bytes)?;
        self.put(&stored)?;
        self.count(&encoded);
        Ok(())
    }

    /// The record that a group of this method needs before it, unless one in force will do.
    fn settings_for(&self, frame: &Frame, method: Method) -> Result<Option<Settings>> {
        let needs_model = method == Method::Model;
        let has_model = |settings: &Settings| settings.model.is_some();
        if !method.is_coded()
            || frame.settings.as_ref().is_some_and(|s| !needs_model || has_model(s))
        {
            return Ok(None);
        }
        let model = if needs_model { Some(self.named_model()?.clone()) } else { None };
        Ok(Some(Settings { exact_version: EXACT_VERSION, model, params: self.encoder.params }))
    }
}

/// The long frame as it grows.
struct Frame {
    group_bytes: u64,
    index: Vec<IndexEntry>,
    settings: Option<Settings>,
}

impl Frame {
    fn place(&self, number: u64) -> Place {
        let start = number * self.group_bytes;
        Place { group: number, bytes: start..start + self.group_bytes }
    }
}
