//! Our decoder of candle's operations beside candle-transformers' own Llama.

use super::*;
use candle_transformers::models::llama;

/// Token by token, because candle's Llama gives the last position only.
fn llama_logits(model: &llama::Llama, cache: &llama::Cache, ids: &[u32]) -> Result<Vec<Vec<f32>>> {
    let mut cache = cache.clone();
    let mut all = Vec::with_capacity(ids.len());
    for (position, &id) in ids.iter().enumerate() {
        let logits = Tensor::new(&[[id]], &Device::Cpu)
            .and_then(|input| model.forward(&input, position, &mut cache))
            .and_then(|logits| logits.flatten_all())
            .and_then(|logits| logits.to_vec1());
        all.push(logits.map_err(candle)?);
    }
    Ok(all)
}

fn llama(hf: &HfConfig, positions: usize) -> Result<llama::Config> {
    Ok(llama::Config {
        hidden_size: hf.hidden_size,
        intermediate_size: hf.intermediate_size,
        vocab_size: hf.vocab_size,
        num_hidden_layers: hf.num_hidden_layers,
        num_attention_heads: hf.num_attention_heads,
        num_key_value_heads: hf.kv_heads(),
        use_flash_attn: false,
        rms_norm_eps: hf.rms_norm_eps(),
        rope_theta: hf.rope_theta() as f32,
        bos_token_id: None,
        eos_token_id: None,
        rope_scaling: match hf.rope_scaling() {
            Some(scaling) if scaling.scales() => Some(scaling.for_candle()?),
            _ => None,
        },
        max_position_embeddings: positions,
        tie_word_embeddings: hf.tied(),
    })
}

const PLAIN: &str = r#"{ "model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "intermediate_size": 96, "vocab_size": 50, "rms_norm_eps": 1e-5,
    "max_position_embeddings": 256, "tie_word_embeddings": true, "rope_theta": 10000.0, "bos_token_id": 0 }"#;

/// Weights that look random, under Hugging Face's names.
fn weights(hf: &HfConfig) -> HashMap<String, Tensor> {
    let (hidden, wide, dim) = (hf.hidden_size, hf.intermediate_size, hf.head_dim());
    let (query, key) = (hf.num_attention_heads * dim, hf.kv_heads() * dim);
    let mut shapes = vec![
        ("model.embed_tokens.weight".to_owned(), vec![hf.vocab_size, hidden]),
        ("model.norm.weight".to_owned(), vec![hidden]),
    ];
    for layer in 0..hf.num_hidden_layers {
        let mut add = |part: &str, shape: &[usize]| {
            shapes.push((format!("model.layers.{layer}.{part}.weight"), shape.to_vec()));
        };
        add("input_layernorm", &[hidden]);
        add("post_attention_layernorm", &[hidden]);
        add("self_attn.q_proj", &[query, hidden]);
        add("self_attn.k_proj", &[key, hidden]);
        add("self_attn.v_proj", &[key, hidden]);
        add("self_attn.o_proj", &[hidden, query]);
        add("mlp.gate_proj", &[wide, hidden]);
        add("mlp.up_proj", &[wide, hidden]);
        add("mlp.down_proj", &[hidden, wide]);
    }
    let mut state = 1u32;
    let mut unit = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    let mut tensor = |shape: Vec<usize>| {
        let mean = if shape.len() == 1 { 1.0 } else { 0.0 };
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| mean + 0.5 * unit()).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    };
    shapes.into_iter().map(|(name, shape)| (name, tensor(shape))).collect()
}

#[test]
fn all_positions_at_once_give_what_candles_llama_gives_token_by_token() {
    let scaled = PLAIN.replace(
        "\"bos_token_id\"",
        r#""rope_scaling": { "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 64 }, "bos_token_id""#,
    );
    for json in [PLAIN, &scaled] {
        let hf = HfConfig::parse(json.as_bytes()).unwrap();
        let tensors = weights(&hf);
        let output = tensors["model.embed_tokens.weight"].clone();
        let builder = |tensors| VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
        let config = llama(&hf, 128).unwrap();
        let cache = llama::Cache::new(true, DType::F32, &config, &Device::Cpu).unwrap();
        let theirs = llama::Llama::load(builder(tensors.clone()), &config).unwrap();
        let inv_freq = hf.inv_freq(hf.head_dim()).unwrap();
        let windowed = Windowed::new(&hf, hf.vocab_size, builder(tensors), inv_freq).unwrap();
        let ours = FloatModel { family: Family::Windowed(windowed), output };
        let ids: Vec<u32> = (0..100).map(|i| i * 7 % 50).collect();
        let theirs = llama_logits(&theirs, &cache, &ids).unwrap();
        for (ours, theirs) in ours.logits(&ids).unwrap().iter().zip(&theirs) {
            for (ours, theirs) in ours.iter().zip(theirs) {
                assert!((ours - theirs).abs() < 1e-3 * theirs.abs().max(1.0), "{ours}, {theirs}");
            }
        }
    }
}
