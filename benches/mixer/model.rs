//! The mixer together with the builtin model, over recordings of what the model says.

use crate::{Options, bpb, cpu_time, cut, entries};
use llmzip::codec::{ModelPredictor, Plan, Predictor, Recording};
use llmzip::container::WindowPolicy;
use llmzip::mixer::{Beside, Learner, Mixer, MixerKind, Part, Parts, StartValues};
use llmzip::model::builtin;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::time::Instant;

/// Documents that are learned from have at most this many bytes; they are cut to several lengths up to it.
const DOCUMENT_MAX: usize = 24 << 10;
/// Bytes that are learned from, of each file of documents.
const LEARN_BYTES: usize = 200 << 10;
/// How often the documents are gone through.
const EPOCHS: usize = 3;

fn predictor() -> ModelPredictor {
    let model = builtin();
    let window = model.config().window;
    ModelPredictor::new(model, window, WindowPolicy::Slide).expect("the builtin fits")
}

fn plan(mixer: MixerKind, lanes: usize, start_values: &StartValues) -> Plan {
    // As groups of default parameters: the short ones do not learn.
    let learns = lanes > 1;
    Plan { lanes, prime_tokens: 256, mixer, learns, start_values: start_values.clone() }
}

/// Prints the model alone and with each kind of mixer, by file and group.
pub fn compare(options: &Options) {
    let predictor = predictor();
    let start = options.start();
    let kinds = &options.kinds;
    print!("{:32} {:>8} {:>9}", "", "bytes", "model");
    kinds.iter().for_each(|kind| print!("{:>18}", format!("{kind:?} bpb us/B")));
    println!();
    for group in entries(&options.corpus) {
        let name = group.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !group.is_dir()
            || options.group.as_ref().is_some_and(|g| !g.split(',').any(|g| g == name))
        {
            continue;
        }
        let mut total = vec![(0, 0.0, 0.0); kinds.len()];
        let mut model = (0, 0.0);
        for file in entries(&group) {
            let mut bytes = std::fs::read(&file).expect("a readable file");
            bytes.truncate(options.bytes);
            if bytes.is_empty() || options.file.as_ref().is_some_and(|f| !file.ends_with(f)) {
                continue;
            }
            let recorded = plan(MixerKind::Default, options.lanes, &start);
            let recording = Recording::new(&bytes, &predictor, &recorded).expect("the model runs");
            let ideal = recording.ideal_bits(predictor.vocabulary()) / 8.0;
            model = (model.0 + bytes.len(), model.1 + ideal);
            for (kind, total) in kinds.iter().zip(&mut total) {
                let began = cpu_time();
                let plan = plan(*kind, options.lanes, &start);
                let coded = recording.encode(predictor.vocabulary(), &plan).0.len();
                let took = cpu_time().saturating_sub(began).as_secs_f64();
                *total = (coded, total.1 + coded as f64, total.2 + took);
            }
            if options.files {
                let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                print!(
                    "  {name:30.30} {:>8} {:9.4}",
                    bytes.len(),
                    ideal * 8.0 / bytes.len() as f64
                );
                total.iter().for_each(|t| print!("{:18.4}", bpb(t.0, bytes.len())));
                println!();
            }
        }
        if model.0 > 0 {
            let per_byte = 1.0 / model.0 as f64;
            print!("{name:32} {:>8} {:9.4}", model.0, model.1 * 8.0 * per_byte);
            total
                .iter()
                .for_each(|t| print!("{:12.4}{:6.2}", t.1 * 8.0 * per_byte, t.2 * 1e6 * per_byte));
            println!();
        }
    }
}

/// The groups that are asked for, each with its files up to the number of bytes that is asked for.
fn groups(options: &Options) -> impl Iterator<Item = (String, Vec<Vec<u8>>)> {
    entries(&options.corpus).into_iter().filter(|group| group.is_dir()).filter_map(|group| {
        let name = group.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let asked = options.group.as_ref().is_none_or(|g| g.split(',').any(|g| g == name));
        let read = |file| {
            let mut bytes = std::fs::read(file).expect("a readable file");
            bytes.truncate(options.bytes);
            bytes
        };
        let files = || entries(&group).into_iter().map(read).filter(|b| !b.is_empty()).collect();
        asked.then(|| (name, files()))
    })
}

