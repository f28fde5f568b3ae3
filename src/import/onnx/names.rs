//! What a weight is, by the names that exporters give to nodes and initialisers.
//!
//! `/model/layers.3/self_attn/q_proj/MatMul`, `model.layers.3.attn.q_proj.MatMul.weight_Q4` and
//! `model.layers.3.self_attn.q_proj.weight` all speak of the same matrix: the parts of a module's path are in all of them.

use crate::import::hf_config::HfConfig;
use std::collections::BTreeSet;

/// What the three matrices of attention's input are called as one.
pub(super) const PACKED: &str = "self_attn.qkv_proj";
/// The embedding.
pub(super) const EMBEDDING: &str = "model.embed_tokens";
/// The output layer.
pub(super) const OUTPUT: &str = "lm_head";
/// The norm before the output layer.
pub(super) const LAST_NORM: &str = "model.norm";

/// Matrices of a block: a part of the path, and the name in Hugging Face's files.
const MATRICES: [(&str, &str); 8] = [
    ("q_proj", "self_attn.q_proj"),
    ("k_proj", "self_attn.k_proj"),
    ("v_proj", "self_attn.v_proj"),
    ("o_proj", "self_attn.o_proj"),
    ("qkv_proj", PACKED),
    ("gate_proj", "mlp.gate_proj"),
    ("up_proj", "mlp.up_proj"),
    ("down_proj", "mlp.down_proj"),
];
/// Norms of a block.
const NORMS: [(&str, &str); 4] = [
    ("q_norm", "self_attn.q_norm"),
    ("k_norm", "self_attn.k_norm"),
    ("input_layernorm", "input_layernorm"),
    ("post_attention_layernorm", "post_attention_layernorm"),
];
/// What stands in for a matrix's own change; such a graph has further matrices beside each.
const ADDED: [&str; 2] = ["lora_A", "lora_B"];

/// The matrix of this name, without `.weight`.
pub(super) fn matrix(name: &str) -> Option<String> {
    let path = path(name);
    if path.iter().any(|part| ADDED.contains(part)) {
        return None;
    }
    if path.contains(&"lm_head") {
        return Some(OUTPUT.to_owned());
    }
    of_block(&path, &MATRICES)
}

/// The norm of this name, without `.weight`.
pub(super) fn norm(name: &str) -> Option<String> {
    let path = path(name);
    let is_last = path.windows(2).any(|pair| pair == ["model", "norm"]);
    if is_last || path.contains(&"final_norm_layernorm") {
        return Some(LAST_NORM.to_owned());
    }
    of_block(&path, &NORMS)
}

fn path(name: &str) -> Vec<&str> {
    name.split(['/', '.']).filter(|part| !part.is_empty()).collect()
}

fn of_block(path: &[&str], parts: &[(&str, &str)]) -> Option<String> {
    let at = path.iter().position(|part| *part == "layers")?;
    let (layer, rest) = path[at + 1..].split_first()?;
    let layer: u16 = layer.parse().ok()?;
    let mut found = rest.iter().filter_map(|part| parts.iter().find(|(known, _)| known == part));
    found.next().map(|(_, name)| in_block(layer.into(), name))
}

/// The name of a part of a block.
pub(super) fn in_block(layer: usize, part: &str) -> String {
    format!("model.layers.{layer}.{part}")
}

/// All names that a model of this configuration can have.
pub(super) fn expected(config: &HfConfig) -> BTreeSet<String> {
    let mut names = BTreeSet::from([EMBEDDING, OUTPUT, LAST_NORM].map(|n| format!("{n}.weight")));
    for layer in 0..config.num_hidden_layers {
        let mut add = |part: &str, what: &str| {
            names.insert(format!("{}.{what}", in_block(layer, part)));
        };
        for (_, part) in MATRICES.iter().filter(|(_, part)| *part != PACKED) {
            add(part, "weight");
        }
        NORMS[2..].iter().for_each(|(_, part)| add(part, "weight"));
        match config.model_type() {
            "qwen3" => NORMS[..2].iter().for_each(|(_, part)| add(part, "weight")),
            "qwen2" => MATRICES[..3].iter().for_each(|(_, part)| add(part, "bias")),
            _ => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_all_exporters_mean_the_same() {
        for name in [
            "/model/layers.3/self_attn/q_proj/MatMul",
            "/model/layers.3/attn/q_proj/MatMul_Q4",
            "/model/layers.3/self_attn/q_proj/MatMul_output_0",
            "model.layers.3.attn.q_proj.MatMul.weight_Q4",
            "model.layers.3.self_attn.q_proj.weight",
        ] {
            assert_eq!(matrix(name).as_deref(), Some("model.layers.3.self_attn.q_proj"), "{name}");
        }
        for name in ["/lm_head/MatMul", "lm_head.MatMul.weight_Q4", "lm_head.weight"] {
            assert_eq!(matrix(name).as_deref(), Some("lm_head"), "{name}");
        }
        for (name, is) in [
            ("model.layers.30.final_norm_layernorm.weight", "model.norm"),
            ("model.norm.weight", "model.norm"),
            ("/model/norm/Mul_1", "model.norm"),
            ("/model/layers.0/input_layernorm/Mul_1", "model.layers.0.input_layernorm"),
            ("model.layers.0.attn.q_norm.layernorm.weight", "model.layers.0.self_attn.q_norm"),
        ] {
            assert_eq!(norm(name).as_deref(), Some(is), "{name}");
        }
        for name in [
            "onnx::MatMul_1234",
            "/model/layers.0/attn/q_proj/lora_A/MatMul",
            "/model/layers.x/self_attn/q_proj/MatMul",
            "/model/layers.99999/self_attn/q_proj/MatMul",
            "",
        ] {
            assert_eq!(matrix(name), None, "{name}");
        }
    }
}
