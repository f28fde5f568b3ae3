//! Changed, cut and made-up files at every door: an error or a result, never a panic.

#![cfg(feature = "cli")]

mod common;

use allocation_counter::measure;
use common::doors::{llmw_resealed, resealed};
use common::frames::{Models, decompressed, part, recovered};
use common::samples::{Packed, packed_files, samples, stepped_content};
use common::{Random, byte_level_json, frames, hostile, mutate};
use llmzip::container::WindowPolicy;
use llmzip::import::{ImportOptions, import_model};
use llmzip::kernels::Isa;
use llmzip::model::{Feed, Layout, Model, Session, Storage};
use llmzip::stream::{self, DecompressOptions, NoProgress};
use proptest::prelude::*;
use std::io::{self, Cursor};
use std::sync::Arc;

#[test]
fn the_samples_are_files_that_come_in() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    for (name, door, sample) in samples() {
        door(sample);
        match *name {
            "safetensors" => {
                std::fs::write(dir.join("config.json"), hostile::CONFIG).unwrap();
                std::fs::write(dir.join("tokenizer.json"), byte_level_json()).unwrap();
                std::fs::write(dir.join("model.safetensors"), sample).unwrap();
                import_model(dir, &ImportOptions::large("x")).unwrap();
            }
            "gguf" => {
                std::fs::write(dir.join("x.gguf"), sample).unwrap();
                import_model(&dir.join("x.gguf"), &ImportOptions::large("x")).unwrap();
            }
            "onnx" => {
                hostile::onnx_folder(dir, sample);
                import_model(&dir.join("x.onnx"), &ImportOptions::large("x")).unwrap();
            }
            "container_long" => {
                let file = [&llmzip::container::LONG_MAGIC, &sample[..]].concat();
                assert!(decompressed(&file).1 == packed_files()[1].plain);
            }
            "container_short" => {
                let file = [&llmzip::container::SHORT_MAGIC, &sample[..]].concat();
                assert!(decompressed(&file).1 == packed_files()[7].plain);
            }
            _ => {}
        }
    }
}

