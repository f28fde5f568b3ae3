//! A GGUF file, field by field: counts, keys, values, and what it says of its tensors.

use super::super::Random;
use super::{bytes, field, order};

const ALIGN: usize = 32;
const STRING: u32 = 8;
const ARRAY: u32 = 9;

#[derive(Clone)]
struct Entry {
    key: Vec<u8>,
    kind: u64,
    /// For a list: the kind and the number of its elements.
    list: Option<(u64, u64)>,
    value: Vec<u8>,
}

#[derive(Clone)]
struct Tensor {
    name: Vec<u8>,
    n_dims: u64,
    dims: Vec<u64>,
    kind: u64,
    offset: u64,
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, len: u64) -> Option<&'a [u8]> {
        let (first, rest) = self.0.split_at_checked(usize::try_from(len).ok()?)?;
        self.0 = rest;
        Some(first)
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let len = self.u64()?;
        self.take(len)
    }

    /// The bytes of one value; for strings with the length before them.
    fn value(&mut self, kind: u32) -> Option<&'a [u8]> {
        let whole = self.0;
        match kind {
            0 | 1 | 7 => self.take(1)?,
            2 | 3 => self.take(2)?,
            4..=6 => self.take(4)?,
            10..=12 => self.take(8)?,
            STRING => self.string()?,
            _ => return None,
        };
        whole.get(..whole.len() - self.0.len())
    }
}

/// The file with one to three fields changed; `None` if it cannot be taken apart.
pub fn gguf(random: &mut Random, file: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Cursor(file);
    let magic = rest.take(4)?;
    let mut version = u64::from(rest.u32()?);
    let (n_tensors, n_entries) = (rest.u64()?, rest.u64()?);
    let mut entries = Vec::new();
    for _ in 0..n_entries {
        let key = rest.string()?.to_vec();
        let kind = rest.u32()?;
        let list = match kind {
            ARRAY => Some((rest.u32()?, rest.u64()?)),
            _ => None,
        };
        let (of, count) = list.unwrap_or((kind, 1));
        let mut value = Vec::new();
        for _ in 0..count {
            value.extend(rest.value(of)?);
        }
        let list = list.map(|(of, count)| (of.into(), count));
        entries.push(Entry { key, kind: kind.into(), list, value });
    }
    let mut tensors = Vec::new();
    for _ in 0..n_tensors {
        let name = rest.string()?.to_vec();
        let n_dims = rest.u32()?;
        let dims = (0..n_dims).map(|_| rest.u64()).collect::<Option<_>>()?;
        let (kind, offset) = (u64::from(rest.u32()?), rest.u64()?);
        tensors.push(Tensor { name, n_dims: n_dims.into(), dims, kind, offset });
    }
    let data_at = (file.len() - rest.0.len()).next_multiple_of(ALIGN);
    let mut data = file.get(data_at..)?.to_vec();

    let (mut more_tensors, mut more_entries) = (0, 0);
    for _ in 0..1 + random.below(3) {
        match random.below(12) {
            0 => field(random, &mut version),
            1 => field(random, &mut more_tensors),
            2 => field(random, &mut more_entries),
            3 => order(random, &mut entries),
            4 => order(random, &mut tensors),
            5 => bytes(random, &mut data),
            6..=8 if !entries.is_empty() => {
                let at = random.below(entries.len());
                let entry = &mut entries[at];
                match (random.below(4), &mut entry.list) {
                    (0, _) => bytes(random, &mut entry.key),
                    (1, None) => field(random, &mut entry.kind),
                    (1, Some((of, _))) => field(random, of),
                    (2, Some((_, count))) => field(random, count),
                    _ => bytes(random, &mut entry.value),
                }
            }
            _ if !tensors.is_empty() => {
                let at = random.below(tensors.len());
                let tensor = &mut tensors[at];
                match random.below(6) {
                    0 => bytes(random, &mut tensor.name),
                    1 => field(random, &mut tensor.n_dims),
                    2 => field(random, &mut tensor.kind),
                    3 => field(random, &mut tensor.offset),
                    _ if !tensor.dims.is_empty() => {
                        let at = random.below(tensor.dims.len());
                        field(random, &mut tensor.dims[at]);
                    }
                    _ => tensor.dims.push(1),
                }
            }
            _ => {}
        }
    }

    let mut out = magic.to_vec();
    let string = |out: &mut Vec<u8>, text: &[u8]| {
        out.extend((text.len() as u64).to_le_bytes());
        out.extend(text);
    };
    out.extend((version as u32).to_le_bytes());
    out.extend((tensors.len() as u64).wrapping_add(more_tensors).to_le_bytes());
    out.extend((entries.len() as u64).wrapping_add(more_entries).to_le_bytes());
    for entry in &entries {
        string(&mut out, &entry.key);
        out.extend((entry.kind as u32).to_le_bytes());
        if let Some((of, count)) = entry.list {
            out.extend((of as u32).to_le_bytes());
            out.extend(count.to_le_bytes());
        }
        out.extend(&entry.value);
    }
    for tensor in &tensors {
        string(&mut out, &tensor.name);
        out.extend((tensor.n_dims as u32).to_le_bytes());
        tensor.dims.iter().for_each(|dim| out.extend(dim.to_le_bytes()));
        out.extend((tensor.kind as u32).to_le_bytes());
        out.extend(tensor.offset.to_le_bytes());
    }
    out.resize(out.len().next_multiple_of(ALIGN), 0);
    out.extend(data);
    Some(out)
}
