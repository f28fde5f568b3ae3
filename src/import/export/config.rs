//! The `config.json` of a model of ours.

use super::super::rotary;
use crate::error::{Error, Result};
use crate::model::{Architecture, Config, Model};
use crate::tokenizer::TokenizerSpec;
use serde_json::{Value, json};

/// What publishers call the token before every text.
const STARTS: [&str; 4] = ["<|endoftext|>", "<|begin_of_text|>", "<s>", "<bos>"];

/// A row for the token that stands before every text.
///
/// The model file does not name it. Any row that no bytes stand behind makes the same model again; one that is called so is
/// what it most likely was.
pub(super) fn start_token(spec: &TokenizerSpec) -> Result<u32> {
    let masked = spec.masked_rows();
    let is_masked = |id: &u32| masked.binary_search(id).is_ok();
    let called = STARTS.iter().find_map(|name| spec.special_id(name).filter(is_masked));
    let special = || spec.special().iter().map(|special| special.id).find(is_masked);
    called.or_else(special).or(masked.first().copied()).ok_or_else(|| {
        Error::unsupported(
            "the model has no row for the token before every text but those of bytes",
        )
    })
}

/// The file, for our importer, the trainer's `--init` and transformers.
pub(super) fn json(model: &Model, start_token: u32) -> Result<Vec<u8>> {
    let c = model.config();
    let (model_type, class) = family(c)?;
    let mut json = json!({
        "architectures": [class],
        "model_type": model_type,
        "bos_token_id": start_token,
        "eos_token_id": start_token,
        "head_dim": c.head_dim,
        "hidden_act": "silu",
        "hidden_size": c.hidden,
        "intermediate_size": c.feed_forward,
        "max_position_embeddings": c.window,
        "num_attention_heads": c.heads,
        "num_hidden_layers": c.layers,
        "num_key_value_heads": c.kv_heads,
        "rms_norm_eps": shortest(c.rms_eps()),
        "rope_theta": rope_theta(model)?,
        "tie_word_embeddings": c.tied,
        "torch_dtype": "float32",
        "vocab_size": model.tokenizer().spec().n_rows(),
    });
    for (field, value) in windows(c, model_type)? {
        json[field] = value;
    }
    let mut out = serde_json::to_vec_pretty(&json).map_err(|e| Error::invalid(e.to_string()))?;
    out.push(b'\n');
    Ok(out)
}

/// `model_type` and the name of transformers' class.
fn family(config: &Config) -> Result<(&'static str, &'static str)> {
    let published = match config.architecture {
        Architecture::Qwen3 => ("qwen3", "Qwen3ForCausalLM"),
        Architecture::Qwen2 => ("qwen2", "Qwen2ForCausalLM"),
        // Mistral is a Llama whose layers all have a window.
        Architecture::Llama if !config.block_windows.is_empty() => {
            ("mistral", "MistralForCausalLM")
        }
        Architecture::Llama => ("llama", "LlamaForCausalLM"),
    };
    let norms = config.qk_norm == (config.architecture == Architecture::Qwen3);
    let biases = config.qkv_bias == (config.architecture == Architecture::Qwen2);
    match norms && biases {
        true => Ok(published),
        false => Err(Error::unsupported(format!(
            "the model has norms or biases that {} has not, and no config.json says so",
            published.0
        ))),
    }
}

/// What says which layers see less than the window.
fn windows(config: &Config, model_type: &str) -> Result<Vec<(&'static str, Value)>> {
    let windows = &config.block_windows;
    let Some(&narrow) = windows.iter().find(|&&window| window > 0) else { return Ok(Vec::new()) };
    if windows.iter().any(|&window| window != narrow && window > 0) {
        return Err(Error::unsupported(
            "the model's layers have more than one window of their own",
        ));
    }
    if model_type == "mistral" {
        return match windows.contains(&0) {
            true => Err(Error::unsupported("only some of a Llama's layers have a window")),
            false => Ok(vec![("sliding_window", json!(narrow))]),
        };
    }
    let kind = |&window: &usize| if window > 0 { "sliding_attention" } else { "full_attention" };
    Ok(vec![
        ("layer_types", windows.iter().map(kind).collect()),
        ("max_window_layers", json!(config.layers)),
        ("sliding_window", json!(narrow)),
        ("use_sliding_window", json!(true)),
    ])
}

/// The base of the rotary frequencies: the model file has these alone.
fn rope_theta(model: &Model) -> Result<f64> {
    let (frequencies, head_dim) = (model.inv_freq(), model.config().head_dim);
    // The second is theta^(-2 / head_dim); published bases are whole numbers.
    let near = frequencies[1].powf(-(head_dim as f64) / 2.0);
    let is_it = |theta: &f64| rotary::plain(*theta, head_dim).is_ok_and(|all| all == frequencies);
    [near.round(), near].into_iter().find(is_it).ok_or_else(|| {
        Error::unsupported("the model's rotary frequencies are scaled, or those of no whole base")
    })
}

/// The number with the fewest digits that is this one once it is f32.
fn shortest(number: f32) -> f64 {
    // Digits that tell an f32 from its neighbours may, as an f64, lie half way between two: then all of them are needed.
    let short = number.to_string().parse().unwrap_or_default();
    if short as f32 == number { short } else { f64::from(number) }
}
