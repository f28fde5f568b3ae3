//! The functions of one call.

use std::io::{Read, Seek, SeekFrom};

use llmzip::container::{Footer, LongHeader, Source, TRAILER_BYTES, Trailer};
use llmzip::stream::{self, FrameInfo, GroupInfo, Seen, SettingsInfo};
use llmzip::{Error, Result};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::buffers::Bytes;
use crate::input::Input;
use crate::models::Known;
use crate::options::{CompressSettings, DecompressSettings};
use crate::work::{self, Caller};

#[pyfunction]
pub fn compress<'py>(
    py: Python<'py>,
    data: &Bound<'py, PyAny>,
    settings: &Bound<'py, CompressSettings>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (plain, settings) = (Bytes::of(data)?, settings.get());
    let plain = plain.as_slice();
    let packed = work::run(py, Caller { progress, file: None }, |host| {
        let mut packed = Vec::new();
        let (codec, options) = (&settings.codec, &settings.options);
        stream::compress(plain, &mut packed, codec, options, &host.watch)?;
        settings.check_unchanged()?;
        Ok(packed)
    })?;
    Ok(PyBytes::new(py, &packed))
}

#[pyfunction]
pub fn decompress<'py>(
    py: Python<'py>,
    data: &Bound<'py, PyAny>,
    settings: &Bound<'py, DecompressSettings>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (packed, settings) = (Bytes::of(data)?, settings.get());
    let packed = packed.as_slice();
    let plain = work::run(py, Caller { progress, file: None }, |host| {
        let models = Known::new(settings.model.clone());
        let (plain, _) = stream::decompress_bytes(packed, &models, &settings.options, &host.watch)?;
        models.check_unchanged()?;
        Ok(plain)
    })?;
    Ok(PyBytes::new(py, &plain))
}

#[pyfunction]
pub fn compress_many<'py>(
    py: Python<'py>,
    many: Vec<Bound<'py, PyAny>>,
    settings: &Bound<'py, CompressSettings>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyList>> {
    let (plains, settings) = (all(&many)?, settings.get());
    let packed = work::run(py, Caller { progress, file: None }, |host| {
        let plains: Vec<&[u8]> = plains.iter().map(Bytes::as_slice).collect();
        let (codec, options) = (&settings.codec, &settings.options);
        let packed = stream::compress_many(&plains, codec, options, &host.watch);
        let packed = whole(packed)?;
        settings.check_unchanged()?;
        Ok(packed)
    })?;
    PyList::new(py, packed.iter().map(|bytes| PyBytes::new(py, bytes)))
}

#[pyfunction]
pub fn decompress_many<'py>(
    py: Python<'py>,
    many: Vec<Bound<'py, PyAny>>,
    settings: &Bound<'py, DecompressSettings>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyList>> {
    let (files, settings) = (all(&many)?, settings.get());
    let plains = work::run(py, Caller { progress, file: None }, |host| {
        let files: Vec<&[u8]> = files.iter().map(Bytes::as_slice).collect();
        let models = Known::new(settings.model.clone());
        let plains = stream::decompress_many(&files, &models, &settings.options, &host.watch);
        let plains = whole(plains)?;
        models.check_unchanged()?;
        Ok(plains)
    })?;
    PyList::new(py, plains.iter().map(|bytes| PyBytes::new(py, bytes)))
}

/// The memory of all objects.
pub fn all(many: &[Bound<'_, PyAny>]) -> PyResult<Vec<Bytes>> {
    many.iter().map(Bytes::of).collect()
}

/// All results, or the first failure.
fn whole<T>(results: Vec<Result<(Vec<u8>, T)>>) -> Result<Vec<Vec<u8>>> {
    results.into_iter().map(|result| Ok(result?.0)).collect()
}

/// What the frames of a file say about themselves, as JSON; with `only_first`, of the first, whatever follows.
#[pyfunction]
pub fn info<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    only_first: bool,
) -> PyResult<String> {
    Input::of(source, 0)?.run(py, None, |reader, host| {
        let frames = match only_first {
            true => vec![first_frame(reader)?],
            false => stream::inspect(reader)?,
        };
        host.watch.leave_if_stopped();
        serde_json::to_string(&frames).map_err(|error| Error::Io(error.into()))
    })
}

