//! The transforms by their codes in the format.

use super::ascii85::Ascii85;
use super::base64::Base64;
use super::charset::{Charset, Wide};
use super::deflate;
use super::dump::Dump;
use super::escape::Escape;
use super::hex::Hex;
use super::lines::LineEnd;
use super::png::Chunks;
use super::quoted::Quoted;
use super::room::Room;
use super::upper;
use super::url::Url;
use super::wrap::Wrap;
use crate::container::varint;
use crate::error::{Error, Result};

/// What turns the bytes within a stretch into those of the stretch, with all that it must be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transform {
    Charset(Charset),
    Lines(LineEnd),
    Upper,
    Escape(Escape),
    Base64(Base64),
    Hex(Hex),
    Dump(Dump),
    Url(Url),
    Quoted(Quoted),
    /// With the corrections, which are no parameters but taken from a part.
    Deflate(Vec<u8>),
    Png(Chunks),
    Ascii85(Ascii85),
}

const WIDE: u8 = 4;
const LINES: u8 = 12;
const UPPER: u8 = 15;
const TABLE: u8 = 16;
const ESCAPE: u8 = 54;
const BASE64: u8 = 64;
const HEX: u8 = 65;
const DUMP: u8 = 66;
const URL: u8 = 67;
const QUOTED: u8 = 68;
/// Of the corrections, their length follows, and they come from a part.
pub const DEFLATE: u8 = 69;
const PNG: u8 = 70;
const ASCII85: u8 = 71;

const LINE_ENDS: [LineEnd; 3] = [LineEnd::Return, LineEnd::Zero, LineEnd::Both];
const TABLES: u8 = ESCAPE - TABLE;

/// Codes below this are transforms without parameters.
pub const PLAIN_CODES: u8 = BASE64;

impl Transform {
    /// Its code, which says all of those below [`PLAIN_CODES`].
    pub fn code(&self) -> u8 {
        let at = |position: Option<usize>| position.unwrap_or_default() as u8;
        match self {
            Transform::Charset(Charset::Wide(wide)) => {
                WIDE + at(Wide::ALL.iter().position(|other| other == wide))
            }
            Transform::Charset(Charset::Table(number)) => TABLE + number,
            Transform::Lines(end) => LINES + at(LINE_ENDS.iter().position(|other| other == end)),
            Transform::Upper => UPPER,
            Transform::Escape(escape) => {
                ESCAPE + at(Escape::ALL.iter().position(|other| other == escape))
            }
            Transform::Base64(_) => BASE64,
            Transform::Hex(_) => HEX,
            Transform::Dump(_) => DUMP,
            Transform::Url(_) => URL,
            Transform::Quoted(_) => QUOTED,
            Transform::Deflate(_) => DEFLATE,
            Transform::Png(_) => PNG,
            Transform::Ascii85(_) => ASCII85,
        }
    }

