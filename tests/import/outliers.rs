//! A few channels far larger than the others, as trained models have them.

use super::*;

const CHANNELS: [usize; 3] = [5, 77, 190];

/// Multiplies columns (or, of a vector, elements) of a tensor.
fn scale_columns(tensors: &mut Tensors, name: &str, factor: f32) {
    change(tensors, name, |shape, at| CHANNELS.contains(&(at % shape[shape.len() - 1])), factor);
}

fn scale_rows(tensors: &mut Tensors, name: &str, factor: f32) {
    change(tensors, name, |shape, at| CHANNELS.contains(&(at / shape[1])), factor);
}

fn change(tensors: &mut Tensors, name: &str, which: impl Fn(&[usize], usize) -> bool, factor: f32) {
    let (kind, shape, bytes) = tensors.get_mut(name).unwrap();
    let mut values = floats(kind, bytes);
    let chosen = values.iter_mut().enumerate().filter(|(at, _)| which(shape, *at));
    chosen.for_each(|(_, value)| *value *= factor);
    *bytes = values.into_iter().flat_map(f32::to_le_bytes).collect();
}

/// A small Llama whose blocks read a few channels `factor` times larger than they would be, with
/// weights that take it back: large norms where `in_norms`, or else a large residual stream.
pub fn with_outliers(folder: &Folder, factor: f32, in_norms: bool) {
    small_model(folder, small_config("llama"));
    let path = folder.path("model.safetensors");
    let mut tensors = read_tensors(&path);
    for layer in 0..3 {
        let name = |part: &str| format!("model.layers.{layer}.{part}.weight");
        for part in [
            "self_attn.q_proj",
            "self_attn.k_proj",
            "self_attn.v_proj",
            "mlp.gate_proj",
            "mlp.up_proj",
        ] {
            scale_columns(&mut tensors, &name(part), 1.0 / factor);
        }
        if in_norms {
            scale_columns(&mut tensors, &name("input_layernorm"), factor);
            scale_columns(&mut tensors, &name("post_attention_layernorm"), factor);
        } else {
            scale_rows(&mut tensors, &name("self_attn.o_proj"), factor);
            scale_rows(&mut tensors, &name("mlp.down_proj"), factor);
        }
    }
    if !in_norms {
        scale_columns(&mut tensors, "model.embed_tokens.weight", factor);
        // The output layer is the embedding, and large there already.
        scale_columns(&mut tensors, "model.norm.weight", 1.0 / factor / factor);
    }
    write_tensors(&path, &tensors);
}

#[test]
fn outlier_channels_cost_nothing_in_groups_of_their_own() {
    for (factor, in_norms) in
        [(50.0, true), (100.0, true), (5000.0, true), (50.0, false), (100.0, false)]
    {
        let folder = Folder::new();
        with_outliers(&folder, factor, in_norms);
        let text = Random(3).bytes(150);
        let ways = [(true, false), (true, true), (false, false), (false, true)];
        let [apart, both, together, smooth] = ways.map(|(separate_outliers, smooth_inputs)| {
            let options = ImportOptions { separate_outliers, smooth_inputs, ..options() };
            let model = open(&import_model(folder.dir(), &options).unwrap());
            // What is smoothed to 16 times the median and less needs no groups of its own; columns of the embedding do.
            let apart = separate_outliers && (!smooth_inputs || factor > 1000.0 || !in_norms);
            assert_eq!(model.config().hidden, if apart { 256 } else { 192 });
            compare_with_float(&model, folder.dir(), &text).unwrap()
        });
        println!(
            "{factor} times larger, in norms: {in_norms}: {apart:?}; smoothed as well: {both:?}; \
             without: {together:?}; smoothed alone: {smooth:?}"
        );
        assert!(both.worst_cosine > 0.998, "{both:?}");
        assert!(both.divergence_bits < 1.5 * apart.divergence_bits, "{both:?}");
        let less = if in_norms { 0.5 } else { 1.0 };
        assert!(smooth.divergence_bits < less * together.divergence_bits, "{smooth:?}");
        assert!(apart.worst_cosine > 0.999, "{apart:?}");
        assert!((apart.exact_bits / apart.float_bits - 1.0).abs() < 0.001, "{apart:?}");
        // The measure is needed: without it the same weights fail.
        assert!(together.worst_cosine < 0.998, "{together:?}");
    }
}

#[test]
fn models_without_outliers_stay_as_they_are() {
    for family in ["llama", "qwen2", "qwen3"] {
        let folder = Folder::new();
        let mut config = small_config(family);
        config["head_dim"] = json!(64);
        small_model(&folder, config);
        let [apart, together] = [true, false].map(|separate_outliers| {
            let options = ImportOptions { separate_outliers, ..options() };
            import_model(folder.dir(), &options).unwrap()
        });
        assert!(apart == together, "{family}");
    }
}

#[test]
fn four_bits_go_together_with_outliers() {
    let folder = Folder::new();
    with_outliers(&folder, 60.0, true);
    for bits in [Bits::Four, Bits::FourCalibrated(Random(5).bytes(2000))] {
        let text = Random(9).bytes(200);
        let [apart, together] = [true, false].map(|separate_outliers| {
            let options = ImportOptions { separate_outliers, bits: bits.clone(), ..options() };
            let bytes = import_model(folder.dir(), &options).unwrap();
            assert!(bytes == import_model(folder.dir(), &options).unwrap());
            let model = open(&bytes);
            assert_eq!(model.config().weight_bits, 4);
            compare_with_float(&model, folder.dir(), &text).unwrap()
        });
        println!("apart {apart:?}, together {together:?}");
        let lost = |found: llmzip::import::Comparison| 1.0 - found.worst_cosine;
        assert!(lost(apart) < 0.5 * lost(together), "{apart:?} beside {together:?}");
    }
}
