//! ONNX files: in every form that exporters have, and in those that nobody has.

use super::*;
use allocation_counter::measure;
use common::onnx::{
    Embedding, Floats, Form, Kind, Names, Writer, Zeros, file_of, float, int, make_external, node,
    set_external, tensor,
};
use llmzip::import::{OnnxAxis, inspect_onnx, weight_hashes};
use rten_onnx::onnx::{AttributeProto, DataType, GraphProto, NodeProto, TensorProto};
use std::time::{Duration, Instant};

/// What an import of a small file may have in memory at once.
const MOST_BYTES: u64 = 24 << 20;

/// Blocks of 32 numbers of 4 bits, as exports have them.
const BLOCKS: Kind = Kind::Blocks { bits: 4, block: 32, zeros: Zeros::Default };

/// A folder as on the hub: what describes the model, and below it the graph.
struct Case {
    folder: Folder,
    graph: GraphProto,
    /// What its weights stand for.
    means: Floats,
}

impl Case {
    fn new(config: Json, form: Form) -> Case {
        let folder = Folder::new();
        small_model(&folder, config.clone());
        let weights = folder.path("model.safetensors");
        let tensors: Floats = read_tensors(&weights)
            .into_iter()
            .map(|(name, (kind, shape, bytes))| (name, (shape, floats(&kind, &bytes))))
            .collect();
        fs::remove_file(weights).unwrap();
        fs::create_dir(folder.path("onnx")).unwrap();
        let heads = ["num_attention_heads", "num_key_value_heads"];
        let heads = heads.map(|field| config[field].as_u64().unwrap() as usize);
        let mut writer = Writer::default();
        writer.fill(&form, &tensors, heads);
        let case = Case { folder, graph: writer.graph, means: writer.means };
        case.write(&case.graph);
        case
    }

    /// As exports are: blocks for matrices, half precision for the embedding.
    fn plain() -> Case {
        Case::new(small_config("llama"), Form { kind: BLOCKS, ..Form::PLAIN })
    }

    fn path(&self) -> PathBuf {
        self.folder.path("onnx/model.onnx")
    }

    fn write(&self, graph: &GraphProto) {
        fs::write(self.path(), file_of(graph.clone())).unwrap();
    }

    /// The model of the same numbers in a directory.
    fn of_means(&self) -> Vec<u8> {
        let folder = Folder::new();
        for file in ["config.json", "tokenizer.json"] {
            fs::copy(self.folder.path(file), folder.path(file)).unwrap();
        }
        let bytes = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let means = self.means.iter();
        let tensors = means
            .map(|(name, (shape, values))| {
                (name.clone(), ("F32".to_owned(), shape.clone(), bytes(values)))
            })
            .collect();
        write_tensors(&folder.path("model.safetensors"), &tensors);
        import_model(folder.dir(), &options()).unwrap()
    }

    /// What an import says, after a look at what it took.
    fn said(&self) -> Result<Vec<u8>, String> {
        let start = Instant::now();
        let mut result = Err(String::new());
        let taken = measure(|| {
            result = import_model(&self.path(), &options()).map_err(|e| e.to_string());
        });
        assert!(taken.bytes_max < MOST_BYTES, "{} bytes", taken.bytes_max);
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        result
    }

    /// The error after a change of the graph.
    fn error(&self, change: impl FnOnce(&mut GraphProto)) -> String {
        let mut graph = self.graph.clone();
        change(&mut graph);
        self.write(&graph);
        let error = self.said().unwrap_err();
        assert_eq!(error.lines().count(), 1, "{error}");
        error
    }
}

fn untied(family: &str) -> Json {
    let mut config = small_config(family);
    config["tie_word_embeddings"] = json!(false);
    config
}

