//! `bench`: every file of a corpus through llmzip and its peers; records, reports and comparisons.

mod child;
mod study;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::args::{Bench, Settings, StudyOf};
use super::messages::{Failure, Messages};
use super::models;
use super::names::Name;
use super::progress::{Line, Operation};
use anyhow::{Context, bail};
pub use child::measure_one;
use llmzip::bench::{
    Comparison, CorpusFile, Limits, Machine, Measurement, Report, files, html, look, markdown,
    peers, picture,
};
use llmzip::stream::Progress;

pub(super) const OURSELVES: &str = "llmzip";

/// What is asked of `bench`.
#[derive(Debug, Clone)]
pub struct Benching {
    pub dir: Option<PathBuf>,
    pub form: Form,
    pub peers: bool,
    pub from: Option<PathBuf>,
    pub first: Option<u64>,
    pub studies: Vec<StudyOf>,
    /// Records whose studies are added.
    pub of_others: Vec<PathBuf>,
    pub models: Vec<std::ffi::OsString>,
    pub note: Option<String>,
    pub report: Option<PathBuf>,
    pub times: Option<PathBuf>,
    pub compare: Option<PathBuf>,
    pub limits: Limits,
}

impl Benching {
    pub fn of(bench: &Bench) -> Benching {
        // What is compared or reported is not printed as well, unless that is asked for.
        let is_shown = bench.compare.is_none() && bench.report.is_none();
        Benching {
            dir: bench.dir.clone(),
            form: match (bench.json, bench.csv) {
                (true, _) => Form::Json,
                (false, true) => Form::Csv,
                (false, false) if is_shown => Form::Table,
                (false, false) => Form::Nothing,
            },
            peers: !bench.no_peers,
            from: bench.from.clone(),
            first: bench.first,
            studies: bench.study.clone(),
            of_others: bench.studies.clone(),
            models: bench.models.clone(),
            note: bench.note.clone(),
            report: bench.report.clone(),
            times: bench.times.clone(),
            compare: bench.compare.clone(),
            limits: Limits { size_percent: bench.size_limit, time_factor: bench.time_limit },
        }
    }

    /// Whether closer looks are wanted.
    fn looks(&self) -> bool {
        self.report.is_some() || self.form == Form::Json
    }
}

/// How the record is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Table,
    Json,
    Csv,
    Nothing,
}

/// Measures all files, or takes a record, and shows what was asked for; a file that fails is told and left out.
pub fn bench(benching: &Benching, settings: &Settings, messages: &Messages) {
    let subject = Name::Path(benching.dir.clone().or(benching.from.clone()).unwrap_or_default());
    show(benching, settings, messages).unwrap_or_else(|error| messages.failure(&subject, &error));
}

fn show(benching: &Benching, settings: &Settings, messages: &Messages) -> Result<(), Failure> {
    if let Some(path) = &benching.report {
        kind_of_report(path)?;
    }
    let old = benching.compare.as_deref().map(read).transpose()?;
    // Of this alone errors are told by its name anyway.
    let record = if benching.dir.is_some() { read } else { record };
    let known = benching.from.as_deref().map(record).transpose()?;
    let mut report = match (&benching.dir, known) {
        (None, Some(known)) => known,
        (Some(dir), known) => {
            let corpus = files(dir)?;
            let Some(report) = measured(&corpus, known, benching, settings, messages)? else {
                return Ok(());
            };
            report
        }
        (None, None) => bail_usage()?,
    };
    for path in &benching.of_others {
        let other = read(path)?;
        let origin = other.origin();
        report.studies.extend(other.studies.into_iter().map(|mut study| {
            study.origin.get_or_insert_with(|| origin.clone());
            study
        }));
    }
    if let Some(path) = &benching.times {
        report.times = Some(Box::new(read(path)?));
    }
    report.studies.sort_by_key(|study| study.name.clone());
    let text = match benching.form {
        Form::Table => report.table(),
        Form::Csv => report.csv(),
        Form::Json => serde_json::to_string_pretty(&report).context("JSON")? + "\n",
        Form::Nothing => String::new(),
    };
    if let Some(path) = &benching.report {
        let text = match kind_of_report(path)? {
            Paper::Page => html(&report),
            Paper::Markdown => markdown(&report),
            Paper::Picture => picture(&report).context("there is nothing to draw")?,
        };
        write(path, &text)?;
    }
    super::print(&text)?;
    if let Some(old) = old {
        let comparison = Comparison::new(&old, &report, benching.limits);
        super::print(&comparison.text)?;
        if !comparison.worse.is_empty() {
            let n = comparison.worse.len();
            Err(anyhow::anyhow!("{n} worse than in the old record, past the limit"))?;
        }
    }
    Ok(())
}

