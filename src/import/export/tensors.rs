//! The weights of a model of ours as one safetensors file, a row at a time.

use super::super::expected;
use crate::error::{Error, Result};
use crate::model::{LinearSpan, Model};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::Path;

/// A tensor of floats, or the scales of one.
struct Tensor<'m> {
    name: String,
    shape: Vec<usize>,
    values: Values<'m>,
}

/// Where its floats come from.
enum Values<'m> {
    Floats(&'m [f32]),
    /// These rows of a matrix, in this order; none for zeros.
    Rows(&'m LinearSpan, Vec<Option<u32>>),
    /// Their scales, one for each group.
    Scales(&'m LinearSpan, Vec<Option<u32>>),
}

/// A tensor's entry in the header.
#[derive(Serialize)]
struct Entry<'a> {
    dtype: &'static str,
    shape: &'a [usize],
    data_offsets: [usize; 2],
}

/// Creates or replaces `path`.
///
/// # Errors
/// `Io`.
pub(super) fn write(model: &Model, start_token: u32, path: &Path) -> Result<()> {
    let tensors = all(model, start_token);
    let mut end = 0;
    let entries: BTreeMap<&str, Entry<'_>> = tensors
        .iter()
        .map(|tensor| {
            let start = end;
            end += 4 * tensor.shape.iter().product::<usize>();
            let entry = Entry { dtype: "F32", shape: &tensor.shape, data_offsets: [start, end] };
            (tensor.name.as_str(), entry)
        })
        .collect();
    let mut header = header(&entries).map_err(|e| Error::invalid(e.to_string()))?;
    // Floats then lie at multiples of their size, as readers that map the file want them.
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut out = BufWriter::new(File::create(path)?);
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(&header)?;
    for tensor in &tensors {
        write_values(model, tensor, &mut out)?;
    }
    Ok(out.flush()?)
}

/// Entries by name, and before them the note without which transformers refuses the file.
fn header(entries: &BTreeMap<&str, Entry<'_>>) -> serde_json::Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Header<'a> {
        __metadata__: BTreeMap<&'static str, &'static str>,
        #[serde(flatten)]
        entries: &'a BTreeMap<&'a str, Entry<'a>>,
    }
    serde_json::to_vec(&Header { __metadata__: BTreeMap::from([("format", "pt")]), entries })
}

fn write_values(model: &Model, tensor: &Tensor<'_>, out: &mut impl Write) -> Result<()> {
    let mut write =
        |values: &[f32]| values.iter().try_for_each(|value| out.write_all(&value.to_le_bytes()));
    let (span, rows, scales_wanted) = match &tensor.values {
        Values::Floats(values) => return Ok(write(values)?),
        Values::Rows(span, rows) => (span, rows, false),
        Values::Scales(span, rows) => (span, rows, true),
    };
    let (mut values, mut scales) = (Vec::new(), Vec::new());
    for row in rows {
        values.clear();
        scales.clear();
        match row {
            Some(row) => model.restore_row(span, *row as usize, &mut values, &mut scales),
            None => (values.resize(span.cols, 0.0), scales.resize(span.groups(), 0.0)).0,
        }
        write(if scales_wanted { &scales } else { &values })?;
    }
    Ok(())
}

/// All tensors by their published names, those of tokens in the order of the tokenizer's ids.
fn all(model: &Model, start_token: u32) -> Vec<Tensor<'_>> {
    let (c, layout) = (model.config(), model.layout());
    let mut list = List { tensors: Vec::new() };
    list.matrix("model.embed_tokens.weight", &layout.embedding, by_id(model, Some(start_token)));
    let (query, key) = (c.heads * c.head_dim, c.kv_heads * c.head_dim);
    for (i, block) in layout.blocks.iter().enumerate() {
        let name = |part: &str| format!("model.layers.{i}.{part}");
        for (norm, span) in [(2 * i, &block.qkv), (2 * i + 1, &block.gate_up)] {
            let mut first = 0;
            for (name, rows) in expected::readers(c, norm) {
                list.rows(&name, span, first..first + rows);
                first += rows;
            }
        }
        list.rows(&name("self_attn.o_proj.weight"), &block.attention_out, 0..c.hidden);
        list.rows(&name("mlp.down_proj.weight"), &block.down, 0..c.hidden);
        let mut floats = |part: &str, at: usize, len: usize| {
            list.floats(name(part), model.floats(at, len));
        };
        floats("input_layernorm.weight", block.attention_norm, c.hidden);
        floats("post_attention_layernorm.weight", block.feed_forward_norm, c.hidden);
        if let Some([of_query, of_key]) = block.head_norms {
            floats("self_attn.q_norm.weight", of_query, c.head_dim);
            floats("self_attn.k_norm.weight", of_key, c.head_dim);
        }
        if let Some(at) = block.qkv_bias {
            floats("self_attn.q_proj.bias", at, query);
            floats("self_attn.k_proj.bias", at + 4 * query, key);
            floats("self_attn.v_proj.bias", at + 4 * (query + key), key);
        }
    }
    list.floats("model.norm.weight".into(), model.floats(layout.final_norm, c.hidden));
    if let Some(output) = &layout.output {
        list.matrix("lm_head.weight", output, by_id(model, None));
    }
    list.tensors
}

/// For each id of the tokenizer, our row; none for rows that no token has.
fn by_id(model: &Model, start_token: Option<u32>) -> Vec<Option<u32>> {
    let spec = model.tokenizer().spec();
    let mut rows = vec![None; spec.n_rows()];
    for (row, id) in (0..).zip(expected::token_rows(spec)) {
        if let Some(id) = id {
            rows[id as usize] = Some(row);
        }
    }
    if let Some(id) = start_token {
        rows[id as usize] = Some(model.config().start_row);
    }
    rows
}

struct List<'m> {
    tensors: Vec<Tensor<'m>>,
}

impl<'m> List<'m> {
    fn floats(&mut self, name: String, values: &'m [f32]) {
        self.tensors.push(Tensor {
            name,
            shape: vec![values.len()],
            values: Values::Floats(values),
        });
    }

    fn rows(&mut self, name: &str, span: &'m LinearSpan, rows: Range<usize>) {
        self.matrix(name, span, rows.map(|row| Some(row as u32)).collect());
    }

    /// A matrix, and its scales beside it for whoever wants to know them.
    fn matrix(&mut self, name: &str, span: &'m LinearSpan, rows: Vec<Option<u32>>) {
        let tensor = |name, cols, rows: Vec<Option<u32>>, values: fn(_, _) -> Values<'m>| Tensor {
            name,
            shape: vec![rows.len(), cols],
            values: values(span, rows),
        };
        let scales = tensor(format!("{name}_scale"), span.groups(), rows.clone(), Values::Scales);
        self.tensors.push(tensor(name.to_owned(), span.cols, rows, Values::Rows));
        self.tensors.push(scales);
    }
}
