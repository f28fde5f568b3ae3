//! The same bits, however the work is cut, on every instruction set that this machine has.

mod common;

use common::{Random, keeping_model, learning_model, tiny_llmw, tiny_model};
use llmzip::codec::{ModelPredictor, Plan, decode, encode};
use llmzip::container::{Decoded, Unwatched, WindowPolicy};
use llmzip::entropy::{Decoder, Encoder};
use llmzip::kernels::Isa;
use llmzip::mixer::{MixerKind, StartValues};
use llmzip::model::{Feed, Model, Session, Storage, builtin, known_answer, seal_again};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Frequencies after each token of one lane, token by token, by the plain kernels.
fn one_by_one(
    model: &Arc<Model>,
    tokens: &[u32],
    window: usize,
    policy: WindowPolicy,
) -> Vec<Vec<u32>> {
    let mut session = Session::new(model.clone(), Isa::SCALAR, 1, window, policy, 1).unwrap();
    let mut all = Vec::new();
    for token in tokens {
        session.advance(&[Feed { lane: 0, tokens: &[*token] }], |_, _, frequencies| {
            all.push(frequencies.as_slice().to_vec());
        });
    }
    all
}

/// Feeds `lanes` in pieces of the lengths that `cuts` gives, several lanes at once.
fn in_pieces(
    model: &Arc<Model>,
    isa: Isa,
    lanes: &[Vec<u32>],
    (window, policy, run): (usize, WindowPolicy, usize),
    mut cut: impl FnMut() -> usize,
) -> Vec<Vec<Vec<u32>>> {
    let mut session = Session::new(model.clone(), isa, lanes.len(), window, policy, run).unwrap();
    session.spread(3);
    let mut at = vec![0; lanes.len()];
    let mut all = vec![Vec::new(); lanes.len()];
    while at.iter().zip(lanes).any(|(at, lane)| *at < lane.len()) {
        let mut feeds = Vec::new();
        for (lane, tokens) in lanes.iter().enumerate() {
            let end = (at[lane] + cut()).min(tokens.len());
            if end > at[lane] {
                feeds.push(Feed { lane, tokens: &tokens[at[lane]..end] });
            }
            at[lane] = end;
        }
        session.advance(&feeds, |feed, _, frequencies| {
            all[feeds[feed].lane].push(frequencies.as_slice().to_vec());
        });
    }
    all
}

/// Lanes of such lengths, of tokens that the model knows.
fn random_lanes(model: &Model, lens: &[usize], random: &mut Random) -> Vec<Vec<u32>> {
    let coded = model.config().coded;
    let mut lane = |&len: &usize| (0..len).map(|_| random.below(coded) as u32).collect();
    lens.iter().map(&mut lane).collect()
}