/// Prints what the model alone, the full mixer alone, and the default mixer with the model need in several numbers of
/// lanes, by group.
///
/// Times are those of one core if the model has but one thread (`RAYON_NUM_THREADS=1`).
pub fn table(options: &Options) {
    const LANES: [usize; 3] = [1, 8, 32];
    let predictor = predictor();
    let start = options.start();
    print!("{:12} {:>9} {:>14} {:>14}", "group", "bytes", "model us/B", "mixer us/B");
    LANES.iter().for_each(|lanes| print!(" {:>14}", format!("both, {lanes}  us/B")));
    println!();
    for (name, files) in groups(options) {
        let bytes: usize = files.iter().map(Vec::len).sum();
        // Bytes and seconds.
        let (mut model, mut mixer, mut both) = ((0.0, 0.0), (0.0, 0.0), [(0.0, 0.0); 3]);
        for file in &files {
            let began = cpu_time();
            mixer.0 += without_model(file, MixerKind::Full, &start).0.len() as f64;
            mixer.1 += cpu_time().saturating_sub(began).as_secs_f64();
            for (&lanes, both) in LANES.iter().zip(&mut both) {
                let plan = plan(MixerKind::Default, lanes.min(file.len()), &start);
                let began = Instant::now();
                let recording = Recording::new(file, &predictor, &plan).expect("the model runs");
                if lanes == 8 {
                    model.0 += recording.ideal_bits(predictor.vocabulary()) / 8.0;
                    model.1 += began.elapsed().as_secs_f64();
                }
                let began = cpu_time();
                both.0 += recording.encode(predictor.vocabulary(), &plan).0.len() as f64;
                both.1 += cpu_time().saturating_sub(began).as_secs_f64();
            }
        }
        print!("{name:12} {bytes:>9}");
        for (coded, seconds) in [model, mixer].into_iter().chain(both) {
            print!(" {:7.4} {:6.2}", coded * 8.0 / bytes as f64, seconds * 1e6 / bytes as f64);
        }
        println!();
    }
}

/// Leaves out each part of the mixer in turn, and prints what that costs beside the model.
pub fn ablate(options: &Options) {
    let predictor = predictor();
    for &kind in &options.kinds {
        let mut names = Vec::new();
        // Of each group: bytes with all parts, with learned start values, and without each part.
        let mut costs: Vec<Vec<f64>> = Vec::new();
        for (name, files) in groups(options) {
            let mut cost = vec![0.0; Part::ALL.len() + 2];
            for file in &files {
                let lanes = cut(file.len(), options.lanes);
                let plan = plan(kind, options.lanes, &StartValues::default());
                let recording = Recording::new(file, &predictor, &plan).expect("the model runs");
                let mut code = |i: usize, parts, start: &StartValues| {
                    let mixer = Mixer::with_parts(
                        kind,
                        Beside::new(true, lanes.len()),
                        &lanes,
                        start,
                        parts,
                    );
                    let coded = recording.encode_with(predictor.vocabulary(), mixer).0;
                    cost[i] += coded.len() as f64;
                };
                code(0, Parts::ALL, &StartValues::default());
                code(1, Parts::ALL, &options.start());
                for (i, (part, _)) in Part::ALL.into_iter().enumerate() {
                    code(i + 2, Parts::ALL.without(part), &StartValues::default());
                }
            }
            names.push(name);
            costs.push(cost);
        }
        println!("{kind:?} with the model: per cent more without");
        print!("{:32}", "");
        names.iter().for_each(|name| print!("{:>11}", &name[..name.len().min(10)]));
        println!();
        let row = |name: &str, of: &dyn Fn(&[f64]) -> f64| {
            print!("{name:32}");
            costs.iter().for_each(|cost| print!("{:>11.2}", (of(cost) - 1.0) * 100.0));
            println!();
        };
        row("learned start values", &|cost| cost[0] / cost[1]);
        for (i, (_, name)) in Part::ALL.into_iter().enumerate() {
            row(name, &|cost| cost[i + 2] / cost[0]);
        }
    }
}

