//! `info`: what is inside files, without decoding them.

use std::io::BufReader;

use llmzip::bench::Table;
use llmzip::stream::{self, FrameInfo, Method};
use serde::Serialize;

use super::figures::{bits_per_byte, ratio};
use super::files::Source;
use super::messages::{Failure, Messages};
use super::names::Name;

/// What `--json` prints of one file.
#[derive(Serialize)]
struct Listed {
    file: String,
    plain_bytes: u64,
    stored_bytes: u64,
    frames: Vec<FrameInfo>,
}

impl Listed {
    fn groups(&self) -> usize {
        self.frames.iter().map(|frame| frame.groups.len()).sum()
    }
}

/// Prints one line per file; with `-v`, also one per group.
pub fn list(names: Vec<Name>, json: bool, messages: &Messages) {
    let mut listed = Vec::new();
    for name in &names {
        match inspect(name) {
            Ok(file) => listed.push(file),
            Err(failure) => messages.failure(name, &failure),
        }
    }
    let text = if json { as_json(&listed) } else { Ok(as_tables(&listed, messages.is_verbose())) };
    let printed = text.and_then(|text| super::print(&text));
    if let Err(error) = printed {
        messages.failure(&Name::Path("info".into()), &Failure::Failed(error));
    }
}

fn inspect(name: &Name) -> Result<Listed, Failure> {
    let source = Source::open(name, true)?;
    if source.is_terminal() {
        Err(anyhow::anyhow!("compressed data is not read from a terminal; see llmzip --help"))?;
    }
    let frames = stream::inspect(BufReader::new(source))?;
    Ok(Listed {
        file: name.to_string(),
        plain_bytes: frames.iter().map(|frame| frame.plain_bytes).sum(),
        stored_bytes: frames.iter().map(|frame| frame.stored_bytes).sum(),
        frames,
    })
}

fn as_json(listed: &[Listed]) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(listed)? + "\n")
}

fn as_tables(listed: &[Listed], verbose: bool) -> String {
    if listed.is_empty() {
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
    for file in listed {
        table.row(row(
            (file.frames.len(), file.groups()),
            (file.plain_bytes, file.stored_bytes),
            [hash(&file.frames), coded_with(&file.frames), file.file.clone()],
        ));
    }
    if listed.len() > 1 {
        let sum = |each: fn(&Listed) -> u64| listed.iter().map(each).sum::<u64>();
        table.row(row(
            (listed.iter().map(|f| f.frames.len()).sum(), listed.iter().map(Listed::groups).sum()),
            (sum(|f| f.plain_bytes), sum(|f| f.stored_bytes)),
            [String::new(), String::new(), format!("{} files", listed.len())],
        ));
    }
    let mut text = table.to_string();
    if verbose {
        for file in listed {
            text.push_str(&format!("\n{}\n{}", file.file, groups(file)));
        }
    }
    text
}

fn row(counts: (usize, usize), sizes: (u64, u64), words: [String; 3]) -> Vec<String> {
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

/// What guards the original: the truncated check of a short frame or the SHA-256 of a long one.
fn hash(frames: &[FrameInfo]) -> String {
    let long = frames.iter().filter(|frame| frame.sha256.is_some()).count();
    match long {
        0 => "check".into(),
        n if n == frames.len() => "sha256".into(),
        _ => "mixed".into(),
    }
}

/// The methods in the order in which they appear, with the models' names or identities.
fn coded_with(frames: &[FrameInfo]) -> String {
    let mut names: Vec<String> = Vec::new();
    for frame in frames {
        for group in &frame.groups {
            let name = match (group.method, &frame.model_name, &frame.model_id) {
                (Method::Model, Some(name), _) => super::names::shown(name.as_ref()),
                (Method::Model, None, Some(id)) => format!("model {id}"),
                (method, ..) => method.name().to_owned(),
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    if names.is_empty() { "-".into() } else { names.join(", ") }
}

/// One line per group of a file.
fn groups(file: &Listed) -> Table {
    let mut table = Table::new(&[
        "frame", "group", "offset", "original", "payload", "ratio", "<method", "lanes", "window",
        "<check",
    ]);
    for (frame_number, frame) in file.frames.iter().enumerate() {
        for (number, group) in frame.groups.iter().enumerate() {
            let is_before = |from: u64| from <= number as u64;
            let settings = frame.settings.iter().rfind(|s| is_before(s.from_group));
            let params = settings.map(|s| s.params).filter(|_| group.method.is_coded());
            // 0 stands for what the codec or the model says.
            let number_or_auto = |value: Option<u32>| match value {
                None => "-".into(),
                Some(0) => "auto".into(),
                Some(n) => n.to_string(),
            };
            table.row(vec![
                frame_number.to_string(),
                number.to_string(),
                group.offset.to_string(),
                group.plain_bytes.to_string(),
                group.payload_bytes.to_string(),
                ratio(group.plain_bytes, group.payload_bytes),
                group.method.name().to_owned(),
                number_or_auto(params.map(|p| p.lanes)),
                number_or_auto(params.map(|p| p.window)),
                group.check.clone(),
            ]);
        }
    }
    table
}
