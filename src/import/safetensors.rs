//! The safetensors of a directory: one file, shards with an index, or pieces of either.
//!
//! The header is read by us and not by a crate, because a tensor may lie across two pieces and
//! because only a few rows of it shall be in memory at a time.

use super::tensors::TensorSource;
use super::volume::{Volume, piece_number};
use crate::error::{Error, Result};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

/// A header beyond this is no header; the format's own library has the same limit.
const MAX_HEADER_BYTES: u64 = 100 << 20;

/// Kinds of floats that weights are published in.
#[derive(Clone, Copy, Debug)]
enum Float {
    F32,
    F16,
    Bf16,
}

impl Float {
    fn bytes(self) -> usize {
        match self {
            Float::F32 => 4,
            Float::F16 | Float::Bf16 => 2,
        }
    }
}

/// One tensor in its volume.
struct Place {
    volume: usize,
    /// `None` for kinds that are no weights of ours.
    float: Option<Float>,
    kind: String,
    shape: Vec<usize>,
    /// Offset of the first byte in the volume.
    start: u64,
}

/// A tensor's entry in the header.
#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [u64; 2],
}

/// The tensors of all files of a model.
pub(super) struct SafeTensors {
    volumes: Vec<Volume>,
    tensors: BTreeMap<String, Place>,
}

impl SafeTensors {
    /// Opens what is in `dir`: the files that an index names, or else all there are.
    ///
    /// # Errors
    /// `Io`, `Invalid`, `Truncated` or `Damaged`, naming the file.
    pub(super) fn open(dir: &Path) -> Result<SafeTensors> {
        let index = dir.join("model.safetensors.index.json");
        let mut all = SafeTensors { volumes: Vec::new(), tensors: BTreeMap::new() };
        if !index.exists() {
            let files = files_in(dir)?;
            if files.is_empty() {
                return Err(Error::invalid(format!("{}: no *.safetensors here", dir.display())));
            }
            for file in files {
                all.add(Volume::open(&dir.join(file))?)?;
            }
            return Ok(all);
        }
        #[derive(Deserialize)]
        struct Index {
            weight_map: BTreeMap<String, String>,
        }
        let text = std::fs::read(&index)?;
        let index: Index = serde_json::from_slice(&text)
            .map_err(|e| Error::invalid(format!("{}: {e}", index.display())))?;
        for file in index.weight_map.values().collect::<BTreeSet<_>>() {
            if Path::new(file).file_name() != Some(file.as_ref()) {
                return Err(Error::invalid(format!(
                    "the index names {file:?}, which is no plain file name"
                )));
            }
            all.add(Volume::open(&dir.join(file))?)?;
        }
        match index.weight_map.keys().find(|name| !all.tensors.contains_key(*name)) {
            Some(name) => Err(Error::invalid(format!("no file has tensor {name} of the index"))),
            None => Ok(all),
        }
    }

    /// The files, for checks of their hashes.
    pub(super) fn volumes(&self) -> &[Volume] {
        &self.volumes
    }

