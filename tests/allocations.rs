//! A token costs no allocation: neither a step of the model nor the mixing and coding between two steps.

mod common;

use allocation_counter::measure;
use common::{Random, learning_model, tiny_model};
use llmzip::codec::{ModelPredictor, Plan, decode, encode};
use llmzip::container::{Decoded, Unwatched, WindowPolicy};
use llmzip::entropy::{Decoder, Encoder};
use llmzip::kernels::Isa;
use llmzip::mixer::{MixerKind, StartValues};
use llmzip::model::Session;

#[test]
fn a_step_of_the_model_allocates_nothing() {
    let model = tiny_model(5);
    for isa in Isa::available() {
        let mut session =
            Session::new(model.clone(), isa, 4, 40, WindowPolicy::Slide, 1).expect("a session");
        let mut step = |token: u32| {
            let tokens: [_; 4] = std::array::from_fn(|lane| (lane, token + lane as u32));
            let mut sum = 0;
            session.step(&tokens, |_, frequencies| sum += frequencies.total());
            assert!(sum > 0);
        };
        (0..3).for_each(&mut step);
        // Past the window, where the ring begins anew.
        let info = measure(|| (3..103).for_each(&mut step));
        assert_eq!(info.count_total, 0, "{}", isa.name());
    }
}

#[test]
fn thousands_of_tokens_more_are_decoded_with_as_many_allocations() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    let mut random = Random(3);
    for (lanes, learns) in [(1, false), (5, false), (1, true), (5, true)] {
        let model = if learns { learning_model(5) } else { tiny_model(5) };
        let predictor = ModelPredictor::new(model, 40, WindowPolicy::Slide).expect("here");
        let plan = Plan {
            lanes,
            prime_tokens: 20,
            mixer: MixerKind::Default,
            learns,
            start_values: StartValues::generic(),
        };
        let mut allocations = |len: usize| {
            let plain = random.bytes(len);
            pool.install(|| {
                let coder = Encoder::new(Vec::new());
                let coded = encode(&plain, &predictor, &plan, coder, &|_| ()).expect("coded");
                let mut back = Vec::new();
                let info = measure(|| {
                    let coder = Decoder::new(&coded);
                    back = decode(coder, len, &predictor, &plan, &Unwatched)
                        .and_then(Decoded::into_plain)
                        .expect("decoded");
                });
                assert!(back == plain);
                info.count_total
            })
        };
        let (few, many) = (allocations(1000), allocations(3000));
        assert!(few > 10, "{few}");
        // A buffer may double its size once more; what is to be learned has one for each part of the output layer.
        let doubled = if learns { 16 } else { 2 };
        assert!(many <= few + doubled, "{lanes} lanes: {few}, {many}");
    }
}