    /// How it is called in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Transform::Charset(charset) => charset.name(),
            Transform::Lines(end) => end.name(),
            Transform::Upper => "capitals",
            Transform::Escape(escape) => escape.name(),
            Transform::Base64(_) => "base64",
            Transform::Hex(_) => "hexadecimal digits",
            Transform::Dump(_) => "hexadecimal dump",
            Transform::Url(_) => "URL escapes",
            Transform::Quoted(_) => "quoted-printable",
            Transform::Deflate(_) => "deflate",
            Transform::Png(_) => "PNG",
            Transform::Ascii85(_) => "ASCII85",
        }
    }

    /// Appends code and parameters.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(self.code());
        match self {
            Transform::Charset(_)
            | Transform::Lines(_)
            | Transform::Upper
            | Transform::Escape(_) => {}
            Transform::Base64(Base64 { url, padded, wrap }) => {
                out.push(u8::from(*url) | u8::from(*padded) << 1);
                wrap.write(out);
            }
            Transform::Hex(Hex { upper, wrap }) => {
                out.push(u8::from(*upper));
                wrap.write(out);
            }
            Transform::Dump(Dump { style, start }) => {
                out.push(
                    Dump::STYLES.iter().position(|other| other == style).unwrap_or_default() as u8
                );
                varint::write(out, u64::from(*start));
            }
            Transform::Url(url) => url.write(out),
            Transform::Quoted(Quoted { most, crlf }) => out.extend([*most, u8::from(*crlf)]),
            Transform::Deflate(corrections) => varint::write(out, corrections.len() as u64),
            Transform::Png(chunks) => chunks.write(out),
            Transform::Ascii85(Ascii85 { short_zeros, wrap }) => {
                out.push(u8::from(*short_zeros));
                wrap.write(out);
            }
        }
    }

    /// The transform of a code, with the parameters that follow it.
    ///
    /// # Errors
    /// Damage for parameters that no writer makes; `Unsupported` for codes of later versions.
    pub fn read(code: u8, mut next: impl FnMut() -> Result<u8>) -> Result<Transform> {
        let flags = |byte: u8, most: u8| match byte > most {
            true => Err(Error::damaged("a reserved bit of a transform is set")),
            false => Ok((byte & 1 != 0, byte & 2 != 0)),
        };
        Ok(match code {
            WIDE..LINES => Transform::Charset(Charset::Wide(Wide::ALL[usize::from(code - WIDE)])),
            LINES..UPPER => Transform::Lines(LINE_ENDS[usize::from(code - LINES)]),
            UPPER => Transform::Upper,
            TABLE..ESCAPE => Transform::Charset(Charset::Table(code - TABLE)),
            ESCAPE..=61 => Transform::Escape(Escape::ALL[usize::from(code - ESCAPE)]),
            BASE64 => {
                let (url, padded) = flags(next()?, 3)?;
                Transform::Base64(Base64 { url, padded, wrap: Wrap::read(next)? })
            }
            HEX => Transform::Hex(Hex { upper: flags(next()?, 1)?.0, wrap: Wrap::read(next)? }),
            DUMP => {
                let style = next()?;
                Transform::Dump(Dump::read(style, varint::read("an offset", next)?)?)
            }
            URL => Transform::Url(Url::read(next)?),
            QUOTED => Transform::Quoted(Quoted::read(next()?, next()?)?),
            PNG => Transform::Png(Chunks::read(next)?),
            ASCII85 => {
                let (short_zeros, _) = flags(next()?, 1)?;
                Transform::Ascii85(Ascii85 { short_zeros, wrap: Wrap::read(next)? })
            }
            _ => {
                let what = format!("needs transform {code} of a later version, or is damaged");
                return Err(Error::unsupported(what));
            }
        })
    }

    /// The bytes of a stretch from those within it.
    ///
    /// # Errors
    /// Damage where there are none, or more than there is room for.
    pub fn inverse(&self, inner: &[u8], out: &mut Room) -> Result<()> {
        match self {
            Transform::Charset(charset) => charset.encode(inner, out),
            Transform::Lines(end) => end.inverse(inner, out),
            Transform::Upper => upper::inverse(inner, out),
            Transform::Escape(escape) => escape.inverse(inner, out),
            Transform::Base64(base64) => base64.inverse(inner, out),
            Transform::Hex(hex) => hex.inverse(inner, out),
            Transform::Dump(dump) => dump.inverse(inner, out),
            Transform::Url(url) => url.inverse(inner, out),
            Transform::Quoted(quoted) => quoted.inverse(inner, out),
            Transform::Deflate(corrections) => deflate::inverse(inner, corrections, out),
            Transform::Png(chunks) => chunks.inverse(inner, out),
            Transform::Ascii85(ascii85) => ascii85.inverse(inner, out),
        }
    }
}

impl Transform {
    /// The beginning of a stretch from what there is within it; nothing where a beginning may be written differently from what
    /// it is in the whole.
    pub fn inverse_beginning(&self, inner: &[u8], out: &mut Room) -> Result<()> {
        match self {
            Transform::Charset(_)
            | Transform::Lines(_)
            | Transform::Upper
            | Transform::Escape(_) => {
                let whole = match std::str::from_utf8(inner) {
                    Err(error) if error.error_len().is_none() => error.valid_up_to(),
                    _ => inner.len(),
                };
                self.inverse(&inner[..whole], out)
            }
            Transform::Hex(_) => self.inverse(inner, out),
            Transform::Base64(_) => self.inverse(&inner[..inner.len() / 3 * 3], out),
            Transform::Ascii85(_) => self.inverse(&inner[..inner.len() / 4 * 4], out),
            _ => Ok(()),
        }
    }
}

/// Tables and escapes fill what is between their codes.
const _: () = assert!(TABLES == 38 && ESCAPE + 8 <= PLAIN_CODES);
