//! What the mixer alone makes of a folder of files, by group (sub-folder): bytes, bits per byte, time.
//!
//! ```text
//! cargo bench --no-default-features --bench mixer -- CORPUS [--kind light|default|full] [--group NAME]
//!     [--files] [--no-check] [--lanes N] [--without PART] [--ablate]
//! cargo bench --no-default-features --features threads --bench mixer -- CORPUS --model [--lanes N] [--bytes N]
//!     [--kind KIND] [--group NAME,NAME] [--file NAME] [--files] [--start FILE] [--ablate]
//! cargo bench --no-default-features --features threads --bench mixer -- CORPUS --table [--bytes N] [--group NAME,NAME]
//! cargo bench --no-default-features --features threads --bench mixer -- DOCUMENTS --learn OUT
//! ```
//!
//! `--model` shows what the builtin model needs alone and with each kind of mixer, up to `--bytes` of each file.
//! `--table` shows the model alone, the full mixer alone, and the default mixer with the model in 1, 8 and 32 lanes.
//! `--learn` makes start values from documents that zero bytes separate.
//!
//! Every file is one group of one lane (or `--lanes`), decoded again and compared unless `--no-check` is given.
//! `--without` leaves out one part, named as in the output of `--ablate`, which leaves out each part of the mixer in turn and prints what that costs.

#[path = "mixer/model.rs"]
mod model;

use llmzip::entropy::{BinaryCoder, Decoder, Encoder};
use llmzip::mixer::{Beside, Mixer, MixerKind, Part, Parts, StartValues};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

struct Options {
    corpus: PathBuf,
    kinds: Vec<MixerKind>,
    group: Option<String>,
    files: bool,
    check: bool,
    ablate: bool,
    /// Model, mixer and both, side by side.
    table: bool,
    lanes: usize,
    parts: Parts,
    /// Together with the builtin model.
    model: bool,
    /// Where to write learned start values.
    learn: Option<PathBuf>,
    start: Option<PathBuf>,
    /// At most so many bytes of each file, with the model.
    bytes: usize,
    file: Option<String>,
}

impl Options {
    fn start(&self) -> StartValues {
        self.start.as_ref().map_or_else(StartValues::generic, |file| {
            StartValues::from_bytes(&std::fs::read(file).expect("a readable file"))
                .expect("start values")
        })
    }
}

fn main() {
    let options = options();
    if let Some(out) = &options.learn {
        return model::learn(&options.corpus, out);
    }
    match (options.model, options.ablate, options.table) {
        (_, _, true) => return model::table(&options),
        (true, true, _) => return model::ablate(&options),
        (true, false, _) => return model::compare(&options),
        _ => {}
    }
    if options.ablate {
        return ablate(&options);
    }
    for &kind in &options.kinds {
        println!("{kind:?}");
        let sizes = run(&options, kind, options.parts, true);
        let total: usize = sizes.values().map(|s| s.0).sum();
        let coded: usize = sizes.values().map(|s| s.1).sum();
        println!("{:24} {total:>10} {coded:>9} {:7.4} bpb", "total", bpb(coded, total));
    }
}

fn options() -> Options {
    let mut options = Options {
        corpus: PathBuf::new(),
        kinds: MixerKind::ALL.to_vec(),
        group: None,
        files: false,
        check: true,
        ablate: false,
        table: false,
        lanes: 1,
        parts: Parts::ALL,
        model: false,
        learn: None,
        start: None,
        bytes: usize::MAX,
        file: None,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().unwrap_or_else(|| panic!("{arg} needs a value"));
        match arg.as_str() {
            "--bench" => {}
            "--kind" => {
                options.kinds = vec![match value().as_str() {
                    "light" => MixerKind::Light,
                    "default" => MixerKind::Default,
                    "full" => MixerKind::Full,
                    other => panic!("no kind {other}"),
                }];
            }
            "--group" => options.group = Some(value()),
            "--lanes" => options.lanes = value().parse().expect("a number of lanes"),
            "--without" => {
                let name = value();
                let part = Part::ALL.iter().find(|(_, n)| *n == name).expect("the name of a part");
                options.parts = options.parts.without(part.0);
            }
            "--files" => options.files = true,
            "--no-check" => options.check = false,
            "--ablate" => options.ablate = true,
            "--table" => options.table = true,
            "--model" => options.model = true,
            "--learn" => options.learn = Some(value().into()),
            "--start" => options.start = Some(value().into()),
            "--bytes" => options.bytes = value().parse().expect("a number of bytes"),
            "--file" => options.file = Some(value()),
            path => options.corpus = path.into(),
        }
    }
    assert!(options.corpus.is_dir(), "name a folder of groups (folders) of files");
    options
}