    fn add(&mut self, volume: Volume) -> Result<()> {
        let bad = |what: &str| Error::damaged(format!("{}: {what}", volume.name()));
        let cut = || Error::truncated(format!("the header of {}", volume.name()));
        let mut len = [0; 8];
        volume.read_at(0, &mut len).map_err(|_| cut())?;
        let header_len = u64::from_le_bytes(len);
        if header_len > MAX_HEADER_BYTES {
            return Err(bad("the header's length cannot be"));
        }
        if header_len > volume.len() - 8 {
            return Err(cut());
        }
        let mut header = vec![0; header_len as usize];
        volume.read_at(8, &mut header)?;
        let header: BTreeMap<String, serde_json::Value> =
            serde_json::from_slice(&header).map_err(|e| bad(&format!("the header: {e}")))?;
        let (data_start, mut data_end) = (8 + header_len, 8 + header_len);
        for (name, entry) in header {
            if name == "__metadata__" {
                continue;
            }
            let Entry { dtype, shape, data_offsets: [start, end] } =
                serde_json::from_value(entry).map_err(|e| bad(&format!("tensor {name}: {e}")))?;
            let float = match dtype.as_str() {
                "F32" => Some(Float::F32),
                "F16" => Some(Float::F16),
                "BF16" => Some(Float::Bf16),
                _ => None,
            };
            let count = shape.iter().try_fold(1u64, |n, &dim| n.checked_mul(dim as u64));
            let bytes = float
                .map(|float| count.and_then(|n| n.checked_mul(float.bytes() as u64)))
                .unwrap_or_else(|| end.checked_sub(start));
            if end < start || bytes != Some(end - start) {
                return Err(bad(&format!("tensor {name} does not have the bytes of its shape")));
            }
            let end = data_start.checked_add(end).filter(|&end| end <= volume.len());
            let end =
                end.ok_or_else(|| Error::truncated(format!("tensor {name} of {}", volume.name())))?;
            data_end = data_end.max(end);
            let start = data_start + start;
            let volume = self.volumes.len();
            let place = Place { volume, float, kind: dtype, shape, start };
            if self.tensors.insert(name.clone(), place).is_some() {
                return Err(Error::invalid(format!("tensor {name} is in two files")));
            }
        }
        if data_end != volume.len() {
            return Err(bad("bytes follow the last tensor"));
        }
        self.volumes.push(volume);
        Ok(())
    }
}

impl TensorSource for SafeTensors {
    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.tensors.get(name).map(|place| place.shape.clone())
    }

    fn read(&self, name: &str, rows: Range<usize>, out: &mut Vec<f32>) -> Result<()> {
        let place = &self.tensors[name];
        let float = place.float.ok_or_else(|| {
            Error::unsupported(format!(
                "tensor {name} is {}; F32, F16 and BF16 can be read",
                place.kind
            ))
        })?;
        let row: usize = place.shape[1..].iter().product();
        let mut bytes = vec![0; rows.len() * row * float.bytes()];
        let at = place.start + (rows.start * row * float.bytes()) as u64;
        self.volumes[place.volume].read_at(at, &mut bytes)?;
        match float {
            Float::F32 => {
                out.extend(bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)))
            }
            Float::F16 => out.extend(pairs(&bytes).map(from_f16)),
            Float::Bf16 => {
                out.extend(pairs(&bytes).map(|bits| f32::from_bits(u32::from(bits) << 16)));
            }
        }
        Ok(())
    }
}

fn pairs(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair))
}

/// A half-precision number, exactly.
fn from_f16(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let (exponent, fraction) = (u32::from(bits >> 10 & 31), u32::from(bits & 0x3ff));
    match exponent {
        // Denormals count in steps of 2^-24, and the product of two such numbers is exact.
        0 => f32::from_bits(sign | (fraction as f32 * f32::from_bits((127 - 24) << 23)).to_bits()),
        31 => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

/// The names of all safetensors files of a directory, pieces under the name of the whole.
fn files_in(dir: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(dir)? {
        let Ok(name) = entry?.file_name().into_string() else { continue };
        let whole = piece_number(&name).map_or(name.as_str(), |(whole, _)| whole);
        if whole.ends_with(".safetensors") {
            names.insert(whole.to_owned());
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_is_read_exactly() {
        let known = [
            (0x0000, 0.0),
            (0x8000, -0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x0001, 2f32.powi(-24)),
            (0x03ff, 1023.0 * 2f32.powi(-24)),
            (0x0400, 2f32.powi(-14)),
            (0x7bff, 65504.0),
            (0x7c00, f32::INFINITY),
        ];
        for (bits, value) in known {
            assert_eq!(from_f16(bits).to_bits(), value.to_bits(), "{bits:#06x}");
        }
        assert!(from_f16(0x7e00).is_nan());
    }
}
