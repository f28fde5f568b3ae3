//! The same files with one thing changed: windows, lanes, bits of weights, levels, models.

use serde::{Deserialize, Serialize};

use super::report::{Machine, Row};

/// One way to compress that is tried: what it is called, and the flags that stand for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// What it is called.
    pub name: String,
    /// Flags of `llmzip measure`.
    pub flags: Vec<String>,
}

/// What came of a study.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Study {
    /// `window`, `lanes`, `bits`, `level` or `model`.
    pub name: String,
    /// The model that it is about, where it is about one.
    pub model: Option<String>,
    /// The first bytes of each file that were measured, where not all were.
    pub first_bytes: Option<u64>,
    /// One for each variant, in their order.
    pub rows: Vec<StudyRow>,
    /// What the weights lose, by layer; for `bits`.
    #[serde(default)]
    pub errors: Vec<LayerError>,
    /// What zstd -19 makes of the same bytes, where that was measured.
    #[serde(default)]
    pub zstd: Option<StudyRow>,
    /// How it was measured, where it comes from another record.
    #[serde(default)]
    pub origin: Option<Origin>,
}

/// How the record was made that a study comes from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Origin {
    /// The commit, where that is known.
    pub commit: Option<String>,
    /// What was run.
    pub command: String,
    /// Where it was measured.
    pub machine: Machine,
    /// What should be known besides.
    pub note: Option<String>,
}

impl Origin {
    /// In words that follow what was measured, or by what.
    pub fn said(&self) -> String {
        format!(
            "{} ({}), on {}, {} threads.{}",
            self.command,
            self.commit.as_deref().unwrap_or("unknown commit"),
            self.machine.processor.as_deref().unwrap_or("an unknown processor"),
            self.machine.cores,
            self.note.as_ref().map_or(String::new(), |note| format!(" {note}"))
        )
    }
}

/// One variant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StudyRow {
    /// What it is called.
    pub variant: String,
    /// Over all files.
    pub all: Row,
    /// By kind.
    pub kinds: Vec<Row>,
}

/// What quantisation does to the weights of a layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerError {
    /// The variant of the study.
    pub variant: String,
    /// The type of parameter: `embedding`, `attention` and so on.
    pub part: String,
    /// The block, from 0, where it is in one.
    pub block: Option<usize>,
    /// Weights.
    pub weights: u64,
    /// Bytes that they take, scales and steps included.
    pub bytes: u64,
    /// Root of the mean square of the errors over that of the weights.
    pub relative_rms: f64,
    /// Weights by the size of their error over the root of the mean square of the weights; place `i` has those below
    /// `2^(i - 10)`, the last all others.
    pub histogram: Vec<u64>,
}

/// What a study asks.
pub fn question(name: &str) -> Option<&'static str> {
    Some(match name {
        "window" => {
            "How far back should the model see? A longer window takes memory, and time once a text fills it."
        }
        "lanes" => {
            "Into how many lanes should a text be cut? A decoder computes a token of each lane at once, so more of them \
             are faster, but each knows less of the text."
        }
        "bits" => {
            "How many bits should a weight have? Fewer are less to send and to hold, and predict worse. (Of a model that \
             was published in 4 bits, 8 cannot bring back what is lost; they keep what is there.)"
        }
        "level" => "What does each level buy?",
        "model" => "Does a larger model pay?",
        _ => return None,
    })
}

/// What may be given away for speed, in per cent of the smallest size.
const NEARLY: f64 = 1.0;

impl Study {
    /// What disturbed its times, where something did: they are not told then. `note` is that of the report that has it.
    pub fn disturbed<'a>(&'a self, note: Option<&'a str>) -> Option<&'a str> {
        self.origin.as_ref().map_or(note, |origin| origin.note.as_deref())
    }
}

