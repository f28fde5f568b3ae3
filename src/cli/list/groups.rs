//! One line for each group, for `-v`.

use std::io::{self, Write};

use llmzip::stream::{GroupParams, Seen};

use super::Totals;
use crate::cli::figures::ratio;

/// The lines of a file's groups.
#[derive(Default)]
pub struct Groups {
    params: Option<GroupParams>,
    in_frame: u64,
}

impl Groups {
    /// Shows one thing more; `totals` has all before it.
    pub fn add(&mut self, out: &mut dyn Write, totals: &Totals, seen: Seen) -> io::Result<()> {
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
                let through = group.transforms.map(|seen| format!("  through {seen}"));
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
                        group.check + &through.unwrap_or_default(),
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
