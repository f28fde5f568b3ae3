//! `info`: what is inside files, without decoding them.

use std::io::{self, BufReader, BufWriter, Write};

use llmzip::bench::Table;
use llmzip::stream::{self, GroupParams, Method, Seen, SettingsInfo};
use serde::Serialize;

use super::figures::{bits_per_byte, ratio};
use super::files::{Source, standard};
use super::messages::{Failure, Messages};
use super::names::Name;

/// What is known of one file at its end; of its groups nothing is kept.
#[derive(Default)]
struct Totals {
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
    fn add(&mut self, seen: &Seen, model: &Option<String>) {
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

/// The lines of a file's groups.
#[derive(Default)]
struct Groups {
    params: Option<GroupParams>,
    in_frame: u64,
}

impl Groups {
    fn add(&mut self, out: &mut dyn Write, totals: &Totals, seen: Seen) -> io::Result<()> {
        match seen {
            Seen::Begin(_) => {
                (self.params, self.in_frame) = (None, 0);
                if totals.frames == 0 {
                    writeln!(out, "{}", totals.file)?;
                    Self::line(
                        out,
                        ["frame", "group", "offset", "original", "payload", "ratio", "method"]
                            .map(str::to_owned),
                        ["lanes", "window", "check"].map(str::to_owned),
                    )?;
                }
                Ok(())
            }
            Seen::Settings(settings) => {
                self.params = Some(settings.params);
                Ok(())
            }
            Seen::Group(group) => {
                let params = self.params.filter(|_| group.method.is_coded());
                // 0 stands for what the codec or the model says.
                let number_or_auto = |value: Option<u32>| match value {
                    None => "-".into(),
                    Some(0) => "auto".into(),
                    Some(n) => n.to_string(),
                };
                self.in_frame += 1;
                Self::line(
                    out,
                    [
                        totals.frames.to_string(),
                        (self.in_frame - 1).to_string(),
                        group.offset.to_string(),
                        group.plain_bytes.to_string(),
                        group.payload_bytes.to_string(),
                        ratio(group.plain_bytes, group.payload_bytes),
                        group.method.name().to_owned(),
                    ],
                    [
                        number_or_auto(params.map(|p| p.lanes)),
                        number_or_auto(params.map(|p| p.window)),
                        group.check,
                    ],
                )
            }
            Seen::End(_) => Ok(()),
            Seen::Behind { .. } => writeln!(out),
        }
    }

    fn line(out: &mut dyn Write, first: [String; 7], last: [String; 3]) -> io::Result<()> {
        let [frame, group, offset, plain, payload, ratio, method] = first;
        let [lanes, window, check] = last;
        writeln!(
            out,
            "{frame:>6}  {group:>6}  {offset:>14}  {plain:>12}  {payload:>12}  {ratio:>5}  \
             {method:<6}  {lanes:>5}  {window:>6}  {check}"
        )
    }
}

/// A JSON document that is written while its content is read.
#[derive(Default)]
struct Document {
    files: u64,
    frames: u64,
    groups: u64,
    is_in_frame: bool,
    /// Those of the present frame: there are few, and they stand behind the groups.
    settings: Vec<SettingsInfo>,
}

impl Document {
    fn begin_file(&mut self, out: &mut dyn Write, name: &str) -> io::Result<()> {
        let comma = if self.files > 0 { "," } else { "" };
        self.files += 1;
        self.frames = 0;
        write!(out, "{comma}\n{{\n  \"file\": {},\n  \"frames\": [", json(name)?)
    }

    fn add(&mut self, out: &mut dyn Write, seen: Seen) -> io::Result<()> {
        match seen {
            Seen::Begin(frame) => {
                let comma = if self.frames > 0 { "," } else { "" };
                self.frames += 1;
                (self.groups, self.is_in_frame) = (0, true);
                write!(
                    out,
                    "{comma}\n    {{\n      \"form\": {}, \"offset\": {}, \"format_version\": {}, \
                     \"group_bytes\": {},\n      \"groups\": [",
                    json(&frame.form)?,
                    frame.offset,
                    frame.format_version,
                    json(&frame.group_bytes)?,
                )
            }
            Seen::Settings(settings) => {
                self.settings.push(settings);
                Ok(())
            }
            Seen::Group(group) => {
                let comma = if self.groups > 0 { "," } else { "" };
                self.groups += 1;
                write!(out, "{comma}\n        {}", json(&group)?)
            }
            Seen::End(frame) => {
                self.end_groups(out)?;
                write!(
                    out,
                    ",\n      \"stored_bytes\": {}, \"plain_bytes\": {},\n      \"model_id\": {}, \
                     \"model_name\": {}, \"sha256\": {}\n    }}",
                    frame.stored_bytes,
                    frame.plain_bytes,
                    json(&frame.model_id)?,
                    json(&frame.model_name)?,
                    json(&frame.sha256)?,
                )?;
                self.is_in_frame = false;
                Ok(())
            }
            Seen::Behind { .. } => Ok(()),
        }
    }

    fn end_groups(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let settings = std::mem::take(&mut self.settings);
        write!(out, "\n      ],\n      \"settings\": {}", json(&settings)?)
    }

    /// `error` is what kept the file from being read to its end.
    fn end_file(
        &mut self,
        out: &mut dyn Write,
        totals: &Totals,
        error: Option<String>,
    ) -> io::Result<()> {
        if std::mem::take(&mut self.is_in_frame) {
            self.end_groups(out)?;
            write!(out, "\n    }}")?;
        }
        let (plain, stored) = (totals.plain_bytes, totals.stored_bytes);
        write!(out, "\n  ],\n  \"plain_bytes\": {plain},\n  \"stored_bytes\": {stored}")?;
        if let Some(error) = error {
            write!(out, ",\n  \"error\": {}", json(&error)?)?;
        }
        write!(out, "\n}}")
    }
}

fn json<T: Serialize + ?Sized>(value: &T) -> io::Result<String> {
    serde_json::to_string(value).map_err(io::Error::other)
}