/// Bits that flip, a cut, a part put elsewhere, and bytes of nobody's making.
fn spoilt(sample: &[u8], seed: u64) -> Vec<u8> {
    let mut random = Random(seed | 1);
    let mut bytes = sample.to_vec();
    // Headers are where the decisions are made.
    let place = |random: &mut Random, len: usize| match random.below(3) {
        0 => random.below(len),
        1 => random.below(len.min(64)),
        _ => random.below(len.min(2000)),
    };
    for _ in 0..1 + random.below(4) {
        if bytes.is_empty() {
            break;
        }
        let at = place(&mut random, bytes.len());
        match random.below(6) {
            0 => bytes.truncate(at),
            1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)],
            3 => {
                let end = (at + 8).min(bytes.len());
                bytes[at..end].fill([0, 0xff][random.below(2)]);
            }
            4 => {
                let (from, len) = (random.below(bytes.len()), random.below(40));
                let part = bytes[from..(from + len).min(bytes.len())].to_vec();
                bytes.splice(at..at, part);
            }
            _ => {
                let len = random.below(30);
                let noise = random.bytes(len);
                let end = (at + len).min(bytes.len());
                bytes.splice(at..end, noise);
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spoilt_files_end_in_an_error_or_a_result(seed in any::<u64>()) {
        for (_, door, sample) in samples() {
            door(&spoilt(sample, seed));
        }
    }

    #[test]
    fn made_up_bytes_end_in_an_error_or_a_result(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        for (_, door, _) in samples() {
            door(&bytes);
        }
    }
}

/// More cases for files without a coded group, which take next to no time.
fn cases(file: &[u8], with_codec: u64) -> u64 {
    let frames = stream::inspect(file).unwrap();
    let is_coded = frames.iter().flat_map(|frame| &frame.groups).any(|g| g.method.is_coded());
    if is_coded { with_codec } else { 10 * with_codec }
}

#[test]
fn the_samples_come_back_in_every_way() {
    for Packed { file, plain, .. } in packed_files() {
        let (done, whole) = frames::all_ways(file);
        done.unwrap();
        assert!(whole == *plain);
    }
}

#[test]
fn a_changed_field_under_right_checks_says_the_same_everywhere() {
    let (mut accepted, mut refused) = (0, 0);
    for (number, packed) in packed_files().iter().enumerate() {
        for seed in 0..cases(&packed.file, 40) {
            let mut random = Random((number as u64) << 32 | seed << 1 | 1);
            let Some(file) = mutate::any_frame(&mut random, &packed.file) else {
                panic!("sample {number} cannot be taken apart");
            };
            let case = format!("sample {number}, seed {seed}");
            let Ok((done, _)) = std::panic::catch_unwind(|| frames::all_ways(&file)) else {
                panic!("{case}: {}", llmzip::container::hex(&file));
            };
            *(if done.is_ok() { &mut accepted } else { &mut refused }) += 1;
        }
    }
    // Otherwise the changes stop at a check, or change nothing.
    assert!(accepted > 100 && refused > 500, "{accepted} accepted, {refused} refused");
}

#[test]
fn what_comes_of_a_spoilt_file_are_bytes_of_the_original() {
    for (number, Packed { file, plain, groups }) in packed_files().iter().enumerate() {
        let is_joined = number == packed_files().len() - 1;
        for seed in 0..cases(file, 20) {
            let case = format!("sample {number}, seed {seed}");
            let spoilt = spoilt(file, (number as u64) << 32 | seed << 1);
            let (done, whole) = decompressed(&spoilt);
            // A frame that is cut off or doubled as a whole leaves no trace.
            assert!(plain.starts_with(&whole) || is_made_of_groups(&whole, groups), "{case}");
            assert!(done.is_err() || whole == *plain || is_joined, "{case}");
            let mut random = Random(seed | 1);
            let start = random.below(plain.len() + 1);
            let end = start + random.below(plain.len() - start + 1);
            if let (Ok(()), got) = part(&spoilt, start as u64..end as u64) {
                assert!(got == plain[start..end] || is_joined, "{case}: {start}..{end}");
            }
            let (_, saved) = recovered(&spoilt);
            assert!(is_made_of_groups(&saved, groups), "{case}");
        }
    }
}

/// Whether some bytes are groups of the original, in whatever order: a copied part of a file may
/// hold a whole frame of its own.
fn is_made_of_groups(saved: &[u8], groups: &[Vec<u8>]) -> bool {
    saved.is_empty()
        || groups.iter().any(|group| {
            saved.starts_with(group) && is_made_of_groups(&saved[group.len()..], groups)
        })
}

#[test]
fn changed_fields_of_models_and_weights_end_in_an_error_or_a_result() {
    for (name, door, sample) in samples() {
        let change = match *name {
            "llmw_resealed" => mutate::llmw,
            "tokenizer_json" => mutate::json_text,
            "safetensors" => mutate::safetensors,
            "gguf" => mutate::gguf,
            "onnx" => mutate::onnx,
            _ => continue,
        };
        for seed in 0..150 {
            let changed = change(&mut Random(seed << 1 | 1), sample);
            door(&changed.unwrap_or_else(|| panic!("{name} cannot be taken apart")));
        }
    }
}

#[test]
fn changed_fields_of_a_model_with_steps_end_in_an_error_or_a_result() {
    let content = stepped_content();
    resealed_model(&content).unwrap();
    for seed in 0..300 {
        let changed = mutate::llmw(&mut Random(seed << 1 | 1), &content);
        llmw_resealed(&changed.expect("a model that can be taken apart"));
    }
}

#[test]
fn steps_that_no_model_has_are_refused() {
    let content = stepped_content();
    let named = |from: &str, to: &str| {
        let at = content.windows(from.len()).position(|window| window == from.as_bytes());
        let mut content = content.clone();
        content[at.unwrap()..][..from.len()].copy_from_slice(to.as_bytes());
        resealed_model(&content).map(drop).unwrap_err().to_string()
    };
    for (from, to, says) in [
        ("\"weight_steps\":32", "\"weight_steps\":64", "weight_steps is neither 0 nor 32"),
        ("\"weight_steps\":32", "\"weight_steps\":31", "weight_steps is neither 0 nor 32"),
        ("\"weight_bits\":4", "\"weight_bits\":8", "steps of weights without 4 bits"),
        ("\"weight_steps\":32", "\"weight_steps\":-2", "configuration"),
    ] {
        let said = named(from, to);
        assert!(said.contains(says), "{to}: {said}");
    }
}

/// Every byte in the place of halves and steps is a weight within the limit, and products are the same everywhere.
#[test]
fn whatever_steps_a_model_has_it_runs_the_same_on_every_instruction_set() {
    let mut content = stepped_content();
    let layout = Layout::new(resealed_model(&content).unwrap().config());
    let tensors_at = content.len() - layout.len;
    for seed in 0..8 {
        let mut random = Random(seed << 1 | 1);
        for span in
            layout.blocks.iter().flat_map(|b| [&b.qkv, &b.attention_out, &b.gate_up, &b.down])
        {
            let [halves, _, steps] = span.sections();
            for section in [halves, steps] {
                let place = tensors_at + section.start..tensors_at + section.end;
                for byte in &mut content[place] {
                    *byte = match seed % 4 {
                        0 => random.below(256) as u8,
                        1 => [0, 255][random.below(2)],
                        2 => [127, 128][random.below(2)],
                        _ => [0, 127, 128, 255][random.below(4)],
                    };
                }
            }
        }
        let model = Arc::new(resealed_model(&content).unwrap());
        let coded = model.config().coded;
        let tokens: Vec<u32> = (0..40).map(|_| random.below(coded) as u32).collect();
        let mut first: Option<Vec<u32>> = None;
        for isa in Isa::available() {
            for run in [1, 9, 40] {
                let slide = WindowPolicy::Slide;
                let mut session = Session::new(model.clone(), isa, 1, 32, slide, run).unwrap();
                let mut all = Vec::new();
                session.advance(&[Feed { lane: 0, tokens: &tokens }], |_, _, frequencies| {
                    all.extend_from_slice(frequencies.as_slice());
                });
                assert!(*first.get_or_insert(all.clone()) == all, "{} {run} {seed}", isa.name());
            }
        }
    }
}

fn resealed_model(content: &[u8]) -> llmzip::Result<Model> {
    Model::open(Storage::copy(&resealed(content)))
}

/// What a file claims is believed up to the memory limit; all else is in proportion to its bytes.
#[test]
fn memory_stays_within_the_limit_whatever_a_file_claims() {
    // On one thread, whose allocations are counted.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for (number, packed) in packed_files().iter().enumerate() {
        for seed in 0..cases(&packed.file, 3) {
            let file = mutate::any_frame(&mut Random(seed << 8 | 1), &packed.file).unwrap();
            for memory_limit in [1 << 20, 12 << 20, 100 << 20] {
                let options = DecompressOptions { memory_limit, ..DecompressOptions::default() };
                let read = |way: usize| {
                    let (from, to) = (Cursor::new(&file), io::sink());
                    let (models, progress) = (&Models, &NoProgress);
                    match way {
                        0 => drop(stream::decompress(from, to, models, &options, progress)),
                        1 => drop(stream::recover(from, to, models, &options, progress)),
                        2 => {
                            let range = 0..1 << 40;
                            drop(stream::decompress_range(
                                from, to, models, &options, range, progress,
                            ));
                        }
                        _ => drop(stream::inspect(from)),
                    }
                };
                for way in 0..4 {
                    let most = pool.install(|| measure(|| read(way)).bytes_max);
                    let fixed = (1 << 20) + 64 * file.len() as u64;
                    let limit = if way == 3 { 0 } else { memory_limit };
                    let case = format!("sample {number}, seed {seed}, way {way}: {memory_limit}");
                    assert!(most <= limit + fixed, "{case}: {most} bytes");
                }
            }
        }
    }
}
