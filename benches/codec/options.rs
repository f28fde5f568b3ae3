//! What the options of a model are worth: context window, lanes, tokens that all lanes begin with, and an output layer that
//! learns. Bits do not depend on the machine; times are of one run each, on all threads.

use crate::{single_steps, timed};
use llmzip::codec::{ModelPredictor, Plan, Predictor, Recording, decode, encode};
use llmzip::container::{Decoded, Unwatched, WindowPolicy};
use llmzip::entropy::{Decoder, Encoder};
use llmzip::mixer::MixerKind;
use llmzip::model::{Model, Session};
use std::sync::Arc;

/// Which of them to look at.
pub const NAMES: [&str; 4] = ["windows", "lanes", "primes", "lessons"];

/// Looks at one, with the beginning of a file.
pub fn measure(name: &str, model: &Arc<Model>, text: &[u8]) {
    println!("{}, {} bytes", model.name(), text.len());
    match name {
        "windows" => windows(model, text),
        "lanes" => [1, 4, 8, 16, 32].into_iter().for_each(|lanes| {
            whole(model, text, &format!("{lanes} lanes"), &plan(model, lanes));
        }),
        "primes" => [0, 64, 256, 1024].into_iter().for_each(|prime_tokens| {
            let plan = Plan { prime_tokens, ..plan(model, 16) };
            whole(model, text, &format!("{prime_tokens} tokens first"), &plan);
        }),
        _ if !model.can_learn() => {
            println!(
                "its output layer cannot learn: inputs have scales by groups instead of whole rows"
            );
        }
        _ => [false, true].into_iter().for_each(|learns| {
            let plan = Plan { learns, ..plan(model, 8) };
            whole(model, text, if learns { "learns" } else { "does not" }, &plan);
        }),
    }
}

fn plan(model: &Model, lanes: usize) -> Plan {
    Plan {
        lanes,
        prime_tokens: 256,
        mixer: MixerKind::Default,
        learns: false,
        start_values: model.start_values().clone(),
    }
}

/// The model alone, in one lane: its bits, and the time of a token when it runs ahead and when full lanes take single steps.
fn windows(model: &Arc<Model>, text: &[u8]) {
    use WindowPolicy::{Hop, Slide};
    println!(
        "{:>6} {:>8} {:>8} {:>7} {:>8} {:>7} {:>7} {:>7}  us a token",
        "window", "policy", "MB/lane", "bpb", "ahead", "step 1", "8", "32"
    );
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    for window in [256, 512, 1024, 2048, 4096] {
        for (name, policy) in [("slide", Slide), ("hop 1/2", Hop { keep: window as u32 / 2 })] {
            let predictor = ModelPredictor::new(model.clone(), window, policy).expect("fits");
            let (ahead, recording) =
                timed(|| Recording::new(text, &predictor, &plan(model, 1)).expect("runs"));
            let tokens = predictor.tokenizer().encode(text).expect("encodes");
            let cache = Session::lane_bytes(model.config(), window, usize::MAX);
            print!(
                "{window:>6} {name:>8} {:>8.1} {:>7.4} {:>8.0}",
                cache as f64 / 1e6,
                recording.ideal_bits(predictor.vocabulary()) / text.len() as f64,
                ahead * 1e6 / tokens.len() as f64,
            );
            for lanes in [1, 8, 32] {
                match policy {
                    // To fill more takes minutes.
                    Slide if lanes * window <= 65_536 => {
                        print!(
                            " {:>7.0}",
                            single_steps(&predictor, &tokens, window + 8, lanes, threads)
                        )
                    }
                    _ => print!(" {:>7}", "-"),
                }
            }
            println!();
        }
    }
}

/// A text as a group, there and back.
fn whole(model: &Arc<Model>, text: &[u8], name: &str, plan: &Plan) {
    let window = model.config().window;
    let predictor = ModelPredictor::new(model.clone(), window, WindowPolicy::Slide).expect("fits");
    let (into, coded) =
        timed(|| encode(text, &predictor, plan, Encoder::new(Vec::new()), &|_| ()).expect("runs"));
    let (out, plain) = timed(|| {
        decode(Decoder::new(&coded), text.len(), &predictor, plan, &Unwatched)
            .and_then(Decoded::into_plain)
    });
    assert!(plain.expect("decodes") == text, "other bytes came back");
    println!(
        "{name:>16}: {} bytes, {:.4} bits a byte, in {:.1} KB/s, out {:.1} KB/s",
        coded.len(),
        coded.len() as f64 * 8.0 / text.len() as f64,
        text.len() as f64 / into / 1e3,
        text.len() as f64 / out / 1e3,
    );
}
