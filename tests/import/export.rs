//! Models of ours as directories of others, and back.

use super::*;
use llmzip::import::export_model;
use llmzip::model::{Config, builtin_bytes};

const FILES: [&str; 3] = ["config.json", "model.safetensors", "tokenizer.json"];

fn exported(model: &Model) -> Folder {
    let folder = Folder::new();
    export_model(model, folder.dir()).unwrap();
    folder
}

/// Import without what may change channels: then a model is what was published.
fn plain() -> ImportOptions {
    ImportOptions { separate_outliers: false, smooth_inputs: false, ..options() }
}

fn matrices(tensors: &Tensors) -> impl Iterator<Item = (&String, Vec<f32>, Vec<f32>, usize)> {
    tensors.iter().filter_map(|(name, (kind, shape, bytes))| {
        let (_, of_scales, scales) = tensors.get(&format!("{name}_scale"))?;
        assert_eq!((of_scales.len(), of_scales[0]), (2, shape[0]), "{name}");
        Some((name, floats(kind, bytes), floats("F32", scales), of_scales[1]))
    })
}

/// Whether a weight is a whole number of its scale.
fn is_whole(value: f32, scale: f32) -> bool {
    value == if scale == 0.0 { 0.0 } else { (value / scale).round() * scale }
}

#[test]
fn the_builtin_comes_back_byte_for_byte() {
    let folder = exported(&builtin());
    let again = import_model(folder.dir(), &ImportOptions::builtin()).unwrap();
    assert!(again == builtin_bytes(), "another model than the committed one");

    let tensors = read_tensors(&folder.path("model.safetensors"));
    let config = builtin().config().clone();
    assert_eq!(matrices(&tensors).count(), 1 + 7 * config.layers);
    for (name, values, scales, groups) in matrices(&tensors) {
        assert_eq!(groups, 1, "{name}: whole rows");
        for (row, scale) in values.chunks_exact(values.len() / scales.len()).zip(&scales) {
            let largest = row.iter().fold(0f32, |largest, value| largest.max(value.abs()));
            assert_eq!(largest / 63.0, *scale, "{name}");
            assert!(row.iter().all(|&value| is_whole(value, *scale)), "{name}");
        }
    }
}

#[test]
fn other_programs_read_the_builtins_tokenizer_and_give_the_same_ids() {
    let folder = exported(&builtin());
    let theirs = tokenizers::Tokenizer::from_file(folder.path("tokenizer.json")).unwrap();
    assert_eq!(theirs.get_vocab_size(true), 8192);
    assert_eq!(theirs.token_to_id("<|endoftext|>"), Some(0));
    let model = builtin();
    let ours = model.tokenizer();
    for text in [
        "The quick brown fox, don't you see? 12345\r\n\n\tdef f(x):\n        return x\n",
        "Größe, naïve café; 日本語のテキスト, Привет \u{1F600}\u{301}",
        include_str!("../../corpus/text/tides.md"),
    ] {
        let ranks = ours.encode(text.as_bytes()).unwrap();
        let ids: Vec<u32> =
            ranks.iter().map(|&rank| ours.spec().original_ids()[rank as usize]).collect();
        assert_eq!(theirs.encode_fast(text, false).unwrap().get_ids(), ids);
        assert_eq!(theirs.decode(&ids, false).unwrap(), text);
    }
}

#[test]
fn every_family_comes_back() {
    let windows = &windows_of_layers()[..];
    let untied = ("tie_word_embeddings", json!(false));
    let odd = [("rms_norm_eps", json!(1.234_567e-5)), ("rope_theta", json!(1_000_000.0))];
    for (what, config) in [
        ("qwen3, windows", changed_config("qwen3", windows)),
        ("qwen2, biases, untied", changed_config("qwen2", std::slice::from_ref(&untied))),
        ("llama", changed_config("llama", &odd)),
        ("mistral", changed_config("mistral", &[("sliding_window", json!(40)), untied])),
    ] {
        let published = Folder::new();
        small_model(&published, config);
        for group in [0, 64, 128] {
            let options = ImportOptions { group, ..plain() };
            let first = import_model(published.dir(), &options).unwrap();
            let folder = exported(&open(&first));
            let second = import_model(folder.dir(), &options).unwrap();
            assert!(first == second, "{what}, groups of {group}");
        }
    }
}