#[test]
fn every_form_makes_the_model_of_the_numbers_that_it_stands_for() {
    let plain = Form::PLAIN;
    let blocks = |bits, block, zeros| Form { kind: Kind::Blocks { bits, block, zeros }, ..plain };
    let four = blocks(4, 32, Zeros::Default);
    let llama = || small_config("llama");
    let mut qwen3 = small_config("qwen3");
    qwen3["head_dim"] = json!(64);
    let cases = [
        ("floats", llama(), plain),
        ("half precision", llama(), Form { kind: Kind::F16, ..plain }),
        ("transposed", llama(), Form { kind: Kind::Turned, ..plain }),
        ("Gemm", llama(), Form { kind: Kind::Gemm, ..plain }),
        ("blocks", llama(), four),
        ("zero points", llama(), blocks(4, 32, Zeros::Packed)),
        // Three and five blocks a row, so that the last byte of zero points is half empty.
        ("uneven zero points", llama(), blocks(4, 64, Zeros::Packed)),
        ("float zero points", llama(), blocks(4, 32, Zeros::F16)),
        ("single-precision zero points", llama(), blocks(4, 16, Zeros::F32)),
        ("eight bits", llama(), blocks(8, 32, Zeros::Packed)),
        ("two bits", llama(), blocks(2, 16, Zeros::Packed)),
        // 192 and 320 are no multiples of it.
        ("blocks that reach beyond the row", llama(), blocks(4, 128, Zeros::Packed)),
        ("a copy for the output", llama(), Form { copied_output: true, ..four }),
        ("an embedding of bytes", llama(), Form { embedding: Embedding::Bytes, ..four }),
        (
            "a reshaped embedding",
            llama(),
            Form {
                embedding: Embedding::Reshaped,
                copied_output: true,
                ..blocks(4, 32, Zeros::Packed)
            },
        ),
        (
            "an embedding of numbers with a sign",
            llama(),
            Form {
                embedding: Embedding::Nibbles { signed: true },
                copied_output: true,
                ..blocks(4, 64, Zeros::Default)
            },
        ),
        (
            "an embedding of numbers without",
            llama(),
            Form {
                embedding: Embedding::Nibbles { signed: false },
                copied_output: true,
                ..blocks(4, 64, Zeros::Default)
            },
        ),
        ("numbered initialisers", llama(), Form { names: Names::Nodes, ..four }),
        ("no names", llama(), Form { names: Names::None, ..four }),
        (
            "no names, floats, a copy",
            llama(),
            Form { names: Names::None, copied_output: true, ..plain },
        ),
        ("no names, untied", untied("llama"), Form { names: Names::None, ..four }),
        ("untied", untied("llama"), four),
        ("untied, transposed", untied("llama"), Form { kind: Kind::F16, ..plain }),
        ("biases", small_config("qwen2"), four),
        ("one matrix for all", small_config("qwen2"), Form { packed: true, ..four }),
        ("one nameless matrix", llama(), Form { packed: true, names: Names::None, ..four }),
        ("norms of heads", qwen3, four),
    ];
    for (what, config, form) in cases {
        let case = Case::new(config, form);
        let made = import_model(&case.path(), &options()).unwrap_or_else(|e| panic!("{what}: {e}"));
        assert!(made == case.of_means(), "{what}");
    }
}

#[test]
fn its_float_model_is_that_of_its_weights() {
    let case = Case::plain();
    assert_agrees(&case.path(), "blocks");
}

#[test]
fn external_data_is_the_same_wherever_it_lies() {
    let mut case = Case::plain();
    let wanted = case.said().unwrap();
    let mut data = [vec![0; 64], vec![0; 64]];
    for (i, tensor) in case.graph.initializer.iter_mut().enumerate() {
        make_external(tensor, ["model.onnx_data", "part/two"][i % 2], &mut data[i % 2]);
        if i % 3 == 0 {
            // A length may be left out.
            tensor.external_data.pop();
        }
    }
    fs::create_dir(case.folder.path("onnx/part")).unwrap();
    let files = ["onnx/model.onnx_data", "onnx/part/two"].map(|name| case.folder.path(name));
    for (file, data) in files.iter().zip(&data) {
        fs::write(file, data).unwrap();
    }
    case.write(&case.graph);
    assert!(case.said().unwrap() == wanted);
    assert_eq!(weight_hashes(&case.path()).unwrap().len(), 3);
    // Beside the file is as good as above it.
    let beside = case.folder.path("onnx/config.json");
    fs::rename(case.folder.path("config.json"), &beside).unwrap();
    assert!(case.said().unwrap_err().contains("no tokenizer.json"));
    fs::rename(case.folder.path("tokenizer.json"), case.folder.path("onnx/tokenizer.json"))
        .unwrap();
    assert!(case.said().unwrap() == wanted);
    fs::remove_file(beside).unwrap();
    assert!(case.said().unwrap_err().contains("no config.json"));
}

