//! Which tensors of a graph are the weights of a transformer: found by the operators that read them, and told apart by
//! the names of nodes and initialisers, or by their place.

use super::files::{FLOAT32, Files, kind_name};
use super::graph::{Graph, Node, Tensor};
use super::known::CONTRIB;
use super::names::{self, EMBEDDING, OUTPUT, PACKED};
use super::place::Places;
use super::stored::{Blocks, Cut, Floats, Stored};
use crate::error::{Error, Result, shown};
use crate::import::hf_config::HfConfig;
use std::collections::{BTreeMap, HashMap};

/// Casts and transpositions between a constant and its operator.
const MAX_STEPS: usize = 16;
/// Rows or columns of a matrix; ours have fewer.
const MAX_SIDE: i64 = 1 << 24;

/// All weights of a model under Hugging Face's names.
pub(super) struct Weights {
    pub(super) stored: Vec<Stored>,
    pub(super) by_name: BTreeMap<String, Weight>,
}

/// A weight: rows of something stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weight {
    pub(super) stored: usize,
    pub(super) first: usize,
    pub(super) rows: usize,
    pub(super) is_vector: bool,
}

/// A constant behind casts and transpositions.
#[derive(Clone, Copy)]
struct Constant {
    tensor: usize,
    is_turned: bool,
    is_reshaped: bool,
    /// What its numbers are cast to, unless that loses nothing of any kind.
    cast_to: Option<i64>,
}

/// Looks for weights.
struct Finder<'a> {
    graph: &'a Graph,
    files: &'a Files,
    config: &'a HfConfig,
    /// Tensors by name.
    tensors: HashMap<&'a str, usize>,
    /// Nodes by what they put out.
    producers: HashMap<&'a str, &'a Node>,
    places: Places<'a>,
    /// What each tensor is used for.
    uses: HashMap<usize, String>,
    /// What the product by a matrix puts out, and the name of the matrix.
    products: HashMap<&'a str, String>,
    weights: Weights,
}

/// Finds all weights; each is as large as the configuration lets it be only if the caller compares that.
///
/// # Errors
/// `Unsupported`, `Invalid` or `Damaged` naming the node or the tensor.
pub(super) fn find(graph: &Graph, files: &Files, config: &HfConfig) -> Result<Weights> {
    let mut tensors = HashMap::new();
    for (at, tensor) in graph.tensors.iter().enumerate() {
        if tensors.insert(tensor.name.as_str(), at).is_some() {
            return Err(tensor.error("it is there twice"));
        }
    }
    let mut producers = HashMap::new();
    for node in &graph.nodes {
        for output in node.outputs.iter().filter(|output| !output.is_empty()) {
            if producers.insert(output.as_str(), node).is_some() {
                let output = shown(output);
                return Err(Error::damaged(format!("two nodes put out {output}")));
            }
        }
    }
    let weights = Weights { stored: Vec::new(), by_name: BTreeMap::new() };
    let places = Places::new(graph);
    let (uses, products) = (HashMap::new(), HashMap::new());
    let mut finder =
        Finder { graph, files, config, tensors, producers, places, uses, products, weights };
    graph.nodes.iter().try_for_each(|node| finder.matrix(node))?;
    graph.nodes.iter().try_for_each(|node| finder.vector(node))?;
    let expected = names::expected(config);
    match finder.weights.by_name.keys().find(|name| !expected.contains(*name)) {
        Some(name) => Err(Error::invalid(format!(
            "the graph has {name}, which is not in a {} of {} layers, as the configuration says",
            config.model_type(),
            config.num_hidden_layers
        ))),
        None => Ok(finder.weights),
    }
}

impl<'a> Finder<'a> {
    /// The constant behind a value, if there is one.
    fn constant(&self, name: Option<&str>) -> Option<Constant> {
        let mut name = name?;
        let (mut is_turned, mut is_reshaped) = (false, false);
        let mut cast_to = None;
        for _ in 0..MAX_STEPS {
            if let Some(&tensor) = self.tensors.get(name) {
                return Some(Constant { tensor, is_turned, is_reshaped, cast_to });
            }
            let node = self.producers.get(name).filter(|node| node.domain.is_empty())?;
            match node.op.as_str() {
                "Identity" => {}
                "Cast" => cast_to = cast_to.or(node.int("to").filter(|&to| to != FLOAT32)),
                "Transpose" => match node.attribute("perm").map(|perm| &perm.ints[..]) {
                    None | Some([1, 0]) => is_turned = !is_turned,
                    _ => return None,
                },
                "Reshape" => is_reshaped = true,
                _ => return None,
            }
            name = node.input(0)?;
        }
        // So many steps are made of nodes that go round in circles.
        None
    }

