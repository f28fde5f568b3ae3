//! The settings record: everything that decoding a model's or a mixer's groups takes.
//!
//! It stands before the first group that needs it, so a frame of stored groups never names a model
//! and opens without one.

use std::io::Read;

use super::check::Check;
use super::{EXACT_VERSION, GroupParams, MixerKindCode, other_arithmetic, source::Source, varint};
use crate::error::{Error, Result};

const MODEL_FLAG: u8 = 1;

/// The longest name of a model, in bytes.
pub const NAME_MAX_BYTES: usize = 64;

/// A model as a file names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRef {
    /// SHA-256 of everything that determines the model's output.
    pub id: [u8; 32],
    /// What people call it; a hint only.
    pub name: String,
}

impl ModelRef {
    /// Checks that a name can be written and can be shown on a terminal.
    pub fn validate(&self) -> Result<()> {
        match name_fault(&self.name) {
            Some(fault) => Err(Error::invalid(fault)),
            None => Ok(()),
        }
    }
}

fn name_fault(name: &str) -> Option<&'static str> {
    if name.len() > NAME_MAX_BYTES {
        Some("the model's name has more than 64 bytes")
    } else if name.chars().any(char::is_control) {
        Some("the model's name has control characters")
    } else {
        None
    }
}

/// What holds for the groups that follow, up to the next such record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The version of the exact arithmetic.
    pub exact_version: u32,
    /// The model; `None` while only the mixer is used.
    pub model: Option<ModelRef>,
    /// The parameters.
    pub params: GroupParams,
}

impl Settings {
    /// The first byte of the record.
    pub const TAG: u8 = 0xB5;

    /// Appends the record, the tag included.
    pub fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[Self::TAG, if self.model.is_some() { MODEL_FLAG } else { 0 }]);
        varint::write(out, self.exact_version.into());
        self.params.write(out);
        out.push(self.params.mixer.0);
        if let Some(model) = &self.model {
            out.extend_from_slice(&model.id);
            out.push(model.name.len() as u8);
            out.extend_from_slice(model.name.as_bytes());
        }
        let check: [u8; 4] = Check::of(&out[start..]);
        out.extend_from_slice(&check);
    }

    /// Reads what follows the tag.
    ///
    /// A record that is whole but of another exact-arithmetic version is [`Error::Unsupported`].
    pub fn read<R: Read>(source: &mut Source<R>) -> Result<Self> {
        let what = "the settings";
        let flags = source.byte(what)?;
        if flags & !MODEL_FLAG != 0 {
            return Err(Error::damaged("a reserved bit of the settings is set"));
        }
        let exact_version = source.varint_up_to(u32::MAX.into(), "the exact-arithmetic version")?;
        let mut params = GroupParams::read(source)?;
        params.mixer = MixerKindCode(source.byte(what)?);
        let model = match flags & MODEL_FLAG {
            0 => None,
            _ => Some(read_model(source)?),
        };
        let settings = Settings { exact_version: exact_version as u32, model, params };
        let mut again = Vec::new();
        settings.write(&mut again);
        let check: [u8; 4] = source.array(what)?;
        if again[again.len() - 4..] != check {
            return Err(Error::damaged("the settings do not match their check"));
        }
        if settings.exact_version != EXACT_VERSION {
            return Err(other_arithmetic(settings.exact_version));
        }
        Ok(settings)
    }
}

fn read_model<R: Read>(source: &mut Source<R>) -> Result<ModelRef> {
    let id = source.array("the model's identity")?;
    let len = source.byte("the model's name")?;
    if usize::from(len) > NAME_MAX_BYTES {
        return Err(Error::damaged("the model's name has more than 64 bytes"));
    }
    let name = String::from_utf8(source.bytes(len.into(), "the model's name")?)
        .map_err(|_| Error::damaged("the model's name is not UTF-8"))?;
    match name_fault(&name) {
        Some(fault) => Err(Error::damaged(fault)),
        None => Ok(ModelRef { id, name }),
    }
}
