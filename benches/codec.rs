//! What a group costs, part by part: the model ahead of the mixer, the mixer, the model step by
//! step, and both directions whole; for several numbers of lanes, on one thread and on all.
//!
//! `cargo bench --bench codec -- [FILE [BYTES]]`; without a file, a text of this project. Every
//! result is checked by decoding it. Times are the best of three: these machines are noisy.
//!
//! With `steps MODEL` instead, the model alone on all threads: tokens a second of a prompt of 512
//! tokens and of single steps with 1, 8, 32 and 128 lanes, and bytes of weights a second beside what the
//! memory gives.
//!
//! `windows MODEL FILE [BYTES]` instead compares context windows and their policies: bits that the model alone would
//! need, its time running ahead and in single steps. `lanes`, `primes` and `lessons` compare numbers of lanes, of tokens
//! that all lanes begin with, and an output layer that learns with one that does not, there and back. MODEL is a
//! `.llmw` file, or `builtin`.

#[path = "codec/options.rs"]
mod options;

use llmzip::codec::{ModelPredictor, Plan, Predictor, PredictorLanes, Recording, decode, encode};
use llmzip::container::{Decoded, Unwatched, WindowPolicy};
use llmzip::entropy::{Decoder, Encoder};
use llmzip::kernels::{Isa, QuantRows};
use llmzip::mixer::MixerKind;
use llmzip::model::{Feed, Model, Session, Storage, builtin};
use rayon::prelude::*;
use std::sync::Arc;
use std::time::Instant;

/// Tokens of a lane that are run at once before single steps are timed.
const RUN: usize = 64;

/// The seconds that some work takes.
fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let begun = Instant::now();
    let made = work();
    (begun.elapsed().as_secs_f64(), made)
}

/// Best of three, in seconds.
fn best<T>(mut work: impl FnMut() -> T) -> (f64, T) {
    let mut least = f64::INFINITY;
    let mut last = None;
    for _ in 0..3 {
        let (seconds, made) = timed(&mut work);
        (least, last) = (least.min(seconds), Some(made));
    }
    (least, last.expect("ran three times"))
}

fn main() {
    let arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let mut arguments = arguments.peekable();
    if arguments.next_if(|argument| argument == "steps").is_some() {
        return steps(arguments.next().expect("a model file"));
    }
    let option = arguments.next_if(|argument| options::NAMES.contains(&argument.as_str()));
    let model = option.as_ref().map(|_| open(&arguments.next().expect("a model")));
    let text = match arguments.next() {
        Some(file) => std::fs::read(file).expect("the file can be read"),
        None => include_bytes!("../src/container/FORMAT.md").repeat(1),
    };
    let limit = arguments.next().map_or(400_000, |bytes| bytes.parse().expect("a number of bytes"));
    let text = &text[..limit.min(text.len())];
    if let (Some(option), Some(model)) = (option, model) {
        return options::measure(&option, &model, text);
    }
    println!("{} bytes, {}", text.len(), Isa::choose().expect("an instruction set").name());
    println!(
        "{:>7} {:>5}  {:>6}  {:>10} {:>10} {:>10}  {:>9} {:>9}",
        "threads", "lanes", "bpb", "ahead us/B", "mixer us/B", "step us/B", "in KB/s", "out KB/s"
    );
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    for threads in [1, all] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        for lanes in [1, 8, 16, 32, 64] {
            if lanes * 512 < text.len() {
                pool.install(|| measure(text, threads, lanes));
            }
        }
    }
}

/// The model in a file, or the builtin.
fn open(model: &str) -> Arc<Model> {
    match model {
        "builtin" => builtin(),
        file => {
            let storage = Storage::from_file(file.as_ref()).expect("the file can be read");
            Arc::new(Model::open(storage).expect("a model"))
        }
    }
}

