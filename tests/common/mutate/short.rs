//! A short frame, field by field.

use super::super::Random;
use super::frame::Codecs;
use super::{any_field, bytes, field};
use llmzip::container::{
    Check, GroupParams, Method, SHORT_MAGIC, ShortHead, Source, WindowPolicy, next_frame, varint,
};

pub struct Short {
    flags: u64,
    prefix: Vec<u8>,
    /// Lanes, window, window policy, prime tokens.
    params: [u64; 4],
    mixer: u64,
    plain_len: u64,
    payload_len: u64,
    payload: Vec<u8>,
    /// What follows the frame.
    rest: Vec<u8>,
}

/// The four numbers of the parameters.
pub fn numbers(params: &GroupParams) -> [u64; 4] {
    let policy = match params.window_policy {
        WindowPolicy::Slide => 0,
        WindowPolicy::Hop { keep } => u64::from(keep) + 1,
    };
    [params.lanes.into(), params.window.into(), policy, params.prime_tokens.into()]
}

impl Short {
    pub fn parse(file: &[u8]) -> Option<Short> {
        let mut source = Source::new(file);
        let _ = next_frame(&mut source).ok()?;
        let flags = *file.get(2)?;
        let head = file.starts_with(&SHORT_MAGIC).then(|| ShortHead::read(&mut source))?.ok()?;
        let payload = source.bytes(head.payload_len, "").ok()?;
        let _: [u8; ShortHead::CHECK_BYTES] = source.array("").ok()?;
        Some(Short {
            flags: flags.into(),
            prefix: head.model_prefix.map(Vec::from).unwrap_or_default(),
            params: numbers(&head.params),
            mixer: head.params.mixer.0.into(),
            plain_len: head.plain_len,
            payload_len: head.payload_len,
            payload,
            rest: file[source.offset() as usize..].to_vec(),
        })
    }

    pub fn change(&mut self, random: &mut Random) {
        match random.below(9) {
            0 => self.flags ^= 1 << random.below(8),
            1 => bytes(random, &mut self.prefix),
            2 => {
                self.flags |= 1 << 2;
                any_field(random, &mut self.params);
            }
            3 => {
                self.flags |= 0b11100;
                field(random, &mut self.mixer);
            }
            4 => field(random, &mut self.plain_len),
            5 => field(random, &mut self.payload_len),
            6 => {
                bytes(random, &mut self.payload);
                self.payload_len = self.payload.len() as u64;
            }
            7 => bytes(random, &mut self.payload),
            _ => bytes(random, &mut self.rest),
        }
    }

    pub fn to_bytes(&self, codecs: &Codecs<'_>) -> Vec<u8> {
        let mut out = SHORT_MAGIC.to_vec();
        let flags = self.flags as u8;
        let method = Method::from_bits(flags);
        out.push(flags);
        out.extend(&self.prefix);
        if flags & 1 << 2 != 0 {
            self.params.iter().for_each(|&value| varint::write(&mut out, value));
            if flags >> 3 & 3 == 3 {
                out.push(self.mixer as u8);
            }
        }
        varint::write(&mut out, self.plain_len);
        if method.is_coded() {
            varint::write(&mut out, self.payload_len);
        }
        let read = ShortHead::read(&mut Source::new(&out[2..])).ok();
        let plain = read.and_then(|head| {
            codecs.plain(head.method, &self.payload, head.plain_len, &head.params)
        });
        let check: [u8; 4] = Check::of(&[&out[..], &plain.unwrap_or_default()].concat());
        out.extend(&self.payload);
        out.extend(check);
        out.extend(&self.rest);
        out
    }
}