fn bail_usage() -> anyhow::Result<Report> {
    bail!("a directory or --from RECORD.json is needed")
}

/// What a report is written as.
enum Paper {
    Page,
    Markdown,
    Picture,
}

fn kind_of_report(path: &Path) -> anyhow::Result<Paper> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html" | "htm") => Ok(Paper::Page),
        Some("md") => Ok(Paper::Markdown),
        Some("svg") => Ok(Paper::Picture),
        _ => bail!("--report {}: a name that ends in .html, .md or .svg is needed", path.display()),
    }
}

fn read(path: &Path) -> anyhow::Result<Report> {
    record(path).with_context(|| path.display().to_string())
}

fn record(path: &Path) -> anyhow::Result<Report> {
    let bytes = std::fs::read(path)?;
    serde_json::from_slice(&bytes).context("not a record of bench")
}

/// Writes a report so that its name has the old one or the whole new one.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write;
    let file =
        super::files::Temporary::beside(path, false).with_context(|| path.display().to_string())?;
    file.as_file().write_all(text.as_bytes())?;
    Ok(file.persist(path, true)?)
}

/// Measures what is asked for. The record that is `known` keeps what is not measured anew.
fn measured(
    corpus: &[CorpusFile],
    known: Option<Report>,
    benching: &Benching,
    settings: &Settings,
    messages: &Messages,
) -> Result<Option<Report>, Failure> {
    let mut report = match known {
        Some(known) => known,
        None => {
            let mut contenders = vec![OURSELVES];
            if benching.peers {
                contenders.extend(peers::NAMES);
            }
            let flags = flags(settings);
            let jobs: Vec<Job<'_>> = corpus
                .iter()
                .flat_map(|file| {
                    let flags = &flags;
                    contenders.iter().map(move |contender| Job { file, contender, flags })
                })
                .collect();
            let measured = measure_all(&jobs, None, messages);
            if measured.is_empty() {
                return Ok(None);
            }
            Report::new(Machine::this(), &measured)
        }
    };
    report.commit = commit().or(report.commit);
    report.command = command();
    report.note = benching.note.clone().or(report.note);
    if benching.looks() {
        report.closer = closer_looks(corpus, &report, settings, messages)?;
    }
    for &what in &benching.studies {
        let study = study::study(what, corpus, benching, settings, messages)?;
        report.studies.retain(|old| (&old.name, &old.model) != (&study.name, &study.model));
        report.studies.push(study);
    }
    Ok(Some(report))
}

/// One measurement to be made.
struct Job<'a> {
    file: &'a CorpusFile,
    contender: &'a str,
    flags: &'a [String],
}

