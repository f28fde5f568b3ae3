//! ONNX files of small transformers, in the forms that exporters have, written by another hand than ours.

use rten_onnx::onnx::{
    AttributeProto, DataLocation, DataType, Dimension, GraphProto, ModelProto, NodeProto,
    OperatorSetIdProto, StringStringEntryProto, TensorProto, TensorShapeProto, TypeProto,
    TypeProtoTensor, ValueInfoProto,
};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Floats under Hugging Face's names, with their shapes.
pub type Floats = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// How matrices are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    F32,
    F16,
    /// Floats that lie rows first, behind a `Transpose`.
    Turned,
    /// Floats that lie rows first, read by `Gemm`.
    Gemm,
    Blocks {
        bits: usize,
        block: usize,
        zeros: Zeros,
    },
}

/// Zero points of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zeros {
    Default,
    Packed,
    F16,
    F32,
}

/// How the embedding is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Embedding {
    Floats,
    /// Bytes of packed numbers, with the blocks and zero points of the matrices.
    Bytes,
    /// As bytes, in the shape that a product has them in, behind a `Reshape`.
    Reshaped,
    /// Numbers of four bits, which are a kind of their own: with a sign or without.
    Nibbles {
        signed: bool,
    },
}

/// What a file is to look like.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    pub kind: Kind,
    pub embedding: Embedding,
    /// Queries, keys and values as one matrix.
    pub packed: bool,
    /// A second copy of the embedding for the output, where they are tied.
    pub copied_output: bool,
    pub names: Names,
}

/// What tells weights apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Nodes and initialisers have them.
    All,
    /// Initialisers of matrices are numbered, as older exports have it; norms are in their smallest parts.
    Nodes,
    /// Nothing has a name that says anything.
    None,
}

impl Form {
    pub const PLAIN: Form = Form {
        kind: Kind::F32,
        embedding: Embedding::Floats,
        packed: false,
        copied_output: false,
        names: Names::All,
    };
}

/// A file in the making, and what its weights stand for.
#[derive(Default)]
pub struct Writer {
    pub graph: GraphProto,
    pub means: Floats,
    n_names: usize,
}

pub fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

pub fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { name: text(name), i: Some(value), ..AttributeProto::default() }
}

pub fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto { name: text(name), f: Some(value), ..AttributeProto::default() }
}

pub fn node(domain: &str, op: &str, name: &str, inputs: &[&str], outputs: &[&str]) -> NodeProto {
    NodeProto {
        domain: text(domain),
        op_type: text(op),
        name: text(name),
        input: inputs.iter().map(|&name| name.to_owned()).collect(),
        output: outputs.iter().map(|&name| name.to_owned()).collect(),
        attribute: Vec::new(),
    }
}

pub fn tensor(name: &str, kind: DataType, dims: &[usize], bytes: Vec<u8>) -> TensorProto {
    TensorProto {
        name: text(name),
        data_type: Some(kind),
        dims: dims.iter().map(|&dim| dim as i64).collect(),
        raw_data: Some(RefCell::new(bytes)),
        ..TensorProto::default()
    }
}

/// Takes the bytes of a tensor into `data`, where it says they are in `location`.
pub fn make_external(tensor: &mut TensorProto, location: &str, data: &mut Vec<u8>) {
    let bytes = tensor.raw_data.take().map_or_else(Vec::new, RefCell::into_inner);
    set_external(tensor, location, data.len() as u64, bytes.len() as u64);
    data.extend(bytes);
}

/// Says that the bytes of a tensor are in a file.
pub fn set_external(tensor: &mut TensorProto, location: &str, offset: u64, len: u64) {
    let entry =
        |key: &str, value: String| StringStringEntryProto { key: text(key), value: Some(value) };
    tensor.external_data = vec![
        entry("location", location.to_owned()),
        entry("offset", offset.to_string()),
        entry("length", len.to_string()),
    ];
    tensor.data_location = Some(DataLocation::EXTERNAL);
}

/// The bytes of a file with this graph.
pub fn file_of(graph: GraphProto) -> Vec<u8> {
    let set =
        |domain: &str, version| OperatorSetIdProto { domain: text(domain), version: Some(version) };
    let model = ModelProto {
        ir_version: Some(10),
        producer_name: text("a test"),
        graph: Some(graph),
        opset_import: vec![set("", 21), set("com.microsoft", 1)],
        ..ModelProto::default()
    };
    model.write_buf().unwrap()
}