/// What the figures of a study say, in a few sentences, with or without its times.
pub fn paragraphs(study: &Study, has_times: bool) -> Vec<String> {
    let Some(best) = study.rows.iter().min_by(|a, b| bits(a).total_cmp(&bits(b))) else {
        return Vec::new();
    };
    let mut smallest = format!("Smallest: {} with {:.4} bits a byte", best.variant, bits(best));
    if has_times {
        smallest +=
            &format!(", at {} kB/s in and {} out", rate(speed(best, 0)), rate(speed(best, 1)));
    }
    smallest.push('.');
    if has_times {
        smallest += &fastest(study, best);
    }
    let mut said = vec![smallest];
    let steps = study.rows.windows(2).map(|pair| {
        let [from, to] = [&pair[0], &pair[1]];
        let mut step = format!(
            "{} to {}: {:+.2} % bits",
            from.variant,
            to.variant,
            100.0 * (bits(to) / bits(from) - 1.0)
        );
        if has_times {
            let times = speed(from, 1) / speed(to, 1).max(1e-9);
            step += &format!(", {times:.2} times the time out");
        }
        step
    });
    let steps: Vec<_> = steps.collect();
    if !steps.is_empty() {
        said.push(format!("Step by step: {}.", steps.join("; ")));
    }
    let first = &study.rows[0];
    if best.variant != first.variant {
        let gains = most_and_least(best, first);
        said.extend(
            gains.map(|gains| format!("From {} to {}, {gains}.", first.variant, best.variant)),
        );
    }
    if let Some(zstd) = &study.zstd {
        let mut text = format!(
            "zstd -19 needs {:.4} bits a byte for the same bytes, {} {:.1} % less.",
            bits(zstd),
            best.variant,
            100.0 * (1.0 - bits(best) / bits(zstd))
        );
        if let Some(gains) = most_and_least(best, zstd) {
            text += &format!(" Of the kinds, {gains}.");
        }
        said.push(text);
        said.extend(paid(study, zstd));
    }
    said
}

/// What is fastest, of all and of what is nearly the smallest.
fn fastest(study: &Study, best: &StudyRow) -> String {
    let above = |row: &StudyRow| 100.0 * (bits(row) / bits(best) - 1.0);
    let fastest = |limit: f64| {
        let near = study.rows.iter().filter(|row| above(row) <= limit);
        near.max_by(|a, b| speed(a, 1).total_cmp(&speed(b, 1)))
            .filter(|fastest| fastest.variant != best.variant)
    };
    let mut fast = [
        (format!("Fastest out of what is within {NEARLY} % of it"), fastest(NEARLY)),
        ("Fastest out of all".to_owned(), fastest(f64::INFINITY)),
    ];
    if let [(_, Some(near)), (name, Some(all))] = &mut fast
        && near.variant == all.variant
    {
        *name = format!("Fastest out, and within {NEARLY} % of it");
        fast[0].1 = None;
    }
    let mut text = String::new();
    for (name, row) in fast {
        let Some(row) = row else { continue };
        text += &format!(
            " {name}: {} with {} kB/s, and {:.4} bits a byte, {:+.2} %.",
            row.variant,
            rate(speed(row, 1)),
            bits(row),
            above(row)
        );
    }
    text
}

fn bits(row: &StudyRow) -> f64 {
    row.all.bits_per_byte.unwrap_or(f64::NAN)
}

fn speed(row: &StudyRow, way: usize) -> f64 {
    row.all.speeds()[way] / 1e3
}

/// The slower, the more decimals.
fn rate(kilobytes: f64) -> String {
    let digits = usize::from(kilobytes < 10.0) + usize::from(kilobytes < 1.0);
    format!("{kilobytes:.digits$}")
}

/// Which kind becomes smallest beside what it was, and which least.
fn most_and_least(now: &StudyRow, before: &StudyRow) -> Option<String> {
    let mut gains: Vec<(f64, &str)> = now
        .kinds
        .iter()
        .filter_map(|kind| {
            let other = before.kinds.iter().find(|other| other.name == kind.name)?;
            let gain = 1.0 - kind.stored_bytes as f64 / other.stored_bytes.max(1) as f64;
            Some((100.0 * gain, kind.name.as_str()))
        })
        .collect();
    gains.sort_by(|a, b| b.0.total_cmp(&a.0));
    let [most, .., least] = &gains[..] else { return None };
    Some(format!(
        "{} gains most ({:.1} %) and {} least ({:.1} %)",
        most.1, most.0, least.1, least.0
    ))
}

