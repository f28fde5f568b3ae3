//! What mixing does to a model that is much better than the builtin one, and start values learned with such a model.
//!
//! ```text
//! cargo bench --no-default-features --features threads --bench strong -- MODEL.llmw NOTES FILE... [--bytes N]
//!     [--kind full|default] [--start VALUES]...
//! cargo bench --no-default-features --features threads --bench strong -- MODEL.llmw NOTES FILE... [--bytes N]
//!     --documents --learn VALUES
//! ```
//!
//! The model's answers are noted once, in the folder NOTES, so that mixers can be compared in milliseconds. Of each
//! file's first bytes (all lanes are one) a row says what the model needs alone, the mixer alone, and both with the
//! model's own start values and with each of the others. `--documents` takes the files for documents that zero bytes
//! separate, as training text is kept, and cuts short pieces out of them.

use llmzip::codec::{ModelPredictor, Plan, Predictor, Recording, encode_without_model, learn_from};
use llmzip::container::WindowPolicy;
use llmzip::entropy::Encoder;
use llmzip::mixer::{MixerKind, StartValues};
use llmzip::model::{Model, Storage};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Documents that are learned from have at most this many bytes.
const DOCUMENT_MAX: usize = 8 << 10;

struct Options {
    model: PathBuf,
    notes: PathBuf,
    files: Vec<PathBuf>,
    bytes: usize,
    kind: MixerKind,
    starts: Vec<PathBuf>,
    documents: bool,
    learn: Option<PathBuf>,
}

fn main() {
    let options = options();
    let storage = Storage::from_file(&options.model).expect("a readable model");
    let model = Arc::new(Model::open(storage).expect("a model"));
    let window = model.config().window;
    let noted = Notes {
        predictor: ModelPredictor::new(model.clone(), window, WindowPolicy::Slide)
            .expect("the model runs here"),
        model: model.clone(),
        folder: options.notes.clone(),
    };
    match &options.learn {
        Some(out) => learn(&options, &noted, out),
        None => compare(&options, &noted),
    }
}

/// The model's answers, from the folder or from the model.
struct Notes {
    model: Arc<Model>,
    predictor: ModelPredictor,
    folder: PathBuf,
}

impl Notes {
    fn of(&self, text: &[u8]) -> Recording {
        let plan = plan(MixerKind::Full, &StartValues::default());
        let mut name = Sha256::new_with_prefix(self.model.id().0);
        name.update(text);
        let name: String = name.finalize()[..10].iter().map(|b| format!("{b:02x}")).collect();
        let path = self.folder.join(name);
        if let Ok(bytes) = std::fs::read(&path) {
            let answers = bytes.as_chunks().0.iter().map(|&b| u32::from_le_bytes(b)).collect();
            return Recording::of_answers(text, self.predictor.tokenizer(), &plan, answers)
                .expect("answers that were noted for this text");
        }
        let recording = Recording::new(text, &self.predictor, &plan).expect("the model runs");
        let bytes: Vec<u8> = recording.answers().into_iter().flat_map(u32::to_le_bytes).collect();
        std::fs::write(&path, bytes).expect("a writable folder of notes");
        recording
    }
}

fn plan(mixer: MixerKind, start: &StartValues) -> Plan {
    Plan { lanes: 1, prime_tokens: 0, mixer, learns: false, start_values: start.clone() }
}

fn read_start(path: &PathBuf) -> StartValues {
    if path.as_os_str() == "rules" {
        return StartValues::strong_rules();
    }
    StartValues::from_bytes(&std::fs::read(path).expect("a readable file")).expect("start values")
}

/// The texts that are asked for, each with its name.
fn texts(options: &Options) -> Vec<(String, Vec<u8>)> {
    let mut texts = Vec::new();
    for path in &options.files {
        let bytes = std::fs::read(path).expect("a readable file");
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if options.documents {
            let pieces = documents(path, &bytes, options.bytes);
            texts.extend(pieces.into_iter().map(|piece| (name.clone(), piece)));
        } else {
            texts.push((name, bytes[..options.bytes.min(bytes.len())].to_vec()));
        }
    }
    texts.retain(|(_, text)| !text.is_empty());
    texts
}

