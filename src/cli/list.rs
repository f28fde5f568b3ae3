//! `info`: what is inside files, without decoding them.

mod document;
mod groups;

use std::io::{self, BufReader, BufWriter, Write};

use llmzip::bench::Table;
use llmzip::stream::{self, Method, Seen, SettingsInfo};

pub use document::Document;
use groups::Groups;

use super::figures::{bits_per_byte, ratio};
use super::files::{Source, standard};
use super::messages::{Failure, Messages};
use super::names::Name;

/// What is known of one file at its end; of its groups nothing is kept.
#[derive(Default)]
pub struct Totals {
    file: String,
    frames: u64,
    /// Frames with a whole hash.
    hashed: u64,
    groups: u64,
    plain_bytes: u64,
    stored_bytes: u64,
    /// Methods in the order in which they appear, with the models' names or identities.
    coded_with: Vec<String>,
}

/// As many different ones are named; a file that was made to tire us may have any number.
const MOST_NAMES: usize = 16;

impl Totals {
    pub fn add(&mut self, seen: &Seen, model: &Option<String>) {
        match seen {
            Seen::Group(group) => {
                self.groups += 1;
                let name = match (group.method, model) {
                    (Method::Model, Some(model)) => model.clone(),
                    (method, _) => method.name().to_owned(),
                };
                if self.coded_with.len() < MOST_NAMES && !self.coded_with.contains(&name) {
                    self.coded_with.push(name);
                }
            }
            Seen::End(frame) => {
                self.frames += 1;
                self.hashed += u64::from(frame.sha256.is_some());
                self.plain_bytes = self.plain_bytes.saturating_add(frame.plain_bytes);
                self.stored_bytes += frame.stored_bytes;
            }
            Seen::Begin(_) | Seen::Settings(_) | Seen::Behind { .. } => {}
        }
    }

    /// What guards the original: the truncated check of a short frame or the SHA-256 of a long one.
    fn hash(&self) -> String {
        match self.hashed {
            0 => "check".into(),
            n if n == self.frames => "sha256".into(),
            _ => "mixed".into(),
        }
    }

    fn row(&self) -> Vec<String> {
        let names = match self.coded_with.is_empty() {
            true => "-".into(),
            false => self.coded_with.join(", "),
        };
        let words = [self.hash(), names, self.file.clone()];
        row((self.frames, self.groups), (self.plain_bytes, self.stored_bytes), words)
    }
}

/// Prints one line per file, with `-v` also one per group; or all of it as JSON. Both as it is read, so that a file of
/// any number of groups takes no memory.
pub fn list(names: Vec<Name>, json: bool, messages: &Messages) {
    let printed = standard::output().map_err(anyhow::Error::from).and_then(|out| {
        let mut out = BufWriter::new(out);
        print(&mut out, &names, json, messages)?;
        Ok(out.flush()?)
    });
    if let Err(error) = printed {
        messages.failure(
            &Name::Path("info".into()),
            &Failure::Failed(error.context("standard output")),
        );
    }
}

/// Fails with what the output fails with.
fn print(
    out: &mut dyn Write,
    names: &[Name],
    json: bool,
    messages: &Messages,
) -> anyhow::Result<()> {
    let mut all = Vec::new();
    let mut document = Document::default();
    if json {
        out.write_all(b"[")?;
    }
    for name in names {
        let source = match open(name) {
            Ok(source) => source,
            Err(failure) => {
                messages.failure(name, &failure);
                continue;
            }
        };
        let mut totals = Totals { file: name.to_string(), ..Totals::default() };
        let mut groups = Groups::default();
        let mut model = None;
        let mut behind = (0, 0);
        let mut refused = None;
        if json {
            document.begin_file(out, &totals.file)?;
        }
        let looked = stream::inspect_with(BufReader::new(source), &mut |seen| {
            match &seen {
                Seen::Begin(frame) => {
                    model = frame.model_id.as_ref().map(|id| format!("model {id}"))
                }
                Seen::Settings(SettingsInfo { model_name: Some(name), .. }) => {
                    model = Some(super::names::shown(name.as_ref()));
                }
                Seen::Behind { padding, foreign } => behind = (*padding, *foreign),
                _ => {}
            }
            totals.add(&seen, &model);
            let printed = match json {
                true => document.add(out, seen),
                false if messages.is_verbose() => groups.add(out, &totals, seen),
                false => Ok(()),
            };
            printed.map_err(|error| {
                let kind = error.kind();
                refused = Some(error);
                io::Error::from(kind).into()
            })
        });
        if let Some(error) = refused {
            return Err(error.into());
        }
        if json {
            let error = looked.as_ref().err().map(ToString::to_string);
            document.end_file(out, &totals, error)?;
        }
        match (looked, behind) {
            (Err(error), _) => messages.failure(name, &error.into()),
            (Ok(()), (_, foreign @ 1..)) => {
                messages.failure(name, &stream::foreign_bytes(foreign).into());
                all.push(totals);
            }
            (Ok(()), (zeros, _)) => {
                if zeros > 0 {
                    let text = format!("{zeros} zero bytes behind the last frame are passed over");
                    messages.warning(name, &text);
                }
                all.push(totals);
            }
        }
    }
    match json {
        true => Ok(out.write_all(b"\n]\n")?),
        false => Ok(out.write_all(summary(&all).as_bytes())?),
    }
}

fn open(name: &Name) -> Result<Source, Failure> {
    let source = Source::open(name, true)?;
    if source.is_terminal() {
        Err(anyhow::anyhow!("compressed data is not read from a terminal; see llmzip --help"))?;
    }
    Ok(source)
}

/// The table of all files.
fn summary(all: &[Totals]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[
        "frames",
        "groups",
        "compressed",
        "original",
        "ratio",
        "bits/byte",
        "<hash",
        "<coded with",
        "<file",
    ]);
    for file in all {
        table.row(file.row());
    }
    if all.len() > 1 {
        let sum = |each: fn(&Totals) -> u64| all.iter().map(each).fold(0, u64::saturating_add);
        table.row(row(
            (sum(|f| f.frames), sum(|f| f.groups)),
            (sum(|f| f.plain_bytes), sum(|f| f.stored_bytes)),
            [String::new(), String::new(), format!("{} files", all.len())],
        ));
    }
    table.to_string()
}

fn row(counts: (u64, u64), sizes: (u64, u64), words: [String; 3]) -> Vec<String> {
    let (plain, stored) = sizes;
    let mut cells = vec![
        counts.0.to_string(),
        counts.1.to_string(),
        stored.to_string(),
        plain.to_string(),
        ratio(plain, stored),
        bits_per_byte(plain, stored),
    ];
    cells.extend(words);
    cells
}