/// An input or output; axes without a number are dynamic.
pub fn value(name: &str, kind: DataType, axes: &[&str]) -> ValueInfoProto {
    let dim = |axis: &&str| match axis.parse() {
        Ok(n) => Dimension { dim_value: Some(n), dim_param: None },
        Err(_) => Dimension { dim_value: None, dim_param: text(axis) },
    };
    let shape = TensorShapeProto { dim: axes.iter().map(dim).collect() };
    let tensor = TypeProtoTensor { elem_type: Some(kind), shape: Some(shape) };
    let kind = TypeProto { tensor_type: Some(tensor), ..TypeProto::default() };
    ValueInfoProto { name: text(name), r#type: Some(kind) }
}

/// The bits of a number that a half-precision number is exactly.
fn f16_bits(value: f32) -> u16 {
    let bits = value.to_bits();
    let exponent = (bits >> 23 & 255) as i32 - 112;
    if value == 0.0 {
        return 0;
    }
    assert!((1..31).contains(&exponent) && bits & 0x1fff == 0, "{value}");
    ((bits >> 16 & 0x8000) | (exponent as u32) << 10 | (bits >> 13 & 0x3ff)) as u16
}

/// The nearest below that has few enough digits.
fn as_f16(value: f32) -> f32 {
    match value.abs() < 1.0 / 1024.0 {
        true => 0.0,
        false => f32::from_bits(value.to_bits() & !0x1fff),
    }
}

fn le_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn half_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|&value| f16_bits(value).to_le_bytes()).collect()
}

/// Numbers of so many bits, the first of a byte in its low bits; each row begins with a byte.
fn pack(numbers: &[u8], row: usize, bits: usize) -> Vec<u8> {
    let per_byte = 8 / bits;
    let byte = |part: &[u8]| part.iter().rev().fold(0u32, |byte, &n| byte << bits | u32::from(n));
    numbers.chunks(row).flat_map(|row| row.chunks(per_byte).map(|p| byte(p) as u8)).collect()
}

fn turned(shape: &[usize], values: &[f32]) -> Vec<f32> {
    let (rows, cols) = (shape[0], shape[1]);
    (0..rows * cols).map(|i| values[i % rows * cols + i / rows]).collect()
}

/// A matrix in blocks: numbers, scales, zero points, and what they stand for.
struct InBlocks {
    numbers: Vec<u8>,
    scales: Vec<f32>,
    zeros: Vec<f32>,
    means: Vec<f32>,
}

fn in_blocks(
    shape: &[usize],
    values: &[f32],
    (bits, block, zeros): (usize, usize, Zeros),
) -> InBlocks {
    let most = (1 << bits) - 1;
    let middle = (1 << (bits - 1)) as f32;
    let mut out =
        InBlocks { numbers: Vec::new(), scales: Vec::new(), zeros: Vec::new(), means: Vec::new() };
    for row in values.chunks(shape[1]) {
        for part in row.chunks(block) {
            let at = out.scales.len();
            let largest = part.iter().fold(0.0f32, |m, v| m.max(v.abs()));
            let scale = as_f16(largest / (middle - 0.5)).max(1.0 / 1024.0);
            let zero = match zeros {
                Zeros::Default => middle,
                Zeros::Packed => (middle as usize + at % 3 - 1) as f32,
                Zeros::F16 | Zeros::F32 => middle + (at % 7) as f32 / 8.0,
            };
            let number = |v: &f32| (v / scale + zero).round().clamp(0.0, most as f32);
            out.numbers.extend(part.iter().map(|v| number(v) as u8));
            out.means.extend(part.iter().map(|v| (number(v) - zero) * scale));
            // Whole blocks, the last filled up with what nobody may read.
            out.numbers.resize(out.numbers.len().next_multiple_of(block), most as u8);
            out.scales.push(scale);
            out.zeros.push(zero);
        }
    }
    out
}

impl Writer {
    fn constant(&mut self, name: &str, kind: DataType, dims: &[usize], bytes: Vec<u8>) -> String {
        self.graph.initializer.push(tensor(name, kind, dims, bytes));
        name.to_owned()
    }

