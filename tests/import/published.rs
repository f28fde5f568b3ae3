//! Random weights of published shapes beside the float32 logits of the transformers package.

use super::*;

/// Directories of `scripts/make_random_model.py` with a stored reference, if there are any.
#[test]
fn published_shapes_agree_with_transformers() {
    let Some(root) = std::env::var_os("LLMZIP_RANDOM_MODELS") else {
        println!("skipped: LLMZIP_RANDOM_MODELS names no folder of random models");
        return;
    };
    let mut failed = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let dir = entry.unwrap().path();
        let Ok(reference) = fs::read(dir.join("reference.bin")) else { continue };
        let group = std::env::var("LLMZIP_GROUP").map_or(64, |group| group.parse().unwrap());
        let options = ImportOptions { group, ..ImportOptions::large("random") };
        let folder = Folder::new();
        import_to_file(&dir, &options, &folder.path("m.llmw")).unwrap();
        let model = Storage::from_file(&folder.path("m.llmw")).and_then(Model::open).unwrap();
        let Agreement { worst, mean, same, n } = against_reference(&Arc::new(model), &reference);
        let name = dir.file_name().unwrap().to_string_lossy().into_owned();
        println!(
            "| {name} | {worst:.5} | {mean:.5} | {:.0} % of {n} |",
            100.0 * same as f64 / n as f64
        );
        // What 8 bits give at this width is told in `src/import/QUANTISATION.md`.
        let bound = match &*name {
            "tinyllama-1.1b" => 0.996,
            "tinyllama-1.1b-scaled" => 0.9985,
            _ => 0.999,
        };
        if worst < bound {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "below the bound: {failed:?}");
}

/// How our logits go together with others.
struct Agreement {
    /// The smallest cosine of any position.
    worst: f64,
    mean: f64,
    /// Positions with the same best token.
    same: usize,
    n: usize,
}

fn against_reference(model: &Arc<Model>, reference: &[u8]) -> Agreement {
    let word = |at: usize| u32::from_le_bytes(reference[4 * at..4 * at + 4].try_into().unwrap());
    let (n, vocab) = (word(0) as usize, word(1) as usize);
    let logits =
        |at: usize, id: u32| f64::from(f32::from_bits(word(2 + n + at * vocab + id as usize)));
    let ids = model.tokenizer().spec().original_ids();
    let rank = |id: u32| ids.iter().position(|i| *i == id).unwrap() as u32;
    let mut tokens = vec![model.config().start_row];
    tokens.extend((1..n).map(|at| rank(word(2 + at))));
    let isa = Isa::choose().unwrap();
    let mut session = Session::new(model.clone(), isa, 1, 1024, WindowPolicy::Slide, 64).unwrap();
    let (mut worst, mut sum, mut same) = (1f64, 0f64, 0);
    session.advance(&[Feed { lane: 0, tokens: &tokens }], |_, at, frequencies| {
        let theirs: Vec<f64> = ids.iter().map(|&id| logits(at, id)).collect();
        let ours: Vec<f64> = frequencies.as_slice().iter().map(|&f| f64::from(f).ln()).collect();
        let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
        let (a, b) = (mean(&theirs), mean(&ours));
        let (mut dot, mut aa, mut bb) = (0.0, 0.0, 0.0);
        for (x, y) in theirs.iter().zip(&ours) {
            let (x, y) = (x - a, y - b);
            (dot, aa, bb) = (dot + x * y, aa + x * x, bb + y * y);
        }
        let cosine = dot / (aa * bb).sqrt();
        (worst, sum) = (worst.min(cosine), sum + cosine);
        let best = |v: &[f64]| (0..v.len()).max_by(|&i, &j| v[i].total_cmp(&v[j])).unwrap();
        same += usize::from(best(&theirs) == best(&ours));
    });
    Agreement { worst, mean: sum / n as f64, same, n }
}
