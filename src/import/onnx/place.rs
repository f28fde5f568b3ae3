//! Weights by their place in a graph whose nodes have no names that say anything.
//!
//! From the embedding on, the residual stream goes from norm to norm; what hangs between two of them is attention or a
//! feed-forward network. Only graphs with attention as one operator can be followed so: in its smallest parts, what is a
//! query and what is a key shows by names alone.

use super::graph::{Graph, Node};
use super::known::CONTRIB;
use super::names::{LAST_NORM, OUTPUT, PACKED, in_block};
use std::collections::HashMap;

/// More blocks than a model has; graphs that go round in circles end here.
const MAX_LAYERS: usize = 256;
/// Nodes between those that matter.
const MAX_STEPS: usize = 16;
/// Readers of one value that are looked at.
const MAX_READERS: usize = 16;

/// Names of norms and matrices by the value that their node puts out.
pub(super) struct Places<'a> {
    names: HashMap<&'a str, String>,
    readers: HashMap<&'a str, Vec<&'a Node>>,
    outputs: Vec<&'a str>,
}

impl<'a> Places<'a> {
    pub(super) fn new(graph: &'a Graph) -> Places<'a> {
        let mut readers: HashMap<&str, Vec<&Node>> = HashMap::new();
        for node in &graph.nodes {
            for input in node.inputs.iter().filter(|input| !input.is_empty()) {
                let all = readers.entry(input).or_default();
                if all.len() < MAX_READERS {
                    all.push(node);
                }
            }
        }
        let outputs = graph.outputs.iter().map(|output| output.name.as_str()).collect();
        let mut places = Places { names: HashMap::new(), readers, outputs };
        let is_embedding = |node: &&Node| {
            matches!(node.op.as_str(), "Gather" | "GatherBlockQuantized")
                && node.input(1) == Some("input_ids")
        };
        let embedding = graph.nodes.iter().find(is_embedding);
        let mut stream = embedding.and_then(|node| node.outputs.first());
        for layer in 0..MAX_LAYERS {
            stream = stream.and_then(|stream| places.block(layer, stream));
        }
        places
    }

    /// The matrix that a node multiplies by.
    pub(super) fn matrix(&self, node: &Node) -> Option<String> {
        self.name(node)
    }

    /// The norm that a node is.
    pub(super) fn norm(&self, node: &Node) -> Option<String> {
        self.name(node)
    }

    fn name(&self, node: &Node) -> Option<String> {
        self.names.get(node.outputs.first()?.as_str()).cloned()
    }

    fn note(&mut self, node: &'a Node, name: String) {
        if let Some(output) = node.outputs.first() {
            self.names.entry(output).or_insert(name);
        }
    }

    /// Follows the stream through a block; what it is behind it comes back, or nothing where it ends.
    fn block(&mut self, layer: usize, stream: &'a String) -> Option<&'a String> {
        let (norm, sum) = self.next_norm(stream, stream)?;
        let inside = norm.outputs.first()?;
        let products = self.products(inside);
        if let [product] = products[..]
            && self.is_output(product.outputs.first()?)
        {
            self.note(norm, LAST_NORM.to_owned());
            self.note(product, OUTPUT.to_owned());
            return None;
        }
        let mut attention = None;
        for product in products {
            let (node, at) = self.attention_behind(product.outputs.first()?)?;
            let part = match at {
                0 if node.input(1).is_none() => PACKED,
                0 => "self_attn.q_proj",
                1 => "self_attn.k_proj",
                2 => "self_attn.v_proj",
                _ => return None,
            };
            self.note(product, in_block(layer, part));
            attention = Some(node);
        }
        self.note(norm, in_block(layer, "input_layernorm"));
        let out = *self.products(attention?.outputs.first()?).first()?;
        self.note(out, in_block(layer, "self_attn.o_proj"));
        let (norm, sum) = self.next_norm(out.outputs.first()?, sum)?;
        self.note(norm, in_block(layer, "post_attention_layernorm"));
        let mut down = None;
        for product in self.products(norm.outputs.first()?) {
            let output = product.outputs.first()?;
            let readers = self.readers_behind(output);
            let is_gate =
                |node: &&Node| matches!(node.op.as_str(), "Sigmoid" | "Swish" | "QuickGelu");
            let part = match readers.iter().any(is_gate) {
                true => "mlp.gate_proj",
                false => {
                    let product = readers.iter().find(|node| node.is("", "Mul"))?;
                    down = self.products(product.outputs.first()?).first().copied();
                    "mlp.up_proj"
                }
            };
            self.note(product, in_block(layer, part));
        }
        let down = down?;
        self.note(down, in_block(layer, "mlp.down_proj"));
        // The next norm adds this to the stream, or a sum before it does.
        let out = down.outputs.first()?;
        match self.next_norm(out, sum)? {
            (norm, _) if norm.op.starts_with("Skip") => Some(out),
            _ => {
                let readers = self.readers_behind(out);
                readers.iter().find(|node| node.is("", "Add"))?.outputs.first()
            }
        }
    }

    /// The norm that reads a value, or the sum of it and the stream; and the stream behind that sum.
    fn next_norm(&self, value: &'a String, stream: &'a String) -> Option<(&'a Node, &'a String)> {
        let (mut value, mut stream) = (value, stream);
        for _ in 0..2 {
            let readers = self.readers_behind(value);
            if let Some(norm) = readers.iter().find(|node| is_norm(node)) {
                let sum = norm.outputs.get(3).filter(|sum| !sum.is_empty());
                return Some((norm, sum.unwrap_or(stream)));
            }
            let sum = readers.iter().find(|node| node.is("", "Add"))?.outputs.first()?;
            (value, stream) = (sum, sum);
        }
        None
    }

    /// Nodes that read a value, perhaps with another precision or shape.
    fn readers_behind(&self, value: &str) -> Vec<&'a Node> {
        let mut found = Vec::new();
        let mut values = vec![value];
        for _ in 0..MAX_STEPS {
            let Some(value) = values.pop() else { break };
            for &node in self.readers.get(value).into_iter().flatten() {
                match (node.op.as_str(), node.outputs.first()) {
                    ("Cast" | "Identity" | "Reshape", Some(output)) => values.push(output),
                    _ => found.push(node),
                }
            }
        }
        found
    }

    /// Products that read a value.
    fn products(&self, value: &str) -> Vec<&'a Node> {
        let mut found = self.readers_behind(value);
        found.retain(|node| {
            node.is(CONTRIB, "MatMulNBits") || node.is("", "MatMul") || node.is("", "Gemm")
        });
        found
    }

