//! What the metadata of a GGUF file says, as a configuration and a tokenizer.

use super::header::{Header, Value};
use crate::error::{Error, Result};
use crate::tokenizer::{Pattern, Piece, Special, TokenizerSpec};
use serde_json::{Value as Json, json};

/// The configuration, as a config.json would say it.
///
/// # Errors
/// `Unsupported` naming the field.
pub(super) fn configuration(header: &Header) -> Result<Json> {
    let family = text(header, "general.architecture")?;
    let key = |field: &str| format!("{family}.{field}");
    let number = |field: &str| integer(header, &key(field));
    if header.metadata.get(&key("expert_count")).is_some_and(|v| !matches!(v, Value::Integer(0))) {
        return Err(unknown(&key("expert_count")));
    }
    let heads = number("attention.head_count")?;
    let kv_heads = number("attention.head_count_kv").unwrap_or(heads);
    let mut config = json!({
        "model_type": family,
        "hidden_size": number("embedding_length")?,
        "num_hidden_layers": number("block_count")?,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "intermediate_size": number("feed_forward_length")?,
        "vocab_size": header.tensors.get("token_embd.weight").map_or(0, |t| t.shape[0]),
        "rms_norm_eps": float(header, &key("attention.layer_norm_rms_epsilon"))?,
        "rope_theta": float(header, &key("rope.freq_base")).unwrap_or(10_000.0),
        "tie_word_embeddings": !header.tensors.contains_key("output.weight"),
    });
    let optional = [
        ("head_dim", key("attention.key_length")),
        ("max_position_embeddings", key("context_length")),
        ("bos_token_id", "tokenizer.ggml.bos_token_id".to_owned()),
        ("eos_token_id", "tokenizer.ggml.eos_token_id".to_owned()),
    ];
    for (field, key) in optional {
        if let Ok(value) = integer(header, &key) {
            config[field] = json!(value);
        }
    }
    match text(header, &key("rope.scaling.type")) {
        Err(_) | Ok("none") => {}
        Ok(kind) => {
            let factor = float(header, &key("rope.scaling.factor"))?;
            config["rope_scaling"] = json!({ "rope_type": kind, "factor": factor });
        }
    }
    Ok(config)
}

/// Query and key heads.
///
/// # Errors
/// `Unsupported` naming the field, also for counts that are no heads of the matrices.
pub(super) fn heads(header: &Header) -> Result<[usize; 2]> {
    let query = integer(header, "llama.attention.head_count")?;
    let key = integer(header, "llama.attention.head_count_kv").unwrap_or(query);
    let check = |heads: i64, matrix: &str| {
        let rows = header.tensors.get(matrix).map_or(0, |tensor| tensor.shape[0]);
        let heads = usize::try_from(heads).ok().filter(|&heads| {
            heads > 0 && rows.is_multiple_of(heads) && (rows / heads).is_multiple_of(2)
        });
        heads.ok_or_else(|| Error::unsupported(format!("tensor {matrix} is not cut into heads")))
    };
    Ok([check(query, "blk.0.attn_q.weight")?, check(key, "blk.0.attn_k.weight")?])
}

/// The tokenizer.
///
/// # Errors
/// `Unsupported` or `Invalid` naming the field.
pub(super) fn tokenizer(header: &Header, n_rows: usize) -> Result<TokenizerSpec> {
    let tokens = texts(header, "tokenizer.ggml.tokens")?;
    let kinds: Vec<i64> = match header.metadata.get("tokenizer.ggml.token_type") {
        None => vec![1; tokens.len()],
        Some(Value::List(list)) if list.len() == tokens.len() => {
            list.iter().map(|kind| if let Value::Integer(n) = kind { *n } else { 1 }).collect()
        }
        Some(_) => return Err(unknown("tokenizer.ggml.token_type")),
    };
    let (mut vocab, mut special) = (Vec::new(), Vec::new());
    for ((id, text), kind) in (0u32..).zip(&tokens).zip(&kinds) {
        match kind {
            // Normal, and a byte.
            1 | 6 => vocab.push((*text, id)),
            _ => special.push(Special { id, text: (*text).to_owned() }),
        }
    }
    match text(header, "tokenizer.ggml.model")? {
        "gpt2" => {
            let pre = text(header, "tokenizer.ggml.pre").unwrap_or("default");
            let (pattern, ignore_merges) = match pre {
                "qwen2" => (Pattern::Qwen2, false),
                "llama-bpe" | "llama3" | "llama-v3" => (Pattern::Llama3, true),
                "smollm" => (Pattern::Gpt2Digits, false),
                "gpt-2" | "default" => (Pattern::Gpt2, false),
                other => {
                    return Err(Error::unsupported(format!("tokenizer.ggml.pre is {other:?}")));
                }
            };
            let merges = texts(header, "tokenizer.ggml.merges")?;
            let merges: Vec<_> = merges
                .iter()
                .map(|merge| merge.split_once(' ').ok_or_else(|| unknown("tokenizer.ggml.merges")))
                .collect::<Result<_>>()?;
            TokenizerSpec::from_byte_level(vocab, &merges, pattern, ignore_merges, special, n_rows)
        }
        "llama" => {
            let scores = floats(header, "tokenizer.ggml.scores")?;
            if scores.len() != tokens.len() {
                return Err(unknown("tokenizer.ggml.scores"));
            }
            let pieces: Vec<Piece> = vocab
                .iter()
                .map(|&(text, id)| Piece { text, id, score: scores[id as usize] })
                .collect();
            TokenizerSpec::from_scored_pieces(&pieces, special, n_rows)
        }
        other => Err(Error::unsupported(format!("tokenizer.ggml.model is {other:?}"))),
    }
}

fn unknown(field: &str) -> Error {
    Error::unsupported(format!("GGUF: {field} is not something this engine knows"))
}

fn missing(field: &str) -> Error {
    Error::unsupported(format!("GGUF: {field} is missing"))
}

fn integer(header: &Header, key: &str) -> Result<i64> {
    match header.metadata.get(key) {
        Some(Value::Integer(n)) => Ok(*n),
        Some(Value::Bool(b)) => Ok((*b).into()),
        Some(_) => Err(unknown(key)),
        None => Err(missing(key)),
    }
}

fn float(header: &Header, key: &str) -> Result<f64> {
    match header.metadata.get(key) {
        Some(Value::Float(x)) => Ok(*x),
        Some(Value::Integer(n)) => Ok(*n as f64),
        Some(_) => Err(unknown(key)),
        None => Err(missing(key)),
    }
}

fn text<'a>(header: &'a Header, key: &str) -> Result<&'a str> {
    match header.metadata.get(key) {
        Some(Value::Text(text)) => Ok(text),
        Some(_) => Err(unknown(key)),
        None => Err(missing(key)),
    }
}

fn list<'a>(header: &'a Header, key: &str) -> Result<&'a [Value]> {
    match header.metadata.get(key) {
        Some(Value::List(list)) => Ok(list),
        Some(_) => Err(unknown(key)),
        None => Err(missing(key)),
    }
}

fn texts<'a>(header: &'a Header, key: &str) -> Result<Vec<&'a str>> {
    let each = |value: &'a Value| match value {
        Value::Text(text) => Ok(text.as_str()),
        _ => Err(unknown(key)),
    };
    list(header, key)?.iter().map(each).collect()
}

fn floats(header: &Header, key: &str) -> Result<Vec<f64>> {
    let each = |value: &Value| match value {
        Value::Float(x) => Ok(*x),
        _ => Err(unknown(key)),
    };
    list(header, key)?.iter().map(each).collect()
}
