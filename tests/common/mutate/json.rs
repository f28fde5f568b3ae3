//! JSON with one value changed, and the header of a `.safetensors`, which is JSON.

use super::super::Random;
use super::{bytes, number};
use serde_json::Value;

/// Changes one value somewhere below `value`.
pub fn json(random: &mut Random, value: &mut Value) {
    match value {
        Value::Object(map) if !map.is_empty() && random.below(8) != 0 => {
            let key = map.keys().nth(random.below(map.len())).cloned().unwrap_or_default();
            match random.below(12) {
                0 => drop(map.remove(&key)),
                1 => drop(map.insert(format!("{key}x"), Value::Null)),
                2 => {
                    let other = map.values().nth(random.below(map.len())).cloned();
                    map.insert(key, other.unwrap_or_default());
                }
                _ => {
                    if let Some(inner) = map.get_mut(&key) {
                        json(random, inner);
                    }
                }
            }
        }
        Value::Array(list) if !list.is_empty() && random.below(8) != 0 => {
            if random.below(6) == 0 {
                super::order(random, list);
            } else {
                let at = random.below(list.len());
                json(random, &mut list[at]);
            }
        }
        Value::Number(now) if random.below(8) != 0 => {
            let now = now.as_u64().unwrap_or(0);
            *value = match random.below(8) {
                0 => (-(now as i64 >> 1) - 1).into(),
                1 => 1e300.into(),
                2 => 0.5.into(),
                _ => number(random, now).into(),
            };
        }
        Value::Bool(now) if random.below(4) != 0 => *now = !*now,
        Value::String(now) if random.below(4) != 0 => {
            let mut text = std::mem::take(now).into_bytes();
            bytes(random, &mut text);
            *now = String::from_utf8_lossy(&text).into_owned();
        }
        other => {
            *other = match random.below(6) {
                0 => Value::Null,
                1 => Value::Bool(true),
                2 => number(random, 0).into(),
                3 => Value::String("x".repeat(random.below(300))),
                4 => Value::Array(vec![other.clone(); 1 + random.below(3)]),
                _ => serde_json::json!({ "x": other.clone() }),
            };
        }
    }
}

/// A JSON text with one to three values changed; `None` if it is not JSON.
pub fn json_text(random: &mut Random, text: &[u8]) -> Option<Vec<u8>> {
    let mut value = serde_json::from_slice(text).ok()?;
    for _ in 0..1 + random.below(3) {
        json(random, &mut value);
    }
    serde_json::to_vec(&value).ok()
}

/// A `.safetensors` with its header changed and the length before it right.
pub fn safetensors(random: &mut Random, file: &[u8]) -> Option<Vec<u8>> {
    let (len, rest) = file.split_first_chunk()?;
    let (header, data) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*len)).ok()?)?;
    let header = json_text(random, header)?;
    let mut data = data.to_vec();
    if random.below(4) == 0 {
        bytes(random, &mut data);
    }
    Some([&(header.len() as u64).to_le_bytes(), &header[..], &data].concat())
}
