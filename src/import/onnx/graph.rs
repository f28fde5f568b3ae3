//! What an ONNX file says: nodes, initialisers, inputs and outputs, in the words of `onnx.proto`. Weights stay where they
//! are.

use super::wire::{Value, Wire, bytes, number};
use crate::error::{Error, Result, shown};
use crate::import::volume::Volume;
use std::collections::HashSet;
use std::ops::Range;

/// More nodes than a graph of 256 blocks has, each in its smallest parts.
const MAX_NODES: usize = 1 << 16;
/// More initialisers than any model has that can be read.
pub(super) const MAX_TENSORS: usize = 1 << 16;
/// Inputs, outputs and attributes of all nodes together: four a node.
const MAX_PARTS: usize = 1 << 18;
/// Attributes of one node; attention has a dozen.
const MAX_ATTRIBUTES: usize = 64;
/// Inputs and outputs of the graph; each block has four of them.
const MAX_VALUES: usize = 1 << 14;
/// More dimensions than any tensor of these models has.
const MAX_DIMS: usize = 8;
/// A list of numbers in an attribute; those that matter name axes.
const MAX_INTS: usize = 64;

/// A graph and what it was made with.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) producer: String,
    /// Version of the standard operators.
    pub(super) opset: i64,
    pub(super) nodes: Vec<Node>,
    /// Those of the graph, and constants of its nodes under the name of what the node puts out.
    pub(super) tensors: Vec<Tensor>,
    pub(super) inputs: Vec<ValueInfo>,
    pub(super) outputs: Vec<ValueInfo>,
}

/// One operation.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) op: String,
    /// Empty for the standard operators.
    pub(super) domain: String,
    /// Names of values; an empty one is left out.
    pub(super) inputs: Vec<String>,
    pub(super) outputs: Vec<String>,
    pub(super) attributes: Vec<Attribute>,
}

/// A parameter of an operation; those of other kinds have none of these.
#[derive(Debug, Default)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) int: Option<i64>,
    pub(super) float: Option<f32>,
    pub(super) ints: Vec<i64>,
}

/// An initialiser.
#[derive(Debug, Default)]
pub(super) struct Tensor {
    pub(super) name: String,
    pub(super) kind: i64,
    pub(super) shape: Vec<u64>,
    pub(super) data: Data,
}

/// Where the numbers of a tensor are.
#[derive(Debug, Default)]
pub(super) enum Data {
    /// There are none.
    #[default]
    Nowhere,
    /// In this file, one behind the other.
    Here(Range<u64>),
    /// In this file, in a form that is for small tensors: the name of the field.
    Elsewise(&'static str),
    /// In another file.
    External { location: String, offset: u64, len: Option<u64> },
}

/// An input or output of the graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ValueInfo {
    pub(super) name: String,
    /// Kind of its elements; 0 for what is no tensor.
    pub(super) kind: i64,
    /// `None` where nothing is said of its shape.
    pub(super) dims: Option<Vec<Dim>>,
}

/// An axis of an input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Dim {
    Fixed(i64),
    /// As long as the caller likes, with the name that the file gives it.
    Dynamic(String),
}

impl Node {
    /// What to call it in messages.
    pub(super) fn shown(&self) -> String {
        match (&self.name, self.outputs.first()) {
            (name, Some(output)) if name.is_empty() => format!("for {}", shown(output)),
            (name, _) => shown(name),
        }
    }

    /// The operator, with its domain where that is not the standard's.
    pub(super) fn operator(&self) -> String {
        match self.domain.as_str() {
            "" => shown(&self.op),
            domain => format!("{}:{}", shown(domain), shown(&self.op)),
        }
    }

    pub(super) fn is(&self, domain: &str, op: &str) -> bool {
        self.op == op && self.domain == domain
    }

