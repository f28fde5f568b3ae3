//! The payload of a transformed group: a recipe, and the parts that it puts together, each coded by itself.

use super::{Method, source::Source, stored, varint};
use crate::error::{Error, Result};
use crate::transform::{self, Kind, WHOLE_CODES};

/// Bytes of a part at most: more of a kind are several parts.
pub const PART_BYTES: usize = 8 << 20;

const LEN_AS_EXPECTED: u8 = 1 << 6;
const PARTS: u8 = 1 << 7;
const CODED_RECIPE: u8 = 1;

/// A part, or the recipe, as it lies in a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// What its bytes are.
    pub kind: Kind,
    /// How it is coded.
    pub method: Method,
    /// How many bytes it has.
    pub plain_len: u64,
    /// How many it takes.
    pub payload_len: u64,
}

/// What a transformed group is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transformed {
    /// One transform that has no parameters, of one text. The group's method made it.
    Whole {
        /// The code of the transform.
        code: u8,
        /// Bytes of the text.
        text_len: u64,
    },
    /// A recipe and parts.
    Parts {
        /// The recipe; its method is stored or mixer.
        recipe: Part,
        /// The parts in the order of their kinds, those of a kind in their order.
        parts: Vec<Part>,
    },
}

/// The length of the text that a transform without parameters usually makes `plain_len` bytes of.
pub fn expected_len(code: u8, plain_len: u64) -> u64 {
    match code {
        4 | 5 => plain_len / 2,
        6 | 7 => plain_len.saturating_sub(2) / 2,
        8 | 9 => plain_len / 4,
        10 | 11 => plain_len.saturating_sub(4) / 4,
        _ => plain_len,
    }
}

impl Transformed {
    /// The payload of a whole group.
    pub fn write_whole(code: u8, text_len: u64, plain_len: u64, payload: &[u8]) -> Vec<u8> {
        let mut out = vec![code];
        match text_len == expected_len(code, plain_len) {
            true => out[0] |= LEN_AS_EXPECTED,
            false => varint::write(&mut out, text_len),
        }
        out.extend_from_slice(payload);
        out
    }

    /// The payload of a recipe and parts, each with its own.
    pub fn write_parts(recipe: (Part, &[u8]), parts: &[(Part, Vec<u8>)]) -> Vec<u8> {
        let (recipe, recipe_payload) = recipe;
        let mut out = vec![PARTS | if recipe.method.is_coded() { CODED_RECIPE } else { 0 }];
        recipe.write_lengths(&mut out);
        out.extend_from_slice(recipe_payload);
        varint::write(&mut out, parts.len() as u64);
        for (part, _) in parts {
            out.push(part.kind as u8 | part.method.code() << 2);
            part.write_lengths(&mut out);
        }
        parts.iter().for_each(|(_, payload)| out.extend_from_slice(payload));
        out
    }

    /// Reads the head of the payload of a group of `plain_len` bytes, and gives what follows it: of a whole group the
    /// payload of its text, else those of all parts in turn. The payload of the recipe is the third.
    ///
    /// # Errors
    /// Damage for what no writer makes, `Unsupported` for what a later version may.
    pub fn read(
        payload: &[u8],
        method: Method,
        plain_len: u64,
    ) -> Result<(Transformed, &[u8], &[u8])> {
        let total = payload.len();
        let mut source = Source::new(payload);
        let first = source.byte("a transform").map_err(damaged)?;
        let limit = transform::limit(usize::try_from(plain_len).unwrap_or(usize::MAX)) as u64;
        if first & PARTS == 0 {
            let code = first & !LEN_AS_EXPECTED;
            if !WHOLE_CODES.contains(&code) {
                return Err(Error::damaged("a group of no transform"));
            }
            let expected = expected_len(code, plain_len);
            let text_len = match first & LEN_AS_EXPECTED {
                0 => source.varint_up_to(limit, "the length of a text").map_err(damaged)?,
                _ => expected,
            };
            let is_shortest = first & LEN_AS_EXPECTED != 0 || text_len != expected;
            if text_len == 0 || !is_shortest {
                return Err(Error::damaged("the length of a text is not as a writer has it"));
            }
            let rest = &payload[source.offset() as usize..];
            let shortened = method.is_coded() && rest.len() as u64 >= text_len;
            if shortened {
                return Err(Error::damaged("a part that is not shorter than its bytes"));
            }
            return Ok((Transformed::Whole { code, text_len }, rest, &[]));
        }
        if first & !(PARTS | CODED_RECIPE) != 0 {
            return Err(Error::unsupported("needs transforms of a later version, or is damaged"));
        }
        let recipe_method = if first & CODED_RECIPE != 0 { Method::Mixer } else { Method::Stored };
        let recipe = Part::read(Kind::Text, recipe_method, plain_len, &mut source)?;
        let recipe_at = source.offset() as usize;
        source.skip(recipe.payload_len, "a recipe").map_err(damaged)?;
        let recipe_payload = &payload[recipe_at..source.offset() as usize];
        // Each takes two bytes at least.
        let most = (total as u64) / 2;
        let count = source.varint_up_to(most, "the number of parts").map_err(damaged)?;
        let (mut parts, mut plain_total, mut payload_total) = (Vec::new(), 0u64, 0u64);
        for _ in 0..count {
            let tag = source.byte("a part").map_err(damaged)?;
            if tag >> 4 != 0 {
                return Err(Error::damaged("a reserved bit of a part is set"));
            }
            let kind = Kind::ALL[usize::from(tag & 3)];
            let part =
                Part::read(kind, Method::from_bits(tag >> 2), PART_BYTES as u64, &mut source)?;
            if part.method == Method::Model && method != Method::Model {
                return Err(Error::damaged("a part with a model in a group without"));
            }
            if parts.last().is_some_and(|before: &Part| before.kind > kind) {
                return Err(Error::damaged("parts in another order than a writer has them"));
            }
            plain_total = plain_total.saturating_add(part.plain_len);
            payload_total = payload_total.saturating_add(part.payload_len);
            parts.push(part);
        }
        let rest = &payload[source.offset() as usize..];
        if plain_total > limit || payload_total != rest.len() as u64 {
            return Err(Error::damaged("parts of another length than their group"));
        }
        Ok((Transformed::Parts { recipe, parts }, rest, recipe_payload))
    }

