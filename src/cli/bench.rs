//! `bench`: every file of a corpus through llmzip and its peers.

use std::path::Path;
use std::process::{Command, Stdio};

use super::args::Settings;
use super::messages::{Failure, Messages};
use super::models::{self, LocalModels};
use super::names::Name;
use super::progress::{Line, Operation};
use anyhow::{Context, anyhow, bail};
use llmzip::bench::{CorpusFile, Llmzip, Machine, Measurement, Report, Zstd, files, measure};

const OURSELVES: &str = "llmzip";
/// The compressors to compare with.
const PEERS: [(&str, i32); 1] = [("zstd-19", 19)];

/// How the report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Table,
    Json,
    Csv,
}

impl Form {
    pub fn new(json: bool, csv: bool) -> Self {
        match (json, csv) {
            (true, _) => Form::Json,
            (false, true) => Form::Csv,
            (false, false) => Form::Table,
        }
    }
}

/// Measures all files under `dir` and prints the report; a file that fails is told and left out.
pub fn bench(dir: &Path, form: Form, peers: bool, settings: &Settings, messages: &Messages) {
    let subject = Name::Path(dir.to_owned());
    let corpus = match files(dir) {
        Ok(corpus) => corpus,
        Err(error) => return messages.failure(&subject, &error.into()),
    };
    let mut contenders = vec![OURSELVES];
    if peers {
        contenders.extend(PEERS.map(|(name, _)| name));
    }
    let measured = measure_all(&corpus, &contenders, settings, messages);
    if measured.is_empty() {
        return;
    }
    let report = Report::new(Machine::this(), &measured);
    let text = match form {
        Form::Table => Ok(report.table()),
        Form::Csv => Ok(report.csv()),
        Form::Json => serde_json::to_string_pretty(&report).map(|json| json + "\n"),
    };
    let printed = text.map_err(anyhow::Error::from).and_then(|text| super::print(&text));
    if let Err(error) = printed {
        messages.failure(&subject, &Failure::Failed(error));
    }
}

fn measure_all(
    corpus: &[CorpusFile],
    contenders: &[&str],
    settings: &Settings,
    messages: &Messages,
) -> Vec<(CorpusFile, Measurement)> {
    use llmzip::stream::Progress;

    let length = |file: &CorpusFile| file.path.metadata().map_or(0, |there| there.len());
    let total = corpus.iter().map(length).sum::<u64>() * contenders.len() as u64;
    let name = Name::Path("bench".into());
    let line = Line::new(Operation::Bench, &name, Some(total), messages.progress());
    let mut measured = Vec::new();
    for file in corpus {
        for contender in contenders {
            match measure_in_child(contender, file, settings) {
                Ok(measurement) => measured.push((file.clone(), measurement)),
                Err(error) => messages.error(format!("{} ({contender})", file.name), &error),
            }
            line.plain(length(file));
        }
    }
    measured
}

/// Measures in a process of its own, whose peak memory is then that of this one measurement.
fn measure_in_child(
    contender: &str,
    file: &CorpusFile,
    settings: &Settings,
) -> anyhow::Result<Measurement> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let mut child = Command::new(program);
    child.arg("measure").args(["--contender", contender]);
    child.args(["--level", &settings.level().to_string()]);
    child.args(["--threads", &settings.n_threads().to_string()]);
    if let Some(model) = &settings.model {
        child.arg("--model").arg(model);
    }
    if let Some(group_bytes) = settings.group_bytes {
        child.args(["--group", &group_bytes.to_string()]);
    }
    if let Some(lanes) = settings.lanes {
        child.args(["--lanes", &lanes.to_string()]);
    }
    if let Some(window) = settings.window {
        child.args(["--window", &window.to_string()]);
    }
    if !settings.transform {
        child.arg("--no-transform");
    }
    if settings.full_hashes {
        child.arg("--full-hashes");
    }
    let output = child.arg("--").arg(&file.path).stdin(Stdio::null()).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let reason = said.lines().last().unwrap_or("it said nothing");
        bail!("{}", reason.rsplit_once(": ").map_or(reason, |(_, reason)| reason));
    }
    serde_json::from_slice(&output.stdout).context("cannot read the measurement")
}

/// What the child does: measures one file, and prints the measurement as JSON.
pub fn measure_one(contender: &str, file: &Path, settings: &Settings) -> anyhow::Result<String> {
    let peer = PEERS.iter().find(|(name, _)| *name == contender);
    let measurement = match peer {
        Some((_, level)) => measure(&Zstd { level: *level }, file)?,
        None if contender == OURSELVES => measure_ourselves(file, settings)?,
        None => return Err(anyhow!("no compressor is called {contender}")),
    };
    Ok(serde_json::to_string(&measurement)? + "\n")
}

fn measure_ourselves(file: &Path, settings: &Settings) -> anyhow::Result<Measurement> {
    let encoder = models::encoder(settings)?;
    let options = super::compress::options(&encoder, settings);
    let ourselves = Llmzip {
        name: encoder.name.clone(),
        codec: encoder.codec.clone(),
        models: Box::new(LocalModels::new(settings)?),
        options,
        model_bytes: encoder.model_bytes,
    };
    let measurement = measure(&ourselves, file)?;
    encoder.check_unchanged()?;
    Ok(measurement)
}
