//! The header of a GGUF file, every length checked before anything is allocated for it.

use super::kind_of;
use crate::error::{Error, Result, shown};
use crate::import::tensors::overlapping;
use crate::import::volume::Volume;
use candle_core::quantized::GgmlDType;
use std::collections::BTreeMap;

const MAGIC: [u8; 4] = *b"GGUF";
/// Arrays inside arrays are in no file; one more level than that costs nothing.
const MAX_DEPTH: usize = 2;
/// More dimensions than any tensor of these models has.
const MAX_DIMS: u32 = 4;

/// More entries of metadata, and more tensors, than any model has that can be read.
const MAX_ENTRIES: u64 = 1 << 16;
/// The longest key or name; the format allows no more.
const MAX_NAME_BYTES: usize = (1 << 16) - 1;

/// A value of the metadata.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Integer(i64),
    Float(f64),
    Bool(bool),
    Text(String),
    /// A text longer than any that is wanted here, such as a template for chats.
    LongText,
    /// Left in the file until somebody wants it: a vocabulary's arrays are most of a header, and a
    /// file may have others of any size.
    List(List),
}

/// Where an array lies in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    /// What its values are.
    pub(super) kind: u32,
    pub(super) count: usize,
    /// Offset of its first value.
    pub(super) start: u64,
    pub(super) bytes: u64,
}

/// One tensor.
pub(super) struct Tensor {
    pub(super) kind: GgmlDType,
    /// Rows first, as everywhere here (the file has the columns first).
    pub(super) shape: Vec<usize>,
    /// From the start of the data.
    pub(super) offset: u64,
}

impl Tensor {
    /// Numbers in a row.
    pub(super) fn row_len(&self) -> usize {
        self.shape[self.shape.len() - 1]
    }

    /// Bytes of a row; rows are whole blocks.
    pub(super) fn row_bytes(&self) -> usize {
        self.row_len() / self.kind.block_size() * self.kind.type_size()
    }
}

/// What stands before the data.
pub(super) struct Header {
    pub(super) metadata: BTreeMap<String, Value>,
    pub(super) tensors: BTreeMap<String, Tensor>,
    /// Offset of the data in the file.
    pub(super) data_start: u64,
}

impl Header {
    /// Reads and checks it.
    ///
    /// # Errors
    /// `Unsupported`, `Truncated` or `Damaged`.
    pub(super) fn read(volume: &Volume) -> Result<Header> {
        let mut reader = Reader { volume, at: 0, buffer: Vec::new(), used: 0 };
        if reader.array::<4>()? != MAGIC {
            return Err(Error::unsupported(format!("{}: not a GGUF file", volume.name())));
        }
        let version = reader.u32()?;
        if !matches!(version, 2 | 3) {
            return Err(Error::unsupported(format!(
                "{}: GGUF version {version}; 2 and 3 can be read",
                volume.name()
            )));
        }
        let (n_tensors, n_values) = (reader.u64()?, reader.u64()?);
        // A tensor takes 32 bytes and more, a value 13.
        reader.check_count(n_tensors, 32)?;
        reader.check_count(n_values, 13)?;
        for (count, what) in [(n_tensors, "tensors"), (n_values, "keys")] {
            if count > MAX_ENTRIES {
                return Err(Error::damaged(format!(
                    "the header has {count} {what}; at most {MAX_ENTRIES} are possible"
                )));
            }
        }
        let mut metadata = BTreeMap::new();
        for _ in 0..n_values {
            let key = reader.name()?;
            let kind = reader.u32()?;
            if metadata.contains_key(&key) {
                return Err(Error::damaged(format!("key {} is there twice", shown(&key))));
            }
            metadata.insert(key, reader.value(kind)?);
        }
        let mut tensors = BTreeMap::new();
        for _ in 0..n_tensors {
            let (name, tensor) = reader.tensor()?;
            if tensors.insert(name.clone(), tensor).is_some() {
                return Err(Error::damaged(format!("tensor {} is there twice", shown(&name))));
            }
        }
        let alignment = match metadata.get("general.alignment") {
            None => 32,
            Some(Value::Integer(n)) if *n > 0 && *n <= 1 << 16 && n.count_ones() == 1 => *n as u64,
            Some(_) => return Err(Error::damaged("general.alignment is no power of two")),
        };
        let data_start = reader.position().next_multiple_of(alignment);
        for (name, tensor) in &tensors {
            let rows: usize = tensor.shape[..tensor.shape.len() - 1].iter().product();
            let bytes = (rows as u64).checked_mul(tensor.row_bytes() as u64);
            let end = bytes
                .and_then(|bytes| bytes.checked_add(tensor.offset))
                .and_then(|end| end.checked_add(data_start));
            let name = shown(name);
            if !tensor.offset.is_multiple_of(alignment) {
                return Err(Error::damaged(format!("tensor {name} is not aligned")));
            }
            if end.is_none_or(|end| end > volume.len()) {
                return Err(Error::truncated(format!("tensor {name} of {}", volume.name())));
            }
        }
        let places = tensors.iter().map(|(name, tensor)| {
            let rows: usize = tensor.shape[..tensor.shape.len() - 1].iter().product();
            let end = tensor.offset + (rows * tensor.row_bytes()) as u64;
            (tensor.offset, end, name.as_str())
        });
        if let Some([one, other]) = overlapping(places.collect()) {
            let [one, other] = [one, other].map(shown);
            return Err(Error::damaged(format!("tensors {one} and {other} lie in the same bytes")));
        }
        Ok(Header { metadata, tensors, data_start })
    }
}

/// Reads from front to back.
struct Reader<'a> {
    volume: &'a Volume,
    /// Where the buffer begins.
    at: u64,
    buffer: Vec<u8>,
    used: usize,
}