    /// An input that is not left out.
    pub(super) fn input(&self, at: usize) -> Option<&str> {
        self.inputs.get(at).map(String::as_str).filter(|name| !name.is_empty())
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    pub(super) fn int(&self, name: &str) -> Option<i64> {
        self.attribute(name).and_then(|attribute| attribute.int)
    }

    pub(super) fn float(&self, name: &str) -> Option<f32> {
        self.attribute(name).and_then(|attribute| attribute.float)
    }
}

impl Graph {
    /// Reads all of a file but its weights.
    ///
    /// # Errors
    /// `Unsupported` for what is no ONNX file, `Damaged`, or `Truncated`.
    pub(super) fn read(volume: &Volume) -> Result<Graph> {
        let mut wire = Wire::new(volume);
        let mut graph = Graph::default();
        let (mut version, mut place) = (None, None);
        wire.fields(&(0..volume.len()), |wire, field, value| {
            match field {
                1 => version = Some(number(&value)?),
                2 => graph.producer = wire.text(&value)?,
                7 if place.is_some() => return Err(Error::damaged("there are two graphs")),
                7 => place = Some(bytes(&value)?),
                8 => {
                    let (domain, opset) = operator_set(wire, &bytes(&value)?)?;
                    if matches!(domain.as_str(), "" | "ai.onnx") {
                        graph.opset = opset;
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        // It is looked into once it is clear that this is a model.
        match (version, place) {
            (Some(_), Some(place)) => graph.fill(&mut wire, &place)?,
            _ => return Err(Error::unsupported(format!("{}: not an ONNX file", volume.name()))),
        }
        Ok(graph)
    }

    fn fill(&mut self, wire: &mut Wire<'_>, range: &Range<u64>) -> Result<()> {
        let mut parts = 0;
        wire.fields(range, |wire, field, value| {
            match field {
                1 => {
                    let mut node = Node::default();
                    let constant = node.fill(wire, &bytes(&value)?, &mut parts)?;
                    if let Some(mut tensor) = constant.filter(|_| node.is("", "Constant")) {
                        tensor.name = node.outputs.first().cloned().unwrap_or_default();
                        push(&mut self.tensors, tensor, MAX_TENSORS, "tensors")?;
                    }
                    push(&mut self.nodes, node, MAX_NODES, "nodes")?;
                }
                5 => {
                    let tensor = Tensor::read(wire, &bytes(&value)?)?;
                    push(&mut self.tensors, tensor, MAX_TENSORS, "tensors")?;
                }
                11 => {
                    let input = ValueInfo::read(wire, &bytes(&value)?)?;
                    push(&mut self.inputs, input, MAX_VALUES, "inputs")?;
                }
                12 => {
                    let output = ValueInfo::read(wire, &bytes(&value)?)?;
                    push(&mut self.outputs, output, MAX_VALUES, "outputs")?;
                }
                15 => return Err(Error::unsupported("the graph has sparse initialisers")),
                _ => {}
            }
            Ok(())
        })?;
        // Older files list initialisers among the inputs, as defaults.
        let constants: HashSet<&str> = self.tensors.iter().map(|t| t.name.as_str()).collect();
        self.inputs.retain(|input| !constants.contains(input.name.as_str()));
        Ok(())
    }
}

impl Node {
    /// Reads it; the tensor among its attributes comes back.
    fn fill(
        &mut self,
        wire: &mut Wire<'_>,
        range: &Range<u64>,
        parts: &mut usize,
    ) -> Result<Option<Tensor>> {
        let mut constant = None;
        wire.fields(range, |wire, field, value| {
            if matches!(field, 1 | 2 | 5) {
                *parts += 1;
                if *parts > MAX_PARTS {
                    return Err(too_many(MAX_PARTS, "inputs, outputs and attributes"));
                }
            }
            match field {
                1 => self.inputs.push(wire.text(&value)?),
                2 => self.outputs.push(wire.text(&value)?),
                3 => self.name = wire.text(&value)?,
                4 => self.op = wire.text(&value)?,
                5 => {
                    let mut attribute = Attribute::default();
                    let tensor = attribute.fill(wire, &bytes(&value)?)?;
                    constant = tensor.filter(|_| attribute.name == "value").or(constant.take());
                    push(&mut self.attributes, attribute, MAX_ATTRIBUTES, "attributes in a node")?;
                }
                7 => self.domain = wire.text(&value)?,
                _ => {}
            }
            Ok(())
        })?;
        if self.domain == "ai.onnx" {
            self.domain.clear();
        }
        Ok(constant)
    }
}

impl Attribute {
    /// Reads it; a tensor comes back, graphs and texts are passed over.
    fn fill(&mut self, wire: &mut Wire<'_>, range: &Range<u64>) -> Result<Option<Tensor>> {
        let mut tensor = None;
        wire.fields(range, |wire, field, value| {
            match (field, &value) {
                (1, value) => self.name = wire.text(value)?,
                (2, Value::Four(float)) => self.float = Some(f32::from_le_bytes(*float)),
                (3, value) => self.int = Some(number(value)?),
                (5, value) => tensor = Some(Tensor::read(wire, &bytes(value)?)?),
                (8, value) => wire.numbers(value, MAX_INTS, &mut self.ints)?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(tensor)
    }
}

impl Tensor {
    fn read(wire: &mut Wire<'_>, range: &Range<u64>) -> Result<Tensor> {
        let mut tensor = Tensor::default();
        let (mut dims, mut is_external, mut entries) = (Vec::new(), false, Vec::new());
        wire.fields(range, |wire, field, value| {
            let data = match (field, &value) {
                (1, value) => {
                    wire.numbers(value, MAX_DIMS, &mut dims)?;
                    None
                }
                (2, value) => {
                    tensor.kind = number(value)?;
                    None
                }
                (8, value) => {
                    tensor.name = wire.text(value)?;
                    None
                }
                (13, value) => {
                    push(&mut entries, entry(wire, &bytes(value)?)?, MAX_DIMS, "notes")?;
                    None
                }
                (14, value) => {
                    is_external = number(value)? == 1;
                    None
                }
                // Numbers of four bytes lie one behind the other, as in raw data.
                (4 | 9, Value::Bytes(range)) => Some(Data::Here(range.clone())),
                (4, _) => Some(Data::Elsewise("float_data, one by one")),
                (5, _) => Some(Data::Elsewise("int32_data")),
                (6, _) => Some(Data::Elsewise("string_data")),
                (7, _) => Some(Data::Elsewise("int64_data")),
                (10, _) => Some(Data::Elsewise("double_data")),
                (11, _) => Some(Data::Elsewise("uint64_data")),
                _ => None,
            };
            match (data, &tensor.data) {
                (None, _) => {}
                (Some(Data::Elsewise(new)), Data::Elsewise(old)) if new == *old => {}
                (Some(data), Data::Nowhere) => tensor.data = data,
                _ => tensor.data = Data::Elsewise("several fields"),
            }
            Ok(())
        })?;
        let name = &tensor.name;
        for dim in dims {
            let dim = u64::try_from(dim);
            tensor.shape.push(dim.map_err(|_| tensor_error(name, "a dimension is negative"))?);
        }
        if is_external {
            tensor.data = external(name, entries)?;
        }
        Ok(tensor)
    }
}

/// What the notes of a tensor say of its place in another file.
fn external(name: &str, entries: Vec<(String, String)>) -> Result<Data> {
    let (mut location, mut offset, mut len) = (None, 0, None);
    for (key, value) in entries {
        let number = || {
            let bad = format!("the {} of its external data is {}", shown(&key), shown(&value));
            value.parse().map_err(|_| tensor_error(name, &bad))
        };
        match key.as_str() {
            "location" => location = Some(value),
            "offset" => offset = number()?,
            "length" => len = Some(number()?),
            _ => {}
        }
    }
    let location = location.ok_or_else(|| tensor_error(name, "its external data has no file"))?;
    Ok(Data::External { location, offset, len })
}

/// A key and its value.
fn entry(wire: &mut Wire<'_>, range: &Range<u64>) -> Result<(String, String)> {
    let (mut key, mut text) = (String::new(), String::new());
    wire.fields(range, |wire, field, value| {
        match field {
            1 => key = wire.text(&value)?,
            2 => text = wire.text(&value)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok((key, text))
}

/// Domain and version of a set of operators.
fn operator_set(wire: &mut Wire<'_>, range: &Range<u64>) -> Result<(String, i64)> {
    let (mut domain, mut version) = (String::new(), 0);
    wire.fields(range, |wire, field, value| {
        match field {
            1 => domain = wire.text(&value)?,
            2 => version = number(&value)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok((domain, version))
}

impl ValueInfo {
    fn read(wire: &mut Wire<'_>, range: &Range<u64>) -> Result<ValueInfo> {
        let mut info = ValueInfo::default();
        wire.fields(range, |wire, field, value| match field {
            1 => {
                info.name = wire.text(&value)?;
                Ok(())
            }
            2 => wire.fields(&bytes(&value)?, |wire, field, value| match field {
                1 => info.tensor(wire, &bytes(&value)?),
                _ => Ok(()),
            }),
            _ => Ok(()),
        })?;
        Ok(info)
    }

    /// Kind and shape of a tensor.
    fn tensor(&mut self, wire: &mut Wire<'_>, range: &Range<u64>) -> Result<()> {
        wire.fields(range, |wire, field, value| match field {
            1 => {
                self.kind = number(&value)?;
                Ok(())
            }
            2 => {
                let mut dims = Vec::new();
                wire.fields(&bytes(&value)?, |wire, field, value| match field {
                    1 => push(&mut dims, Dim::read(wire, &bytes(&value)?)?, MAX_DIMS, "dimensions"),
                    _ => Ok(()),
                })?;
                self.dims = Some(dims);
                Ok(())
            }
            _ => Ok(()),
        })
    }
}

impl Dim {
    fn read(wire: &mut Wire<'_>, range: &Range<u64>) -> Result<Dim> {
        let mut dim = Dim::Dynamic(String::new());
        wire.fields(range, |wire, field, value| {
            match field {
                1 => dim = Dim::Fixed(number(&value)?),
                2 => dim = Dim::Dynamic(wire.text(&value)?),
                _ => {}
            }
            Ok(())
        })?;
        Ok(dim)
    }
}

fn push<T>(list: &mut Vec<T>, item: T, most: usize, what: &str) -> Result<()> {
    if list.len() == most {
        return Err(too_many(most, what));
    }
    list.push(item);
    Ok(())
}

fn too_many(most: usize, what: &str) -> Error {
    Error::damaged(format!("the graph has more than {most} {what}"))
}

fn tensor_error(name: &str, what: &str) -> Error {
    Error::damaged(format!("tensor {}: {what}", shown(name)))
}
