//! A published model with trained weights, whole: SmolLM2 135M Instruct as a GGUF file of 4-bit blocks.
//!
//! `scripts/fetch_smollm2.sh` brings it into `target/models`. Where it is missing, the tests say so and pass; with
//! `LLMZIP_TEST_MODELS=1` in the environment they fail.
#![cfg(feature = "import")]

mod common;
#[path = "real_weights/other_files.rs"]
mod other_files;

use llmzip::codec::{ModelPredictor, Plan, decode, encode};
use llmzip::container::{Decoded, Unwatched, WindowPolicy};
use llmzip::entropy::{Decoder, Encoder};
use llmzip::import::{Bits, ImportOptions, import_model};
use llmzip::kernels::Isa;
use llmzip::mixer::{MixerKind, StartValues};
use llmzip::model::{Feed, Model, Session, Storage};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// What the weights become with the options of any large model. It is new whenever the arithmetic is, and never else.
const IDENTITY: &str = "20670e156a05e7117f46b8836d2d5773f9c8be24331400f5df0c8137c060dbc6";

/// The same with 4 bits.
const IDENTITY_OF_FOUR: &str = "47c5e8d6e490d638c9b2bdc9faf356a8a777ecfbb4902fbe877e3da890c469e1";

/// Some of the 21 bytes that the vocabulary has no tokens for, controls and what is no UTF-8.
const MISSING: &[u8] = &[0x04, 0x16, 0xc0, 0xc1, 0xf1, 0xf5, 0xff];

fn weights() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("target/models/SmolLM2-135M-Instruct.Q4_1.gguf");
    if path.exists() {
        return Some(path);
    }
    assert!(
        std::env::var_os("LLMZIP_TEST_MODELS").is_none_or(|wanted| wanted != "1"),
        "{} is not there: scripts/fetch_smollm2.sh brings it",
        path.display()
    );
    println!("skipped: no {} (scripts/fetch_smollm2.sh brings it)", path.display());
    None
}

/// The model with 8 bits, made once for all tests.
fn eight_bits() -> Option<Arc<Model>> {
    static MADE: OnceLock<Option<Arc<Model>>> = OnceLock::new();
    MADE.get_or_init(|| weights().map(|path| made(&path, Bits::Eight))).clone()
}

fn made(path: &Path, bits: Bits) -> Arc<Model> {
    let options = ImportOptions { bits, ..ImportOptions::large("smollm2") };
    let bytes = import_model(path, &options).unwrap();
    Arc::new(Model::open(Storage::copy(&bytes)).unwrap())
}

/// Prose, code, other scripts, every byte there is, and those that no token stands for.
fn text(n_bytes: usize) -> Vec<u8> {
    let mut text = Vec::new();
    text.extend("Straße, naïve, 東京 2024, привет 👩‍🚀\r\n\t  ".bytes());
    text.extend(MISSING.repeat(2));
    text.extend(0..=255u8);
    text.extend(include_bytes!("../src/EXACTNESS.md"));
    assert!(text.len() >= n_bytes);
    text.truncate(n_bytes);
    text
}

fn plan(lanes: usize) -> Plan {
    Plan {
        lanes,
        prime_tokens: 16,
        mixer: MixerKind::Default,
        learns: false,
        start_values: StartValues::generic(),
    }
}

fn predictor(model: &Arc<Model>, isa: Isa, window: usize) -> ModelPredictor {
    ModelPredictor::with_isa(model.clone(), isa, window, WindowPolicy::Slide).unwrap()
}

fn coded(model: &Arc<Model>, isa: Isa, window: usize, plain: &[u8], lanes: usize) -> Vec<u8> {
    let predictor = predictor(model, isa, window);
    encode(plain, &predictor, &plan(lanes), Encoder::new(Vec::new()), &|_| ()).unwrap()
}

/// What comes back, token by token, of what was coded from whole runs of tokens.
fn back(
    model: &Arc<Model>,
    isa: Isa,
    window: usize,
    coded: &[u8],
    (len, lanes): (usize, usize),
) -> Vec<u8> {
    let predictor = predictor(model, isa, window);
    decode(Decoder::new(coded), len, &predictor, &plan(lanes), &Unwatched)
        .and_then(Decoded::into_plain)
        .unwrap()
}

fn best() -> Isa {
    *Isa::available().last().unwrap()
}

#[test]
fn the_weights_become_the_model_that_they_always_became() {
    let Some(model) = eight_bits() else { return };
    assert_eq!(model.id().to_string(), IDENTITY, "another arithmetic, or other start values");
    let config = model.config();
    assert_eq!((config.layers, config.heads, config.kv_heads), (30, 9, 3));
    for byte in MISSING {
        let ranks = model.tokenizer().encode(&[*byte]).unwrap();
        assert_eq!(ranks.len(), 1, "{byte:#04x} borrows a row");
    }
}