#[test]
fn external_data_that_cannot_be_is_refused_by_the_name_of_its_tensor() {
    let case = Case::plain();
    fs::write(case.folder.path("onnx/data"), [0; 1000]).unwrap();
    fs::write(case.folder.path("outside"), [0; 1 << 20]).unwrap();
    let name = case.graph.initializer[3].name.clone().unwrap();
    let external = |location: &str, offset: u64, len: u64| {
        let error = case.error(|graph| {
            let tensor = &mut graph.initializer[3];
            tensor.raw_data = None;
            set_external(tensor, location, offset, len);
        });
        assert!(error.contains(&name), "{error}");
        error
    };
    let bytes = case.graph.initializer[3].raw_data.as_ref().unwrap().borrow().len() as u64;
    let outside = case.folder.path("outside");
    for (location, offset, len, says) in [
        ("nowhere", 0, bytes, "is missing"),
        ("../outside", 0, bytes, "no path inside"),
        ("a/../../outside", 0, bytes, "no path inside"),
        (outside.to_str().unwrap(), 0, bytes, "no path inside"),
        ("..\\outside", 0, bytes, "no path inside"),
        ("", 0, bytes, "no path inside"),
        ("data", 900, bytes, "cut short"),
        ("data", u64::MAX, bytes, "cut short"),
        ("data", 0, bytes + 1, "not the bytes of its shape"),
        ("model.onnx/x", 0, bytes, "onnx/x"),
    ] {
        let error = external(location, offset, len);
        assert!(error.contains(says), "{location}: {error}");
    }
    fs::write(case.folder.path("onnx/data"), vec![0; bytes as usize]).unwrap();
    let error = case.error(|graph| {
        for at in [3, 4] {
            graph.initializer[at].raw_data = None;
            let dims = graph.initializer[3].dims.clone();
            graph.initializer[at].dims = dims;
            graph.initializer[at].data_type = graph.initializer[3].data_type;
            set_external(&mut graph.initializer[at], "data", 0, bytes);
        }
    });
    assert!(error.contains("lie in the same bytes"), "{error}");
    let error = case.error(|graph| {
        set_external(&mut graph.initializer[3], "data", 0, bytes);
        graph.initializer[3].external_data[1].value = Some("-1".to_owned());
    });
    assert!(error.contains("offset"), "{error}");
    let error = case.error(|graph| {
        set_external(&mut graph.initializer[3], "data", 0, bytes);
        graph.initializer[3].external_data.remove(0);
    });
    assert!(error.contains("no file"), "{error}");
    let error = case.error(|graph| set_external(&mut graph.initializer[3], "part", 0, bytes));
    assert!(error.contains("missing"), "{error}");
    fs::create_dir(case.folder.path("onnx/part")).unwrap();
    let error = case.said().unwrap_err();
    assert!(error.contains("not an ordinary file"), "{error}");
}

#[cfg(unix)]
#[test]
fn links_lead_where_the_file_itself_lies_and_nowhere_else() {
    use std::os::unix::fs::symlink;
    let mut case = Case::plain();
    let wanted = case.said().unwrap();
    let mut data = Vec::new();
    case.graph.initializer.iter_mut().for_each(|t| make_external(t, "model.onnx_data", &mut data));
    case.write(&case.graph);
    // As caches of the hub are: both are links into one folder.
    fs::create_dir(case.folder.path("blobs")).unwrap();
    fs::rename(case.path(), case.folder.path("blobs/1")).unwrap();
    symlink("../blobs/1", case.path()).unwrap();
    fs::write(case.folder.path("blobs/2"), &data).unwrap();
    let link = case.folder.path("onnx/model.onnx_data");
    symlink("../blobs/2", &link).unwrap();
    assert!(case.said().unwrap() == wanted);
    fs::create_dir(case.folder.path("elsewhere")).unwrap();
    fs::rename(case.folder.path("blobs/2"), case.folder.path("elsewhere/2")).unwrap();
    fs::remove_file(&link).unwrap();
    symlink("../elsewhere/2", &link).unwrap();
    let error = case.said().unwrap_err();
    assert!(error.contains("a link that leads out"), "{error}");
}

fn matrix_of<'a>(graph: &'a mut GraphProto, part: &str) -> &'a mut NodeProto {
    let mut nodes = graph.node.iter_mut();
    nodes.find(|node| node.name.as_deref().is_some_and(|name| name.contains(part))).unwrap()
}

fn set(node: &mut NodeProto, attribute: AttributeProto) {
    node.attribute.retain(|old| old.name != attribute.name);
    node.attribute.push(attribute);
}

