//! How a group is put together again: stretches within stretches, and what is taken from which part.

use super::Seen;
use super::code::{DEFLATE, Transform};
use super::kind::Kind;
use super::room::Room;
use crate::container::varint;
use crate::error::{Error, Result};

/// Stretches within each other.
pub const DEPTH: usize = 8;

/// Bytes within stretches may be made so many times as there may be at once.
const WORK: usize = 2 * DEPTH;

/// The bytes that may be within stretches at once, where all parts have `parts_len` and the group `plain_len`.
pub fn inner_limit(parts_len: usize, plain_len: usize) -> usize {
    parts_len.saturating_add(plain_len).saturating_mul(2)
}

/// A piece of a group.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes as they are.
    Leaf(Kind, Vec<u8>),
    /// What a transform makes of the pieces within it.
    Stretch(Transform, Vec<Piece>),
}

/// The bytes of each kind.
pub type Parts = [Vec<u8>; Kind::ALL.len()];

/// The recipe of some pieces; their bytes go to the parts.
pub fn write(pieces: &[Piece]) -> (Vec<u8>, Parts) {
    let (mut recipe, mut parts) = (Vec::new(), Parts::default());
    write_all(pieces, &mut recipe, &mut parts);
    (recipe, parts)
}

/// The transform that all of a group is, made of text alone: the shortest recipe.
pub fn whole(pieces: &[Piece]) -> Option<&Transform> {
    match pieces {
        [Piece::Stretch(transform, inner)] if transform.code() < super::code::PLAIN_CODES => {
            matches!(&inner[..], [Piece::Leaf(Kind::Text, _)]).then_some(transform)
        }
        _ => None,
    }
}

fn write_all(pieces: &[Piece], recipe: &mut Vec<u8>, parts: &mut Parts) {
    for piece in pieces {
        match piece {
            Piece::Leaf(kind, bytes) => {
                recipe.push(*kind as u8);
                varint::write(recipe, bytes.len() as u64);
                parts[*kind as usize].extend_from_slice(bytes);
            }
            Piece::Stretch(transform, inner) => {
                transform.write(recipe);
                if let Transform::Deflate(corrections) = transform {
                    parts[Kind::Corrections as usize].extend_from_slice(corrections);
                }
                varint::write(recipe, inner.len() as u64);
                write_all(inner, recipe, parts);
            }
        }
    }
}

/// The recipe of a group that one transform without parameters makes of a text of `text_len` bytes.
pub fn whole_recipe(code: u8, text_len: u64) -> Vec<u8> {
    let mut recipe = vec![code, 1, Kind::Text as u8];
    varint::write(&mut recipe, text_len);
    recipe
}

/// The group of a recipe and its parts, which has `plain_len` bytes.
///
/// # Errors
/// Damage where they do not make one, `Unsupported` for transforms of later versions.
pub fn restore(
    recipe: &[u8],
    parts: [&[u8]; Kind::ALL.len()],
    plain_len: usize,
) -> Result<Vec<u8>> {
    let mut kitchen = Kitchen::new(recipe, parts, plain_len);
    let mut out = Room::new(plain_len);
    while !kitchen.recipe.is_empty() {
        kitchen.piece(&mut out)?;
    }
    let is_over = kitchen.parts.iter().all(|part| part.is_empty()) && !kitchen.has_ended;
    if out.left() > 0 || !is_over {
        return Err(Error::damaged("a recipe of another length than its group"));
    }
    Ok(out.into_bytes())
}

/// As much of the beginning of a group as there is where its parts end too early.
pub fn restore_beginning(
    recipe: &[u8],
    parts: [&[u8]; Kind::ALL.len()],
    plain_len: usize,
) -> Vec<u8> {
    let mut kitchen = Kitchen::new(recipe, parts, plain_len);
    let mut out = Room::new(plain_len);
    while !kitchen.recipe.is_empty() && !kitchen.has_ended && kitchen.piece(&mut out).is_ok() {}
    out.into_bytes()
}

/// What is left of a recipe and its parts.
struct Kitchen<'a> {
    recipe: &'a [u8],
    parts: [&'a [u8]; Kind::ALL.len()],
    /// A part ended before the recipe did.
    has_ended: bool,
    /// Bytes within stretches that there may be at once.
    room: usize,
    /// Bytes within stretches that may yet be made.
    work_left: usize,
    depth: usize,
}

fn take<'a>(from: &mut &'a [u8], len: u64, what: &str) -> Result<&'a [u8]> {
    let taken = usize::try_from(len).ok().and_then(|len| from.split_at_checked(len));
    let (taken, rest) = taken.ok_or_else(|| Error::damaged(format!("{what} is too short")))?;
    *from = rest;
    Ok(taken)
}

fn next(recipe: &mut &[u8]) -> Result<u8> {
    Ok(take(recipe, 1, "a recipe")?[0])
}

