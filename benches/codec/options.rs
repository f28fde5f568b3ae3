//! What the options of a large model are worth: context window, lanes, tokens that all lanes begin with, and an output layer that learns.
//!
//! ```text
//! cargo bench --bench large -- windows|lanes|primes|lessons MODEL.llmw FILE [BYTES]
//! ```
//!
//! Bits do not depend on the machine. Times are of one run each, on all threads.

use llmzip::codec::{ModelPredictor, Plan, Predictor, PredictorLanes, Recording, decode, encode};
use llmzip::container::{Decoded, Unwatched, WindowPolicy};
use llmzip::entropy::{Decoder, Encoder};
use llmzip::kernels::QuantRows;
use llmzip::mixer::MixerKind;
use llmzip::model::{Feed, Model, Session, Storage};
use std::sync::Arc;
use std::time::Instant;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let what = arguments.next().expect("what to look at");
    let file = arguments.next().expect("a model's file");
    let storage = Storage::from_file(file.as_ref()).expect("a readable model");
    let model = Arc::new(Model::open(storage).expect("a model"));
    let text = std::fs::read(arguments.next().expect("a file")).expect("a readable file");
    let limit = arguments.next().map_or(100_000, |bytes| bytes.parse().expect("a number of bytes"));
    let text = &text[..limit.min(text.len())];
    println!("{}, {} bytes", model.name(), text.len());
    match what.as_str() {
        "windows" => windows(&model, text),
        "lanes" => [1, 4, 8, 16, 32].into_iter().for_each(|lanes| {
            whole(&model, text, &format!("{lanes} lanes"), &plan(&model, lanes));
        }),
        "primes" => [0, 64, 256, 1024].into_iter().for_each(|prime_tokens| {
            let plan = Plan { prime_tokens, ..plan(&model, 16) };
            whole(&model, text, &format!("{prime_tokens} tokens first"), &plan);
        }),
        "lessons" => [false, true].into_iter().for_each(|learns| {
            let plan = Plan { learns, ..plan(&model, 8) };
            whole(&model, text, if learns { "learns" } else { "does not" }, &plan);
        }),
        _ => panic!("windows, lanes, primes or lessons"),
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

fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let begun = Instant::now();
    let made = work();
    (begun.elapsed().as_secs_f64(), made)
}

/// The model alone, in one lane: its bits, and the time of a token when it runs ahead and when full lanes take single steps.
fn windows(model: &Arc<Model>, text: &[u8]) {
    use WindowPolicy::{Hop, Slide};
    println!(
        "{:>6} {:>8} {:>8} {:>7} {:>8} {:>7} {:>7} {:>7}  us a token",
        "window", "policy", "MB/lane", "bpb", "ahead", "step 1", "8", "32"
    );
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
                        print!(" {:>7.0}", step(&predictor, &tokens, window, lanes))
                    }
                    _ => print!(" {:>7}", "-"),
                }
            }
            println!();
        }
    }
}

/// Microseconds of a token when so many lanes with full windows take single steps.
fn step(predictor: &ModelPredictor, tokens: &[u32], window: usize, lanes: usize) -> f64 {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut session = predictor.lanes(lanes, 64, usize::MAX, threads).expect("fits");
    let warm: Vec<u32> = tokens.iter().cycle().take(window + 8).copied().collect();
    for lane in 0..lanes {
        session.states(&[Feed { lane, tokens: &warm }], &mut |_, _, _: &QuantRows, _| ());
    }
    let steps = (128 / lanes).max(8);
    let (seconds, ()) = timed(|| {
        for token in tokens.iter().take(steps) {
            let one = [*token];
            let feeds: Vec<_> = (0..lanes).map(|lane| Feed { lane, tokens: &one }).collect();
            PredictorLanes::advance(&mut session, &feeds, &mut |_, _, _| ());
        }
    });
    seconds * 1e6 / (steps * lanes) as f64
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
