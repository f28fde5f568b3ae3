//! All measurements together: per file, per kind, over all; as a table, CSV or JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::closer::Closer;
use super::corpus::CorpusFile;
use super::measure::Measurement;
use super::study::{Origin, Study};
use super::table::Table;
use crate::container::Method;

/// Where the measurements were made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name, where the system tells it.
    pub processor: Option<String>,
    /// Threads that can run at once.
    pub cores: usize,
    /// Operating system and architecture.
    pub system: String,
}

impl Machine {
    /// This machine.
    pub fn this() -> Self {
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name"));
        Machine {
            processor: model.map(|name| name.trim_start_matches([' ', '\t', ':']).to_owned()),
            cores: std::thread::available_parallelism().map_or(1, |n| n.get()),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        }
    }
}

/// Sums over one file, one kind or all files, for one compressor.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Row {
    /// The file, the kind, or `all`.
    pub name: String,
    /// The kind of a file; of a sum, its name.
    #[serde(default)]
    pub kind: String,
    /// Files counted.
    pub files: usize,
    /// The compressor.
    pub compressor: String,
    /// Bytes of the originals.
    pub plain_bytes: u64,
    /// Bytes of the compressed files.
    pub stored_bytes: u64,
    /// Bytes of the model, counted once.
    pub model_bytes: u64,
    /// Compressed size over original size.
    pub ratio: Option<f64>,
    /// Compressed bits for each byte of the original.
    pub bits_per_byte: Option<f64>,
    /// Compressed size and model over original size.
    pub ratio_with_model: Option<f64>,
    /// Seconds of wall clock.
    pub compress_seconds: f64,
    /// Seconds of wall clock.
    pub decompress_seconds: f64,
    /// The highest peak of memory, in either direction.
    pub peak_bytes: Option<u64>,
    /// Groups by method (stored, run, mixer, model), where there are groups.
    #[serde(default)]
    pub groups_by_method: Option<[u64; 4]>,
}

impl Row {
    pub(super) fn of(name: &str, kind: &str, measurements: &[&Measurement]) -> Self {
        let sum = |each: fn(&Measurement) -> u64| measurements.iter().map(|m| each(m)).sum::<u64>();
        let seconds =
            |each: fn(&Measurement) -> f64| measurements.iter().map(|m| each(m)).sum::<f64>();
        let plain_bytes = sum(|m| m.plain_bytes);
        let stored_bytes = sum(|m| m.stored_bytes);
        let model_bytes = measurements.iter().map(|m| m.model_bytes).max().unwrap_or(0);
        let over_plain = |bytes: u64| (plain_bytes > 0).then(|| bytes as f64 / plain_bytes as f64);
        let peak = |m: &&Measurement| m.compress_peak_bytes.max(m.decompress_peak_bytes);
        Row {
            name: name.to_owned(),
            kind: kind.to_owned(),
            files: measurements.len(),
            compressor: measurements.first().map_or_else(String::new, |m| m.compressor.clone()),
            plain_bytes,
            stored_bytes,
            model_bytes,
            ratio: over_plain(stored_bytes),
            bits_per_byte: over_plain(stored_bytes).map(|ratio| 8.0 * ratio),
            ratio_with_model: over_plain(stored_bytes + model_bytes),
            compress_seconds: seconds(|m| m.compress_seconds),
            decompress_seconds: seconds(|m| m.decompress_seconds),
            peak_bytes: measurements.iter().filter_map(peak).max(),
            groups_by_method: measurements
                .iter()
                .filter_map(|m| m.groups_by_method)
                .reduce(|a, b| std::array::from_fn(|i| a[i] + b[i])),
        }
    }

    /// Bytes of the original a second, when compressing and when decompressing.
    pub fn speeds(&self) -> [f64; 2] {
        [self.compress_seconds, self.decompress_seconds]
            .map(|seconds| self.plain_bytes as f64 / seconds.max(1e-6))
    }

    /// The methods of its groups, the commonest first.
    pub fn methods(&self) -> String {
        let counts = self.groups_by_method.unwrap_or_default();
        let mut used: Vec<Method> =
            Method::ALL.into_iter().filter(|m| counts[usize::from(m.code())] > 0).collect();
        used.sort_by_key(|method| std::cmp::Reverse(counts[usize::from(method.code())]));
        used.iter().map(|method| method.name()).collect::<Vec<_>>().join(" and ")
    }

