//! Transformed groups: the parts go through the codec one after the other.

use super::encode::{Coded, Encoder};
use super::judging::{Coding, Verdict, verdict};
use crate::codec::Codec;
use crate::container::transformed::{PART_BYTES, Part, Transformed};
use crate::container::{
    CodedGroup, Decoded, EncodedGroup, GroupCodec, GroupParams, Method, Unwatched, Watch, stored,
};
use crate::error::{Error, Result};
use crate::transform::{self, Kind, Parts, Seen, Taken};

/// Encodes a group that was taken apart, or `plainly` where that is shorter.
pub(super) fn encode(
    encoder: &Encoder<'_>,
    plain: &[u8],
    taken: Taken,
    share: u64,
    done: &(dyn Fn(u64) + Sync),
    plainly: impl Fn() -> Result<EncodedGroup>,
) -> Result<Coded> {
    let verdict = verdict(encoder, plain, &taken)?;
    let group = match verdict {
        Verdict::On => None,
        Verdict::Off | Verdict::Unsure => {
            parts(encoder, encoder.coding(), plain, &taken, share, done)?
        }
    };
    let Some(group) = group else { return Ok(Coded::plain(plainly()?)) };
    if let Verdict::Unsure = verdict {
        let other = plainly()?;
        let is_shorter = other.method.is_coded() && other.payload.len() <= group.payload.len();
        if is_shorter {
            return Ok(Coded::plain(other));
        }
    }
    Ok(Coded { group, seen: taken.seen })
}

/// Encodes recipe and parts; nothing where it takes more memory than there is to decode them.
pub(super) fn parts(
    encoder: &Encoder<'_>,
    coding: Coding<'_>,
    plain: &[u8],
    taken: &Taken,
    share: u64,
    done: &(dyn Fn(u64) + Sync),
) -> Result<Option<EncodedGroup>> {
    let Coding { codec, params } = coding;
    let total: usize = taken.recipe.len() + taken.parts.iter().map(Vec::len).sum::<usize>();
    let longest = taken.parts.iter().map(Vec::len).max().unwrap_or(0).min(PART_BYTES);
    let needed = needed_bytes(codec, params, (total, longest), plain.len());
    if needed > encoder.memory_limit {
        return Ok(None);
    }
    let one = |bytes: &[u8]| encode_part(coding, bytes, share, done);
    if let Some(code) = taken.whole {
        let text = &taken.parts[Kind::Text as usize];
        if text.len() <= PART_BYTES {
            let group = one(text)?;
            if !group.method.is_coded() {
                return Ok(None);
            }
            let (text_len, plain_len) = (text.len() as u64, plain.len() as u64);
            let payload = Transformed::write_whole(code, text_len, plain_len, &group.payload);
            return Ok(Some(EncodedGroup { method: group.method, payload }));
        }
    }
    let mut coded = Vec::new();
    for kind in Kind::ALL {
        for bytes in taken.parts[kind as usize].chunks(PART_BYTES) {
            let EncodedGroup { method, payload } = one(bytes)?;
            let lengths = (bytes.len() as u64, payload.len() as u64);
            let part = Part { kind, method, plain_len: lengths.0, payload_len: lengths.1 };
            coded.push((part, payload));
        }
    }
    let recipe = codec_without_model(&taken.recipe, params)?;
    let by_model = coded.iter().any(|(part, _)| part.method == Method::Model);
    let method = if by_model { Method::Model } else { Method::Mixer };
    let part = Part {
        kind: Kind::Text,
        method: recipe.method,
        plain_len: taken.recipe.len() as u64,
        payload_len: recipe.payload.len() as u64,
    };
    let payload = Transformed::write_parts((part, &recipe.payload), &coded);
    Ok((payload.len() < plain.len()).then_some(EncodedGroup { method, payload }))
}

/// A part as it goes into the payload, by the method that makes it shortest.
fn encode_part(
    coding: Coding<'_>,
    bytes: &[u8],
    share: u64,
    done: &(dyn Fn(u64) + Sync),
) -> Result<EncodedGroup> {
    if let [first, rest @ ..] = bytes
        && !rest.is_empty()
        && rest.iter().all(|byte| byte == first)
    {
        return Ok(EncodedGroup { method: Method::Run, payload: vec![*first] });
    }
    if bytes.len() > 1 {
        let group = coding.codec.encode_within(bytes, coding.params, share, done)?;
        if group.method.is_coded() && group.payload.len() < bytes.len() {
            return Ok(group);
        }
    }
    Ok(EncodedGroup { method: Method::Stored, payload: stored::pack(bytes) })
}

/// The recipe needs no model, so that a file can be described without.
fn codec_without_model(recipe: &[u8], params: &GroupParams) -> Result<EncodedGroup> {
    let group = Codec::without_model().encode(recipe, params, &|_| ())?;
    if group.method.is_coded() && group.payload.len() + 1 < recipe.len() {
        return Ok(group);
    }
    Ok(EncodedGroup { method: Method::Stored, payload: stored::pack(recipe) })
}