/// Documents of a folder of files in which they are separated by zero bytes, one of each file in turn.
fn documents(folder: &Path) -> Vec<Vec<u8>> {
    let excluded = std::fs::read_to_string(folder.join("EXCLUDE.tsv")).unwrap_or_default();
    let mut files = Vec::new();
    for file in entries(folder).into_iter().filter(|f| f.extension().is_none()) {
        let text = std::fs::read(&file).expect("a readable file");
        let (mut left, mut chosen) = (LEARN_BYTES, Vec::new());
        for document in text.split(|&b| b == 0).filter(|d| d.len() >= 200) {
            let hash: String =
                Sha256::digest(document).iter().map(|b| format!("{b:02x}")).collect();
            if excluded.contains(&hash) {
                continue;
            }
            // Lengths of 0.75 to 24 KB, so that both the first bytes and the later ones count.
            let len = document.len().min(DOCUMENT_MAX >> (chosen.len() % 6)).min(left);
            chosen.push(document[..len].to_vec());
            left -= len;
            if left == 0 {
                break;
            }
        }
        files.push(chosen);
    }
    let most = files.iter().map(Vec::len).max().unwrap_or(0);
    (0..most).flat_map(|i| files.iter().filter_map(move |f| f.get(i).cloned())).collect()
}

/// Learns start values from the documents of a folder, and writes them.
pub fn learn(folder: &Path, out: &Path) {
    let predictor = predictor();
    let documents = documents(folder);
    println!(
        "{} documents, {} bytes",
        documents.len(),
        documents.iter().map(Vec::len).sum::<usize>()
    );
    let first = plan(MixerKind::Default, 1, &StartValues::default());
    let recorded =
        |document: &Vec<u8>| Recording::new(document, &predictor, &first).expect("the model runs");
    let texts: Vec<_> = documents.iter().map(|document| (document, recorded(document))).collect();
    let kinds = [
        (MixerKind::Full, Beside::Model),
        (MixerKind::Full, Beside::ModelInLanes),
        (MixerKind::Default, Beside::Model),
        (MixerKind::Full, Beside::Nothing),
        (MixerKind::Default, Beside::Nothing),
        (MixerKind::Light, Beside::Nothing),
        (MixerKind::Light, Beside::Model),
    ];
    let learn = &|&(kind, beside): &(MixerKind, Beside)| {
        let mut learner = Learner::new(kind, beside);
        let coded = learner.follow(&texts, EPOCHS, |(document, recording), start| {
            if !beside.has_model() {
                return without_model(document, kind, start);
            }
            let lane = cut(document.len(), 1);
            let mixer = Mixer::with_parts(kind, beside, &lane, start, Parts::ALL);
            recording.encode_with(predictor.vocabulary(), mixer)
        });
        println!("{kind:?} beside {beside:?}: {coded} bytes");
        learner.values()
    };
    let mut all = StartValues::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> = kinds.iter().map(|kind| scope.spawn(move || learn(kind))).collect();
        for thread in threads {
            all.merge(thread.join().expect("learns"));
        }
    });
    std::fs::write(out, all.to_bytes()).expect("a writable file");
}

fn without_model(document: &[u8], kind: MixerKind, start: &StartValues) -> (Vec<u8>, Mixer) {
    let mut encoder = llmzip::entropy::Encoder::new(Vec::new());
    let lanes = cut(document.len(), 1);
    let parts = llmzip::mixer::Parts::ALL;
    let mixer =
        crate::walk(&mut encoder, &lanes, kind, parts, start, |position| document[position]);
    (encoder.finish(), mixer)
}
