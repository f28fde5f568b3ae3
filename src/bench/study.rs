//! The same files with one thing changed: windows, lanes, bits of weights, levels, models.

use serde::{Deserialize, Serialize};

use super::report::Row;

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

/// What the figures of a study say, in a few sentences.
pub fn paragraphs(study: &Study) -> Vec<String> {
    let bits = |row: &StudyRow| row.all.bits_per_byte.unwrap_or(f64::NAN);
    let Some(best) = study.rows.iter().min_by(|a, b| bits(a).total_cmp(&bits(b))) else {
        return Vec::new();
    };
    let speed = |row: &StudyRow, way: usize| row.all.speeds()[way] / 1e3;
    let fastest = study.rows.iter().max_by(|a, b| speed(a, 1).total_cmp(&speed(b, 1)));
    let mut said = vec![format!(
        "Smallest: {} with {:.4} bits a byte, at {:.0} kB/s in and {:.0} out.",
        best.variant,
        bits(best),
        speed(best, 0),
        speed(best, 1)
    )];
    if let Some(fastest) = fastest.filter(|fastest| fastest.variant != best.variant) {
        said[0] += &format!(
            " Fastest out: {} with {:.0} kB/s, and {:.4} bits a byte, {:+.2} %.",
            fastest.variant,
            speed(fastest, 1),
            bits(fastest),
            100.0 * (bits(fastest) / bits(best) - 1.0)
        );
    }
    let steps = study.rows.windows(2).map(|pair| {
        format!(
            "{} to {}: {:+.2} % bits, {:.2} times the time out",
            pair[0].variant,
            pair[1].variant,
            100.0 * (bits(&pair[1]) / bits(&pair[0]) - 1.0),
            speed(&pair[0], 1) / speed(&pair[1], 1).max(1e-9)
        )
    });
    let steps: Vec<_> = steps.collect();
    if !steps.is_empty() {
        said.push(format!("Step by step: {}.", steps.join("; ")));
    }
    // By kind, what the best has over the first.
    let mut gains: Vec<(f64, &str)> = best
        .kinds
        .iter()
        .filter_map(|kind| {
            let first = study.rows[0].kinds.iter().find(|other| other.name == kind.name)?;
            let gain = 1.0 - kind.stored_bytes as f64 / first.stored_bytes.max(1) as f64;
            Some((100.0 * gain, kind.name.as_str()))
        })
        .collect();
    gains.sort_by(|a, b| b.0.total_cmp(&a.0));
    if let ([most, .., least], true) = (&gains[..], best.variant != study.rows[0].variant) {
        said.push(format!(
            "From {} to {}, {} gains most ({:.1} %) and {} least ({:.1} %).",
            study.rows[0].variant, best.variant, most.1, most.0, least.1, least.0
        ));
    }
    said
}