    fn cells(&self) -> Vec<String> {
        let number = |value: Option<f64>| value.map_or("-".into(), |v| format!("{v:.3}"));
        vec![
            self.name.clone(),
            self.compressor.clone(),
            self.files.to_string(),
            self.plain_bytes.to_string(),
            self.stored_bytes.to_string(),
            number(self.ratio),
            number(self.bits_per_byte),
            number(self.ratio_with_model),
            format!("{:.3}", self.compress_seconds),
            format!("{:.3}", self.decompress_seconds),
            self.peak_bytes.map_or("-".into(), |bytes| format!("{:.1}", bytes as f64 / 1e6)),
        ]
    }
}

/// Everything that was measured, in rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Version of llmzip.
    pub version: String,
    /// The commit that the folder it was run in was at, where that is known.
    #[serde(default)]
    pub commit: Option<String>,
    /// What was run.
    #[serde(default)]
    pub command: String,
    /// What disturbed the times, where something did, in the words of who measured.
    #[serde(default)]
    pub note: Option<String>,
    /// Where it was measured.
    pub machine: Machine,
    /// One row per file and compressor.
    pub files: Vec<Row>,
    /// One row per kind and compressor.
    pub kinds: Vec<Row>,
    /// One row per compressor.
    pub all: Vec<Row>,
    /// Closer looks at one file of each kind and at the worst.
    #[serde(default)]
    pub closer: Vec<Closer>,
    /// What was tried besides.
    #[serde(default)]
    pub studies: Vec<Study>,
    /// Another record whose times and memory count, where those of this one were disturbed.
    #[serde(default)]
    pub times: Option<Box<Report>>,
}

impl Report {
    /// How it was made.
    pub fn origin(&self) -> Origin {
        Origin {
            commit: self.commit.clone(),
            command: self.command.clone(),
            machine: self.machine.clone(),
            note: self.note.clone(),
        }
    }

    /// Sums up. The order of files, kinds and compressors is that of their first measurements.
    pub fn new(machine: Machine, measured: &[(CorpusFile, Measurement)]) -> Self {
        let mut report = Report {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: None,
            command: String::new(),
            note: None,
            machine,
            files: measured.iter().map(|(file, m)| Row::of(&file.name, &file.kind, &[m])).collect(),
            kinds: Vec::new(),
            all: Vec::new(),
            closer: Vec::new(),
            studies: Vec::new(),
            times: None,
        };
        let position = |compressor: &str| {
            measured.iter().position(|(_, m)| m.compressor == compressor).unwrap_or(0)
        };
        let mut kinds: BTreeMap<(&str, usize), Vec<&Measurement>> = BTreeMap::new();
        let mut all: BTreeMap<usize, Vec<&Measurement>> = BTreeMap::new();
        for (file, measurement) in measured {
            let place = position(&measurement.compressor);
            kinds.entry((&file.kind, place)).or_default().push(measurement);
            all.entry(place).or_default().push(measurement);
        }
        report.kinds = kinds.iter().map(|((kind, _), m)| Row::of(kind, kind, m)).collect();
        report.all = all.values().map(|m| Row::of("all", "all", m)).collect();
        report
    }

    /// The compressors, ours first.
    pub fn compressors(&self) -> Vec<&str> {
        self.all.iter().map(|row| row.compressor.as_str()).collect()
    }

    /// Our own row among those of one thing.
    pub fn ours<'a>(&self, rows: impl IntoIterator<Item = &'a Row>) -> Option<&'a Row> {
        rows.into_iter().find(|row| row.compressor.starts_with("llmzip"))
    }

    /// One aligned table: files, kinds, all.
    pub fn table(&self) -> String {
        let machine = &self.machine;
        let processor = machine.processor.as_deref().unwrap_or("unknown processor");
        let mut text = format!(
            "llmzip {}; {processor}, {} threads, {}\n",
            self.version, machine.cores, machine.system
        );
        for (title, rows) in [("file", &self.files), ("kind", &self.kinds), ("", &self.all)] {
            let title = format!("<{title}");
            let mut table = Table::new(&[
                &title,
                "<compressor",
                "files",
                "bytes",
                "compressed",
                "ratio",
                "bits/byte",
                "+ model",
                "in s",
                "out s",
                "peak MB",
            ]);
            for row in rows {
                table.row(row.cells());
            }
            text.push('\n');
            text.push_str(&table.to_string());
        }
        text.push_str(
            "\nratio: compressed / original; + model: the same, the model counted once\n",
        );
        text
    }

    /// Comma-separated values: a heading, then all rows; `level` says what a row is about.
    pub fn csv(&self) -> String {
        let mut text = String::from(
            "level,name,compressor,files,bytes,compressed_bytes,ratio,bits_per_byte,\
             ratio_with_model,compress_seconds,decompress_seconds,peak_bytes,model_bytes\n",
        );
        for (level, rows) in [("file", &self.files), ("kind", &self.kinds), ("all", &self.all)] {
            for row in rows {
                let number =
                    |value: Option<f64>| value.map_or(String::new(), |v| format!("{v:.6}"));
                let cells = [
                    level.to_owned(),
                    quoted(&row.name),
                    quoted(&row.compressor),
                    row.files.to_string(),
                    row.plain_bytes.to_string(),
                    row.stored_bytes.to_string(),
                    number(row.ratio),
                    number(row.bits_per_byte),
                    number(row.ratio_with_model),
                    format!("{:.6}", row.compress_seconds),
                    format!("{:.6}", row.decompress_seconds),
                    row.peak_bytes.map_or(String::new(), |bytes| bytes.to_string()),
                    row.model_bytes.to_string(),
                ];
                text.push_str(&cells.join(","));
                text.push('\n');
            }
        }
        text
    }
}

