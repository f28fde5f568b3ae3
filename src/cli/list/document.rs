//! The list as JSON.

use std::io::{self, Write};

use llmzip::stream::{Seen, SettingsInfo};
use serde::Serialize;

use super::Totals;

/// A JSON document that is written while its content is read.
#[derive(Default)]
pub struct Document {
    files: u64,
    frames: u64,
    groups: u64,
    is_in_frame: bool,
    /// Those of the present frame: there are few, and they stand behind the groups.
    settings: Vec<SettingsInfo>,
}

impl Document {
    /// A file of this name comes next.
    pub fn begin_file(&mut self, out: &mut dyn Write, name: &str) -> io::Result<()> {
        let comma = if self.files > 0 { "," } else { "" };
        self.files += 1;
        self.frames = 0;
        write!(out, "{comma}\n{{\n  \"file\": {},\n  \"frames\": [", json(name)?)
    }

    /// Shows one thing more.
    pub fn add(&mut self, out: &mut dyn Write, seen: Seen) -> io::Result<()> {
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

    /// Ends a file; `error` is what kept it from being read to its end.
    pub fn end_file(
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
