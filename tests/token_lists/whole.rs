//! A token list in a tiny model with weights of no meaning, from the published files to the bytes that come back.

use crate::common::{Random, hostile::directory_of};
use llmzip::codec::{ModelPredictor, Plan, decode, encode};
use llmzip::container::{Decoded, Unwatched, WindowPolicy};
use llmzip::entropy::{Decoder, Encoder};
use llmzip::import::{ImportOptions, compare_with_float, import_model};
use llmzip::kernels::Isa;
use llmzip::mixer::{MixerKind, StartValues};
use llmzip::model::{Feed, Frequencies, Model, Session, Storage, known_answer};
use llmzip::tokenizer::Tokenizer;
use std::sync::Arc;

/// What an unused byte may cost: bits a token, of some ten that tokens of text have.
const UNUSED_BITS: f64 = 1e-5;

/// Bytes that nobody writes into a text, and text.
pub fn hostile_bytes(random_bytes: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..=255).collect();
    bytes.extend(
        "the Théâtre  and 日本 \u{1F600}\r\n\t<s></s><0x41><|endoftext|> \u{2581}the".bytes(),
    );
    bytes.extend(b"\xe6\x97 \xe6\x97\xa5\xff\xc0\x80\xed\xa0\x80\x04\x04\x04\0\0");
    bytes.extend(Random(11).bytes(random_bytes));
    bytes.extend((0..=255).rev());
    bytes
}

/// The tokens spell the text, and each byte alone has tokens too.
pub fn assert_spells(tokenizer: &Tokenizer, text: &[u8]) {
    for part in text.chunks(1 + text.len() / 3).chain([text]) {
        let ranks = tokenizer.encode(part).unwrap();
        assert!(tokenizer.decode(&ranks) == part);
    }
    for byte in 0..=255u8 {
        let ranks = tokenizer.encode(&[byte]).unwrap();
        assert_eq!((ranks.len(), tokenizer.decode(&ranks)), (1, vec![byte]));
    }
}

/// A model of this `tokenizer.json`, of so many rows, in whole rows or in groups of 64.
pub fn imported(dir: &std::path::Path, json: &str, n_rows: usize, group: usize) -> Arc<Model> {
    directory_of(dir, json, n_rows);
    let bits = if group == 0 { 8 } else { 15 };
    let options =
        ImportOptions { group, attention_bits: bits, ..ImportOptions::large("token list") };
    let bytes = import_model(dir, &options).unwrap();
    let model = Arc::new(Model::open(Storage::copy(&bytes)).unwrap());
    assert_eq!(known_answer(&model).unwrap(), *model.expected_answer());
    model
}

/// Checks a model of any token list with a text of any bytes.
pub fn assert_whole(json: &str, n_rows: usize, text: &[u8]) {
    let dir = tempfile::tempdir().unwrap();
    for group in [64, 0] {
        let model = imported(dir.path(), json, n_rows, group);
        assert_spells(model.tokenizer(), text);
        assert_coded(&model, text, &Isa::available());
        assert_predicted(&model, text, &Isa::available());
        let found = compare_with_float(&model, dir.path(), &text[..text.len().min(300)]).unwrap();
        assert!(found.worst_cosine > 0.99, "{found:?}");
        assert!((found.exact_bits / found.float_bits - 1.0).abs() < 0.02, "{found:?}");
    }
}

/// Checks a model of a long token list, which takes too long on the plain kernels, with a short text.
pub fn assert_whole_with_best(json: &str, n_rows: usize, text: &[u8]) {
    let dir = tempfile::tempdir().unwrap();
    let model = imported(dir.path(), json, n_rows, 64);
    let best = &Isa::available()[Isa::available().len() - 1..];
    assert_coded(&model, text, best);
    assert_predicted(&model, text, best);
}

/// All instruction sets code a text alike and give it back.
fn assert_coded(model: &Arc<Model>, text: &[u8], sets: &[Isa]) {
    for (lanes, learns) in [(1, false), (3, model.can_learn())] {
        let start_values = StartValues::generic();
        let mixer = MixerKind::Default;
        let plan = Plan { lanes, prime_tokens: 16, mixer, learns, start_values };
        let mut first: Option<Vec<u8>> = None;
        for &isa in sets {
            let predictor =
                ModelPredictor::with_isa(model.clone(), isa, 64, WindowPolicy::Slide).unwrap();
            let coded = encode(text, &predictor, &plan, Encoder::new(Vec::new()), &|_| ()).unwrap();
            assert!(*first.get_or_insert(coded.clone()) == coded, "{}", isa.name());
            let back = decode(Decoder::new(&coded), text.len(), &predictor, &plan, &Unwatched);
            let back = back.and_then(Decoded::into_plain).unwrap();
            assert!(back == text, "{} with {lanes} lanes", isa.name());
        }
    }
}

/// Runs of tokens give the frequencies of single steps, and what has no row has the least there is.
fn assert_predicted(model: &Arc<Model>, text: &[u8], sets: &[Isa]) {
    let mut tokens = vec![model.config().start_row];
    tokens.extend(model.tokenizer().encode(text).unwrap());
    tokens.truncate(200);
    let rowless = model.tokenizer().spec().rowless();
    let mut first = None;
    for &isa in sets {
        for run in [1, 200] {
            let policy = WindowPolicy::Slide;
            let mut session = Session::new(model.clone(), isa, 1, 64, policy, run).unwrap();
            let mut all = Vec::new();
            let mut see = |frequencies: &mut Frequencies| {
                assert!(!rowless.contains(&frequencies.best()));
                let freqs = frequencies.as_slice();
                let unused: u64 = rowless.iter().map(|&rank| u64::from(freqs[rank as usize])).sum();
                assert_eq!(unused, rowless.len() as u64);
                let share = unused as f64 / frequencies.total() as f64;
                assert!(-(1.0 - share).log2() < UNUSED_BITS, "{unused}");
                all.push(freqs.to_vec());
            };
            for tokens in tokens.chunks(run) {
                session.advance(&[Feed { lane: 0, tokens }], |_, _, freqs| see(freqs));
            }
            assert_eq!(all.len(), tokens.len());
            assert!(*first.get_or_insert(all.clone()) == all, "{}, runs of {run}", isa.name());
        }
    }
}