    /// Bytes of all parts, decoded.
    pub fn parts_len(&self) -> u64 {
        match self {
            Transformed::Whole { text_len, .. } => *text_len,
            Transformed::Parts { recipe, parts } => {
                recipe.plain_len + parts.iter().map(|part| part.plain_len).sum::<u64>()
            }
        }
    }

    /// Bytes of the longest part, decoded.
    pub fn longest_part(&self) -> u64 {
        match self {
            Transformed::Whole { text_len, .. } => *text_len,
            Transformed::Parts { recipe, parts } => {
                let longest = parts.iter().map(|part| part.plain_len).max().unwrap_or(0);
                longest.max(recipe.plain_len)
            }
        }
    }
}

impl Part {
    fn write_lengths(&self, out: &mut Vec<u8>) {
        varint::write(out, self.plain_len);
        if self.method.is_coded() {
            varint::write(out, self.payload_len);
        }
    }

    fn read(kind: Kind, method: Method, most: u64, source: &mut Source<&[u8]>) -> Result<Part> {
        let plain_len = source.varint_up_to(most, "the length of a part").map_err(damaged)?;
        let payload_len = match method {
            Method::Stored => stored::payload_len(plain_len),
            Method::Run => 1,
            _ => source.varint("the length of a part").map_err(damaged)?,
        };
        if plain_len == 0 || (method.is_coded() && payload_len >= plain_len) {
            return Err(Error::damaged("a part that is not shorter than its bytes"));
        }
        Ok(Part { kind, method, plain_len, payload_len })
    }
}

/// The payload is whole; what is missing of it was never there.
fn damaged(error: Error) -> Error {
    match error {
        Error::Truncated { what } => Error::damaged(format!("{what} is missing")),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_was_written_is_read() {
        let payload = Transformed::write_whole(4, 50, 100, b"coded");
        assert_eq!(payload, b"\x44coded");
        let (head, rest, _) = Transformed::read(&payload, Method::Mixer, 100).unwrap();
        assert_eq!((head, rest), (Transformed::Whole { code: 4, text_len: 50 }, &b"coded"[..]));
        let part =
            |kind, method, plain_len, payload_len| Part { kind, method, plain_len, payload_len };
        let recipe = part(Kind::Text, Method::Stored, 3, 3);
        let parts = [
            (part(Kind::Text, Method::Model, 300, 4), b"text".to_vec()),
            (part(Kind::Binary, Method::Run, 1000, 1), b"x".to_vec()),
            (part(Kind::Noise, Method::Stored, 2, 2), b"??".to_vec()),
        ];
        let payload = Transformed::write_parts((recipe, b"abc"), &parts);
        let (head, rest, of_recipe) = Transformed::read(&payload, Method::Model, 2000).unwrap();
        assert_eq!((rest, of_recipe), (&b"textx??"[..], &b"abc"[..]));
        assert_eq!(head.parts_len(), 1305);
        let read = parts.map(|(part, _)| part).to_vec();
        assert_eq!(head, Transformed::Parts { recipe, parts: read });
        assert!(Transformed::read(&payload, Method::Mixer, 2000).is_err());
        for len in 0..payload.len() {
            let read = Transformed::read(&payload[..len], Method::Model, 2000);
            assert!(matches!(read, Err(Error::Damaged { .. })), "{len}");
        }
    }

    proptest! {
        #[test]
        fn any_payload_is_read_or_refused(
            payload in prop::collection::vec(prop_oneof![any::<u8>(), 0u8..16, 0x7eu8..0x84], 0..40), len in 0u64..100_000,
        ) {
            if let Ok((head, rest, _)) = Transformed::read(&payload, Method::Model, len) {
                prop_assert!(rest.len() <= payload.len());
                prop_assert!(head.parts_len() <= 2 * transform::limit(len as usize) as u64);
            }
        }
    }
}