    /// A name that says nothing.
    fn fresh(&mut self, what: &str) -> String {
        self.n_names += 1;
        format!("{what}_{}", self.n_names)
    }

    fn push(&mut self, node: NodeProto) -> String {
        let output = node.output[0].clone();
        self.graph.node.push(node);
        output
    }

    /// Inputs of an operator on blocks, and its attributes.
    fn blocks(
        &mut self,
        name: &str,
        (shape, values): &(Vec<usize>, Vec<f32>),
        (bits, block, zeros): (usize, usize, Zeros),
        dims: &[usize],
    ) -> (Vec<String>, Vec<f32>) {
        let InBlocks { numbers, scales, zeros: points, means } =
            in_blocks(shape, values, (bits, block, zeros));
        let blocks = shape[1].div_ceil(block);
        let per_block = [shape[0], blocks];
        let packed = pack(&numbers, blocks * block, bits);
        let mut names = vec![self.constant(&format!("{name}_Q4"), DataType::UINT8, dims, packed)];
        let (scales_kind, scales) = match zeros {
            Zeros::F32 => (DataType::FLOAT, le_bytes(&scales)),
            _ => (DataType::FLOAT16, half_bytes(&scales)),
        };
        names.push(self.constant(&format!("{name}_scales"), scales_kind, &per_block, scales));
        let points_name = format!("{name}_zero_points");
        let points_of = match zeros {
            Zeros::Default => None,
            Zeros::Packed => {
                let points: Vec<u8> = points.iter().map(|&zero| zero as u8).collect();
                // The older form, of one dimension.
                let packed = pack(&points, blocks, bits);
                Some((DataType::UINT8, vec![packed.len()], packed))
            }
            Zeros::F16 => Some((DataType::FLOAT16, per_block.to_vec(), half_bytes(&points))),
            Zeros::F32 => Some((DataType::FLOAT, per_block.to_vec(), le_bytes(&points))),
        };
        if let Some((kind, dims, bytes)) = points_of {
            names.push(self.constant(&points_name, kind, &dims, bytes));
        }
        (names, means)
    }

    /// A product by a matrix; a bias is added where there is one.
    fn product(
        &mut self,
        form: &Form,
        input: &str,
        path: &str,
        matrix: &(Vec<usize>, Vec<f32>),
    ) -> (String, Vec<f32>) {
        let (shape, values) = matrix;
        let (rows, cols) = (shape[0], shape[1]);
        let (name, mut stored) = match form.names {
            Names::All => (path.to_owned(), format!("{}.weight", path[1..].replace('/', "."))),
            Names::Nodes => (path.to_owned(), self.fresh("onnx::MatMul")),
            Names::None => (String::new(), self.fresh("w")),
        };
        let output = match path {
            "/lm_head/MatMul" => "logits".to_owned(),
            _ => self.fresh("v"),
        };
        let mut means = values.clone();
        let node = match form.kind {
            Kind::F32 => {
                let bytes = le_bytes(&turned(shape, values));
                let stored = self.constant(&stored, DataType::FLOAT, &[cols, rows], bytes);
                node("", "MatMul", &name, &[input, &stored], &[&output])
            }
            Kind::F16 => {
                means = values.iter().map(|&value| as_f16(value)).collect();
                let bytes = half_bytes(&turned(shape, &means));
                let stored = self.constant(&stored, DataType::FLOAT16, &[cols, rows], bytes);
                node("", "MatMul", &name, &[input, &stored], &[&output])
            }
            Kind::Turned => {
                self.constant(&stored, DataType::FLOAT, shape, le_bytes(values));
                let behind = self.fresh("t");
                self.push(node("", "Transpose", "", &[&stored], &[&behind]));
                stored = behind;
                node("", "MatMul", &name, &[input, &stored], &[&output])
            }
            Kind::Gemm => {
                self.constant(&stored, DataType::FLOAT, shape, le_bytes(values));
                let mut node = node("", "Gemm", &name, &[input, &stored], &[&output]);
                node.attribute = vec![int("transB", 1), float("alpha", 1.0)];
                node
            }
            Kind::Blocks { bits, block, zeros } => {
                let blocks = cols.div_ceil(block);
                let dims = [rows, blocks, block * bits / 8];
                let (names, new) = self.blocks(&stored, matrix, (bits, block, zeros), &dims);
                means = new;
                let mut inputs = vec![input];
                inputs.extend(names.iter().map(String::as_str));
                let mut node = node("com.microsoft", "MatMulNBits", &name, &inputs, &[&output]);
                node.attribute = vec![
                    int("K", cols as i64),
                    int("N", rows as i64),
                    int("bits", bits as i64),
                    int("block_size", block as i64),
                ];
                node
            }
        };
        (self.push(node), means)
    }

