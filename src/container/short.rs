//! The short form: a whole frame with at most 16 bytes around its payload.

use std::io::Read;

use super::header::{SHORT_MAGIC, refuse_other_version};
use super::{
    GroupParams, Method, MixerKindCode, SHORT_MAX_BYTES, other_arithmetic, source::Source, varint,
};
use crate::error::{Error, Result};

const PARAMS_FLAG: u8 = 1 << 2;
const MIXER_SHIFT: u32 = 3;
const MIXER_MASK: u8 = 3;
/// In the two bits of the mixer: its code is larger and stands in the parameter block.
const MIXER_ELSEWHERE: u8 = 3;
const VERSION_SHIFT: u32 = 5;
/// The version of a short frame, and of one whose group is transformed, which is else alike; 1 and 2 go with exact
/// arithmetic version 1.
const VERSION: u8 = 3;
const TRANSFORMED_VERSION: u8 = 4;

/// What stands before the payload of a short frame; [`ShortHead::CHECK_BYTES`] follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShortHead {
    /// How the payload is made.
    pub method: Method,
    /// Whether the payload has a recipe and what it puts together, see [`transform`](crate::transform).
    pub transformed: bool,
    /// The first bytes of the model's identity; present exactly for [`Method::Model`].
    pub model_prefix: Option<[u8; 2]>,
    /// The parameters; the default ones for methods that no codec sees.
    pub params: GroupParams,
    /// Length of the original, at most 64 KB.
    pub plain_len: u64,
    /// Length of the payload.
    pub payload_len: u64,
}

impl ShortHead {
    /// Bytes of the check behind the payload.
    pub const CHECK_BYTES: usize = 4;

    /// Whether the byte behind the magic can be that of a head of this version.
    pub fn can_be(flags: u8) -> bool {
        [VERSION, TRANSFORMED_VERSION].contains(&(flags >> VERSION_SHIFT))
    }

    /// Appends the head, the magic included.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mixer = self.params.mixer.0.min(MIXER_ELSEWHERE);
        let plain_params = GroupParams { mixer: MixerKindCode(0), ..self.params };
        let has_block = mixer == MIXER_ELSEWHERE || plain_params != GroupParams::default();
        let version = if self.transformed { TRANSFORMED_VERSION } else { VERSION };
        let mut flags = self.method.code() | mixer << MIXER_SHIFT | version << VERSION_SHIFT;
        if has_block {
            flags |= PARAMS_FLAG;
        }
        out.extend_from_slice(&SHORT_MAGIC);
        out.push(flags);
        if let Some(prefix) = self.model_prefix {
            out.extend_from_slice(&prefix);
        }
        if has_block {
            self.params.write(out);
            if mixer == MIXER_ELSEWHERE {
                out.push(self.params.mixer.0);
            }
        }
        varint::write(out, self.plain_len);
        if self.method.is_coded() {
            varint::write(out, self.payload_len);
        }
    }

    /// Reads what follows the magic.
    pub fn read<R: Read>(source: &mut Source<R>) -> Result<Self> {
        let flags = source.byte("the head of a short frame")?;
        let version = flags >> VERSION_SHIFT;
        refuse_other_version(version, TRANSFORMED_VERSION)?;
        if version < VERSION {
            return Err(other_arithmetic(1));
        }
        let method = Method::from_bits(flags);
        let transformed = version == TRANSFORMED_VERSION;
        if transformed && !method.is_coded() {
            return Err(Error::damaged("a transformed group that no codec has made"));
        }
        let mixer = flags >> MIXER_SHIFT & MIXER_MASK;
        let has_block = flags & PARAMS_FLAG != 0;
        if !method.is_coded() && (has_block || mixer != 0) {
            return Err(Error::damaged("a reserved bit of a short frame is set"));
        }
        let model_prefix = match method {
            Method::Model => Some(source.array("the model's identity")?),
            _ => None,
        };
        let mut params = GroupParams::default();
        if has_block {
            params = GroupParams::read(source)?;
            if mixer != MIXER_ELSEWHERE && params == GroupParams::default() {
                return Err(Error::damaged("a parameter block spells out the defaults"));
            }
        }
        params.mixer = MixerKindCode(mixer);
        if mixer == MIXER_ELSEWHERE {
            // Without the block there is no room for the code.
            let code = if has_block { source.byte("the mixer")? } else { 0 };
            if code < MIXER_ELSEWHERE {
                return Err(Error::damaged(
                    "the mixer of a short frame is not in its shortest form",
                ));
            }
            params.mixer = MixerKindCode(code);
        }
        let plain_len = source.varint_up_to(SHORT_MAX_BYTES as u64, "the original length")?;
        let payload_len = match method {
            Method::Stored => plain_len,
            Method::Run => 1,
            Method::Mixer | Method::Model => source.varint("the payload's length")?,
        };
        require_lengths(method, plain_len, payload_len)?;
        Ok(ShortHead { method, transformed, model_prefix, params, plain_len, payload_len })
    }
}

/// Refuses lengths that no writer makes: empty runs, and payloads that storing would have beaten.
pub(super) fn require_lengths(method: Method, plain_len: u64, payload_len: u64) -> Result<()> {
    if method != Method::Stored && plain_len == 0 {
        return Err(Error::damaged("a group without bytes"));
    }
    if method.is_coded() && payload_len >= plain_len {
        return Err(Error::damaged(format!(
            "a payload of {payload_len} bytes for {plain_len} bytes of the original"
        )));
    }
    Ok(())
}