impl Reader<'_> {
    fn position(&self) -> u64 {
        self.at + self.used as u64
    }

    fn left(&self) -> u64 {
        self.volume.len() - self.position()
    }

    fn cut(&self) -> Error {
        Error::truncated(format!("the header of {}", self.volume.name()))
    }

    /// Refuses a number of things that the rest of the file cannot hold.
    fn check_count(&self, count: u64, bytes_each: u64) -> Result<usize> {
        match count.checked_mul(bytes_each) {
            Some(bytes) if bytes <= self.left() => Ok(count as usize),
            _ => Err(self.cut()),
        }
    }

    fn take(&mut self, len: usize) -> Result<&[u8]> {
        if len as u64 > self.left() {
            return Err(self.cut());
        }
        if self.buffer.len() - self.used < len {
            self.at = self.position();
            let size = (self.volume.len() - self.at).min(len.max(1 << 16) as u64) as usize;
            self.buffer.resize(size, 0);
            self.used = 0;
            self.volume.read_at(self.at, &mut self.buffer)?;
        }
        self.used += len;
        Ok(&self.buffer[self.used - len..self.used])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        Ok(self.take(N)?.try_into().expect("as many as were asked for"))
    }

    fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// Passes over bytes, which are there.
    fn skip(&mut self, len: u64) -> Result<()> {
        if len > self.left() {
            return Err(self.cut());
        }
        match usize::try_from(len).ok().filter(|&len| len <= self.buffer.len() - self.used) {
            Some(len) => self.used += len,
            None => {
                self.at = self.position() + len;
                self.buffer.clear();
                self.used = 0;
            }
        }
        Ok(())
    }

    /// A key or a name.
    fn name(&mut self) -> Result<String> {
        let len = self.u64()?;
        let len = self.check_count(len, 1)?;
        if len > MAX_NAME_BYTES {
            return Err(Error::damaged(format!("a name of {len} bytes")));
        }
        self.text(len)
    }

    fn text(&mut self, len: usize) -> Result<String> {
        String::from_utf8(self.take(len)?.to_vec())
            .map_err(|_| Error::damaged("a text of the GGUF header is not UTF-8"))
    }

    fn value(&mut self, kind: u32) -> Result<Value> {
        Ok(match kind {
            0 => Value::Integer(self.array::<1>()?[0].into()),
            1 => Value::Integer(i8::from_le_bytes(self.array()?).into()),
            2 => Value::Integer(u16::from_le_bytes(self.array()?).into()),
            3 => Value::Integer(i16::from_le_bytes(self.array()?).into()),
            4 => Value::Integer(self.u32()?.into()),
            5 => Value::Integer(i32::from_le_bytes(self.array()?).into()),
            6 => Value::Float(f32::from_le_bytes(self.array()?).into()),
            7 => Value::Bool(self.array::<1>()?[0] != 0),
            8 => {
                let len = self.u64()?;
                match self.check_count(len, 1)? {
                    len if len <= MAX_NAME_BYTES => Value::Text(self.text(len)?),
                    len => {
                        self.skip(len as u64)?;
                        Value::LongText
                    }
                }
            }
            9 => Value::List(self.list(0)?),
            10 => Value::Integer(i64::try_from(self.u64()?).unwrap_or(i64::MAX)),
            11 => Value::Integer(i64::from_le_bytes(self.array()?)),
            12 => Value::Float(f64::from_le_bytes(self.array()?)),
            _ => return Err(Error::damaged(format!("the GGUF header has a value of kind {kind}"))),
        })
    }

    /// Passes over an array.
    fn list(&mut self, depth: usize) -> Result<List> {
        let kind = self.u32()?;
        let count = self.u64()?;
        // Of texts and arrays, the least that they take.
        let bytes_each = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            8 | 10..=12 => 8,
            9 if depth < MAX_DEPTH => 12,
            _ => return Err(Error::damaged(format!("the GGUF header has a list of kind {kind}"))),
        };
        let count = self.check_count(count, bytes_each)?;
        let start = self.position();
        match kind {
            8 => {
                for _ in 0..count {
                    let len = self.u64()?;
                    self.skip(len)?;
                }
            }
            9 => {
                for _ in 0..count {
                    self.list(depth + 1)?;
                }
            }
            _ => self.skip(count as u64 * bytes_each)?,
        }
        Ok(List { kind, count, start, bytes: self.position() - start })
    }

    fn tensor(&mut self) -> Result<(String, Tensor)> {
        let name = self.name()?;
        let called = shown(&name);
        let n_dims = self.u32()?;
        if !(1..=MAX_DIMS).contains(&n_dims) {
            return Err(Error::damaged(format!("tensor {called} has {n_dims} dimensions")));
        }
        let mut shape = Vec::new();
        let mut elements = 1u64;
        for _ in 0..n_dims {
            let dim = self.u64()?;
            let product = elements.checked_mul(dim).filter(|&n| n > 0 && n <= 1 << 40);
            elements = product
                .ok_or_else(|| Error::damaged(format!("tensor {called}: its size cannot be")))?;
            shape.push(dim as usize);
        }
        shape.reverse();
        let code = self.u32()?;
        let kind = kind_of(code).ok_or_else(|| {
            Error::unsupported(format!(
                "tensor {called} is of GGML kind {code}, which cannot be read"
            ))
        })?;
        let tensor = Tensor { kind, shape, offset: self.u64()? };
        if !tensor.row_len().is_multiple_of(kind.block_size()) {
            return Err(Error::damaged(format!("tensor {called}: its rows are not whole blocks")));
        }
        Ok((name, tensor))
    }
}