    /// A matrix under Hugging Face's name, and the bias of the same name.
    fn named(&mut self, form: &Form, tensors: &Floats, input: &str, name: &str) -> String {
        let group = if form.names == Names::Nodes { "self_attn" } else { "attn" };
        let path = format!("/{}/MatMul", name.replace('.', "/").replace("layers/", "layers."));
        let path = path.replace("self_attn", group);
        let (mut value, means) =
            self.product(form, input, &path, &tensors[&format!("{name}.weight")]);
        let shape = tensors[&format!("{name}.weight")].0.clone();
        self.means.insert(format!("{name}.weight"), (shape, means));
        let bias = format!("{name}.bias");
        if let Some((shape, values)) = tensors.get(&bias) {
            let stored = if form.names == Names::None { self.fresh("w") } else { bias.clone() };
            self.constant(&stored, DataType::FLOAT, shape, le_bytes(values));
            let output = self.fresh("v");
            value = self.push(node("", "Add", "", &[&stored, &value], &[&output]));
            self.means.insert(bias, (shape.clone(), values.clone()));
        }
        value
    }

    /// A norm of a stream and what is added to it; what comes out, and the sum.
    fn norm(
        &mut self,
        form: &Form,
        tensors: &Floats,
        [stream, change]: [&str; 2],
        name: &str,
    ) -> [String; 2] {
        let full = format!("{name}.weight");
        let (shape, values) = &tensors[&full];
        self.means.insert(full.clone(), (shape.clone(), values.clone()));
        let stored = if form.names == Names::None { self.fresh("w") } else { full };
        self.constant(&stored, DataType::FLOAT, shape, le_bytes(values));
        let [out, sum] = [self.fresh("v"), self.fresh("v")];
        if form.names == Names::Nodes {
            self.push(node("", "Add", "", &[stream, change], &[&sum]));
            self.push(node("", "Mul", "", &[&stored, &sum], &[&out]));
            return [out, sum];
        }
        let mut norm = match change {
            "" => node("", "SimplifiedLayerNormalization", "", &[stream, &stored], &[&out]),
            _ => {
                let outputs = [&*out, "", "", &sum];
                let inputs = [stream, change, &stored];
                node("com.microsoft", "SkipSimplifiedLayerNormalization", "", &inputs, &outputs)
            }
        };
        norm.attribute = vec![float("epsilon", 1e-6)];
        self.push(norm);
        [out, if change.is_empty() { stream.to_owned() } else { sum }]
    }

