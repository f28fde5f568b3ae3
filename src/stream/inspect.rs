//! What a file says about itself, without decoding it.

use std::io::Read;

use serde::Serialize;

use super::walk::{Record, Walk};
use crate::container::{
    FORMAT_VERSION, Form, GroupHead, GroupParams, LongHeader, Method, Settings, ShortHead, Source,
    hex, read_magic,
};
use crate::error::{Error, Result};

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
}

/// Reads all frames up to the end, passing over the payloads.
///
/// Structure, headers and footers are checked as in decompression; the payloads are not decoded.
pub fn inspect<R: Read>(reader: R) -> Result<Vec<FrameInfo>> {
    let mut source = Source::new(reader);
    let mut frames = Vec::new();
    loop {
        let start = source.offset();
        frames.push(match read_magic(&mut source)? {
            None if start == 0 => return Err(Error::truncated("the beginning of a frame")),
            None => return Ok(frames),
            Some(Form::Short) => short_frame(&mut source, start)?,
            Some(Form::Long) => long_frame(&mut source, start)?,
        });
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

fn short_frame<R: Read>(source: &mut Source<R>, start: u64) -> Result<FrameInfo> {
    let head = ShortHead::read(source)?;
    source.skip(head.payload_len, "the payload")?;
    let check: [u8; ShortHead::CHECK_BYTES] = source.array("the check of a short frame")?;
    let mut info = empty_info(Form::Short, start);
    info.stored_bytes = source.offset() - start;
    info.plain_bytes = head.plain_len;
    info.model_id = head.model_prefix.map(|prefix| hex(&prefix));
    if head.method.is_coded() {
        info.settings.push(SettingsInfo {
            from_group: 0,
            exact_version: None,
            model_id: info.model_id.clone(),
            model_name: None,
            params: head.params,
        });
    }
    if head.plain_len > 0 {
        info.groups.push(GroupInfo {
            method: head.method,
            offset: start,
            plain_bytes: head.plain_len,
            payload_bytes: head.payload_len,
            check: hex(&check),
        });
    }
    Ok(info)
}

fn long_frame<R: Read>(source: &mut Source<R>, start: u64) -> Result<FrameInfo> {
    let header = LongHeader::read(source)?;
    let mut walk = Walk::new(header, start, 0);
    let mut info = empty_info(Form::Long, start);
    info.group_bytes = Some(header.group_bytes());
    loop {
        let offset = source.offset();
        match walk.next(source)? {
            Record::Settings => {
                if let Some(settings) = &walk.settings {
                    info.settings.push(settings_info(settings, walk.index.len() as u64));
                }
            }
            Record::Group(head, place) => {
                source.skip(head.payload_len, "the payload").map_err(|e| place.mark(e))?;
                info.groups.push(group_info(&head, offset));
            }
            Record::Footer(footer) => {
                info.plain_bytes = footer.plain_len;
                info.stored_bytes = source.offset() - start;
                info.sha256 = Some(hex(&footer.sha256));
                break;
            }
        }
    }
    if let Some(last) = info.settings.iter().rev().find(|s| s.model_id.is_some()) {
        info.model_id = last.model_id.clone();
        info.model_name = last.model_name.clone();
    }
    Ok(info)
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
    }
}