fn stored<'a>(graph: &'a mut GraphProto, part: &str) -> &'a mut TensorProto {
    let mut all = graph.initializer.iter_mut();
    all.find(|tensor| tensor.name.as_deref().is_some_and(|name| name.contains(part))).unwrap()
}

#[test]
fn what_a_graph_cannot_mean_is_refused_by_its_node() {
    let case = Case::plain();
    type Change = Box<dyn Fn(&mut GraphProto)>;
    let op = |domain: &'static str, op: &'static str| -> Change {
        Box::new(move |graph| graph.node.push(node(domain, op, "/odd/node", &["v_1"], &["odd"])))
    };
    let attribute = |attribute: fn() -> AttributeProto| -> Change {
        Box::new(move |graph| set(matrix_of(graph, "layers.1/mlp/up_proj"), attribute()))
    };
    let attention = |attribute: fn() -> AttributeProto| -> Change {
        Box::new(move |graph| {
            let mut nodes = graph.node.iter_mut();
            let is_it =
                |node: &&mut NodeProto| node.op_type.as_deref() == Some("GroupQueryAttention");
            set(nodes.find(is_it).unwrap(), attribute());
        })
    };
    let dims = |part: &'static str, dims: &'static [i64]| -> Change {
        Box::new(move |graph| stored(graph, part).dims = dims.to_vec())
    };
    const UP: &str = "layers.1.mlp.up_proj.MatMul.weight";
    let cases: Vec<(Change, &[&str])> = vec![
        (op("com.microsoft", "MoE"), &["com.microsoft:MoE", "/odd/node"]),
        (op("", "Tanh"), &["operator Tanh (node /odd/node) is not known"]),
        (op("", "If"), &["operator If"]),
        (op("my.own", "MatMul"), &["my.own:MatMul"]),
        (attribute(|| int("bits", 3)), &["3 bits", "up_proj"]),
        (attribute(|| int("block_size", 48)), &["48", "up_proj"]),
        (attribute(|| int("block_size", i64::MIN)), &["up_proj"]),
        (attribute(|| int("block_size", 64)), &["up_proj", "shape"]),
        (attribute(|| int("K", 0)), &["wrong K", "up_proj"]),
        (attribute(|| int("K", i64::MAX)), &["wrong K"]),
        (attribute(|| int("N", 1 << 23)), &["up_proj", "8388608 rows"]),
        (attribute(|| int("N", 160)), &["up_proj", "160 rows"]),
        (attribute(|| int("weight_prepacked", 1)), &["up_proj", "GPU"]),
        (attention(|| int("num_heads", 4)), &["num_heads", "GroupQueryAttention", "4"]),
        (attention(|| int("rotary_interleaved", 1)), &["rotary_interleaved"]),
        (attention(|| float("softcap", 30.0)), &["softcap"]),
        (attention(|| float("scale", 1.0)), &["scale"]),
        (attention(|| int("local_window_size", 128)), &["local_window_size"]),
        (
            dims("layers.1.mlp.up_proj.MatMul.weight_Q4", &[1 << 40, 1 << 40]),
            &[UP, "size cannot be"],
        ),
        (dims("layers.1.mlp.up_proj.MatMul.weight_Q4", &[320, 6, -16]), &[UP, "negative"]),
        (dims("layers.1.mlp.up_proj.MatMul.weight_Q4", &[320, 6, 15]), &[UP, "bytes of its shape"]),
        (dims("layers.1.mlp.up_proj.MatMul.weight_Q4", &[0]), &[UP, "bytes of its shape"]),
        (dims("layers.1.mlp.up_proj.MatMul.weight_scales", &[319, 6]), &[UP]),
        (dims("embed_tokens", &[192, 260]), &["model.embed_tokens.weight", "[192, 260]"]),
        (dims("layers.2.input_layernorm", &[192, 1]), &["layers.2.input_layernorm", "vector"]),
        (
            Box::new(|graph| {
                stored(graph, "up_proj.MatMul.weight_Q4").data_type = Some(DataType::INT32)
            }),
            &["up_proj", "int32"],
        ),
        (
            Box::new(|graph| stored(graph, "embed_tokens").data_type = Some(DataType(99))),
            &["embed_tokens", "99"],
        ),
        (
            Box::new(|graph| {
                let tensor = stored(graph, "model.norm");
                tensor.raw_data = None;
                tensor.int32_data = vec![1; 192];
            }),
            &["model.norm", "int32_data"],
        ),
        (Box::new(|graph| stored(graph, "model.norm").raw_data = None), &["model.norm", "no data"]),
        (
            Box::new(|graph| drop(graph.initializer.remove(2))),
            &["MatMulNBits (node /model/layers.0/attn/q_proj/MatMul)"],
        ),
        (Box::new(|graph| graph.initializer.push(graph.initializer[3].clone())), &["there twice"]),
        (Box::new(|graph| graph.node.push(graph.node[2].clone())), &["two nodes put out"]),
        (
            Box::new(|graph| {
                // One matrix for two layers.
                let weight = matrix_of(graph, "layers.0/mlp/up_proj").input[1].clone();
                matrix_of(graph, "layers.1/mlp/up_proj").input[1] = weight;
            }),
            &["at once"],
        ),
        (
            Box::new(|graph| {
                let second = matrix_of(graph, "layers.1/mlp/up_proj");
                second.name = Some("/model/layers.0/mlp/up_proj/MatMul".to_owned());
            }),
            &["model.layers.0.mlp.up_proj.weight twice"],
        ),
        (
            Box::new(|graph| {
                let second = matrix_of(graph, "layers.1/mlp/up_proj");
                second.name = Some("/model/layers.7/mlp/up_proj/MatMul".to_owned());
            }),
            &["model.layers.7.mlp.up_proj.weight", "3 layers"],
        ),
        (
            Box::new(|graph| {
                let bytes = vec![0; 4 * 320];
                graph.initializer.push(tensor("b", DataType::FLOAT, &[320], bytes));
                let output = matrix_of(graph, "layers.1/mlp/up_proj").output[0].clone();
                graph.node.push(node("", "Add", "/x", &[&output, "b"], &["out"]));
            }),
            &["up_proj.bias", "llama"],
        ),
        (
            Box::new(|graph| {
                // Out of reach of the walk through the graph, and without a name.
                graph.initializer.push(tensor("m", DataType::FLOAT, &[2, 2], vec![0; 16]));
                graph.node.push(node("", "MatMul", "", &["v_1", "m"], &["out"]));
            }),
            &["MatMul (node for out)", "[2, 2]"],
        ),
        (
            Box::new(|graph| {
                let cast = |input: &str, output: &str| {
                    let mut cast = node("", "Cast", "", &[input], &[output]);
                    cast.attribute = vec![int("to", 10)];
                    cast
                };
                graph.node.push(cast("model.norm.weight", "rounded"));
                let norm =
                    graph.node.iter_mut().find(|n| n.input.contains(&"model.norm.weight".into()));
                let input = norm.unwrap().input.iter_mut().find(|i| *i == "model.norm.weight");
                *input.unwrap() = "rounded".to_owned();
            }),
            &["model.norm.weight", "cast to float16"],
        ),
        (
            Box::new(|graph| {
                graph
                    .node
                    .retain(|n| n.name.as_deref() != Some("/model/layers.2/mlp/down_proj/MatMul"))
            }),
            &["no tensor model.layers.2.mlp.down_proj.weight"],
        ),
    ];
    for (number, (change, says)) in cases.iter().enumerate() {
        let error = case.error(change);
        for part in *says {
            assert!(error.contains(part), "{number}: {part:?} is not in {error}");
        }
    }
}

