//! `bench --study`: the corpus again and again, with one thing changed.

use std::path::Path;

use anyhow::{Context, bail};
use llmzip::bench::{CorpusFile, LayerError, Machine, Report, Study, StudyRow, Variant};
use llmzip::import::{Bits, ImportOptions, import_tallied};
use llmzip::model::MAX_WINDOW;

use super::{Benching, Job, OURSELVES, flags, measure_all};
use crate::cli::args::{Settings, StudyOf};
use crate::cli::messages::Messages;
use crate::cli::models;

/// Lanes that are tried.
const LANES: [u32; 7] = [1, 4, 8, 12, 16, 24, 32];
/// The levels of which each means something else, and needs no model but the builtin.
const LEVELS: [u8; 4] = [1, 2, 5, 7];

/// What every study is measured beside.
const ZSTD: &str = "zstd-19";

/// Measures all variants of one thing.
pub fn study(
    what: StudyOf,
    corpus: &[CorpusFile],
    benching: &Benching,
    settings: &Settings,
    messages: &Messages,
) -> anyhow::Result<Study> {
    let usual = flags(settings);
    let with =
        |name: String, flag: String| Variant { name, flags: [usual.clone(), vec![flag]].concat() };
    let mut errors = Vec::new();
    // Where models are made for the study, as long as it goes on.
    let made = tempfile::tempdir()?;
    let (name, variants) = match what {
        StudyOf::Window => (
            "window",
            windows(settings)?
                .into_iter()
                .map(|n| with(format!("{n} tokens"), format!("--window={n}")))
                .collect(),
        ),
        StudyOf::Lanes => {
            let of = |n| {
                with(
                    format!("{n} {}", if n == 1 { "lane" } else { "lanes" }),
                    format!("--lanes={n}"),
                )
            };
            ("lanes", LANES.map(of).into())
        }
        StudyOf::Level => {
            ("level", LEVELS.map(|n| with(format!("-{n}"), format!("--level={n}"))).into())
        }
        StudyOf::Model => ("model", of_models(benching, &usual, settings)?),
        StudyOf::Bits => ("bits", of_bits(settings, &usual, made.path(), &mut errors, messages)?),
    };
    let row = |variant: String, contender: &str, flags: &[String]| {
        messages.note(&format!("study of {what:?}: {variant}"));
        let jobs: Vec<_> = corpus.iter().map(|file| Job { file, contender, flags }).collect();
        let measured = measure_all(&jobs, benching.first, messages);
        let Report { kinds, all, .. } = Report::new(Machine::this(), &measured);
        Some(StudyRow { variant, all: all.into_iter().next()?, kinds })
    };
    let rows = variants
        .into_iter()
        .filter_map(|Variant { name, flags }| row(name, OURSELVES, &flags))
        .collect();
    let zstd = benching.peers.then(|| row(ZSTD.into(), ZSTD, &usual)).flatten();
    let model = match what {
        StudyOf::Model => None,
        _ => Some(models::encoder(settings)?.name),
    };
    Ok(Study {
        name: name.to_owned(),
        model,
        first_bytes: benching.first,
        rows,
        errors,
        zstd,
        origin: None,
    })
}

/// Windows from an eighth of the model's own to twice as much.
fn windows(settings: &Settings) -> anyhow::Result<Vec<usize>> {
    let encoder = models::encoder(settings)?;
    let Some(model) = encoder.concrete.model() else {
        bail!("level {} has no model", settings.level())
    };
    let own = model.config().window;
    let all = [own / 8, own / 4, own / 2, own, own * 2];
    Ok(all.into_iter().filter(|window| (16..=MAX_WINDOW).contains(window)).collect())
}

/// The builtin and those that are named.
fn of_models(
    benching: &Benching,
    usual: &[String],
    settings: &Settings,
) -> anyhow::Result<Vec<Variant>> {
    if benching.models.is_empty() {
        bail!("--study model needs --models NAME|DIR|FILE, once for each");
    }
    let mut variants = vec![Variant {
        name: "builtin".into(),
        flags: [usual, &["--model=builtin".into()]].concat(),
    }];
    for model in &benching.models {
        let named = Settings { model: Some(model.clone()), ..settings.clone() };
        let encoder = models::encoder(&named)?;
        let flag = format!("--model={}", model.to_string_lossy());
        variants.push(Variant {
            name: encoder.concrete.model().map_or(String::new(), |m| m.name().to_owned()),
            flags: [usual, &[flag]].concat(),
        });
    }
    Ok(variants)
}

/// The model of some files with weights of several kinds, and what rounding does to them.
fn of_bits(
    settings: &Settings,
    usual: &[String],
    made: &Path,
    errors: &mut Vec<LayerError>,
    messages: &Messages,
) -> anyhow::Result<Vec<Variant>> {
    let Some(source) = settings.model.as_deref().map(Path::new).filter(|path| path.exists()) else {
        bail!(
            "--study bits makes a model of its files anew: --model FILE.gguf, FILE.onnx or DIR names them"
        );
    };
    let mut variants = Vec::new();
    let plain = ImportOptions::large("study");
    let eight = |group| ImportOptions { group, separate_outliers: group > 0, ..plain.clone() };
    let four = |bits| ImportOptions { bits, ..plain.clone() };
    for (name, options) in [
        ("8 bits, groups of 64", eight(64)),
        ("8 bits, groups of 128", eight(128)),
        ("8 bits, whole rows", eight(0)),
        ("4 bits, searched", four(Bits::Four)),
        ("4 bits, nearest", four(Bits::FourNearest)),
    ] {
        messages.note(&format!("making {name}"));
        let (bytes, tallies) = match import_tallied(source, &options) {
            Ok(made) => made,
            // Groups must fit into the model's shape.
            Err(error) => {
                messages.warning(name, &error.to_string());
                continue;
            }
        };
        let path = made.join(format!("{}.llmw", variants.len()));
        std::fs::write(&path, bytes).with_context(|| path.display().to_string())?;
        errors.extend(tallies.into_iter().map(|error| LayerError {
            variant: name.to_owned(),
            part: error.part.to_owned(),
            block: error.block,
            weights: error.tally.weights,
            bytes: error.bytes,
            relative_rms:
                (error.tally.error_squares / error.tally.squares.max(f64::MIN_POSITIVE)).sqrt(),
            histogram: error.tally.histogram.to_vec(),
        }));
        // The last model that is named holds.
        let flags = [usual, &[format!("--model={}", path.display())]].concat();
        variants.push(Variant { name: name.to_owned(), flags });
    }
    Ok(variants)
}