#[test]
fn weights_of_four_bits_are_written_as_what_they_stand_for() {
    let published = Folder::new();
    small_model(&published, small_config("llama"));
    let text = Random(5).bytes(150);
    // Numbers of a scale, as files of before there were steps have them, with biases and an output layer of its own.
    let older = tiny_llmw(3, |config| {
        (config.architecture, config.qk_norm) = (llmzip::model::Architecture::Qwen2, false);
        (config.qkv_bias, config.tied, config.weight_bits) = (true, false, 4);
    });
    for bits in [Bits::Four, Bits::FourNearest] {
        let stepped = import_model(published.dir(), &ImportOptions { bits, ..plain() }).unwrap();
        // Weights that are only noise make products larger, and what is lost of them too.
        for (model, what, like) in [(&stepped, "steps", 0.999), (&older, "a scale", 0.9)] {
            let model = open(model);
            let folder = exported(&model);
            // The float model of what was written predicts what ours does.
            let found = compare_with_float(&model, folder.dir(), &text).unwrap();
            println!("{what}: {found:?}");
            assert!(found.worst_cosine > like, "{what}: {found:?}");
            // And within groups weights are whole numbers of the scale.
            for (name, values, scales, groups) in matrices(&read_tensors(&folder.path(FILES[1]))) {
                let cols = values.len() / (scales.len() / groups);
                for (at, value) in values.iter().enumerate() {
                    let scale = scales[at / cols * groups + at % cols / 64];
                    assert!(is_whole(*value, scale), "{name}: {value}");
                }
            }
            // Written again, the same: the tensors and not only what is read of them.
            let again = import_model(folder.dir(), &plain()).unwrap();
            let (once, twice) = (exported(&open(&again)), Folder::new());
            let back = import_model(once.dir(), &plain()).unwrap();
            export_model(&open(&back), twice.dir()).unwrap();
            for file in FILES {
                let same =
                    fs::read(once.path(file)).unwrap() == fs::read(twice.path(file)).unwrap();
                assert!(same, "{what}: {file}");
            }
        }
    }
}

#[test]
fn moved_channels_stay_where_they_are_and_predict_the_same() {
    let published = Folder::new();
    outliers::with_outliers(&published, 100.0, true);
    let apart = ImportOptions { smooth_inputs: false, ..options() };
    let model = open(&import_model(published.dir(), &apart).unwrap());
    assert!(model.config().hidden > 192, "no channel was moved");
    let folder = exported(&model);
    let found = compare_with_float(&model, folder.dir(), &Random(6).bytes(150)).unwrap();
    assert!(found.worst_cosine > 0.999, "{found:?}");
    let again = open(&import_model(folder.dir(), &plain()).unwrap());
    assert_eq!(again.config().hidden, model.config().hidden);
}

#[test]
fn tokenizers_of_characters_and_lent_bytes_come_back() {
    for newer in [false, true] {
        let json = sentencepiece_json(newer).to_string();
        let spec = TokenizerSpec::from_tokenizer_json(json.as_bytes(), 400).unwrap();
        let written = spec.to_tokenizer_json().unwrap();
        assert_eq!(TokenizerSpec::from_tokenizer_json(&written, 400).unwrap(), spec);
        let (before, after): (tokenizers::Tokenizer, tokenizers::Tokenizer) =
            (json.parse().unwrap(), std::str::from_utf8(&written).unwrap().parse().unwrap());
        let text = "the cat and the café an  end\n0123 日本語 \u{1F600}";
        let ids =
            |of: &tokenizers::Tokenizer| of.encode_fast(text, false).unwrap().get_ids().to_vec();
        assert_eq!(ids(&after), ids(&before));
    }
}

#[test]
fn what_a_directory_cannot_say_is_refused_and_nothing_stays() {
    let scaled = json!({ "rope_type": "linear", "factor": 3.0 });
    let published = Folder::new();
    let mut config = small_config("llama");
    config["rope_scaling"] = scaled;
    small_model(&published, config);
    let scaled = import_model(published.dir(), &plain()).unwrap();
    let tiny = |adapt: fn(&mut Config)| tiny_llmw(5, adapt);
    for (bytes, word) in [
        (scaled, "rotary"),
        (tiny(|config| config.block_windows = vec![24, 12]), "window"),
        (tiny(|config| config.qk_norm = false), "norms"),
    ] {
        let folder = Folder::new();
        let dir = folder.path("out");
        let error = export_model(&open(&bytes), &dir).unwrap_err().to_string();
        assert!(error.contains(word) && !error.contains('\n'), "{error}");
        assert!(!dir.exists(), "{word}");
    }
}

#[test]
fn files_that_are_there_are_not_touched() {
    let folder = Folder::new();
    fs::write(folder.path("notes.txt"), "mine").unwrap();
    let error = export_model(&builtin(), folder.dir()).unwrap_err().to_string();
    assert!(error.contains("files in it"), "{error}");
    assert_eq!(fs::read_dir(folder.dir()).unwrap().count(), 1);
    // A file where the directory should be, or below one.
    assert!(export_model(&builtin(), &folder.path("notes.txt")).is_err());
    assert!(export_model(&builtin(), &folder.path("notes.txt/below")).is_err());
    assert_eq!(fs::read(folder.path("notes.txt")).unwrap(), b"mine");
}
