//! What a file says about itself, without decoding it.

use std::io::Read;

use serde::Serialize;

use super::transformed;
use super::walk::{Record, Walk};
use crate::container::{
    FORMAT_VERSION, Form, GroupHead, GroupParams, LongHeader, Method, Next, Settings, ShortHead,
    Source, hex, next_frame,
};
use crate::error::{Error, Result};
use crate::transform::Seen as SeenThrough;

/// One frame. Lengths are in bytes, hashes and identities in hexadecimal digits.
#[derive(Debug, Clone, Serialize)]
pub struct FrameInfo {
    /// Short or long.
    pub form: Form,
    /// Where the frame begins in the file.
    pub offset: u64,
    /// Length of the frame.
    pub stored_bytes: u64,
    /// Length of its original.
    pub plain_bytes: u64,
    /// Version of the format.
    pub format_version: u8,
    /// Bytes of the original in a whole group; `None` in the short form.
    pub group_bytes: Option<u64>,
    /// Identity of the model (its first 3 bytes in the short form), where one is needed.
    pub model_id: Option<String>,
    /// What the file calls the model; `None` in the short form.
    pub model_name: Option<String>,
    /// Everything that coded groups depend on, in the order of the groups it holds for.
    pub settings: Vec<SettingsInfo>,
    /// The groups; a short frame has one, or none if it is empty.
    pub groups: Vec<GroupInfo>,
    /// SHA-256 of the original; `None` in the short form, whose group's check takes its place.
    pub sha256: Option<String>,
}

/// Parameters and model that hold from a group on.
#[derive(Debug, Clone, Serialize)]
pub struct SettingsInfo {
    /// The first group they hold for.
    pub from_group: u64,
    /// Version of the exact arithmetic; `None` in the short form, where the identity covers it.
    pub exact_version: Option<u32>,
    /// Identity of the model, if it is used from here on.
    pub model_id: Option<String>,
    /// What the file calls the model.
    pub model_name: Option<String>,
    /// The parameters.
    pub params: GroupParams,
}

/// One group.
#[derive(Debug, Clone, Serialize)]
pub struct GroupInfo {
    /// How it is coded.
    pub method: Method,
    /// Where its head begins in the file; that of the frame in the short form.
    pub offset: u64,
    /// Bytes of the original.
    pub plain_bytes: u64,
    /// Bytes of payload.
    pub payload_bytes: u64,
    /// The truncated SHA-256 that guards it.
    pub check: String,
    /// What was seen through; `None` where nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transforms: Option<SeenThrough>,
}

/// What [`inspect_with`] shows, in the order of the file.
#[derive(Debug)]
pub enum Seen {
    /// A frame begins here; of what is known only at its end there is nothing yet.
    Begin(FrameInfo),
    /// Parameters and model from the next group on.
    Settings(SettingsInfo),
    /// A group.
    Group(GroupInfo),
    /// The frame is whole; settings and groups apart, all is known of it.
    End(FrameInfo),
    /// What stands between and behind the frames: zero bytes, and bytes that are not ours.
    Behind {
        /// Zeros.
        padding: u64,
        /// Others.
        foreign: u64,
    },
}

/// Reads all frames up to the end, passing over the payloads.
///
/// Structure, headers and footers are checked as in decompression; the payloads are not decoded.
///
/// # Errors
/// As [`decompress`](super::decompress); bytes behind the last frame that are not ours are [`Error::Damaged`].
pub fn inspect<R: Read>(reader: R) -> Result<Vec<FrameInfo>> {
    let mut frames = Vec::new();
    let (mut settings, mut groups) = (Vec::new(), Vec::new());
    inspect_with(reader, &mut |seen| {
        match seen {
            Seen::Begin(_) => {}
            Seen::Settings(info) => settings.push(info),
            Seen::Group(info) => groups.push(info),
            Seen::End(info) => {
                let (settings, groups) =
                    (std::mem::take(&mut settings), std::mem::take(&mut groups));
                frames.push(FrameInfo { settings, groups, ..info });
            }
            Seen::Behind { foreign: 0, .. } => {}
            Seen::Behind { foreign, .. } => return Err(foreign_bytes(foreign)),
        }
        Ok(())
    })?;
    Ok(frames)
}

/// The error for bytes behind the last frame that are not ours.
pub fn foreign_bytes(n: u64) -> Error {
    Error::damaged(format!("{n} bytes behind the last frame are not of an llmzip file"))
}

/// How long a file and its original are, as far as its frames go.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lengths {
    /// Bytes of the original.
    pub plain_bytes: u64,
    /// Bytes of the frames.
    pub stored_bytes: u64,
    /// Bytes behind the last frame that are not ours.
    pub foreign_bytes: u64,
}

/// Adds up what all frames of a file say of their lengths, keeping none of them.
///
/// # Errors
/// As [`inspect_with`].
pub fn lengths<R: Read>(reader: R) -> Result<Lengths> {
    let mut lengths = Lengths::default();
    inspect_with(reader, &mut |seen| {
        match seen {
            Seen::End(frame) => {
                lengths.plain_bytes = lengths.plain_bytes.saturating_add(frame.plain_bytes);
                lengths.stored_bytes += frame.stored_bytes;
            }
            Seen::Behind { foreign, .. } => lengths.foreign_bytes = foreign,
            Seen::Begin(_) | Seen::Settings(_) | Seen::Group(_) => {}
        }
        Ok(())
    })?;
    Ok(lengths)
}