    fn tensor(&self, constant: Constant) -> &'a Tensor {
        &self.graph.tensors[constant.tensor]
    }

    /// A constant that is to be as it lies.
    fn plain(&self, node: &Node, at: usize) -> Result<Option<Constant>> {
        let Some(name) = node.input(at) else { return Ok(None) };
        match self.constant(Some(name)) {
            Some(constant) if !constant.is_turned => Ok(Some(constant)),
            _ => Err(node_error(node, &format!("has no constant for its input {at}"))),
        }
    }

    /// Takes the matrix that a node multiplies by or looks rows up in, if it is one of ours.
    fn matrix(&mut self, node: &'a Node) -> Result<()> {
        match (node.domain.as_str(), node.op.as_str()) {
            ("", "MatMul") => {
                let is_matrix = |constant: &Constant| {
                    !constant.is_reshaped && self.tensor(*constant).shape.len() == 2
                };
                let left = self.constant(node.input(0));
                if left.filter(is_matrix).is_some_and(|it| !self.tensor(it).shape.contains(&1)) {
                    return Err(node_error(node, "has a constant matrix on its left"));
                }
                let Some(right) = self.constant(node.input(1)).filter(is_matrix) else {
                    return Ok(());
                };
                self.product(node, right, !right.is_turned)
            }
            ("", "Gemm") => {
                let is_plain = |name: &str| node.float(name).is_none_or(|factor| factor == 1.0);
                if !is_plain("alpha") || !is_plain("beta") || node.int("transA").unwrap_or(0) != 0 {
                    return Err(node_error(node, "has factors, or a transposed left side"));
                }
                let Some(right) = self.constant(node.input(1)) else { return Ok(()) };
                let as_it_lies = node.int("transB").unwrap_or(0) == 0;
                self.product(node, right, as_it_lies != right.is_turned)?;
                self.bias_of(node, 2)
            }
            (CONTRIB, "MatMulNBits") => self.block_product(node),
            ("", "Gather") if self.reads_ids(node) && node.int("axis").unwrap_or(0) == 0 => {
                let Some(constant) = self.constant(node.input(0)) else {
                    return Err(node_error(node, "has no constant for the embedding"));
                };
                let floats = Floats::new(self.files, self.tensor(constant), constant.is_turned)?;
                self.add(EMBEDDING, "weight", constant, Stored::Floats(floats))
            }
            (CONTRIB, "GatherBlockQuantized") => self.block_embedding(node),
            _ => Ok(()),
        }
    }

    /// A product by a matrix of floats; `is_turned` if its columns lie first.
    fn product(&mut self, node: &'a Node, constant: Constant, is_turned: bool) -> Result<()> {
        let tensor = self.tensor(constant);
        let name = self.name_of(node, tensor)?;
        let floats = Floats::new(self.files, tensor, is_turned)?;
        self.add(&name, "weight", constant, Stored::Floats(floats))?;
        self.note_product(node, name);
        Ok(())
    }

    /// A product by a matrix of blocks.
    fn block_product(&mut self, node: &'a Node) -> Result<()> {
        if node.input(4).is_some() {
            return Err(node_error(node, "has g_idx, which is not known"));
        }
        if node.int("weight_prepacked").unwrap_or(0) != 0 {
            return Err(node_error(node, "has weights in the form of some GPU"));
        }
        let side = |name: &str| {
            let side = node.int(name).filter(|n| (1..=MAX_SIDE).contains(n));
            side.map(|n| n as usize).ok_or_else(|| node_error(node, &format!("has a wrong {name}")))
        };
        let cut = Cut {
            rows: side("N")?,
            cols: side("K")?,
            bits: node.int("bits").unwrap_or(4),
            block_cols: node.int("block_size").unwrap_or(0),
        };
        let (Some(data), Some(scales)) = (self.plain(node, 1)?, self.plain(node, 2)?) else {
            return Err(node_error(node, "has no weights"));
        };
        let zeros = self.plain(node, 3)?;
        let name = self.name_of(node, self.tensor(data))?;
        self.blocks(&name, &cut, data, scales, zeros)?;
        self.note_product(node, name);
        self.bias_of(node, 5)
    }

    /// An embedding of blocks.
    fn block_embedding(&mut self, node: &'a Node) -> Result<()> {
        if node.int("gather_axis").unwrap_or(0) != 0
            || !matches!(node.int("quantize_axis").unwrap_or(1), 1 | -1)
        {
            return Err(node_error(node, "has its rows and blocks on other axes than 0 and 1"));
        }
        let (Some(data), Some(scales)) = (self.plain(node, 0)?, self.plain(node, 2)?) else {
            return Err(node_error(node, "has no weights"));
        };
        let rows = self.tensor(data).shape.first().copied().unwrap_or(0);
        let cut = Cut {
            rows: rows.min(MAX_SIDE as u64) as usize,
            cols: self.config.hidden_size,
            bits: node.int("bits").unwrap_or(4),
            block_cols: node.int("block_size").unwrap_or(128),
        };
        let zeros = self.plain(node, 3)?;
        self.blocks(EMBEDDING, &cut, data, scales, zeros)
    }

    /// Takes a matrix of blocks: its numbers, scales and zero points.
    fn blocks(
        &mut self,
        name: &str,
        cut: &Cut,
        data: Constant,
        scales: Constant,
        zeros: Option<Constant>,
    ) -> Result<()> {
        let [numbers, scales] = [data, scales].map(|part| self.tensor(part));
        let zeros = zeros.map(|zeros| self.tensor(zeros));
        let blocks = Blocks::new(self.files, cut, numbers, scales, zeros)?;
        self.add(name, "weight", data, Stored::Blocks(blocks))
    }

    /// Takes the weights of a norm, or the bias that is added to a product.
    fn vector(&mut self, node: &'a Node) -> Result<()> {
        let at = match (node.domain.as_str(), node.op.as_str()) {
            ("" | CONTRIB, "SimplifiedLayerNormalization") | ("", "RMSNormalization") => 1,
            (CONTRIB, "SkipSimplifiedLayerNormalization") if node.input(3).is_some() => {
                return Err(node_error(node, "adds a bias, which is not known"));
            }
            (CONTRIB, "SkipSimplifiedLayerNormalization") => 2,
            (CONTRIB, "GroupQueryAttention") => return self.head_norms(node),
            // A norm in its smallest parts ends with the product by its weights.
            ("", "Mul") => {
                for at in [0, 1] {
                    if let Some(constant) = self.constant(node.input(at))
                        && self.tensor(constant).shape.len() == 1
                        && let Some(name) = self.norm_of(node, self.tensor(constant))
                    {
                        self.add_vector(&name, "weight", constant)?;
                    }
                }
                return Ok(());
            }
            ("", "Add") => {
                for (at, other) in [(0, 1), (1, 0)] {
                    let product = node.input(other).and_then(|value| self.product_behind(value));
                    if let (Some(name), Some(constant)) = (product, self.constant(node.input(at))) {
                        self.add_vector(&name, "bias", constant)?;
                    }
                }
                return Ok(());
            }
            _ => return Ok(()),
        };
        let Some(constant) = self.plain(node, at)? else {
            return Err(node_error(node, "has no weights"));
        };
        let tensor = self.tensor(constant);
        let name = self.norm_of(node, tensor).or_else(|| self.places.norm(node));
        let name = name.ok_or_else(|| {
            let what = "is a norm, and neither its names nor its place say which";
            node_error(node, what)
        })?;
        self.add_vector(&name, "weight", constant)
    }

    /// Norms of queries and keys inside attention.
    fn head_norms(&mut self, node: &'a Node) -> Result<()> {
        for (at, part) in [(14, "self_attn.q_norm"), (15, "self_attn.k_norm")] {
            if let Some(constant) = self.plain(node, at)? {
                let tensor = self.tensor(constant);
                let name = self.norm_of(node, tensor).filter(|name| name.ends_with(part));
                let name = name.ok_or_else(|| node_error(node, "has norms without names"))?;
                self.add_vector(&name, "weight", constant)?;
            }
        }
        Ok(())
    }

    /// The bias among the inputs of a product.
    fn bias_of(&mut self, node: &'a Node, at: usize) -> Result<()> {
        let Some(constant) = self.plain(node, at)? else { return Ok(()) };
        let product = node.outputs.first().and_then(|value| self.product_behind(value));
        self.add_vector(&product.unwrap_or_default(), "bias", constant)
    }

    fn add_vector(&mut self, name: &str, what: &str, constant: Constant) -> Result<()> {
        let tensor = self.tensor(constant);
        if tensor.shape.len() != 1 || constant.is_reshaped {
            let shape = &tensor.shape;
            return Err(tensor.error(&format!("its shape is {shape:?}, where a vector should be")));
        }
        let floats = Floats::new(self.files, tensor, false)?;
        self.add(name, what, constant, Stored::Floats(floats))
    }

    /// Keeps a weight under its name, or under three where they lie packed.
    fn add(&mut self, name: &str, what: &str, constant: Constant, stored: Stored) -> Result<()> {
        let full = format!("{name}.{what}");
        let tensor = self.tensor(constant);
        let shown_tensor = || shown(&tensor.name);
        if let Some(to) = constant.cast_to.filter(|&to| to != tensor.kind) {
            return Err(Error::unsupported(format!(
                "tensor {} is cast to {}, and roundings inside a graph are not known",
                shown_tensor(),
                kind_name(to)
            )));
        }
        // Otherwise a small file could stand for any number of weights.
        if let Some(other) = self.uses.get(&constant.tensor)
            && !matches!((name, other.as_str()), (OUTPUT, EMBEDDING) | (EMBEDDING, OUTPUT))
        {
            let what = format!("tensor {} is {other} and {name} at once", shown_tensor());
            return Err(Error::invalid(what));
        }
        self.uses.insert(constant.tensor, name.to_owned());
        let is_vector = what == "bias" || matches!(stored, Stored::Floats(f) if f.is_vector());
        let [rows, _] = stored.shape();
        let at = self.weights.stored.len();
        let mut parts = vec![(full, 0, rows)];
        if let Some(block) = name.strip_suffix(PACKED) {
            let head = self.config.head_dim();
            let (query, key) =
                (self.config.num_attention_heads * head, self.config.kv_heads() * head);
            if rows != query + 2 * key {
                return Err(Error::invalid(format!(
                    "tensor {} has {rows} rows; queries, keys and values need {}",
                    shown_tensor(),
                    query + 2 * key
                )));
            }
            let part = |part: &str| format!("{block}self_attn.{part}_proj.{what}");
            parts =
                vec![(part("q"), 0, query), (part("k"), query, key), (part("v"), query + key, key)];
        }
        self.weights.stored.push(stored);
        for (name, first, rows) in parts {
            let weight = Weight { stored: at, first, rows, is_vector };
            if self.weights.by_name.insert(name.clone(), weight).is_some() {
                return Err(Error::invalid(format!("the graph has {name} twice")));
            }
        }
        Ok(())
    }

    /// The name of the matrix that a node multiplies by.
    fn name_of(&self, node: &Node, tensor: &Tensor) -> Result<String> {
        let output = node.outputs.first().map_or("", String::as_str);
        let by_name = [&node.name, output, &tensor.name].into_iter().find_map(names::matrix);
        by_name.or_else(|| self.places.matrix(node)).ok_or_else(|| {
            let what = format!(
                "multiplies by a matrix {:?}, and neither its names nor its place say which",
                tensor.shape
            );
            node_error(node, &what)
        })
    }

    /// The name of the norm whose weights a node has.
    fn norm_of(&self, node: &Node, tensor: &Tensor) -> Option<String> {
        names::norm(&tensor.name).or_else(|| names::norm(&node.name))
    }

    fn note_product(&mut self, node: &'a Node, name: String) {
        if let Some(output) = node.outputs.first() {
            self.products.insert(output, name);
        }
    }

    /// The matrix whose product a value is, perhaps with other precision.
    fn product_behind(&self, value: &str) -> Option<String> {
        let mut value = value;
        for _ in 0..MAX_STEPS {
            if let Some(name) = self.products.get(value) {
                return Some(name.clone());
            }
            let node = self.producers.get(value).filter(|node| node.is("", "Cast"))?;
            value = node.input(0)?;
        }
        None
    }

    /// Whether a node looks up rows by the ids of tokens.
    fn reads_ids(&self, node: &Node) -> bool {
        let mut value = node.input(1);
        for _ in 0..MAX_STEPS {
            let Some(name) = value else { return false };
            let Some(node) = self.producers.get(name) else { return name == "input_ids" };
            if !matches!(node.op.as_str(), "Cast" | "Identity" | "Reshape" | "Flatten") {
                return false;
            }
            value = node.input(0);
        }
        false
    }
}

fn node_error(node: &Node, what: &str) -> Error {
    Error::unsupported(format!("{} (node {}) {what}", node.operator(), node.shown()))
}