    fn embedding(&mut self, form: &Form, matrix: &(Vec<usize>, Vec<f32>)) -> String {
        let (shape, values) = matrix;
        let name = if form.names == Names::None { "w_0" } else { "model.embed_tokens.weight" };
        let (out, ids) = (self.fresh("v"), "input_ids");
        let (bits, block, zeros) = match form.kind {
            Kind::Blocks { bits, block, zeros } => (bits, block, zeros),
            _ => (4, 32, Zeros::Default),
        };
        let blocks = shape[1].div_ceil(block);
        let full = "model.embed_tokens.weight".to_owned();
        let (inputs, means) = match form.embedding {
            Embedding::Floats if form.kind == Kind::F32 => {
                self.constant(name, DataType::FLOAT, shape, le_bytes(values));
                self.means.insert(full, matrix.clone());
                return self.push(node("", "Gather", "", &[name, ids], &[&out]));
            }
            Embedding::Floats => {
                let means: Vec<f32> = values.iter().map(|&value| as_f16(value)).collect();
                self.constant(name, DataType::FLOAT16, shape, half_bytes(&means));
                self.means.insert(full, (shape.clone(), means));
                return self.push(node("", "Gather", "", &[name, ids], &[&out]));
            }
            Embedding::Bytes | Embedding::Reshaped => {
                let bytes = block * bits / 8;
                let dims = match form.embedding {
                    Embedding::Bytes => vec![shape[0], blocks * bytes],
                    _ => vec![shape[0], blocks, bytes],
                };
                let (mut names, means) = self.blocks(name, matrix, (bits, block, zeros), &dims);
                if form.embedding == Embedding::Reshaped {
                    let flat = self.fresh("v");
                    self.push(node("", "Reshape", "", &[&names[0], "shape"], &[&flat]));
                    names[0] = flat;
                }
                (names, means)
            }
            Embedding::Nibbles { signed } => {
                // Scales are small powers of two, so that every number has all its digits.
                let least = if signed { -8.0 } else { 0.0 };
                let number = |v: f32| (v * 16.0).round().clamp(least, least + 15.0);
                let numbers: Vec<u8> = values.iter().map(|&v| number(v) as i8 as u8 & 15).collect();
                let zero = |i: usize| (i % 3) as f32;
                let zeros: Vec<u8> = (0..shape[0] * blocks).map(|i| zero(i) as u8).collect();
                let at = |i: usize| i / shape[1] * blocks + i % shape[1] / block;
                let means = values.iter().enumerate();
                let means = means.map(|(i, &v)| (number(v) - zero(at(i))) / 16.0).collect();
                let kind = if signed { DataType::INT4 } else { DataType::UINT4 };
                // One row, since numbers and zero points lie close together.
                let close = |numbers: &[u8]| pack(numbers, numbers.len(), 4);
                let scales = vec![1.0 / 16.0; zeros.len()];
                let per_block = [shape[0], blocks];
                let names = vec![
                    self.constant(name, kind, shape, close(&numbers)),
                    self.constant("e_scales", DataType::FLOAT16, &per_block, half_bytes(&scales)),
                    self.constant("e_zeros", kind, &per_block, close(&zeros)),
                ];
                (names, means)
            }
        };
        self.means.insert(full, (shape.clone(), means));
        let mut all = vec![inputs[0].as_str(), ids];
        all.extend(inputs[1..].iter().map(String::as_str));
        let mut node = node("com.microsoft", "GatherBlockQuantized", "", &all, &[&out]);
        node.attribute = vec![
            int("bits", bits as i64),
            int("block_size", block as i64),
            int("quantize_axis", 1),
        ];
        self.push(node)
    }

    /// The whole graph; `heads` are those of queries and of keys.
    pub fn fill(&mut self, form: &Form, tensors: &Floats, heads: [usize; 2]) {
        let n_layers = tensors.keys().filter(|name| name.ends_with("mlp.up_proj.weight")).count();
        let mut stream = self.embedding(form, &tensors["model.embed_tokens.weight"]);
        let mut change = String::new();
        for layer in 0..n_layers {
            let name = |part: &str| format!("model.layers.{layer}.{part}");
            let norm = name("input_layernorm");
            let [inside, sum] = self.norm(form, tensors, [&stream, &change], &norm);
            let inputs = match form.packed {
                true => [self.packed(form, tensors, &inside, layer), String::new(), String::new()],
                false => ["q", "k", "v"].map(|part| {
                    let part = name(&format!("self_attn.{part}_proj"));
                    let value = self.named(form, tensors, &inside, &part);
                    self.head_norm(form, tensors, value, &part)
                }),
            };
            let out = self.fresh("v");
            let past =
                [format!("past_key_values.{layer}.key"), format!("past_key_values.{layer}.value")];
            let inputs: Vec<&str> = inputs
                .iter()
                .chain(&past)
                .map(String::as_str)
                .chain(["seqlens_k", "total"])
                .collect();
            let present = [format!("present.{layer}.key"), format!("present.{layer}.value")];
            let outputs = [&*out, &present[0], &present[1]];
            let mut attention = node("com.microsoft", "GroupQueryAttention", "", &inputs, &outputs);
            attention.attribute =
                vec![int("num_heads", heads[0] as i64), int("kv_num_heads", heads[1] as i64)];
            let attended = self.push(attention);
            change = self.named(form, tensors, &attended, &name("self_attn.o_proj"));
            let norm = name("post_attention_layernorm");
            let [inside, sum] = self.norm(form, tensors, [&sum, &change], &norm);
            let gate = self.named(form, tensors, &inside, &name("mlp.gate_proj"));
            let up = self.named(form, tensors, &inside, &name("mlp.up_proj"));
            let [sigmoid, act, both] = [(); 3].map(|()| self.fresh("v"));
            self.push(node("", "Sigmoid", "", &[&gate], &[&sigmoid]));
            self.push(node("", "Mul", "", &[&gate, &sigmoid], &[&act]));
            self.push(node("", "Mul", "", &[&act, &up], &[&both]));
            change = self.named(form, tensors, &both, &name("mlp.down_proj"));
            stream = sum;
        }
        let [inside, _] = self.norm(form, tensors, [&stream, &change], "model.norm");
        match tensors.get("lm_head.weight") {
            Some(_) => drop(self.named(form, tensors, &inside, "lm_head")),
            None if form.copied_output => {
                let matrix = &tensors["model.embed_tokens.weight"];
                self.product(form, &inside, "/lm_head/MatMul", matrix);
            }
            None => {
                let name =
                    if form.names == Names::None { "w_0" } else { "model.embed_tokens.weight" };
                let turned = self.fresh("t");
                self.push(node("", "Transpose", "", &[name], &[&turned]));
                let product = if form.names == Names::None { "" } else { "/lm_head/MatMul" };
                self.push(node("", "MatMul", product, &[&inside, &turned], &["logits"]));
            }
        }
        self.values(n_layers, heads[1]);
    }

