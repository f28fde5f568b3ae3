//! The operators that dense transformers consist of. What has another is another kind of model.

use super::graph::{Graph, Node};
use crate::error::{Error, Result};
use crate::import::hf_config::HfConfig;

/// Standard operators.
const STANDARD: &[&str] = &[
    "Add",
    "And",
    "Attention",
    "Cast",
    "Concat",
    "Constant",
    "ConstantOfShape",
    "Cos",
    "CumSum",
    "Div",
    "Equal",
    "Expand",
    "Flatten",
    "Gather",
    "GatherND",
    "Gemm",
    "Greater",
    "GreaterOrEqual",
    "Identity",
    "IsNaN",
    "Less",
    "LessOrEqual",
    "MatMul",
    "Max",
    "Min",
    "Mul",
    "Neg",
    "Not",
    "Or",
    "Pow",
    "RMSNormalization",
    "Range",
    "Reciprocal",
    "ReduceMean",
    "ReduceSum",
    "Reshape",
    "RotaryEmbedding",
    "ScatterND",
    "Shape",
    "Sigmoid",
    "SimplifiedLayerNormalization",
    "Sin",
    "Slice",
    "Softmax",
    "Split",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Swish",
    "Tile",
    "Transpose",
    "Trilu",
    "Unsqueeze",
    "Where",
];
/// Those of ONNX Runtime.
const MICROSOFT: &[&str] = &[
    "GatherBlockQuantized",
    "GroupQueryAttention",
    "MatMulNBits",
    "MultiHeadAttention",
    "QuickGelu",
    "RotaryEmbedding",
    "SimplifiedLayerNormalization",
    "SkipSimplifiedLayerNormalization",
];
/// The domain of [`MICROSOFT`].
pub(super) const CONTRIB: &str = "com.microsoft";

/// Refuses a graph with other operators, or whose operators contradict the configuration.
///
/// # Errors
/// `Unsupported` naming the operator and the node.
pub(super) fn check(graph: &Graph, config: &HfConfig) -> Result<()> {
    for node in &graph.nodes {
        let known = match node.domain.as_str() {
            "" => STANDARD,
            CONTRIB => MICROSOFT,
            _ => &[],
        };
        if !known.contains(&node.op.as_str()) {
            return Err(Error::unsupported(format!(
                "operator {} (node {}) is not known",
                node.operator(),
                node.shown()
            )));
        }
        attributes(node, config)?;
    }
    Ok(())
}

/// Refuses parameters that mean something else than the configuration says.
fn attributes(node: &Node, config: &HfConfig) -> Result<()> {
    let mut expected: Vec<(&str, i64)> = Vec::new();
    let mut floats: Vec<(&str, f64)> = Vec::new();
    match node.op.as_str() {
        "GroupQueryAttention" => {
            expected.push(("num_heads", config.num_attention_heads as i64));
            expected.push(("kv_num_heads", config.kv_heads() as i64));
            expected.extend([("rotary_interleaved", 0), ("smooth_softmax", 0), ("causal", 1)]);
            if config.block_windows()?.is_empty() {
                expected.push(("local_window_size", -1));
            }
            let scale = node.float("scale").filter(|scale| *scale != 0.0);
            if scale.is_some() {
                floats.push(("scale", (config.head_dim() as f64).sqrt().recip()));
            }
            floats.push(("softcap", 0.0));
        }
        "RotaryEmbedding" => expected.push(("interleaved", 0)),
        "QuickGelu" => floats.push(("alpha", 1.0)),
        "SimplifiedLayerNormalization"
        | "SkipSimplifiedLayerNormalization"
        | "RMSNormalization" => floats.push(("epsilon", config.rms_norm_eps())),
        _ => {}
    }
    for (name, wanted) in expected {
        if let Some(found) = node.int(name).filter(|&found| found != wanted) {
            return Err(other(node, name, &found.to_string(), &wanted.to_string()));
        }
    }
    for (name, wanted) in floats {
        let near = |found: f32| (f64::from(found) - wanted).abs() <= 1e-3 * wanted.abs();
        if let Some(found) = node.float(name).filter(|&found| !near(found)) {
            return Err(other(node, name, &found.to_string(), &wanted.to_string()));
        }
    }
    Ok(())
}

fn other(node: &Node, name: &str, found: &str, wanted: &str) -> Error {
    Error::unsupported(format!(
        "{name} of {} (node {}) is {found}, where the configuration means {wanted}",
        node.operator(),
        node.shown()
    ))
}
