//! The bytes of tensors: in the `.onnx` file, or in files beside it.

use super::graph::{Data, Graph, Tensor};
use crate::error::{Error, Result, shown};
use crate::import::floats::Float;
use crate::import::tensors::overlapping;
use crate::import::volume::Volume;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// More files of external data than any model is cut into.
const MAX_FILES: usize = 1024;

/// The kinds of elements, by their numbers in the file: name and bits.
const KINDS: [(i64, &str, u64); 16] = [
    (1, "float32", 32),
    (2, "uint8", 8),
    (3, "int8", 8),
    (4, "uint16", 16),
    (5, "int16", 16),
    (6, "int32", 32),
    (7, "int64", 64),
    (9, "bool", 8),
    (10, "float16", 16),
    (11, "float64", 64),
    (12, "uint32", 32),
    (13, "uint64", 64),
    (16, "bfloat16", 16),
    (21, "uint4", 4),
    (22, "int4", 4),
    (25, "uint2", 2),
];
pub(super) const FLOAT32: i64 = 1;
pub(super) const UINT8: i64 = 2;
pub(super) const UINT4: i64 = 21;
pub(super) const INT4: i64 = 22;

/// What a kind of elements is called.
pub(super) fn kind_name(kind: i64) -> String {
    match KINDS.iter().find(|(code, ..)| *code == kind) {
        Some((_, name, _)) => (*name).to_owned(),
        None => format!("kind {kind}"),
    }
}

/// The floats of this kind.
pub(super) fn float_of(kind: i64) -> Option<Float> {
    match kind {
        FLOAT32 => Some(Float::F32),
        10 => Some(Float::F16),
        16 => Some(Float::Bf16),
        _ => None,
    }
}

impl Tensor {
    /// Its elements.
    ///
    /// # Errors
    /// `Damaged` for more than can be.
    pub(super) fn elements(&self) -> Result<u64> {
        let product = self.shape.iter().try_fold(1u64, |n, &dim| n.checked_mul(dim));
        product.filter(|&n| n <= 1 << 40).ok_or_else(|| self.error("its size cannot be"))
    }

    /// Bytes of its elements, of which those of less than a byte lie close together.
    fn bytes(&self) -> Result<u64> {
        let kind = KINDS.iter().find(|(code, ..)| *code == self.kind);
        let (.., bits) = kind.ok_or_else(|| {
            let name = shown(&self.name);
            Error::unsupported(format!("tensor {name} has elements of kind {}", self.kind))
        })?;
        Ok((self.elements()? * bits).div_ceil(8))
    }

    pub(super) fn error(&self, what: &str) -> Error {
        Error::damaged(format!("tensor {}: {what}", shown(&self.name)))
    }
}

/// The first byte of a tensor whose bytes are all there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    volume: usize,
    start: u64,
}

/// All files of a model.
pub(super) struct Files {
    /// The `.onnx` file first.
    volumes: Vec<Volume>,
    /// Those of external data by the name that tensors give them.
    by_location: BTreeMap<String, usize>,
}