/// Bytes of memory for parts of these lengths, all together and the longest, of a group of `plain_len` bytes: the parts as they
/// are decoded, the group, what is within its stretches, and what the longest part takes.
fn needed_bytes(
    codec: &dyn GroupCodec,
    params: &GroupParams,
    (total, longest): (usize, usize),
    plain_len: usize,
) -> u64 {
    let held = total as u64 + plain_len as u64;
    // Lists double as they grow.
    let within = 2 * transform::inner_limit(total, plain_len) as u64;
    codec.memory_bytes(longest as u64, params).saturating_add(held).saturating_add(within)
}

/// The memory, in bytes, that decoding a transformed group takes, the payload apart.
///
/// # Errors
/// Where the payload is none.
pub(super) fn memory_bytes(codec: &dyn GroupCodec, group: &CodedGroup<'_>) -> Result<u64> {
    let (head, ..) = Transformed::read(group.payload, group.method, group.plain_len as u64)?;
    let reckoned = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    let lengths = (reckoned(head.parts_len()), reckoned(head.longest_part()));
    Ok(needed_bytes(codec, &group.params, lengths, group.plain_len))
}

/// Tells how much of a group's parts is done.
struct Counting<'a>(&'a dyn Watch);

impl Watch for Counting<'_> {
    fn done(&self, bytes: u64) {
        self.0.done(bytes);
    }
}

/// Decodes a transformed group. Of a damaged one, what its parts gave before the damage is put together.
pub(super) fn decode(
    codec: &dyn GroupCodec,
    group: &CodedGroup<'_>,
    watch: &dyn Watch,
) -> Result<Decoded> {
    let plain_len = group.plain_len;
    let (head, payload, recipe_payload) =
        Transformed::read(group.payload, group.method, plain_len as u64)?;
    let part = |part: &Part, payload: &[u8]| {
        let len = usize::try_from(part.plain_len)
            .map_err(|_| Error::unsupported("a part larger than the address space"))?;
        match part.method {
            Method::Run => Ok(Decoded::whole(vec![payload[0]; len])),
            Method::Stored => Ok(stored::unpack(payload.to_vec(), len)),
            method => {
                let coded = CodedGroup { method, payload, plain_len: len, params: group.params };
                codec.decode(&coded, &Counting(watch))
            }
        }
    };
    let recipe = recipe_of(&head, recipe_payload, &group.params)?;
    let list = match head {
        Transformed::Whole { text_len, .. } => {
            let (plain_len, payload_len) = (text_len, payload.len() as u64);
            vec![Part { kind: Kind::Text, method: group.method, plain_len, payload_len }]
        }
        Transformed::Parts { parts, .. } => parts,
    };
    let (mut parts, mut at) = (Parts::default(), 0);
    let mut end = Ok(());
    for of_list in &list {
        let bytes = &payload[at..at + of_list.payload_len as usize];
        at += bytes.len();
        let decoded = part(of_list, bytes)?;
        let all = &mut parts[of_list.kind as usize];
        match decoded.end {
            Ok(()) => all.extend_from_slice(&decoded.plain),
            Err(error) => {
                let known = crate::container::beginning(&decoded.good);
                all.extend_from_slice(&decoded.plain[..known]);
                end = Err(error);
                break;
            }
        }
    }
    let slices = parts.each_ref().map(Vec::as_slice);
    match end {
        Ok(()) => Ok(Decoded::whole(transform::restore(&recipe, slices, plain_len)?)),
        Err(error) => {
            let mut plain = transform::restore_beginning(&recipe, slices, plain_len);
            let known = 0..plain.len();
            plain.resize(plain_len, 0);
            Ok(Decoded { plain, good: vec![known], end: Err(error) })
        }
    }
}

/// What a transformed group says of itself.
///
/// # Errors
/// Damage where that cannot be read.
pub(super) fn describe(
    payload: &[u8],
    method: Method,
    plain_len: u64,
    params: &GroupParams,
) -> Result<Seen> {
    let (head, _, recipe_payload) = Transformed::read(payload, method, plain_len)?;
    let recipe = recipe_of(&head, recipe_payload, params)?;
    transform::describe(&recipe)
}

/// The recipe of a group, which no model has coded, whatever has coded the parts.
fn recipe_of(head: &Transformed, payload: &[u8], params: &GroupParams) -> Result<Vec<u8>> {
    match head {
        Transformed::Whole { code, text_len } => Ok(transform::whole_recipe(*code, *text_len)),
        Transformed::Parts { recipe, .. } => {
            let plain_len = recipe.plain_len as usize;
            if recipe.method == Method::Stored {
                return stored::unpack(payload.to_vec(), plain_len).into_plain();
            }
            let coded = CodedGroup { method: Method::Mixer, payload, plain_len, params: *params };
            Codec::without_model().decode(&coded, &Unwatched)?.into_plain()
        }
    }
}