/// Plain and coded bytes by group.
type Sizes = BTreeMap<String, (usize, usize)>;

fn run(options: &Options, kind: MixerKind, parts: Parts, print: bool) -> Sizes {
    let mut sizes = Sizes::new();
    for group in entries(&options.corpus) {
        let name = group.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !group.is_dir() || options.group.as_ref().is_some_and(|g| g != &name) {
            continue;
        }
        let (mut plain, mut coded, mut time) = (0, 0, Duration::ZERO);
        for file in entries(&group) {
            let bytes = std::fs::read(&file).expect("a readable file");
            let lanes = cut(bytes.len(), options.lanes);
            let start = cpu_time();
            let out = encode(&bytes, &lanes, kind, parts);
            let took = cpu_time().saturating_sub(start);
            if options.check {
                assert!(
                    decode(&out, &lanes, kind, parts) == bytes,
                    "{} did not come back",
                    file.display()
                );
            }
            if options.files && print {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                row(&format!("  {name}"), bytes.len(), out.len(), took);
            }
            plain += bytes.len();
            coded += out.len();
            time += took;
        }
        if print {
            row(&name, plain, coded, time);
        }
        sizes.insert(name, (plain, coded));
    }
    sizes
}

/// Time that this thread has spent computing; where the system does not say, time that has passed.
fn cpu_time() -> Duration {
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = spent.and_then(|s| s.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(
        || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
        Duration::from_nanos,
    )
}

fn row(name: &str, plain: usize, coded: usize, time: Duration) {
    let per_byte = time.as_secs_f64() * 1e6 / plain.max(1) as f64;
    println!("{name:24} {plain:>10} {coded:>9} {:7.4} bpb {per_byte:6.3} us/B", bpb(coded, plain));
}

fn bpb(coded: usize, plain: usize) -> f64 {
    coded as f64 * 8.0 / plain.max(1) as f64
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("a readable folder")
        .map(|entry| entry.expect("a readable entry").path())
        .collect();
    paths.sort();
    paths
}

fn cut(len: usize, n: usize) -> Vec<Range<usize>> {
    (0..n).map(|i| len * i / n..len * (i + 1) / n).collect()
}

fn encode(bytes: &[u8], lanes: &[Range<usize>], kind: MixerKind, parts: Parts) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    walk(&mut encoder, lanes, kind, parts, &StartValues::generic(), |position| bytes[position]);
    encoder.finish()
}

fn decode(coded: &[u8], lanes: &[Range<usize>], kind: MixerKind, parts: Parts) -> Vec<u8> {
    let mut decoder = Decoder::new(coded);
    let mixer = walk(&mut decoder, lanes, kind, parts, &StartValues::generic(), |_| 0);
    decoder.finish().expect("a whole stream");
    (0..lanes.len()).flat_map(|lane| mixer.coded(lane).to_vec()).collect()
}

fn walk(
    coder: &mut impl BinaryCoder,
    lanes: &[Range<usize>],
    kind: MixerKind,
    parts: Parts,
    start: &StartValues,
    byte_at: impl Fn(usize) -> u8,
) -> Mixer {
    let mut mixer = Mixer::with_parts(kind, Beside::Nothing, lanes, start, parts);
    let longest = lanes.iter().map(|l| l.len()).max().unwrap_or(0);
    for step in 0..longest {
        for (lane, range) in lanes.iter().enumerate().filter(|(_, r)| step < r.len()) {
            mixer.begin_token(lane, 0);
            let byte = byte_at(range.start + step);
            for shift in (0..8).rev() {
                let p = mixer.predict_bit(None);
                let bit = coder.code(byte >> shift & 1 == 1, p);
                mixer.update_bit(bit);
            }
            mixer.end_token();
        }
    }
    mixer
}

fn ablate(options: &Options) {
    for &kind in &options.kinds {
        let whole = run(options, kind, Parts::ALL, false);
        let names: Vec<_> = whole.keys().cloned().collect();
        println!("{kind:?}: per cent more without");
        print!("{:32}", "");
        names.iter().for_each(|name| print!("{:>11}", &name[..name.len().min(10)]));
        println!();
        for (part, name) in Part::ALL {
            let less = run(options, kind, Parts::ALL.without(part), false);
            print!("{name:32}");
            for group in &names {
                let (all, without) = (whole[group].1 as f64, less[group].1 as f64);
                print!("{:>11.2}", (without / all - 1.0) * 100.0);
            }
            println!();
        }
    }
}
