//! A file for each door that it lets in, to be changed.

use super::doors::{DOORS, Door, codecs};
use super::{Random, byte_level_json, tiny_llmw_starting, tiny_spec};
use llmzip::codec::Codec;
use llmzip::container::{GroupCodec, GroupParams, LONG_MAGIC, SHORT_MAGIC};
use llmzip::mixer::StartValues;
use llmzip::model::Config;
use llmzip::stream::{self, CompressOptions, NoProgress};
use std::sync::{Arc, OnceLock};

pub const TEXT: &[u8] = b"the bytes that go in are those that come out, whatever they are; ";

/// A payload with the length and parameters that a group's door reads before it.
fn group(codec: &Codec) -> Vec<u8> {
    let plain = prose(1300);
    let mut params = GroupParams { lanes: 2, ..GroupParams::default() };
    params.mixer.0 = 1;
    let payload = codec.encode(&plain, &params, &|_| ()).unwrap().payload;
    let [low, high] = (plain.len() as u16 - 1).to_le_bytes();
    [&[low, high, 2, 1], &payload[..]].concat()
}

/// A compressed file, its original, and the parts of the original that its groups hold.
pub struct Packed {
    pub file: Vec<u8>,
    pub plain: Vec<u8>,
    pub groups: Vec<Vec<u8>>,
}

fn packed(plain: &[u8], codec: &Arc<Codec>, full_hashes: bool, params: GroupParams) -> Packed {
    let codec: Arc<dyn GroupCodec> = codec.clone();
    let options =
        CompressOptions { group_bytes: 1024, full_hashes, params, ..CompressOptions::default() };
    let mut file = Vec::new();
    stream::compress(plain, &mut file, &codec, &options, &NoProgress).unwrap();
    let group_bytes = if full_hashes { 1024 } else { plain.len().max(1) };
    let groups = plain.chunks(group_bytes).map(Vec::from).collect();
    Packed { file, plain: plain.to_vec(), groups }
}

/// Text that repeats its words, but never for long.
fn prose(len: usize) -> Vec<u8> {
    let mut random = Random(11);
    let words: Vec<&[u8]> = TEXT.split(|&byte| byte == b' ').collect();
    let mut out = Vec::new();
    while out.len() < len {
        out.extend(words[random.below(words.len())]);
        out.push(b' ');
    }
    out.truncate(len);
    out
}

/// Small files of every form and method, made with the codecs of the doors.
pub fn packed_files() -> &'static [Packed] {
    static FILES: OnceLock<Vec<Packed>> = OnceLock::new();
    FILES.get_or_init(|| {
        let (mixer, model) = (&codecs().mixer, &codecs().model);
        let text = prose(1500);
        let noise = Random(5).bytes(1024);
        // Whole groups of text, of noise and of one byte, settings in the middle, and a rest.
        let groups = [&noise, &text[..1024], &[0; 1024], &noise, &text[..700]].concat();
        let light = GroupParams::default();
        let mut lanes = GroupParams { lanes: 3, window: 20, prime_tokens: 9, ..light };
        lanes.mixer.0 = 1;
        let mut files = vec![
            packed(&groups, mixer, true, light),
            packed(&groups, model, true, lanes),
            packed(&noise, mixer, true, light),
            packed(&[7; 5000], mixer, true, light),
            packed(b"", mixer, true, light),
            packed(&text, mixer, false, light),
            packed(&text, model, false, light),
            packed(&text, model, false, lanes),
            packed(&noise[..50], mixer, false, light),
            packed(&[7; 5000], mixer, false, light),
            packed(b"", mixer, false, light),
            packed(&clothed(), mixer, true, light),
            packed(&clothed(), model, false, light),
        ];
        let join = |parts: &[&Packed]| Packed {
            file: parts.iter().flat_map(|part| part.file.clone()).collect(),
            plain: parts.iter().flat_map(|part| part.plain.clone()).collect(),
            groups: parts.iter().flat_map(|part| part.groups.clone()).collect(),
        };
        let joined = join(&[&files[0], &files[5], &files[2]]);
        files.push(joined);
        files
    })
}