/// As many random cases as `PROPTEST_CASES` says; fewer than usual do in an emulator.
fn cases(usual: u32) -> u32 {
    let said = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    said.unwrap_or(usual)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(24), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn prefill_equals_steps_equals_ragged_batches(
        seed in any::<u64>(),
        lens in prop::collection::vec(1usize..60, 1..5),
        window in 1usize..50,
        keep in 0usize..50,
        run in 1usize..40,
    ) {
        let model = tiny_model(seed);
        let mut random = Random(seed | 1);
        let lanes = random_lanes(&model, &lens, &mut random);
        let hop = WindowPolicy::Hop { keep: (keep % (window / 2 + 1)) as u32 };
        for policy in [WindowPolicy::Slide, hop] {
            let expected: Vec<_> =
                lanes.iter().map(|lane| one_by_one(&model, lane, window, policy)).collect();
            for isa in Isa::available() {
                let shape = (window, policy, run);
                let whole = in_pieces(&model, isa, &lanes, shape, || usize::MAX / 2);
                prop_assert!(whole == expected, "prefill, {}, {policy:?}", isa.name());
                let ragged = in_pieces(&model, isa, &lanes, shape, || random.below(9));
                prop_assert!(ragged == expected, "ragged, {}, {policy:?}", isa.name());
            }
        }
    }

    #[test]
    fn a_first_position_that_stays_is_the_same_however_the_work_is_cut(
        seed in any::<u64>(),
        lens in prop::collection::vec(1usize..500, 1..4),
        window in 1usize..50,
        run in 1usize..200,
    ) {
        let model = keeping_model(seed);
        let mut random = Random(seed | 1);
        let lanes = random_lanes(&model, &lens, &mut random);
        let slide = WindowPolicy::Slide;
        let expected: Vec<_> =
            lanes.iter().map(|lane| one_by_one(&model, lane, window, slide)).collect();
        for isa in Isa::available() {
            let ragged =
                in_pieces(&model, isa, &lanes, (window, slide, run), || random.below(150));
            prop_assert!(ragged == expected, "{}", isa.name());
        }
        // The block that was made for 24 positions never sees more; the other one does.
        let other = one_by_one(&tiny_model(seed), &lanes[0], window, slide);
        prop_assert_eq!(other == expected[0], lens[0] <= window || window < 2);
    }

    #[test]
    fn coded_bytes_depend_on_neither_threads_nor_instruction_set(
        seed in any::<u64>(),
        len in 1usize..3000,
        lanes in 1usize..20,
        prime_tokens in 0usize..40,
        kind in 0usize..3,
    ) {
        let learns = kind == 0;
        let model = [learning_model, tiny_model, keeping_model][kind](5);
        let mut random = Random(seed | 1);
        let plain: Vec<u8> = (0..len)
            .flat_map(|_| match random.below(4) {
                0 => b" the".to_vec(),
                1 => random.bytes(1),
                _ => b"\xc3\xa412".to_vec(),
            })
            .take(len)
            .collect();
        let plan = Plan {
            lanes: lanes.min(len),
            prime_tokens,
            mixer: MixerKind::Default,
            learns,
            start_values: StartValues::generic(),
        };
        let mut first: Option<Vec<u8>> = None;
        for (i, isa) in Isa::available().into_iter().enumerate() {
            let predictor =
                ModelPredictor::with_isa(model.clone(), isa, 40, WindowPolicy::Slide).unwrap();
            let (encoders, decoders) = (1 + i % 4, 1 + (i + 2) % 4);
            let coded = pool(encoders).install(|| encode(&plain, &predictor, &plan, Encoder::new(Vec::new()), &|_| ())).unwrap();
            let expected = first.get_or_insert_with(|| coded.clone());
            prop_assert!(coded == *expected, "{} with {encoders} threads", isa.name());
            let back = pool(decoders).install(|| decode(Decoder::new(&coded), len, &predictor, &plan, &Unwatched).and_then(Decoded::into_plain));
            prop_assert!(back.unwrap() == plain, "{} with {decoders} threads", isa.name());
        }
    }
}

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

#[test]
fn lane_0_may_end_while_it_is_alone() {
    let model = learning_model(5);
    let predictor = ModelPredictor::new(model, 40, WindowPolicy::Slide).unwrap();
    let plain = b"six or seven";
    for lanes in 1..=plain.len() {
        let plan = Plan {
            lanes,
            prime_tokens: 40,
            mixer: MixerKind::Default,
            learns: true,
            start_values: StartValues::generic(),
        };
        let coded = encode(plain, &predictor, &plan, Encoder::new(Vec::new()), &|_| ()).unwrap();
        let back = decode(Decoder::new(&coded), plain.len(), &predictor, &plan, &Unwatched)
            .and_then(Decoded::into_plain);
        assert_eq!(back.unwrap(), plain, "{lanes} lanes");
    }
}

#[test]
fn an_output_layer_that_learns_makes_a_text_smaller() {
    let model = builtin();
    let window = model.config().window;
    let predictor = ModelPredictor::new(model.clone(), window, WindowPolicy::Slide).unwrap();
    let text = include_bytes!("../src/EXACTNESS.md");
    let coded = |learns| {
        let start_values = model.start_values().clone();
        let mixer = MixerKind::Default;
        let plan = Plan { lanes: 2, prime_tokens: 64, mixer, learns, start_values };
        let coded = encode(text, &predictor, &plan, Encoder::new(Vec::new()), &|_| ()).unwrap();
        let back = decode(Decoder::new(&coded), text.len(), &predictor, &plan, &Unwatched)
            .and_then(Decoded::into_plain);
        assert!(back.unwrap() == text, "learns: {learns}");
        coded.len()
    };
    let (fixed, learned) = (coded(false), coded(true));
    println!("{fixed} bytes, {learned} with what was learned");
    assert!(learned < fixed - fixed / 500);
}

