//! Two records side by side: what became better and what became worse.

use std::collections::HashMap;

use super::report::{Report, Row};
use super::table::Table;

/// From where on a change for the worse is one too many.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// A file, kind or sum may be so many per cent larger.
    pub size_percent: f64,
    /// All files together may take so many times the time, in either direction; `None` where times are not judged.
    pub time_factor: Option<f64>,
}

/// What comparing two records shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// For people.
    pub text: String,
    /// What is past a limit, a line each; empty if all is well.
    pub worse: Vec<String>,
}

impl Comparison {
    /// Compares `new` with `old`, by files, kinds and sums that both have.
    pub fn new(old: &Report, new: &Report, limits: Limits) -> Comparison {
        let known: HashMap<_, &Row> =
            old.files.iter().chain(&old.kinds).chain(&old.all).map(|row| (key(row), row)).collect();
        let mut table = Table::new(&[
            "<what",
            "<compressor",
            "old bytes",
            "new bytes",
            "change",
            "%",
            "in",
            "out",
        ]);
        let (mut worse, mut same, mut absent) = (Vec::new(), 0, 0);
        for row in new.files.iter().chain(&new.kinds).chain(&new.all) {
            let Some(before) = known.get(&key(row)) else {
                absent += 1;
                continue;
            };
            if before.plain_bytes != row.plain_bytes {
                worse.push(format!("{}: other bytes than in the old record", row.name));
                continue;
            }
            let change = row.stored_bytes as i64 - before.stored_bytes as i64;
            let percent = 100.0 * change as f64 / before.stored_bytes.max(1) as f64;
            let [compress, decompress] = [0, 1].map(|way| before.speeds()[way] / row.speeds()[way]);
            if percent > limits.size_percent {
                worse.push(format!(
                    "{} ({}): {change} bytes, {percent:+.3} %",
                    row.name, row.compressor
                ));
            }
            let is_sum = row.kind == "all";
            if let Some(limit) = limits.time_factor.filter(|_| is_sum) {
                for (way, factor) in [("in", compress), ("out", decompress)] {
                    if factor > limit {
                        worse.push(format!(
                            "all ({}): {factor:.2} times the time {way}",
                            row.compressor
                        ));
                    }
                }
            }
            if change == 0 && !is_sum {
                same += 1;
                continue;
            }
            table.row(vec![
                row.name.clone(),
                row.compressor.clone(),
                before.stored_bytes.to_string(),
                row.stored_bytes.to_string(),
                format!("{change:+}"),
                format!("{percent:+.3}"),
                format!("{compress:.2}x"),
                format!("{decompress:.2}x"),
            ]);
        }
        let place = |report: &Report| {
            let processor = report.machine.processor.as_deref().unwrap_or("unknown processor");
            let commit = report.commit.as_deref().unwrap_or("unknown commit");
            format!(
                "llmzip {} ({commit}), {processor}, {} threads",
                report.version, report.machine.cores
            )
        };
        let mut text = format!("old: {}\nnew: {}\n\n{table}", place(old), place(new));
        text += &format!(
            "\n{same} of the same size; {absent} not in the old record. in, out: new time / old time.\n"
        );
        for line in &worse {
            text += &format!("worse: {line}\n");
        }
        Comparison { text, worse }
    }
}

fn key(row: &Row) -> (&str, &str, bool, &str) {
    (&row.name, &row.compressor, row.name == row.kind, &row.kind)
}

#[cfg(test)]
mod tests {
    use super::super::{CorpusFile, Machine, Measurement};
    use super::*;

    fn report(sizes: [u64; 2], seconds: f64) -> Report {
        let measured = sizes.into_iter().enumerate().map(|(i, stored_bytes)| {
            let measurement = Measurement {
                compressor: "llmzip -5".into(),
                plain_bytes: 1000,
                stored_bytes,
                model_bytes: 0,
                compress_seconds: seconds,
                decompress_seconds: seconds,
                compress_peak_bytes: None,
                decompress_peak_bytes: None,
                groups_by_method: None,
            };
            let file = CorpusFile { path: "x".into(), name: format!("k/{i}"), kind: "k".into() };
            (file, measurement)
        });
        let machine = Machine { processor: None, cores: 1, system: "test".into() };
        Report::new(machine, &measured.collect::<Vec<_>>())
    }

    const LIMITS: Limits = Limits { size_percent: 0.5, time_factor: Some(1.5) };

    #[test]
    fn sizes_are_compared_exactly_and_times_as_ratios() {
        let old = report([100, 200], 1.0);
        let same = Comparison::new(&old, &report([100, 200], 1.4), LIMITS);
        assert!(same.worse.is_empty() && same.text.contains("1.40x"), "{}", same.text);
        let smaller = Comparison::new(&old, &report([99, 200], 1.0), LIMITS);
        assert!(smaller.worse.is_empty() && smaller.text.contains("-1.000"), "{}", smaller.text);
    }

    #[test]
    fn a_file_that_grew_and_slowness_are_past_the_limits() {
        let old = report([100, 200], 1.0);
        let larger = Comparison::new(&old, &report([101, 200], 1.0), LIMITS);
        // The file grew by 1 %, its kind and all by 0.33.
        assert_eq!(larger.worse, ["k/0 (llmzip -5): 1 bytes, +1.000 %"]);
        let slower = Comparison::new(&old, &report([100, 200], 2.0), LIMITS);
        assert_eq!(slower.worse.len(), 2);
        let unjudged = Limits { time_factor: None, ..LIMITS };
        assert!(Comparison::new(&old, &report([100, 200], 2.0), unjudged).worse.is_empty());
    }
}