/// Text in several clothes.
pub fn clothed() -> Vec<u8> {
    let hex: String = prose(300).iter().map(|byte| format!("{byte:02x}")).collect();
    let stream: &[u8] = include_bytes!("../../src/transform/deflate/samples/zlib-6.deflate");
    let escapes =
        r#"{"name": "\u00fcber \u00e4\u00f6", "url": "%22a%2Cb%22%20%3D%20%28c%29"}"#.repeat(4);
    let head: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\x03";
    [hex.as_bytes(), b"\n", escapes.as_bytes(), head, stream, &[1, 2, 3, 4]].concat()
}

/// A model as small as they come: what is to be changed is not its weights.
fn small_llmw() -> Vec<u8> {
    small_llmw_of(|_| ())
}

/// The part of a `.llmw` that its identity covers, of a small model whose weights have 4 bits and steps.
pub fn stepped_content() -> Vec<u8> {
    let stepped = |config: &mut Config| (config.weight_bits, config.weight_steps) = (4, 32);
    content_of(small_llmw_of(stepped))
}

/// All before the known answer, the identity, the name `tiny` and the check.
fn content_of(llmw: Vec<u8>) -> Vec<u8> {
    llmw[..llmw.len() - 32 - 32 - 5 - 8].to_vec()
}

fn small_llmw_of(adapt: impl Fn(&mut Config)) -> Vec<u8> {
    // Only the version: the mixer learns from nothing.
    let nothing = StartValues::from_bytes(&StartValues::generic().to_bytes()[..1]).unwrap();
    tiny_llmw_starting(3, &nothing, |config| {
        (config.hidden, config.feed_forward, config.layers) = (64, 64, 1);
        (config.heads, config.kv_heads) = (1, 1);
        config.block_windows.clear();
        adapt(config);
    })
}

/// The sample of a door that needs no import.
fn sample(name: &str) -> Vec<u8> {
    match name {
        "llmw" => small_llmw(),
        "llmw_resealed" => content_of(small_llmw()),
        "tokenizer_json" => byte_level_json().into_bytes(),
        "tokenizer_bytes" => tiny_spec().to_bytes(),
        "container_long" => packed_files()[1].file[LONG_MAGIC.len()..].to_vec(),
        "container_short" => packed_files()[7].file[SHORT_MAGIC.len()..].to_vec(),
        "group_mixer" => group(&codecs().mixer),
        "group_model" => group(&codecs().model),
        // Words in UTF-16, and one in capitals.
        "recipe" => {
            let recipe = [4, 1, 0, 9, 15, 1, 0, 5];
            let parts = b"two words\x61bove";
            [&[23, 0, recipe.len() as u8, parts.len() as u8, 0][..], &recipe, parts].concat()
        }
        "clothes" => clothed(),
        "ranges" | "many" | "recover" | "inspect" => packed_files()[1].file.clone(),
        "datagram" => {
            let profile = llmzip::message::Profile {
                model: Some(super::tiny_model(1)),
                ..Default::default()
            };
            let datagrams = llmzip::message::Datagrams::new(&profile).unwrap();
            datagrams.compress(b"what both have said so often: what both have").unwrap()
        }
        "armor" => llmzip::armor::Armor::Base91.encode(b"bytes as text").into_bytes(),
        other => panic!("no sample for {other}"),
    }
}

/// All doors that there are in this build, each with a file that it lets in.
pub fn samples() -> &'static [(&'static str, Door, Vec<u8>)] {
    static SAMPLES: OnceLock<Vec<(&'static str, Door, Vec<u8>)>> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let mut all: Vec<_> =
            DOORS.iter().map(|&(name, door)| (name, door, sample(name))).collect();
        #[cfg(feature = "import")]
        for (name, door) in super::hostile::DOORS {
            all.push((name, door, super::hostile::sample(name)));
        }
        all.sort_by_key(|(name, ..)| *name);
        all
    })
}