#[test]
fn models_of_every_family_give_equal_bits_everywhere() {
    let mut random = Random(77);
    for variant in 0..7 {
        let bytes = tiny_llmw(variant, |config| {
            config.tied = variant != 1;
            config.qkv_bias = variant == 2;
            config.qk_norm = variant != 2;
            if variant == 3 {
                (config.weight_max, config.weight_group, config.activation_group) = (63, 0, 0);
            }
            if variant >= 4 {
                config.weight_bits = 4;
                config.weight_steps = if variant == 4 { 0 } else { 32 };
            }
            if variant == 6 {
                (config.weight_max, config.weight_group, config.activation_group) = (63, 0, 0);
            }
        });
        let model = Arc::new(Model::open(Storage::copy(&bytes)).unwrap());
        let tokens: Vec<u32> =
            (0..100).map(|_| random.below(model.config().coded) as u32).collect();
        let expected = one_by_one(&model, &tokens, 64, WindowPolicy::Slide);
        for isa in Isa::available() {
            let shape = (64, WindowPolicy::Slide, 33);
            let got =
                in_pieces(&model, isa, std::slice::from_ref(&tokens), shape, || usize::MAX / 2);
            assert!(got[0] == expected, "variant {variant}, {}", isa.name());
        }
    }
}

#[test]
fn the_builtin_gives_its_known_answer() {
    let isa = Isa::choose().unwrap();
    println!("instruction set: {}", isa.name());
    assert_eq!(known_answer(&builtin()).unwrap(), *builtin().expected_answer());
}

#[test]
fn the_builtin_is_whole() {
    let opened = Model::open(Storage::copy(llmzip::model::builtin_bytes())).unwrap();
    assert_eq!(opened.id(), builtin().id());
}

/// A text through the builtin, whose coded bytes must never change while the versions stay.
#[test]
fn a_text_has_the_coded_bytes_that_it_had() {
    let text = include_bytes!("exactness.rs").repeat(1)[..4000].to_vec();
    let model = builtin();
    let window = model.config().window;
    let predictor = ModelPredictor::new(model.clone(), window, WindowPolicy::Slide).unwrap();
    let plan = Plan {
        lanes: 3,
        prime_tokens: 64,
        mixer: MixerKind::Default,
        learns: true,
        start_values: model.start_values().clone(),
    };
    let coded = encode(&text, &predictor, &plan, Encoder::new(Vec::new()), &|_| ()).unwrap();
    assert!(
        decode(Decoder::new(&coded), text.len(), &predictor, &plan, &Unwatched)
            .and_then(Decoded::into_plain)
            .unwrap()
            == text
    );
    println!("{} bytes, {:x}", coded.len(), Sha256::digest(&coded));
}

/// The builtin's weights with today's start values and arithmetic are the builtin.
///
/// With `LLMZIP_BLESS=1` in the environment, it writes the file instead of comparing it; with `LLMZIP_BUILTIN=DIR`
/// beside it, from the weights in a Hugging Face directory.
#[test]
fn sealing_the_builtin_again_gives_the_committed_bytes() {
    let made = sealed();
    if std::env::var_os("LLMZIP_BLESS").is_some() {
        let builtin = concat!(env!("CARGO_MANIFEST_DIR"), "/src/model/builtin/builtin.llmw");
        return std::fs::write(builtin, made).unwrap();
    }
    assert!(made == llmzip::model::builtin_bytes(), "other start values, or another arithmetic");
}

fn sealed() -> Vec<u8> {
    #[cfg(feature = "import")]
    if let Some(dir) = std::env::var_os("LLMZIP_BUILTIN") {
        let options = llmzip::import::ImportOptions::builtin();
        return llmzip::import::import_directory(dir.as_ref(), &options).unwrap();
    }
    // Only here: the present one may be of a form that this program no longer reads.
    let old = Model::open(Storage::copy(llmzip::model::builtin_bytes())).unwrap();
    seal_again(&old, &StartValues::for_models()).unwrap()
}

/// A model as files of before the steps have it, whose 4-bit weights are numbers from -8 to 7 of a group's scale: its bytes
/// and its predictions are those they always were.
#[test]
fn four_bits_of_before_there_were_steps_stay_what_they_were() {
    let bytes = tiny_llmw(77, |config| config.weight_bits = 4);
    let model = Arc::new(Model::open(Storage::copy(&bytes)).unwrap());
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(
        model.id().to_string(),
        "4f2a1edb6a364e8850c2b1f71a4d5e9a7c31edb3f83b162af65016544d743d0c"
    );
    assert_eq!(
        hex(&known_answer(&model).unwrap()),
        "bce83bb392b379033460fe646fe0f6d03730768f0f457e8d7288b25255e4f21b"
    );
}
