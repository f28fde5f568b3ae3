//! Every door through which foreign bytes come in, as a function that must come back: with a result
//! or an error, never with a panic. The tests throw changed files at them, `fuzz/` whatever it likes.
//! The doors of `import` are in `hostile.rs`, those for whole files in `frames.rs`.

use super::{frames, tiny_model};
use llmzip::codec::Codec;
use llmzip::container::{CodedGroup, GroupCodec, GroupParams, Method, Unwatched};
use llmzip::mixer::MixerKind;
use llmzip::model::{Model, Storage, inspect_llmw};
use llmzip::tokenizer::{Tokenizer, TokenizerSpec};
use llmzip::transform::{self, Judge};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// What a group may become at most: enough to go past every edge of lanes and windows.
const GROUP_BYTES: usize = 3000;

/// Takes bytes, and comes back.
pub type Door = fn(&[u8]);

/// All of them that need no import, by name.
pub const DOORS: [(&str, Door); 16] = [
    ("llmw", llmw),
    ("llmw_resealed", llmw_resealed),
    ("tokenizer_json", tokenizer_json),
    ("tokenizer_bytes", tokenizer_bytes),
    ("group_mixer", group_mixer),
    ("group_model", group_model),
    ("container_long", frames::container_long),
    ("container_short", frames::container_short),
    ("ranges", frames::ranges),
    ("many", frames::many),
    ("recover", frames::recover),
    ("inspect", frames::inspect),
    ("datagram", datagram),
    ("armor", armor),
    ("recipe", recipe),
    ("clothes", clothes),
];

/// The mixer's codec and that of a tiny model, which all doors share.
pub struct Codecs {
    pub mixer: Arc<Codec>,
    pub model: Arc<Codec>,
}

pub fn codecs() -> &'static Codecs {
    static CODECS: OnceLock<Codecs> = OnceLock::new();
    CODECS.get_or_init(|| Codecs {
        mixer: Arc::new(Codec::without_model()),
        model: Arc::new(Codec::with_model(tiny_model(1)).unwrap()),
    })
}

/// A datagram, bare and marked, with a check and without; a message of a session; a primed file.
pub fn datagram(data: &[u8]) {
    use llmzip::message::{
        Datagrams, MAX_MESSAGE_BYTES, PRIMED_MAGIC, Profile, Reference, decompress_primed,
    };
    static ALL: OnceLock<Vec<(Profile, Datagrams)>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let reference = Reference::new(&b"what both have\n"[..]).unwrap();
        let profile = |check_bytes, marked, reference| Profile {
            model: Some(tiny_model(1)),
            check_bytes,
            marked,
            reference,
            ..Profile::default()
        };
        let profiles =
            [profile(0, false, None), profile(0, true, None), profile(1, true, Some(reference))];
        profiles.into_iter().map(|p| (p.clone(), Datagrams::new(&p).unwrap())).collect()
    });
    for (profile, datagrams) in all {
        if let Ok(message) = datagrams.decompress(data) {
            assert!(message.len() <= MAX_MESSAGE_BYTES);
            let packed = datagrams.compress(&message).unwrap();
            assert!(packed.len() <= message.len() + 1 + usize::from(profile.check_bytes));
            assert_eq!(datagrams.decompress(&packed).unwrap(), message);
        }
        let _ = decompress_primed(&[&PRIMED_MAGIC, data].concat(), profile, datagrams);
    }
}

/// A text that may be armor.
pub fn armor(data: &[u8]) {
    if let Some((armor, bytes)) = llmzip::armor::find(data) {
        assert_eq!(armor.decode(&armor.encode(&bytes)).unwrap(), bytes);
    }
}

pub fn in_folder(work: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    work(folder.path());
}

/// A recipe and its parts: the length of the group, those of recipe, text and corrections, and these; the rest is binary.
pub fn recipe(data: &[u8]) {
    let Some((&[len, more, recipe, text, corrections], mut rest)) = data.split_first_chunk() else {
        return;
    };
    let mut cut = |len: u8| {
        let (part, others) = rest.split_at(rest.len().min(usize::from(len)));
        rest = others;
        part
    };
    let (recipe, text, corrections) = (cut(recipe), cut(text), cut(corrections));
    let parts = [text, rest, b"", corrections];
    let plain_len = usize::from(u16::from_le_bytes([len, more]));
    let described = transform::describe(recipe);
    match transform::restore(recipe, parts, plain_len) {
        Ok(plain) => {
            assert_eq!(plain.len(), plain_len);
            assert!(described.is_ok());
        }
        Err(_) => {
            assert!(transform::restore_beginning(recipe, parts, plain_len).len() <= plain_len)
        }
    }
}