    /// The attention that a product goes into, and as which of its inputs.
    fn attention_behind(&self, value: &'a String) -> Option<(&'a Node, usize)> {
        let mut value = value;
        for _ in 0..MAX_STEPS {
            // Through biases, positions, norms of heads and changes of shape.
            let node = *self.readers.get(value.as_str())?.first()?;
            if matches!(node.op.as_str(), "GroupQueryAttention" | "MultiHeadAttention") {
                let at = node.inputs.iter().position(|input| input == value)?;
                return Some((node, at));
            }
            value = node.outputs.first()?;
        }
        None
    }

    /// Whether a value is an output of the graph, perhaps with another precision.
    fn is_output(&self, value: &str) -> bool {
        let mut value = value;
        for _ in 0..MAX_STEPS {
            if self.outputs.contains(&value) {
                return true;
            }
            let reader = self.readers.get(value).and_then(|all| all.first());
            let reader = reader.filter(|node| matches!(node.op.as_str(), "Cast" | "Identity"));
            let Some(output) = reader.and_then(|node| node.outputs.first()) else { return false };
            value = output;
        }
        false
    }
}

fn is_norm(node: &Node) -> bool {
    let is_it = |op: &str| node.op == op;
    is_it("SimplifiedLayerNormalization")
        || is_it("SkipSimplifiedLayerNormalization")
        || is_it("RMSNormalization")
}