    /// The norm of queries or keys, where the family has one.
    fn head_norm(&mut self, form: &Form, tensors: &Floats, value: String, part: &str) -> String {
        let norm = part.replace("_proj", "_norm");
        if !tensors.contains_key(&format!("{norm}.weight")) {
            return value;
        }
        let [out, _] = self.norm(form, tensors, [&value, ""], &norm);
        out
    }

    /// Queries, keys and values in one product.
    fn packed(&mut self, form: &Form, tensors: &Floats, input: &str, layer: usize) -> String {
        let name =
            |part: &str, what: &str| format!("model.layers.{layer}.self_attn.{part}_proj.{what}");
        let parts = ["q", "k", "v"].map(|part| &tensors[&name(part, "weight")]);
        let cols = parts[0].0[1];
        let rows = parts.iter().map(|(shape, _)| shape[0]).sum();
        let all: Vec<f32> = parts.iter().flat_map(|(_, values)| values.clone()).collect();
        let path = format!("/model/layers.{layer}/attn/qkv_proj/MatMul");
        let (mut value, means) = self.product(form, input, &path, &(vec![rows, cols], all));
        let (mut rest, mut bias) = (&means[..], Vec::new());
        for (part, (shape, values)) in ["q", "k", "v"].into_iter().zip(parts) {
            let (now, later) = rest.split_at(values.len());
            self.means.insert(name(part, "weight"), (shape.clone(), now.to_vec()));
            rest = later;
            if let Some(tensor) = tensors.get(&name(part, "bias")) {
                bias.extend(&tensor.1);
                self.means.insert(name(part, "bias"), tensor.clone());
            }
        }
        if !bias.is_empty() {
            let (stored, out) = (self.fresh("b"), self.fresh("v"));
            self.constant(&stored, DataType::FLOAT, &[rows], le_bytes(&bias));
            value = self.push(node("", "Add", "", &[&value, &stored], &[&out]));
        }
        value
    }

    fn values(&mut self, n_layers: usize, kv_heads: usize) {
        let ids = |name: &str, axis: &str| value(name, DataType::INT64, &["batch_size", axis]);
        let heads = kv_heads.to_string();
        let cache = |name: String, axis: &str| {
            value(&name, DataType::FLOAT16, &["batch_size", &heads, axis, "64"])
        };
        self.graph.input.push(ids("input_ids", "sequence_length"));
        self.graph.input.push(ids("attention_mask", "total_sequence_length"));
        let logits = value("logits", DataType::FLOAT, &["batch_size", "sequence_length", "260"]);
        self.graph.output.push(logits);
        for layer in 0..n_layers {
            for part in ["key", "value"] {
                let past = format!("past_key_values.{layer}.{part}");
                self.graph.input.push(cache(past, "past_sequence_length"));
                let present = format!("present.{layer}.{part}");
                self.graph.output.push(cache(present, "total_sequence_length"));
            }
        }
    }
}