/// Reads all frames as [`inspect`] does, and shows one thing after the other without keeping any.
///
/// # Errors
/// As [`decompress`](super::decompress), and what `visit` fails with.
pub fn inspect_with<R: Read>(reader: R, visit: &mut dyn FnMut(Seen) -> Result<()>) -> Result<()> {
    let mut source = Source::new(reader);
    let mut all_padding = 0;
    loop {
        match next_frame(&mut source)? {
            Next::End { padding, foreign } => {
                return visit(Seen::Behind { padding: all_padding + padding, foreign });
            }
            Next::Frame { form, start, padding } => {
                all_padding += padding;
                match form {
                    Form::Short => short_frame(&mut source, start, visit)?,
                    Form::Long => long_frame(&mut source, start, visit)?,
                }
            }
        }
    }
}

fn empty_info(form: Form, offset: u64) -> FrameInfo {
    FrameInfo {
        form,
        offset,
        stored_bytes: 0,
        plain_bytes: 0,
        format_version: FORMAT_VERSION,
        group_bytes: None,
        model_id: None,
        model_name: None,
        settings: Vec::new(),
        groups: Vec::new(),
        sha256: None,
    }
}

fn short_frame<R: Read>(
    source: &mut Source<R>,
    start: u64,
    visit: &mut dyn FnMut(Seen) -> Result<()>,
) -> Result<()> {
    let head = ShortHead::read(source)?;
    let mut info = empty_info(Form::Short, start);
    info.model_id = head.model_prefix.map(|prefix| hex(&prefix));
    visit(Seen::Begin(info.clone()))?;
    let params = head.transformed.then_some(&head.params);
    let transforms = pass(source, head.method, head.plain_len, head.payload_len, params)?;
    let check: [u8; ShortHead::CHECK_BYTES] = source.array("the check of a short frame")?;
    if head.method.is_coded() {
        visit(Seen::Settings(SettingsInfo {
            from_group: 0,
            exact_version: None,
            model_id: info.model_id.clone(),
            model_name: None,
            params: head.params,
        }))?;
    }
    if head.plain_len > 0 {
        visit(Seen::Group(GroupInfo {
            method: head.method,
            offset: start,
            plain_bytes: head.plain_len,
            payload_bytes: head.payload_len,
            check: hex(&check),
            transforms,
        }))?;
    }
    info.stored_bytes = source.offset() - start;
    info.plain_bytes = head.plain_len;
    visit(Seen::End(info))
}

fn long_frame<R: Read>(
    source: &mut Source<R>,
    start: u64,
    visit: &mut dyn FnMut(Seen) -> Result<()>,
) -> Result<()> {
    let header = LongHeader::read(source)?;
    let mut walk = Walk::new(header, start, 0);
    let mut info = empty_info(Form::Long, start);
    info.group_bytes = Some(header.group_bytes());
    visit(Seen::Begin(info.clone()))?;
    loop {
        let offset = source.offset();
        match walk.next(source)? {
            Record::Settings => {
                if let Some(settings) = &walk.settings {
                    let settings = settings_info(settings, walk.index.len() as u64);
                    if settings.model_id.is_some() {
                        info.model_id.clone_from(&settings.model_id);
                        info.model_name.clone_from(&settings.model_name);
                    }
                    visit(Seen::Settings(settings))?;
                }
            }
            Record::Group(head, place) => {
                let settings = walk.settings.as_ref().filter(|_| head.transformed);
                let params = settings.map(|settings| &settings.params);
                let transforms =
                    pass(source, head.method, head.plain_len, head.payload_len, params)
                        .map_err(|e| place.mark(e))?;
                visit(Seen::Group(GroupInfo { transforms, ..group_info(&head, offset) }))?;
            }
            Record::Footer(footer) => {
                info.plain_bytes = footer.plain_len;
                info.stored_bytes = source.offset() - start;
                info.sha256 = Some(hex(&footer.sha256));
                return visit(Seen::End(info));
            }
        }
    }
}

fn settings_info(settings: &Settings, from_group: u64) -> SettingsInfo {
    SettingsInfo {
        from_group,
        exact_version: Some(settings.exact_version),
        model_id: settings.model.as_ref().map(|model| hex(&model.id)),
        model_name: settings.model.as_ref().map(|model| model.name.clone()),
        params: settings.params,
    }
}

fn group_info(head: &GroupHead, offset: u64) -> GroupInfo {
    GroupInfo {
        method: head.method,
        offset,
        plain_bytes: head.plain_len,
        payload_bytes: head.payload_len,
        check: hex(head.recorded_check()),
        transforms: None,
    }
}

/// Goes past a payload, and says what was seen through where it is that of a transformed group, which has `params`.
fn pass<R: Read>(
    source: &mut Source<R>,
    method: Method,
    plain_len: u64,
    payload_len: u64,
    params: Option<&GroupParams>,
) -> Result<Option<SeenThrough>> {
    let Some(params) = params else {
        source.skip(payload_len, "the payload")?;
        return Ok(None);
    };
    let payload = source.bytes(payload_len, "the payload")?;
    transformed::describe(&payload, method, plain_len, params).map(Some)
}