/// The plain kernels need 50 times as long as the newest: they code a part, and decode the whole.
#[test]
fn a_text_comes_back_on_every_instruction_set() {
    const LANES: usize = 8;
    let Some(model) = eight_bits() else { return };
    let text = text(3200);
    let part = &text[..150];
    let whole = coded(&model, best(), 256, &text, LANES);
    let of_part = coded(&model, best(), 256, part, LANES);
    println!("{} bytes of {}", whole.len(), text.len());
    assert!(whole.len() < text.len() * 2 / 5, "{} bytes", whole.len());
    for isa in Isa::available() {
        if isa != best() {
            assert!(coded(&model, isa, 256, part, LANES) == of_part, "{}", isa.name());
            if isa != Isa::SCALAR {
                assert!(coded(&model, isa, 256, &text, LANES) == whole, "{}", isa.name());
            }
        }
        let returned = back(&model, isa, 256, &whole, (text.len(), LANES));
        assert!(returned == text, "{}", isa.name());
    }
}

#[test]
fn a_window_that_slides_gives_the_text_back() {
    let Some(model) = eight_bits() else { return };
    let text = text(1500);
    for lanes in [1, 3] {
        let coded = coded(&model, best(), 64, &text[500..], lanes);
        println!("{} bytes with {lanes} lanes", coded.len());
        let returned = back(&model, best(), 64, &coded, (1000, lanes));
        assert!(returned == text[500..], "{lanes} lanes");
    }
}

/// SmolLM2 lays much of its attention on the first position, and is lost without it.
#[test]
fn a_window_that_slides_keeps_the_first_position() {
    let (Some(path), Some(model)) = (weights(), eight_bits()) else { return };
    let options = ImportOptions { keeps_start: false, ..ImportOptions::large("smollm2") };
    let bytes = import_model(&path, &options).unwrap();
    let loses = Arc::new(Model::open(Storage::copy(&bytes)).unwrap());
    let text = &text(6000)[2000..];
    let [keeps, loses] = [&model, &loses].map(|model| coded(model, best(), 64, text, 1).len());
    println!("{keeps} bytes, {loses} without the first position");
    assert!(keeps < loses * 9 / 10, "{keeps} bytes, {loses} without the first position");
}

#[test]
fn runs_of_tokens_give_the_frequencies_of_single_steps() {
    let Some(model) = eight_bits() else { return };
    let mut tokens = vec![model.config().start_row];
    tokens.extend(model.tokenizer().encode(&text(700)).unwrap());
    tokens.truncate(150);
    for isa in Isa::available().into_iter().filter(|isa| *isa != Isa::SCALAR) {
        let answers = |run: usize| {
            let policy = WindowPolicy::Slide;
            let mut session = Session::new(model.clone(), isa, 1, 64, policy, run).unwrap();
            let mut all = Vec::new();
            for tokens in tokens.chunks(run) {
                session.advance(&[Feed { lane: 0, tokens }], |_, _, frequencies| {
                    all.push(frequencies.as_slice().to_vec());
                });
            }
            all
        };
        let steps = answers(1);
        assert_eq!(steps.len(), tokens.len());
        for run in [7, 150] {
            assert!(answers(run) == steps, "{}, runs of {run}", isa.name());
        }
    }
}

#[test]
fn four_bits_give_the_text_back_for_little_more() {
    let (Some(path), Some(eight)) = (weights(), eight_bits()) else { return };
    let four = made(&path, Bits::Four);
    assert_eq!(four.id().to_string(), IDENTITY_OF_FOUR, "another arithmetic, or another rounding");
    let config = four.config();
    assert_eq!((config.weight_bits, config.weight_steps), (4, 32));
    let text = &text(3200)[500..2000];
    let [of_eight, of_four] = [&eight, &four].map(|model| coded(model, best(), 256, text, 4).len());
    println!("{of_eight} bytes with 8 bits, {of_four} with 4");
    assert!(of_four < of_eight * 102 / 100, "{of_eight} bytes with 8 bits, {of_four} with 4");
    let mut first: Option<Vec<u8>> = None;
    for isa in Isa::available().into_iter().filter(|isa| *isa != Isa::SCALAR) {
        let coded = coded(&four, isa, 256, text, 4);
        assert!(*first.get_or_insert(coded.clone()) == coded, "{}", isa.name());
        assert!(back(&four, isa, 256, &coded, (text.len(), 4)) == text, "{}", isa.name());
    }
}