fn measure_all(
    jobs: &[Job<'_>],
    first: Option<u64>,
    messages: &Messages,
) -> Vec<(CorpusFile, Measurement)> {
    let length = |file: &CorpusFile| {
        file.path.metadata().map_or(0, |there| there.len()).min(first.unwrap_or(u64::MAX))
    };
    let total = jobs.iter().map(|job| length(job.file)).sum::<u64>();
    let name = Name::Path("bench".into());
    let line = Line::new(Operation::Bench, &name, Some(total), messages.progress());
    let mut measured = Vec::new();
    for job in jobs {
        match measure_in_child(job, first) {
            Ok(measurement) => measured.push((job.file.clone(), measurement)),
            Err(error) => messages.error(format!("{} ({})", job.file.name, job.contender), &error),
        }
        line.plain(length(job.file));
    }
    measured
}

/// The flags that make a child do what our settings say.
fn flags(settings: &Settings) -> Vec<String> {
    let mut flags = vec![
        format!("--level={}", settings.level()),
        format!("--threads={}", settings.n_threads()),
    ];
    if let Some(model) = &settings.model {
        flags.push(format!("--model={}", model.to_string_lossy()));
    }
    if let Some(group_bytes) = settings.group_bytes {
        flags.push(format!("--group={group_bytes}"));
    }
    if let Some(lanes) = settings.lanes {
        flags.push(format!("--lanes={lanes}"));
    }
    if let Some(window) = settings.window {
        flags.push(format!("--window={window}"));
    }
    if !settings.transform {
        flags.push("--no-transform".into());
    }
    if settings.full_hashes {
        flags.push("--full-hashes".into());
    }
    flags
}

/// Measures in a process of its own, whose peak memory is then that of this one measurement.
fn measure_in_child(job: &Job<'_>, first: Option<u64>) -> anyhow::Result<Measurement> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let mut child = Command::new(program);
    child.arg("measure").args(["--contender", job.contender]).args(job.flags);
    if let Some(first) = first {
        child.arg(format!("--first={first}"));
    }
    let output = child.arg("--").arg(&job.file.path).stdin(Stdio::null()).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let reason = said.lines().last().unwrap_or("it said nothing");
        bail!("{}", reason.rsplit_once(": ").map_or(reason, |(_, reason)| reason));
    }
    serde_json::from_slice(&output.stdout).context("cannot read the measurement")
}

/// Looks at the file of the middle size of each kind, and at the worst ones.
fn closer_looks(
    corpus: &[CorpusFile],
    report: &Report,
    settings: &Settings,
    messages: &Messages,
) -> anyhow::Result<Vec<llmzip::bench::Closer>> {
    let encoder = models::encoder(settings)?;
    let size = |file: &CorpusFile| {
        let row = report.files.iter().find(|row| row.name == file.name);
        row.map_or(0, |row| row.plain_bytes)
    };
    let mut chosen: Vec<&CorpusFile> = Vec::new();
    for kind in corpus.chunk_by(|a, b| a.kind == b.kind) {
        let mut kind: Vec<&CorpusFile> = kind.iter().filter(|file| size(file) > 0).collect();
        kind.sort_by_key(|file| size(file));
        chosen.extend(kind.get(kind.len() / 2).copied());
    }
    for row in llmzip::bench::worst(report) {
        let file = corpus.iter().find(|file| file.name == row.name);
        chosen.extend(file.filter(|file| chosen.iter().all(|known| known.name != file.name)));
    }
    let mut looks = Vec::new();
    for file in chosen {
        match look(&encoder.concrete, &encoder.params, file) {
            Ok(closer) => looks.push(closer),
            Err(error) => messages.error(&file.name, &error.into()),
        }
    }
    Ok(looks)
}

/// The commit that the present folder is at, if git says so; with a mark where files differ from it.
fn commit() -> Option<String> {
    let git = Command::new("git")
        .args(["describe", "--always", "--dirty", "--abbrev=10"])
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let said = String::from_utf8(git.stdout).ok()?;
    (git.status.success() && !said.trim().is_empty()).then(|| said.trim().to_owned())
}

/// What was typed, with the program's name alone.
fn command() -> String {
    let words = std::env::args_os().skip(1).map(|word| {
        let word = word.to_string_lossy().into_owned();
        if word.contains([' ', '\'', '"', '$']) {
            format!("'{}'", word.replace('\'', "'\\''"))
        } else {
            word
        }
    });
    std::iter::once("llmzip".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}
