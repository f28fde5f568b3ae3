//! What an ONNX file takes and gives.

use llmzip::import::{OnnxAxis, OnnxSummary, OnnxValue};

/// Lines for people: files, operators, inputs and outputs, and which axes the caller chooses.
pub fn describe(graph: &OnnxSummary) -> String {
    let mut out = String::new();
    let mut line = |what: &str, is: &str| out += &format!("{what:<11} {is}\n");
    for (name, bytes) in &graph.files {
        line("file", &format!("{name}, {bytes} bytes"));
    }
    if !graph.producer.is_empty() {
        line("made by", &graph.producer);
    }
    let counts = graph.operators.iter().map(|(name, count)| format!("{name} {count}"));
    line(
        "operators",
        &format!("version {}: {}", graph.opset, counts.collect::<Vec<_>>().join(", ")),
    );
    for (what, values) in [("input", &graph.inputs), ("output", &graph.outputs)] {
        for value in values {
            line(what, &shape(value));
        }
    }
    let all = graph.inputs.iter().chain(&graph.outputs);
    let axes = all.flat_map(|value| value.axes.iter().flatten());
    let mut dynamic: Vec<_> = axes.filter(|axis| matches!(axis, OnnxAxis::Dynamic(_))).collect();
    dynamic.sort_by_key(|axis| axis.to_string());
    dynamic.dedup();
    let dynamic: Vec<_> = dynamic.iter().map(ToString::to_string).collect();
    let none = "no axes: every length is fixed".to_owned();
    line("dynamic", &if dynamic.is_empty() { none } else { dynamic.join(", ") });
    out
}

/// Name, kind and axes; the caller chooses those that have no number.
fn shape(value: &OnnxValue) -> String {
    let axes = match &value.axes {
        Some(axes) => axes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        None => "of any shape".to_owned(),
    };
    format!("{} {} [{axes}]", value.name, value.kind)
}