#[test]
fn graphs_that_go_round_in_circles_come_to_an_end() {
    let case = Case::plain();
    // A constant that is its own, through itself and through another.
    for back in ["a", "b"] {
        let error = case.error(|graph| {
            graph.node.push(node("", "Transpose", "", &[back], &["a"]));
            graph.node.push(node("", "Identity", "", &["a"], &["b"]));
            matrix_of(graph, "layers.0/mlp/up_proj").input[1] = "a".to_owned();
        });
        assert!(error.contains("no constant"), "{error}");
    }
    // A stream that comes back to where it was, in a graph without names.
    let form = Form { kind: BLOCKS, names: Names::None, ..Form::PLAIN };
    let case = Case::new(small_config("llama"), form);
    for (from, to) in [(2, 20), (20, 2), (5, 5), (11, 3)] {
        let mut graph = case.graph.clone();
        let output = graph.node[from].output[0].clone();
        graph.node[to].input.iter_mut().for_each(|input| *input = output.clone());
        case.write(&graph);
        drop(case.said());
    }
}

/// A field with bytes.
fn field(number: u64, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for mut value in [number << 3 | 2, bytes.len() as u64] {
        while value > 0x7f {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
    }
    out.extend(bytes);
    out
}

/// Files that made other readers hang, abort, or overflow their stack.
#[test]
fn bytes_that_lie_about_themselves_are_refused_quickly() {
    let case = Case::plain();
    let version = [0x08, 10];
    let graph = |content: &[u8]| [&field(7, content), &version[..]].concat();
    let deep = (0..20_000).fold(Vec::new(), |inside, _| field(1, &field(5, &field(6, &inside))));
    let many = |count: usize, one: &[u8]| graph(&one.repeat(count));
    let huge_length = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    let files: Vec<(Vec<u8>, &str)> = vec![
        (vec![], "not an ONNX file"),
        (b"GGUF and whatever follows".to_vec(), "not ONNX"),
        (version.to_vec(), "not an ONNX file"),
        (vec![0xff; 12], "more than 64 bits"),
        ([&version[..], &[0x3a], &huge_length].concat(), "cut short"),
        (graph(&[&[0x2a][..], &huge_length].concat()), "longer than the message"),
        (graph(&field(5, &[&[0x4a][..], &huge_length].concat())), "longer than the message"),
        (graph(&deep), "operator"),
        (many(1 << 18, &[0x0a, 0]), "65536 nodes"),
        (many(1 << 17, &field(5, &[])), "65536 tensors"),
        (many(1 << 15, &field(11, &[])), "16384 inputs"),
        (graph(&field(1, &field(1, b"x").repeat((1 << 18) + 1))), "262144 inputs"),
        (graph(&field(5, &[0x08, 1].repeat(9))), "more than 8 numbers"),
        (graph(&field(5, &field(1, &[1; 100]))), "more than 8 numbers"),
        (graph(&field(1, &field(3, &[b'x'; 5000]))), "a name of 5000 bytes"),
        (graph(&field(1, &field(3, &[0xff]))), "not UTF-8"),
        (graph(&field(1, &field(5, &[]).repeat(65))), "64 attributes"),
        (graph(&[0x0b]), "a field of kind 3"),
        (graph(&field(15, &[])), "sparse"),
        ([graph(&[]), field(7, &[])].concat(), "two graphs"),
    ];
    for (file, says) in files {
        fs::write(case.path(), &file).unwrap();
        let error = case.said().unwrap_err();
        assert!(error.contains(says), "{says}: {error}");
        assert!(error.len() < 600, "{error}");
        // Another door, behind which operators need not be known.
        drop(inspect_onnx(&case.path()));
    }
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_refused() {
    let case = Case::plain();
    let whole = file_of(case.graph.clone());
    // What stands behind the graph may be missing: versions of operators.
    for len in (0..whole.len() - 60).step_by(whole.len() / 300) {
        fs::write(case.path(), &whole[..len]).unwrap();
        case.said().unwrap_err();
    }
}

#[test]
fn inputs_and_outputs_are_told_with_their_axes() {
    let case = Case::plain();
    let summary = inspect_onnx(&case.path()).unwrap();
    let values = [&summary.inputs, &summary.outputs].map(|values| {
        values
            .iter()
            .map(|value| {
                let axes = value.axes.as_ref().unwrap().iter();
                format!(
                    "{} {} {:?}",
                    value.name,
                    value.kind,
                    axes.map(ToString::to_string).collect::<Vec<_>>()
                )
            })
            .collect::<Vec<_>>()
    });
    assert_eq!(
        values[0],
        [
            r#"input_ids int64 ["batch_size", "sequence_length"]"#,
            r#"attention_mask int64 ["batch_size", "total_sequence_length"]"#,
            r#"past_key_values.{0..2}.key float16 ["batch_size", "1", "past_sequence_length", "64"]"#,
            r#"past_key_values.{0..2}.value float16 ["batch_size", "1", "past_sequence_length", "64"]"#,
        ]
    );
    assert_eq!(values[1][0], r#"logits float32 ["batch_size", "sequence_length", "260"]"#);
    assert_eq!(values[1].len(), 3);
    let axes = summary.inputs[0].axes.as_ref().unwrap();
    assert_eq!(axes[0], OnnxAxis::Dynamic("batch_size".to_owned()));
    assert_eq!((summary.opset, summary.producer.as_str()), (21, "a test"));
    let count = |op: &str| summary.operators.iter().find(|(name, _)| name == op).unwrap().1;
    assert_eq!(count("com.microsoft:MatMulNBits"), 21);
    assert_eq!(count("com.microsoft:GroupQueryAttention"), 3);
}