/// What the first frame of a file says.
fn first_frame(reader: impl Read) -> Result<FrameInfo> {
    let (mut settings, mut groups): (Vec<SettingsInfo>, Vec<GroupInfo>) = Default::default();
    let mut frame = None;
    let seen = stream::inspect_with(reader, &mut |seen| {
        match seen {
            Seen::Settings(info) => settings.push(info),
            Seen::Group(info) => groups.push(info),
            Seen::End(info) => {
                frame = Some(info);
                // That is enough.
                return Err(Error::NotLlmzip);
            }
            Seen::Begin(_) | Seen::Behind { .. } => {}
        }
        Ok(())
    });
    match (frame, seen) {
        (Some(info), _) => Ok(FrameInfo { settings, groups, ..info }),
        (None, Err(error)) => Err(error),
        (None, Ok(())) => Err(Error::Truncated { what: "a frame".into() }),
    }
}

/// A frame, as far as it matters to who seeks in it: where it is in the file, bytes of its original, bytes of a group.
type Span = (u64, u64, u64);

/// The frames of a file in their order. The index of a frame that is all of the file is enough; else the file is walked
/// through, and nothing is decoded.
#[pyfunction]
pub fn spans<'py>(py: Python<'py>, source: &Bound<'py, PyAny>, begin: u64) -> PyResult<Vec<Span>> {
    Input::of(source, begin)?.run(py, None, |mut reader, host| {
        if let Some(span) = by_index(&mut reader)? {
            return Ok(vec![span]);
        }
        reader.seek(SeekFrom::Start(0))?;
        let mut spans = Vec::new();
        stream::inspect_with(reader, &mut |seen| {
            host.watch.leave_if_stopped();
            if let Seen::End(frame) = seen {
                let group_bytes = frame.group_bytes.unwrap_or(frame.plain_bytes).max(1);
                spans.push((frame.offset, frame.plain_bytes, group_bytes));
            }
            Ok(())
        })?;
        Ok(spans)
    })
}

/// The only frame of a file, by its footer; what is wrong with it is seen when it is decoded.
fn by_index(reader: &mut (impl Read + Seek)) -> Result<Option<Span>> {
    let len = reader.seek(SeekFrom::End(0))?;
    if len < LongHeader::BYTES + TRAILER_BYTES {
        return Ok(None);
    }
    reader.seek(SeekFrom::Start(len - TRAILER_BYTES))?;
    let trailer = Trailer::parse(&Source::new(&mut *reader).array("the footer")?);
    let Some(trailer) = trailer.filter(|trailer| trailer.frame_len == len) else { return Ok(None) };
    let Some(at) = len.checked_sub(trailer.footer_len) else { return Ok(None) };
    reader.seek(SeekFrom::Start(at))?;
    let mut source = Source::new(reader);
    if source.byte("the footer")? != Footer::TAG {
        return Ok(None);
    }
    match Footer::read(trailer.footer_len, &mut source) {
        Ok(footer) => Ok(Some((0, footer.plain_len, 1 << footer.group_log2))),
        Err(Error::Io(error)) => Err(error.into()),
        Err(_) => Ok(None),
    }
}

/// Some bytes of the original.
#[pyfunction]
pub fn read_range<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    begin: u64,
    offset: u64,
    length: u64,
    settings: &Bound<'py, DecompressSettings>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let settings = settings.get();
    let plain = Input::of(source, begin)?.run(py, progress, |reader, host| {
        let end = offset.checked_add(length);
        let end = end.ok_or_else(|| Error::Invalid { what: "the range ends nowhere".into() })?;
        let models = Known::new(settings.model.clone());
        // As much as is wanted is what the caller can hold.
        let mut plain = Vec::new();
        let (options, range) = (&settings.options, offset..end);
        stream::decompress_range(reader, &mut plain, &models, options, range, &host.watch)?;
        models.check_unchanged()?;
        Ok(plain)
    })?;
    Ok(PyBytes::new(py, &plain))
}
