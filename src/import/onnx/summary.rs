//! What a graph takes and gives, for people.

use super::files::{Files, kind_name};
use super::graph::{Dim, Graph, ValueInfo};
use crate::error::shown;
use std::collections::BTreeMap;
use std::fmt;

/// A look at an ONNX file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnnxSummary {
    /// What wrote it, as it says itself.
    pub producer: String,
    /// Version of the standard operators.
    pub opset: i64,
    /// Each operator, with its domain where that is not the standard's, and how many there are.
    pub operators: Vec<(String, usize)>,
    /// Each file that the weights are in, with its bytes.
    pub files: Vec<(String, u64)>,
    /// What the graph takes.
    pub inputs: Vec<OnnxValue>,
    /// What it gives.
    pub outputs: Vec<OnnxValue>,
}

/// An input or output of a graph, or several of them that differ in one number of their names only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnnxValue {
    /// Its name; `{0..29}` stands for the numbers of several.
    pub name: String,
    /// The kind of its elements.
    pub kind: String,
    /// Its axes; `None` where the file does not say how many there are.
    pub axes: Option<Vec<OnnxAxis>>,
}

/// An axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnnxAxis {
    /// Always so long.
    Fixed(u64),
    /// As long as the caller likes; the name is the file's and may be empty.
    Dynamic(String),
}

impl fmt::Display for OnnxAxis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OnnxAxis::Fixed(n) => write!(f, "{n}"),
            OnnxAxis::Dynamic(name) if name.is_empty() => f.write_str("?"),
            OnnxAxis::Dynamic(name) => f.write_str(name),
        }
    }
}

impl OnnxSummary {
    pub(super) fn new(graph: &Graph, files: &Files) -> OnnxSummary {
        let mut operators = BTreeMap::new();
        for node in &graph.nodes {
            *operators.entry(node.operator()).or_insert(0) += 1;
        }
        let files = files.volumes().iter();
        OnnxSummary {
            producer: shown(&graph.producer),
            opset: graph.opset,
            operators: operators.into_iter().collect(),
            files: files.map(|file| (file.name().to_owned(), file.len())).collect(),
            inputs: values(&graph.inputs),
            outputs: values(&graph.outputs),
        }
    }
}

/// Each as it is called, where those of all blocks are one.
fn values(all: &[ValueInfo]) -> Vec<OnnxValue> {
    struct Group<'a> {
        first: &'a ValueInfo,
        /// What stands before and behind the number, and the numbers from first to last.
        name: Option<(&'a str, &'a str, u32, u32)>,
    }
    let mut groups: Vec<Group<'_>> = Vec::new();
    for info in all {
        let name = numbered(&info.name);
        let same = groups.iter_mut().rev().take(8).find(|group| {
            (group.first.kind, &group.first.dims) == (info.kind, &info.dims)
                && matches!((group.name, name), (Some((before, behind, _, last)), Some((b, e, n)))
                    if (before, behind) == (b, e) && last.checked_add(1) == Some(n))
        });
        match (same, name) {
            (Some(Group { name: Some((.., last)), .. }), Some((.., n))) => *last = n,
            _ => {
                let name = name.map(|(before, behind, n)| (before, behind, n, n));
                groups.push(Group { first: info, name });
            }
        }
    }
    let axis = |dim: &Dim| match dim {
        // What is negative says nothing.
        Dim::Fixed(n) => {
            u64::try_from(*n).map_or(OnnxAxis::Dynamic(String::new()), OnnxAxis::Fixed)
        }
        Dim::Dynamic(name) => OnnxAxis::Dynamic(shown(name)),
    };
    let value = |group: Group<'_>| OnnxValue {
        name: match group.name {
            Some((before, behind, first, last)) if first < last => {
                format!("{}{{{first}..{last}}}{}", shown(before), shown(behind))
            }
            _ => shown(&group.first.name),
        },
        kind: kind_name(group.first.kind),
        axes: group.first.dims.as_ref().map(|dims| dims.iter().map(axis).collect()),
    };
    groups.into_iter().map(value).collect()
}

/// A name around its first number.
fn numbered(name: &str) -> Option<(&str, &str, u32)> {
    let start = name.find(|c: char| c.is_ascii_digit())?;
    let len = name[start..].find(|c: char| !c.is_ascii_digit()).unwrap_or(name.len() - start);
    let number = &name[start..start + len];
    // What begins with a zero would not come back as it was.
    let is_plain = number == "0" || !number.starts_with('0');
    let number = number.parse().ok().filter(|_| is_plain)?;
    Some((&name[..start], &name[start + len..], number))
}