/// Beginnings of the documents in a file, of 1 to 8 KB, so many bytes in all.
fn documents(path: &Path, bytes: &[u8], total: usize) -> Vec<Vec<u8>> {
    let excluded = path.with_file_name("EXCLUDE.tsv");
    let excluded = std::fs::read_to_string(excluded).unwrap_or_default();
    let (mut left, mut chosen) = (total, Vec::new());
    for document in bytes.split(|&b| b == 0).filter(|d| d.len() >= 200) {
        let hash: String = Sha256::digest(document).iter().map(|b| format!("{b:02x}")).collect();
        if excluded.contains(&hash) {
            continue;
        }
        let len = document.len().min(DOCUMENT_MAX >> (chosen.len() % 4)).min(left);
        chosen.push(document[..len].to_vec());
        left -= len;
        if left == 0 {
            break;
        }
    }
    chosen
}

fn compare(options: &Options, notes: &Notes) {
    let own = notes.model.start_values().clone();
    let starts: Vec<_> =
        std::iter::once(own).chain(options.starts.iter().map(read_start)).collect();
    let vocabulary = notes.predictor.vocabulary();
    println!(
        "{:32} {:>7} {:>8} {:>8}  both, and per cent of the model alone",
        "", "bytes", "model", "mixer"
    );
    let mut sums = vec![0.0; starts.len()];
    let texts = texts(options);
    for (name, text) in &texts {
        let recording = notes.of(text);
        let len = text.len() as f64;
        let alone = recording.ideal_bits(vocabulary) / len;
        let bpb = |coded: Vec<u8>| coded.len() as f64 * 8.0 / len;
        let coder = Encoder::new(Vec::new());
        let mixer_plan = plan(MixerKind::Full, &StartValues::generic());
        let mixer = bpb(encode_without_model(text, &mixer_plan, coder, &|_| ()));
        print!("{name:32.32} {len:>7} {alone:8.4} {mixer:8.4}");
        for (start, sum) in starts.iter().zip(&mut sums) {
            let both = bpb(recording.encode(vocabulary, &plan(options.kind, start)).0);
            *sum += (both / alone).ln() / texts.len() as f64;
            print!("  {both:7.4} {:+6.2}", (both / alone - 1.0) * 100.0);
        }
        println!();
    }
    print!("{:58}", "geometric mean");
    sums.iter().for_each(|sum| print!("  {:>7} {:+6.2}", "", (sum.exp() - 1.0) * 100.0));
    println!();
}

fn learn(options: &Options, notes: &Notes, out: &PathBuf) {
    let mut texts = texts(options);
    // One of each file in turn.
    let mut seen = std::collections::HashMap::new();
    texts.sort_by_cached_key(|(name, _)| {
        let n = seen.entry(name.clone()).or_insert(0);
        *n += 1;
        (*n, name.clone())
    });
    let recordings: Vec<_> = texts.iter().map(|(_, text)| notes.of(text)).collect();
    let vocabulary = notes.predictor.vocabulary();
    let mut watch = |kind, beside, bytes| println!("{kind:?} beside {beside:?}: {bytes} bytes");
    let all = learn_from(&recordings, vocabulary, &StartValues::strong_rules(), &mut watch);
    std::fs::write(out, all.to_bytes()).expect("a writable file");
}

fn options() -> Options {
    let mut options = Options {
        model: PathBuf::new(),
        notes: PathBuf::new(),
        files: Vec::new(),
        bytes: usize::MAX,
        kind: MixerKind::Full,
        starts: Vec::new(),
        documents: false,
        learn: None,
    };
    let mut paths = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().unwrap_or_else(|| panic!("{arg} needs a value"));
        match arg.as_str() {
            "--bench" => {}
            "--bytes" => options.bytes = value().parse().expect("a number of bytes"),
            "--kind" => {
                options.kind = match value().as_str() {
                    "full" => MixerKind::Full,
                    "default" => MixerKind::Default,
                    "light" => MixerKind::Light,
                    other => panic!("no kind {other}"),
                }
            }
            "--start" => options.starts.push(value().into()),
            "--documents" => options.documents = true,
            "--learn" => options.learn = Some(value().into()),
            path => paths.push(PathBuf::from(path)),
        }
    }
    assert!(paths.len() > 2, "name a model, a folder for notes, and files");
    options.files = paths.split_off(2);
    options.notes = paths.pop().expect("two paths are left");
    options.model = paths.pop().expect("one path is left");
    options
}
