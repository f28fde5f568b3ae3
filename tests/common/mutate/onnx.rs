//! An ONNX file, field by field: numbers, names, bytes, the order of things, and lengths that are not those of what follows.

use super::super::Random;
use super::{bytes, field, order};

/// A field of a message.
#[derive(Clone)]
struct Part {
    number: u64,
    value: Value,
    /// What is added to its length.
    lie: u64,
}

#[derive(Clone)]
enum Value {
    Number(u64),
    Fixed(u64, Vec<u8>),
    Bytes(Vec<u8>),
    Message(Vec<Part>),
}

/// The messages that matter, by what they are in and the number of the field.
fn inside(message: &str, number: u64) -> Option<&'static str> {
    Some(match (message, number) {
        ("model", 7) => "graph",
        ("model", 8) => "set",
        ("graph", 1) => "node",
        ("graph", 5) | ("attribute", 5) => "tensor",
        ("graph", 11 | 12) => "value",
        ("node", 5) => "attribute",
        ("tensor", 13) => "entry",
        ("value", 2) => "type",
        ("type", 1) => "of tensor",
        ("of tensor", 2) => "shape",
        ("shape", 1) => "dim",
        _ => return None,
    })
}

fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, behind) = rest.split_first()?;
        *rest = behind;
        value |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn take<'a>(rest: &mut &'a [u8], len: u64) -> Option<&'a [u8]> {
    let (first, behind) = rest.split_at_checked(usize::try_from(len).ok()?)?;
    *rest = behind;
    Some(first)
}

fn parts(mut rest: &[u8], message: &str) -> Option<Vec<Part>> {
    let mut all = Vec::new();
    while !rest.is_empty() {
        let tag = take_number(&mut rest)?;
        let value = match tag & 7 {
            0 => Value::Number(take_number(&mut rest)?),
            kind @ (1 | 5) => {
                Value::Fixed(kind, take(&mut rest, if kind == 1 { 8 } else { 4 })?.to_vec())
            }
            2 => {
                let len = take_number(&mut rest)?;
                let content = take(&mut rest, len)?;
                match inside(message, tag >> 3) {
                    Some(message) => Value::Message(parts(content, message)?),
                    None => Value::Bytes(content.to_vec()),
                }
            }
            _ => return None,
        };
        all.push(Part { number: tag >> 3, value, lie: 0 });
    }
    Some(all)
}

fn put_number(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn written(parts: &[Part]) -> Vec<u8> {
    let mut out = Vec::new();
    for Part { number, value, lie } in parts {
        let content = match value {
            Value::Number(value) => {
                put_number(&mut out, number << 3);
                put_number(&mut out, *value);
                continue;
            }
            Value::Fixed(kind, bytes) => {
                put_number(&mut out, number << 3 | kind);
                out.extend(bytes);
                continue;
            }
            Value::Bytes(bytes) => bytes.clone(),
            Value::Message(parts) => written(parts),
        };
        put_number(&mut out, number << 3 | 2);
        put_number(&mut out, (content.len() as u64).wrapping_add(*lie));
        out.extend(content);
    }
    out
}

/// Changes something at some depth.
fn change(random: &mut Random, parts: &mut Vec<Part>) {
    if parts.is_empty() || random.below(12) == 0 {
        return order(random, parts);
    }
    let at = random.below(parts.len());
    let part = &mut parts[at];
    match (random.below(16), &mut part.value) {
        (0, _) => field(random, &mut part.number),
        (1, Value::Bytes(_) | Value::Message(_)) => field(random, &mut part.lie),
        (_, Value::Number(number)) => field(random, number),
        (_, Value::Fixed(_, content) | Value::Bytes(content)) => {
            let len = content.len();
            bytes(random, content);
            if random.below(2) == 0 {
                content.resize(len, 7);
            }
        }
        (_, Value::Message(inside)) => change(random, inside),
    }
}

/// The file with one to three fields changed; `None` if it cannot be taken apart.
pub fn onnx(random: &mut Random, file: &[u8]) -> Option<Vec<u8>> {
    let mut model = parts(file, "model")?;
    for _ in 0..1 + random.below(3) {
        change(random, &mut model);
    }
    Some(written(&model))
}