/// Letters and blanks are cheap.
struct Letters;

impl Judge for Letters {
    fn cost(&self, bytes: &[u8]) -> usize {
        let cheap = |byte: &&u8| byte.is_ascii_lowercase() || matches!(byte, b' ' | b'\n');
        3 * bytes.len() - 2 * bytes.iter().filter(cheap).count()
    }
}

/// A group that wears what it likes: what is taken apart is put together again.
pub fn clothes(data: &[u8]) {
    if let Some(taken) = transform::take(data, &Letters) {
        let parts = taken.parts.each_ref().map(Vec::as_slice);
        assert!(transform::restore(&taken.recipe, parts, data.len()).unwrap() == data);
        // Of parts that are cut short, the beginning is right.
        let half = parts.map(|part| &part[..part.len() / 2]);
        let beginning = transform::restore_beginning(&taken.recipe, half, data.len());
        assert!(data.starts_with(&beginning));
    }
}

/// A `.llmw`, whose hashes are looked at first.
pub fn llmw(data: &[u8]) {
    drop(Model::open(Storage::copy(data)));
    in_folder(|dir| {
        let path = dir.join("x.llmw");
        std::fs::write(&path, data).unwrap();
        drop(inspect_llmw(&path));
    });
}

/// The beginning of a `.llmw`, up to the end of its tensors, under hashes that are right.
pub fn llmw_resealed(content: &[u8]) {
    // A model that comes in must stand its known-answer test, whatever its answer is.
    if let Ok(model) = Model::open(Storage::copy(&resealed(content))) {
        drop(Codec::with_model(Arc::new(model)));
    }
}

/// A file with this content, and hashes that fit it.
pub fn resealed(content: &[u8]) -> Vec<u8> {
    let mut file = content.to_vec();
    let hash = Sha256::new_with_prefix(content);
    file.extend([0; 32]);
    file.extend(hash.finalize());
    file.extend(b"\x01x");
    let check = Sha256::digest(&file);
    file.extend(&check[..8]);
    file
}

/// A `tokenizer.json`; what can be read must give every text back.
pub fn tokenizer_json(data: &[u8]) {
    let Ok(spec) = TokenizerSpec::from_tokenizer_json(data, 1000) else { return };
    let Ok(tokenizer) = Tokenizer::new(spec) else { return };
    let text = "the Größe of 12 \u{65e5}\u{672c}\n\0\u{ff}".as_bytes();
    if let Ok(ranks) = tokenizer.encode(text) {
        assert!(tokenizer.decode(&ranks) == text);
    }
}

/// A tokenizer as a `.llmw` has it.
pub fn tokenizer_bytes(data: &[u8]) {
    if let Ok(tokenizer) = TokenizerSpec::from_bytes(data).and_then(Tokenizer::new)
        && let Ok(ranks) = tokenizer.encode(b"the end 12")
    {
        assert!(tokenizer.decode(&ranks) == b"the end 12");
    }
}

/// A group's payload for the mixer alone, after its length and parameters.
pub fn group_mixer(data: &[u8]) {
    group(&codecs().mixer, Method::Mixer, data);
}

/// A group's payload for a model and the mixer, after its length and parameters.
pub fn group_model(data: &[u8]) {
    group(&codecs().model, Method::Model, data);
}

fn group(codec: &Codec, method: Method, data: &[u8]) {
    let Some((&[low, high, lanes, mixer], payload)) = data.split_first_chunk() else { return };
    let plain_len = usize::from(u16::from_le_bytes([low, high])) % GROUP_BYTES + 1;
    let mut params = GroupParams { lanes: u32::from(lanes % 9), ..GroupParams::default() };
    params.mixer.0 = MixerKind::ALL[usize::from(mixer) % MixerKind::ALL.len()].code();
    let group = CodedGroup { method, payload, plain_len, params };
    if let Ok(decoded) = codec.decode(&group, &Unwatched) {
        assert_eq!(decoded.plain.len(), plain_len);
    }
}
