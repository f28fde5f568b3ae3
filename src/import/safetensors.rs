//! The safetensors of a directory: one file, shards with an index, or pieces of either.
//!
//! The header is read by us and not by a crate, because a tensor may lie across two pieces and
//! because only a few rows of it shall be in memory at a time.

use super::floats::Float;
use super::source::{self, MAX_INDEX_BYTES};
use super::tensors::{TensorSource, overlapping};
use super::volume::{Volume, piece_number};
use crate::bounded::UpTo;
use crate::error::{Error, Result, shown};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::path::Path;

/// A header beyond this is no header; the format's own library has the same limit.
const MAX_HEADER_BYTES: u64 = 100 << 20;

/// More tensors than any model has that can be read.
const MAX_TENSORS: usize = 1 << 16;
/// More dimensions than any tensor of these models has.
const MAX_DIMS: usize = 8;
/// More files than any model is cut into.
pub(super) const MAX_SHARDS: usize = 1024;

/// What file systems allow for a name.
const MAX_NAME_BYTES: usize = 255;

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
    shape: UpTo<usize, MAX_DIMS>,
    data_offsets: [u64; 2],
}

/// The header: tensors by name. Notes of whoever wrote it are passed over.
struct Header(BTreeMap<String, Entry>);

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("tensors by name")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Header, A::Error> {
                let mut entries = BTreeMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        map.next_value::<IgnoredAny>()?;
                    } else if entries.len() == MAX_TENSORS {
                        return Err(A::Error::custom(format_args!(
                            "more than {MAX_TENSORS} tensors"
                        )));
                    } else if entries.insert(name, map.next_value()?).is_some() {
                        return Err(A::Error::custom("a tensor is there twice"));
                    }
                }
                Ok(Header(entries))
            }
        }
        deserializer.deserialize_map(Form)
    }
}

/// What an index of shards says: the file of each tensor.
#[derive(Deserialize)]
struct Index {
    #[serde(deserialize_with = "weight_map")]
    weight_map: BTreeMap<String, String>,
}

/// A map of no more tensors than there may be.
fn weight_map<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<BTreeMap<String, String>, D::Error> {
    struct Form;
    impl<'de> Visitor<'de> for Form {
        type Value = BTreeMap<String, String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the file of each tensor")
        }

        fn visit_map<A: MapAccess<'de>>(
            self,
            mut map: A,
        ) -> std::result::Result<Self::Value, A::Error> {
            let mut files = BTreeMap::new();
            while let Some((tensor, file)) = map.next_entry()? {
                if files.len() == MAX_TENSORS {
                    return Err(A::Error::custom(format_args!("more than {MAX_TENSORS} tensors")));
                }
                files.insert(tensor, file);
            }
            Ok(files)
        }
    }
    deserializer.deserialize_map(Form)
}

/// The file of each tensor, as the index of a directory says: names of plain files only.
///
/// # Errors
/// `Io`, or `Invalid` naming the index.
pub(super) fn read_index(path: &Path) -> Result<BTreeMap<String, String>> {
    let text = source::read(path, MAX_INDEX_BYTES)?;
    let bad = |what: &str| Error::invalid(format!("{}: {what}", path.display()));
    let index: Index = serde_json::from_slice(&text).map_err(|e| bad(&shown(&e.to_string())))?;
    let files: BTreeSet<&String> = index.weight_map.values().collect();
    if files.len() > MAX_SHARDS {
        return Err(bad(&format!("{} files; at most {MAX_SHARDS} are possible", files.len())));
    }
    let is_plain = |file: &str| {
        Path::new(file).file_name() == Some(file.as_ref())
            && file.len() <= MAX_NAME_BYTES
            && !file.contains(char::is_control)
    };
    match files.iter().find(|file| !is_plain(file)) {
        Some(file) => {
            Err(bad(&format!("the index names \"{}\", which is no plain file name", shown(file))))
        }
        None => Ok(index.weight_map),
    }
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
        let weight_map = read_index(&index)?;
        for file in weight_map.values().collect::<BTreeSet<_>>() {
            all.add(Volume::open(&dir.join(file))?)?;
        }
        match weight_map.keys().find(|name| !all.tensors.contains_key(*name)) {
            Some(name) => {
                Err(Error::invalid(format!("no file has tensor {} of the index", shown(name))))
            }
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
        let Header(entries) = serde_json::from_slice(&header)
            .map_err(|e| bad(&format!("the header: {}", shown(&e.to_string()))))?;
        drop(header);
        let places = entries
            .iter()
            .map(|(name, entry)| (entry.data_offsets[0], entry.data_offsets[1], name.as_str()));
        if let Some([one, other]) = overlapping(places.collect()) {
            let [one, other] = [one, other].map(shown);
            return Err(bad(&format!("tensors {one} and {other} lie in the same bytes")));
        }
        if self.tensors.len() + entries.len() > MAX_TENSORS {
            return Err(bad(&format!("with it there are more than {MAX_TENSORS} tensors")));
        }
        let (data_start, mut data_end) = (8 + header_len, 8 + header_len);
        for (name, entry) in entries {
            let Entry { dtype, shape: UpTo(shape), data_offsets: [start, end] } = entry;
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
                let name = shown(&name);
                return Err(bad(&format!("tensor {name} does not have the bytes of its shape")));
            }
            let end = data_start.checked_add(end).filter(|&end| end <= volume.len());
            let end = end.ok_or_else(|| {
                Error::truncated(format!("tensor {} of {}", shown(&name), volume.name()))
            })?;
            data_end = data_end.max(end);
            let start = data_start + start;
            let volume = self.volumes.len();
            let place = Place { volume, float, kind: dtype, shape, start };
            if self.tensors.insert(name.clone(), place).is_some() {
                return Err(Error::invalid(format!("tensor {} is in two files", shown(&name))));
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
                shown(&place.kind)
            ))
        })?;
        let row: usize = place.shape[1..].iter().product();
        let mut bytes = vec![0; rows.len() * row * float.bytes()];
        let at = place.start + (rows.start * row * float.bytes()) as u64;
        self.volumes[place.volume].read_at(at, &mut bytes)?;
        float.decode(&bytes, out);
        Ok(())
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