impl Files {
    /// Opens the files that the tensors of a graph are in; every tensor of external data is then in its file, and no
    /// two of them share bytes.
    ///
    /// # Errors
    /// `Io` or `Invalid` naming the file, `Truncated` or `Damaged` naming the tensor.
    pub(super) fn open(path: &Path, file: Volume, graph: &Graph) -> Result<Files> {
        let mut files = Files { volumes: vec![file], by_location: BTreeMap::new() };
        let mut places: Vec<Vec<(u64, u64, &str)>> = vec![Vec::new()];
        for tensor in &graph.tensors {
            let Data::External { location, offset, len } = &tensor.data else { continue };
            let volume = match files.by_location.get(location) {
                Some(volume) => *volume,
                None => {
                    if files.volumes.len() > MAX_FILES {
                        let what = format!("more than {MAX_FILES} files of external data");
                        return Err(Error::damaged(what));
                    }
                    files.volumes.push(beside(path, location, tensor)?);
                    places.push(Vec::new());
                    let volume = files.volumes.len() - 1;
                    files.by_location.insert(location.clone(), volume);
                    volume
                }
            };
            let bytes = tensor.bytes()?;
            if len.is_some_and(|len| len != bytes) {
                return Err(tensor.error("its external data has not the bytes of its shape"));
            }
            let whole = &files.volumes[volume];
            let end = offset.checked_add(bytes).filter(|&end| end <= whole.len());
            let end = end.ok_or_else(|| {
                Error::truncated(format!("tensor {} of {}", shown(&tensor.name), whole.name()))
            })?;
            places[volume].push((*offset, end, &tensor.name));
        }
        for places in places {
            if let Some([one, other]) = overlapping(places) {
                let [one, other] = [one, other].map(shown);
                let what = format!("tensors {one} and {other} lie in the same bytes");
                return Err(Error::damaged(what));
            }
        }
        Ok(files)
    }

    /// The files, for checks of their hashes.
    pub(super) fn volumes(&self) -> &[Volume] {
        &self.volumes
    }

    /// The same, without the rest.
    pub(super) fn into_volumes(self) -> Vec<Volume> {
        self.volumes
    }

    /// Where a tensor is, with as many bytes as its shape says.
    ///
    /// # Errors
    /// `Unsupported` for one whose numbers are not bytes, or `Damaged` for one with others than its shape has.
    pub(super) fn place(&self, tensor: &Tensor) -> Result<Place> {
        match &tensor.data {
            Data::Here(range) if range.end - range.start == tensor.bytes()? => {
                Ok(Place { volume: 0, start: range.start })
            }
            Data::Here(_) => Err(tensor.error("it does not have the bytes of its shape")),
            Data::External { location, offset, .. } => {
                Ok(Place { volume: self.by_location[location], start: *offset })
            }
            Data::Nowhere => Err(tensor.error("it has no data")),
            Data::Elsewise(field) => Err(Error::unsupported(format!(
                "tensor {} has its numbers in {field}; raw data can be read",
                shown(&tensor.name)
            ))),
        }
    }

    /// Fills `out` with bytes of a tensor, from byte `at` of it on.
    ///
    /// # Errors
    /// As [`Volume::read_at`].
    pub(super) fn read(&self, place: Place, at: usize, out: &mut [u8]) -> Result<()> {
        self.volumes[place.volume].read_at(place.start + at as u64, out)
    }
}

/// Opens a file of external data: one in the folder of the `.onnx` file, or in that where the file really lies, since
/// caches have links in their folders.
fn beside(path: &Path, location: &str, tensor: &Tensor) -> Result<Volume> {
    let bad = |what: &str| {
        let [name, location] = [&tensor.name[..], location].map(shown);
        Error::invalid(format!("tensor {name}: its external data is in \"{location}\", {what}"))
    };
    let parts: Vec<Component<'_>> = Path::new(location).components().collect();
    let is_plain = |part: &Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if parts.is_empty() || !parts.iter().all(is_plain) || location.contains(['\\', '\0']) {
        return Err(bad("which is no path inside the model's folder"));
    }
    let file = folder(path).join(location);
    let real = file.canonicalize().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => bad("which is missing"),
        _ => bad(&format!("which cannot be opened: {error}")),
    })?;
    let mut roots = vec![folder(path).canonicalize()?];
    // A file in pieces has no place of its own name.
    roots.extend(path.canonicalize().ok().map(|real| folder(&real)));
    if !roots.iter().any(|root| real.starts_with(root)) {
        return Err(bad("which is a link that leads out of the model's folder"));
    }
    Volume::open(&file)
}

/// The folder of a file.
pub(super) fn folder(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    folder.unwrap_or(Path::new(".")).to_owned()
}