/// After how many MB of such bytes a model's own are paid for.
fn paid(study: &Study, zstd: &StudyRow) -> Option<String> {
    let mb = |row: &StudyRow, other: &StudyRow| {
        let saved = other.all.ratio? - row.all.ratio?;
        let more =
            row.all.model_bytes.checked_sub(other.all.model_bytes).filter(|&more| more > 0)?;
        Some(match saved > 0.0 {
            true => format!("{:.0} MB", more as f64 / saved / 1e6),
            false => "no number of bytes".into(),
        })
    };
    // Where all rows have one model, the others say the same.
    let first = study.rows.first()?;
    let is_one = study.rows.iter().all(|row| row.all.model_bytes == first.all.model_bytes);
    let rows = if is_one { &study.rows[..1] } else { &study.rows[..] };
    let each = rows.iter().filter_map(|row| {
        let model = row.all.model_bytes as f64 / 1e6;
        let mut text = format!("the {model:.1} MB of {} after {}", row.variant, mb(row, zstd)?);
        if let Some(beside) = (study.name == "model").then(|| mb(row, first)).flatten() {
            text +=
                &format!(" (what it has more than {} after {beside} beside that)", first.variant);
        }
        Some(text)
    });
    let each: Vec<_> = each.collect();
    (!each.is_empty()).then(|| {
        format!(
            "A model's own bytes, counted once, are paid for beside zstd -19: {}.",
            each.join("; ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(variant: &str, stored_bytes: [u64; 2], seconds: f64, model_bytes: u64) -> StudyRow {
        let of = |name: &str, plain_bytes: u64, stored_bytes: u64| {
            let ratio = stored_bytes as f64 / plain_bytes as f64;
            Row {
                name: name.into(),
                kind: name.into(),
                files: 1,
                compressor: "llmzip".into(),
                plain_bytes,
                stored_bytes,
                model_bytes,
                ratio: Some(ratio),
                bits_per_byte: Some(8.0 * ratio),
                ratio_with_model: None,
                compress_seconds: seconds,
                decompress_seconds: seconds,
                peak_bytes: None,
                groups_by_method: None,
            }
        };
        let kinds = vec![of("log", 10_000, stored_bytes[0]), of("text", 10_000, stored_bytes[1])];
        StudyRow {
            variant: variant.into(),
            all: of("all", 20_000, stored_bytes.iter().sum()),
            kinds,
        }
    }

    fn study(name: &str, rows: Vec<StudyRow>) -> Study {
        let zstd = Some(row("zstd-19", [2000, 4000], 0.1, 0));
        let (name, model) = (name.to_owned(), None);
        Study { name, model, first_bytes: None, rows, errors: Vec::new(), zstd, origin: None }
    }

    #[test]
    fn paragraphs_name_what_is_small_what_is_nearly_so_and_what_is_fast() {
        let rows = vec![
            row("1 lane", [1000, 2000], 20.0, 8_000_000),
            row("8 lanes", [1010, 2000], 4.0, 8_000_000),
            row("32 lanes", [1100, 2200], 1.0, 8_000_000),
        ];
        let study = study("lanes", rows);
        let said = paragraphs(&study, true).join("\n");
        for part in [
            "Smallest: 1 lane with 1.2000 bits a byte, at 1.0 kB/s in and 1.0 out.",
            "within 1 % of it: 8 lanes with 5.0 kB/s, and 1.2040 bits a byte, +0.33 %.",
            "Fastest out of all: 32 lanes with 20 kB/s, and 1.3200 bits a byte, +10.00 %.",
            "1 lane to 8 lanes: +0.33 % bits, 0.20 times the time out",
            "zstd -19 needs 2.4000 bits a byte for the same bytes, 1 lane 50.0 % less.",
            // 8 MB over a ratio of 0.3 - 0.15, once, since all have that model.
            "zstd -19: the 8.0 MB of 1 lane after 53 MB.",
        ] {
            assert!(said.contains(part), "{part}\n{said}");
        }
        assert!(!said.contains("8.0 MB of 8 lanes"), "{said}");
        // Times that something disturbed are not told.
        let said = paragraphs(&study, false).join("\n");
        assert!(said.contains("1.2000 bits a byte.") && said.contains("+0.33 % bits;"), "{said}");
        assert!(!said.contains("kB/s") && !said.contains("time"), "{said}");
    }

    #[test]
    fn a_larger_model_is_weighed_beside_the_first() {
        let rows = vec![
            row("builtin", [1000, 2000], 1.0, 8_000_000),
            row("large", [800, 1600], 100.0, 158_000_000),
            row("vain", [1000, 2000], 100.0, 158_000_000),
        ];
        let said = paragraphs(&study("model", rows), true).join("\n");
        assert!(said.contains("the 8.0 MB of builtin after 53 MB;"), "{said}");
        // 158 MB over 0.3 - 0.12; 150 MB over 0.15 - 0.12.
        let large = "the 158.0 MB of large after 878 MB (what it has more than builtin after 5000 MB beside that)";
        assert!(said.contains(large), "{said}");
        assert!(said.contains("(what it has more than builtin after no number of bytes"), "{said}");
        assert!(said.contains("log gains most (60.0 %) and text least (60.0 %)"), "{said}");
    }
}