impl<'a> Kitchen<'a> {
    fn new(recipe: &'a [u8], parts: [&'a [u8]; Kind::ALL.len()], plain_len: usize) -> Self {
        let parts_len = parts.iter().map(|part| part.len()).sum();
        let room = inner_limit(parts_len, plain_len);
        let work_left = room.saturating_mul(WORK);
        Kitchen { recipe, parts, has_ended: false, room, work_left, depth: 0 }
    }

    /// The transform of a deflate stream, with what it takes from its part.
    fn deflate(&mut self) -> Result<Transform> {
        let len = varint::read("the length of corrections", || next(&mut self.recipe))?;
        let part = &mut self.parts[Kind::Corrections as usize];
        self.has_ended |= len > part.len() as u64;
        let there = len.min(part.len() as u64);
        Ok(Transform::Deflate(take(part, there, "a part")?.to_vec()))
    }

    fn piece(&mut self, out: &mut Room) -> Result<()> {
        let code = next(&mut self.recipe)?;
        if let Some(part) = self.parts.get_mut(usize::from(code)) {
            let len = varint::read("the length of a piece", || next(&mut self.recipe))?;
            let there = len.min(part.len() as u64);
            self.has_ended |= there < len;
            return out.put(take(part, there, "a part")?);
        }
        let transform = match code {
            DEFLATE => self.deflate()?,
            code => Transform::read(code, || next(&mut self.recipe))?,
        };
        let count = varint::read("the number of pieces", || next(&mut self.recipe))?;
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Error::damaged("stretches too deep within each other"));
        }
        let mut inner = Room::new(self.room.min(self.work_left));
        let room = self.room;
        for _ in 0..count {
            self.room = room - inner.bytes().len();
            self.piece(&mut inner)?;
            if self.has_ended {
                break;
            }
        }
        (self.depth, self.room) = (self.depth - 1, room);
        self.work_left = self.work_left.saturating_sub(inner.bytes().len());
        match self.has_ended {
            false => transform.inverse(inner.bytes(), out),
            true => transform.inverse_beginning(inner.bytes(), out),
        }
    }
}

/// What a recipe speaks of, without its parts.
///
/// # Errors
/// As [`restore`], as far as that is seen without the parts.
pub fn describe(mut recipe: &[u8]) -> Result<Seen> {
    let (mut seen, mut bytes) = (Seen::default(), 0u64);
    while !recipe.is_empty() {
        bytes = bytes.saturating_add(describe_piece(&mut recipe, 0, &mut seen)?);
    }
    if seen.is_empty() {
        seen.add("files of several kinds", 1, bytes);
    }
    Ok(seen)
}

/// Adds what a piece speaks of, and gives the bytes that it takes from the parts.
fn describe_piece(recipe: &mut &[u8], depth: usize, seen: &mut Seen) -> Result<u64> {
    let code = next(recipe)?;
    if usize::from(code) < Kind::ALL.len() {
        return varint::read("the length of a piece", || next(recipe));
    }
    if depth == DEPTH {
        return Err(Error::damaged("stretches too deep within each other"));
    }
    let transform = match code {
        DEFLATE => {
            varint::read("the length of corrections", || next(recipe))?;
            Transform::Deflate(Vec::new())
        }
        code => Transform::read(code, || next(recipe))?,
    };
    let count = varint::read("the number of pieces", || next(recipe))?;
    let mut bytes = 0u64;
    for _ in 0..count {
        bytes = bytes.saturating_add(describe_piece(recipe, depth + 1, seen)?);
    }
    seen.add(transform.name(), 1, bytes);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_recipe_says_what_it_is_made_of() {
        let text = |text: &str| Piece::Leaf(Kind::Text, text.into());
        let upper = Piece::Stretch(Transform::Upper, vec![text("Loud. "), text("Words.")]);
        let (recipe, parts) = write(&[text("soft "), upper]);
        assert_eq!(recipe, [0, 5, 15, 2, 0, 6, 0, 6]);
        let parts = parts.each_ref().map(Vec::as_slice);
        assert_eq!(restore(&recipe, parts, 17).unwrap(), b"soft LOUD. WORDS.");
        for len in [16, 18] {
            assert!(matches!(restore(&recipe, parts, len), Err(Error::Damaged { .. })));
        }
        assert_eq!(describe(&recipe).unwrap().to_string(), "capitals, 12 B");
        for cut in 0..recipe.len() {
            assert!(restore(&recipe[..cut], parts, 17).is_err());
        }
    }

    #[test]
    fn stretches_have_a_depth() {
        let mut deep = vec![Piece::Leaf(Kind::Text, b"x".to_vec())];
        for _ in 0..DEPTH {
            deep = vec![Piece::Stretch(Transform::Upper, deep)];
        }
        let restored = |pieces: &[Piece]| {
            let (recipe, parts) = write(pieces);
            restore(&recipe, parts.each_ref().map(Vec::as_slice), 1)
        };
        assert_eq!(restored(&deep).unwrap(), b"X");
        deep = vec![Piece::Stretch(Transform::Upper, deep)];
        assert!(matches!(restored(&deep), Err(Error::Damaged { .. })));
    }

    proptest! {
        #[test]
        fn hostile_recipes_are_refused(
            recipe in prop::collection::vec(prop_oneof![0u8..8, any::<u8>(), 12u8..16, 54u8..72], 0..40),
            text in "[A-Za-z%&é=\n]{0,60}",
            len in 0usize..200,
        ) {
            let parts = [text.as_bytes(), b"\0\xff", b"", b"\x01\x02\x03"];
            let _ = describe(&recipe);
            if let Ok(plain) = restore(&recipe, parts, len) {
                prop_assert_eq!(plain.len(), len);
            }
        }
    }
}
