//! The tensors that a configuration speaks of, looked for before anything of their size is allocated.

use super::tensors::TensorSource;
use crate::error::Result;
use crate::model::Config;
use crate::tokenizer::TokenizerSpec;

/// The published rows of all tokens, in the order of ours; none for zeros.
pub(super) fn token_rows(spec: &TokenizerSpec) -> impl Iterator<Item = Option<u32>> {
    let further = spec.duplicates().iter().map(|&(_, id)| id);
    let ids = spec.original_ids().iter().copied().chain(further);
    ids.map(|id| Some(id).filter(|&id| (id as usize) < spec.n_rows()))
}

/// The matrices that read what norm `norm` gives, two norms of each block, with their rows: q, k and v, or gate and up.
pub(super) fn readers(config: &Config, norm: usize) -> Vec<(String, usize)> {
    let (query, key) = (config.heads * config.head_dim, config.kv_heads * config.head_dim);
    let wide = config.feed_forward;
    let parts: &[(&str, usize)] = match norm % 2 {
        0 => &[("self_attn.q_proj", query), ("self_attn.k_proj", key), ("self_attn.v_proj", key)],
        _ => &[("mlp.gate_proj", wide), ("mlp.up_proj", wide)],
    };
    let name = |part: &str| format!("model.layers.{}.{part}.weight", norm / 2);
    parts.iter().map(|&(part, rows)| (name(part), rows)).collect()
}

/// Refuses a source that lacks a tensor of `config`, whose channels stand as published, or has it in
/// another shape.
///
/// # Errors
/// `Invalid` naming the tensor.
pub(super) fn check(
    tensors: &dyn TensorSource,
    config: &Config,
    spec: &TokenizerSpec,
    start_token: u32,
) -> Result<()> {
    let c = config;
    let (hidden, wide) = (c.hidden, c.feed_forward);
    let (query, key) = (c.heads * c.head_dim, c.kv_heads * c.head_dim);
    let mut ids: Vec<u32> = token_rows(spec).flatten().collect();
    if !c.tied {
        tensors.expect_rows("lm_head.weight", &ids, hidden)?;
    }
    ids.push(start_token);
    tensors.expect_rows("model.embed_tokens.weight", &ids, hidden)?;
    tensors.expect("model.norm.weight", &[hidden])?;
    let mut parts: Vec<(&str, &[usize])> = Vec::new();
    let [q, k, v, o] = [[query, hidden], [key, hidden], [key, hidden], [hidden, query]];
    let [gate, up, down] = [[wide, hidden], [wide, hidden], [hidden, wide]];
    parts.extend([("self_attn.q_proj.weight", &q[..]), ("self_attn.k_proj.weight", &k)]);
    parts.extend([("self_attn.v_proj.weight", &v[..]), ("self_attn.o_proj.weight", &o)]);
    parts.extend([("mlp.gate_proj.weight", &gate[..]), ("mlp.up_proj.weight", &up)]);
    parts.push(("mlp.down_proj.weight", &down));
    let (norm, query, key, head) = ([hidden], [query], [key], [c.head_dim]);
    parts.push(("input_layernorm.weight", &norm));
    parts.push(("post_attention_layernorm.weight", &norm));
    if c.qk_norm {
        parts.extend([("self_attn.q_norm.weight", &head[..]), ("self_attn.k_norm.weight", &head)]);
    }
    if c.qkv_bias {
        parts.extend([("self_attn.q_proj.bias", &query[..]), ("self_attn.k_proj.bias", &key)]);
        parts.push(("self_attn.v_proj.bias", &key));
    }
    for layer in 0..c.layers {
        for (part, shape) in &parts {
            tensors.expect(&format!("model.layers.{layer}.{part}"), shape)?;
        }
    }
    Ok(())
}