/// How fast a model runs, and how much of the memory's speed its steps take.
fn steps(model: String) {
    let model = open(&model);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    let bytes = model.config().parameters();
    println!("{}, {threads} threads, {} MB", model.name(), bytes / 1_000_000);
    let memory = pool.install(read_memory);
    println!("memory: {:.1} GB/s", memory / 1e9);
    let isa = Isa::choose().expect("an instruction set");
    let coded = model.config().coded as u32;
    let tokens: Vec<u32> = (1..=512u32).map(|i| i.wrapping_mul(2_654_435_761) % coded).collect();
    let session = |lanes, run| {
        let slide = WindowPolicy::Slide;
        let mut session = Session::new(model.clone(), isa, lanes, 512, slide, run).expect("fits");
        session.spread(threads);
        session
    };
    let (prompt, _) = best(|| {
        pool.install(|| {
            session(1, 128).advance(&[Feed { lane: 0, tokens: &tokens }], |_, _, _| ());
        })
    });
    println!("prompt: {:.1} tokens/s", 512.0 / prompt);
    for lanes in [1, 8, 32, 128] {
        let mut session = session(lanes, 1);
        let mut step = |token: &[u32]| {
            let feeds: Vec<_> = (0..lanes).map(|lane| Feed { lane, tokens: token }).collect();
            pool.install(|| session.advance(&feeds, |_, _, _| ()));
        };
        step(&tokens[..1]);
        let (seconds, ()) = best(|| tokens[..8].chunks(1).for_each(&mut step));
        let per_step = seconds / 8.0;
        println!(
            "{lanes:>3} lanes: {:.1} tokens/s, {:.1} GB/s of weights ({:.0} % of the memory's)",
            lanes as f64 / per_step,
            bytes as f64 / per_step / 1e9,
            bytes as f64 / per_step / memory * 100.0
        );
    }
}

/// Bytes a second that all threads read together from memory that no cache holds.
fn read_memory() -> f64 {
    let words = vec![1u64; 64 << 20];
    let part = words.len().div_ceil(rayon::current_num_threads());
    let (seconds, sum) = best(|| {
        let sums = words.par_chunks(part).map(|part| part.iter().sum::<u64>());
        sums.sum::<u64>()
    });
    assert_eq!(sum, words.len() as u64);
    (8 * words.len()) as f64 / seconds
}

fn measure(text: &[u8], threads: usize, lanes: usize) {
    let model = builtin();
    let window = model.config().window;
    let predictor = ModelPredictor::new(model.clone(), window, WindowPolicy::Slide).expect("fits");
    let plan = Plan {
        lanes,
        prime_tokens: 256,
        mixer: MixerKind::Default,
        learns: true,
        start_values: model.start_values().clone(),
    };
    let per_byte = |seconds: f64| seconds * 1e6 / text.len() as f64;
    let (ahead, recording) = best(|| Recording::new(text, &predictor, &plan).expect("runs"));
    let (mixer, _) = best(|| recording.encode(predictor.vocabulary(), &plan));
    let code = || encode(text, &predictor, &plan, Encoder::new(Vec::new()), &|_| ()).expect("runs");
    let (whole, coded) = best(code);
    let back = || {
        decode(Decoder::new(&coded), text.len(), &predictor, &plan, &Unwatched)
            .and_then(Decoded::into_plain)
    };
    let (out, plain) = best(back);
    assert!(plain.expect("decodes") == text, "other bytes came back");
    println!(
        "{threads:>7} {lanes:>5}  {:>6.4}  {:>10.2} {:>10.2} {:>10.2}  {:>9.1} {:>9.1}",
        coded.len() as f64 * 8.0 / text.len() as f64,
        per_byte(ahead),
        per_byte(mixer),
        step(&predictor, text, lanes),
        text.len() as f64 / whole / 1e3,
        text.len() as f64 / out / 1e3,
    );
}

/// Microseconds per byte of the model alone when all lanes advance by one token at a time, on one
/// thread, with full windows.
fn step(predictor: &ModelPredictor, text: &[u8], lanes: usize) -> f64 {
    let tokens = predictor.tokenizer().encode(text).expect("encodes");
    let bytes_per_token = text.len() as f64 / tokens.len() as f64;
    single_steps(predictor, &tokens, 520, lanes, 1) / bytes_per_token
}

/// Microseconds of a token when so many lanes, which have seen `seen` tokens each, take single steps.
fn single_steps(
    predictor: &ModelPredictor,
    tokens: &[u32],
    seen: usize,
    lanes: usize,
    threads: usize,
) -> f64 {
    let mut session = predictor.lanes(lanes, RUN, usize::MAX, threads).expect("fits");
    let warm: Vec<u32> = tokens.iter().cycle().take(seen).copied().collect();
    for lane in 0..lanes {
        session.states(&[Feed { lane, tokens: &warm }], &mut |_, _, _: &QuantRows, _| ());
    }
    let steps = (256 / lanes).max(4);
    let (seconds, ()) = best(|| {
        for token in tokens.iter().take(steps) {
            let one = [*token];
            let feeds: Vec<_> = (0..lanes).map(|lane| Feed { lane, tokens: &one }).collect();
            PredictorLanes::advance(&mut session, &feeds, &mut |_, _, _| ());
        }
    });
    seconds * 1e6 / (steps * lanes) as f64
}
