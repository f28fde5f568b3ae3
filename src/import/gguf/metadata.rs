//! What the metadata of a GGUF file says, as a configuration and a tokenizer.

use super::header::{Header, Value};
use super::lists::Raw;
use crate::error::{Error, Result, shown};
use crate::import::volume::Volume;
use crate::tokenizer::{Pattern, Piece, Special, TokenizerSpec};
use serde_json::{Value as Json, json};

/// Kinds of tokens that text consists of; all others are special.
const NORMAL: i32 = 1;
const BYTE: i32 = 6;

/// The configuration, as a config.json would say it.
///
/// # Errors
/// `Unsupported` naming the field.
pub(super) fn configuration(header: &Header) -> Result<Json> {
    let family = must(header, "general.architecture", text)?;
    let key = |field: &str| format!("{family}.{field}");
    let number = |field: &str| must(header, &key(field), integer);
    if !matches!(integer(header, &key("expert_count"))?, None | Some(0)) {
        return Err(unknown(&key("expert_count")));
    }
    let heads = number("attention.head_count")?;
    let kv_heads = integer(header, &key("attention.head_count_kv"))?.unwrap_or(heads);
    let embedding = header.tensors.get("token_embd.weight");
    let embedding = embedding.ok_or_else(|| Error::invalid("no tensor token_embd.weight"))?;
    let mut config = json!({
        "model_type": family,
        "hidden_size": number("embedding_length")?,
        "num_hidden_layers": number("block_count")?,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "intermediate_size": number("feed_forward_length")?,
        "vocab_size": embedding.shape[0],
        "rms_norm_eps": must(header, &key("attention.layer_norm_rms_epsilon"), float)?,
        "rope_theta": float(header, &key("rope.freq_base"))?.unwrap_or(10_000.0),
        "tie_word_embeddings": !header.tensors.contains_key("output.weight"),
    });
    let optional = [
        ("head_dim", key("attention.key_length")),
        ("max_position_embeddings", key("context_length")),
        ("bos_token_id", "tokenizer.ggml.bos_token_id".to_owned()),
        ("eos_token_id", "tokenizer.ggml.eos_token_id".to_owned()),
    ];
    for (field, key) in optional {
        if let Some(value) = integer(header, &key)? {
            config[field] = json!(value);
        }
    }
    match text(header, &key("rope.scaling.type"))? {
        None | Some("none") => {}
        Some(kind) => {
            let factor = must(header, &key("rope.scaling.factor"), float)?;
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
    let query = must(header, "llama.attention.head_count", integer)?;
    let key = integer(header, "llama.attention.head_count_kv")?.unwrap_or(query);
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
pub(super) fn tokenizer(header: &Header, volume: &Volume, n_rows: usize) -> Result<TokenizerSpec> {
    let list = |key: &str| Raw::must(header, volume, key);
    let tokens = list("tokenizer.ggml.tokens")?;
    let tokens = tokens.texts().ok_or_else(|| unknown("tokenizer.ggml.tokens"))?;
    let kinds: Vec<i32> = match Raw::find(header, volume, "tokenizer.ggml.token_type")? {
        None => vec![NORMAL; tokens.len()],
        Some(list) => match list.integers() {
            Some(kinds) if kinds.len() == tokens.len() => kinds.collect(),
            _ => return Err(unknown("tokenizer.ggml.token_type")),
        },
    };
    let (mut vocab, mut special) = (Vec::new(), Vec::new());
    for ((id, text), kind) in (0u32..).zip(&tokens).zip(&kinds) {
        match *kind {
            NORMAL | BYTE => vocab.push((*text, id)),
            _ => special.push(Special { id, text: (*text).to_owned() }),
        }
    }
    match must(header, "tokenizer.ggml.model", text)? {
        "gpt2" => {
            let pre = text(header, "tokenizer.ggml.pre")?.unwrap_or("default");
            let (pattern, ignore_merges) = match pre {
                "qwen2" => (Pattern::Qwen2, false),
                "llama-bpe" | "llama3" | "llama-v3" => (Pattern::Llama3, true),
                "smollm" => (Pattern::Gpt2Digits, false),
                "gpt-2" | "default" => (Pattern::Gpt2, false),
                other => {
                    return Err(Error::unsupported(format!(
                        "tokenizer.ggml.pre is {}",
                        shown(other)
                    )));
                }
            };
            let merges = list("tokenizer.ggml.merges")?;
            let merges: Vec<_> = merges
                .texts()
                .ok_or_else(|| unknown("tokenizer.ggml.merges"))?
                .into_iter()
                .map(|merge| merge.split_once(' ').ok_or_else(|| unknown("tokenizer.ggml.merges")))
                .collect::<Result<_>>()?;
            TokenizerSpec::from_byte_level(vocab, &merges, pattern, ignore_merges, special, n_rows)
        }
        "llama" => {
            let scores = list("tokenizer.ggml.scores")?;
            let scores: Vec<f32> = match scores.floats() {
                Some(scores) if scores.len() == tokens.len() => scores.collect(),
                _ => return Err(unknown("tokenizer.ggml.scores")),
            };
            let pieces: Vec<Piece> = vocab
                .iter()
                .map(|&(text, id)| Piece { text, id, score: scores[id as usize].into() })
                .collect();
            TokenizerSpec::from_scored_pieces(&pieces, special, n_rows)
        }
        other => Err(Error::unsupported(format!("tokenizer.ggml.model is {}", shown(other)))),
    }
}

/// An error for a field of another form than it should have.
pub(super) fn unknown(field: &str) -> Error {
    let field = shown(field);
    Error::unsupported(format!("GGUF: {field} is not something this engine knows"))
}

/// An error for a field that should be there.
pub(super) fn missing(field: &str) -> Error {
    Error::unsupported(format!("GGUF: {} is missing", shown(field)))
}

/// A field that has to be there.
fn must<'a, T>(
    header: &'a Header,
    key: &str,
    read: impl Fn(&'a Header, &str) -> Result<Option<T>>,
) -> Result<T> {
    read(header, key)?.ok_or_else(|| missing(key))
}

fn integer(header: &Header, key: &str) -> Result<Option<i64>> {
    match header.metadata.get(key) {
        Some(Value::Integer(n)) => Ok(Some(*n)),
        Some(Value::Bool(b)) => Ok(Some((*b).into())),
        Some(_) => Err(unknown(key)),
        None => Ok(None),
    }
}

/// A number that is one: JSON would make nothing of the others, and nothing would mean the default.
fn float(header: &Header, key: &str) -> Result<Option<f64>> {
    match header.metadata.get(key) {
        Some(Value::Float(x)) if x.is_finite() => Ok(Some(*x)),
        Some(Value::Integer(n)) => Ok(Some(*n as f64)),
        Some(_) => Err(unknown(key)),
        None => Ok(None),
    }
}

fn text<'a>(header: &'a Header, key: &str) -> Result<Option<&'a str>> {
    match header.metadata.get(key) {
        Some(Value::Text(text)) => Ok(Some(text)),
        Some(_) => Err(unknown(key)),
        None => Ok(None),
    }
}