/// A cell as RFC 4180 wants it.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(kind: &str, compressor: &str, stored_bytes: u64) -> (CorpusFile, Measurement) {
        let name = format!("{kind}/a,b");
        let measurement = Measurement {
            compressor: compressor.into(),
            plain_bytes: 1000,
            stored_bytes,
            model_bytes: if compressor == "llmzip" { 500 } else { 0 },
            compress_seconds: 0.5,
            decompress_seconds: 0.25,
            compress_peak_bytes: Some(1_000_000),
            decompress_peak_bytes: Some(stored_bytes * 10_000),
            groups_by_method: (compressor == "llmzip").then_some([1, 0, 0, 2]),
        };
        (CorpusFile { path: "x".into(), name, kind: kind.into() }, measurement)
    }

    fn report() -> Report {
        let machine = Machine { processor: None, cores: 2, system: "test".into() };
        let measured = [
            measured("b", "llmzip", 100),
            measured("b", "zstd-19", 250),
            measured("a", "llmzip", 200),
            measured("a", "zstd-19", 300),
            measured("a", "llmzip", 100),
        ];
        Report::new(machine, &measured)
    }

    #[test]
    fn the_model_is_counted_once_for_any_number_of_files() {
        let report = report();
        let all = &report.all[0];
        assert_eq!((all.compressor.as_str(), all.files), ("llmzip", 3));
        assert_eq!(all.stored_bytes, 400);
        // (400 + 500) / 3000
        assert_eq!(all.ratio_with_model, Some(0.3));
        assert_eq!(all.peak_bytes, Some(2_000_000));
    }

    #[test]
    fn kinds_have_a_row_for_each_compressor() {
        let rows = report().kinds;
        let rows: Vec<_> = rows.iter().map(|r| (r.name.as_str(), r.compressor.as_str())).collect();
        assert_eq!(rows, [("a", "llmzip"), ("a", "zstd-19"), ("b", "llmzip"), ("b", "zstd-19")]);
    }

    #[test]
    fn methods_are_added_up_and_a_record_can_be_read_again() {
        let report = report();
        assert_eq!(report.all[0].groups_by_method, Some([3, 0, 0, 6]));
        assert_eq!(report.all[0].methods(), "model and stored");
        let json = serde_json::to_string(&report).unwrap();
        let again: Report = serde_json::from_str(&json).unwrap();
        // Floats may come back a last bit off.
        let facts = |report: &Report| {
            let rows = report.files.iter().chain(&report.kinds).chain(&report.all);
            let fact = |row: &Row| (row.name.clone(), row.stored_bytes, row.groups_by_method);
            rows.map(fact).collect::<Vec<_>>()
        };
        assert_eq!(facts(&again), facts(&report));
        assert!((again.all[0].ratio.unwrap() - report.all[0].ratio.unwrap()).abs() < 1e-12);
    }

    #[test]
    fn names_with_commas_are_quoted() {
        let csv = report().csv();
        assert!(csv.contains("file,\"b/a,b\",zstd-19,1,1000,250,0.250000,2.000000,"), "{csv}");
        assert_eq!(csv.lines().count(), 1 + 5 + 4 + 2);
    }

    #[test]
    fn the_table_ends_with_all_files() {
        let table = report().table();
        assert!(table.contains("all  zstd-19         2   2000         550  0.275"), "{table}");
    }
}
