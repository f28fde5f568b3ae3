//! What each token of a group costs: by the model alone, and as it was coded.
//!
//! The group is encoded as always, to the same bytes, by a coder that also adds up the bits of each token. Nothing here
//! reaches a file: bits are floats, for people to look at.

use super::ahead::{Likeliest, Look};
use super::copies::{self, Copy};
use super::encode::{Beside, encode_with, mix_bytes};
use super::group::{Codec, shortest};
use super::token_coder::TokenCoder;
use crate::container::{EncodedGroup, GroupParams, Method};
use crate::entropy::{BinaryCoder, Encoder, PROBABILITY_BITS};
use crate::error::Result;

/// How a piece of a group was coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A token, by the model and the mixer.
    Model,
    /// A byte, by the mixer alone.
    Mixer,
    /// A long repeat of what came before.
    Copy,
    /// Bytes as they are.
    Stored,
}

/// Some neighbouring bytes that were coded together.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    /// Where it begins in the group.
    pub start: usize,
    /// Bytes of it; at least one.
    pub len: usize,
    /// What it takes in the file, in bits.
    pub bits: f32,
    /// What the model alone would take for it, in bits; where it had no part in it, `None`.
    pub model_bits: Option<f32>,
    /// How it was coded.
    pub way: Way,
    /// Its place among what the model expected.
    look: Option<u32>,
}

/// A group, encoded, with what each of its bytes cost.
#[derive(Debug)]
pub struct Explained {
    /// What [`GroupCodec::encode`](crate::container::GroupCodec::encode) makes of it, byte for byte.
    pub group: EncodedGroup,
    /// All of its bytes in their order. A token with a long repeat in its midst is two pieces, the second without cost.
    pub pieces: Vec<Piece>,
    looks: Vec<Likeliest>,
}

impl Explained {
    /// The tokens that the model expected at a piece, by their bytes with their probabilities, if that was asked for.
    pub fn likeliest(&self, piece: &Piece) -> Option<&Likeliest> {
        self.looks.get(piece.look? as usize)
    }

    /// What the payload takes besides the pieces: cuts of lanes, checkpoints, and up to a byte at its end.
    pub fn overhead_bits(&self) -> f64 {
        let pieces: f64 = self.pieces.iter().map(|piece| f64::from(piece.bits)).sum();
        match self.group.method.is_coded() {
            true => 8.0 * self.group.payload.len() as f64 - pieces,
            false => 0.0,
        }
    }
}

impl Codec {
    /// Encodes a group as always, and says what each token cost; with `likeliest` also what the model expected.
    ///
    /// It takes memory of 24 bytes a token besides, 40 more for what was expected.
    ///
    /// # Errors
    /// As encoding.
    pub fn explain(
        &self,
        plain: &[u8],
        params: &GroupParams,
        likeliest: bool,
        done: &(dyn Fn(u64) + Sync),
    ) -> Result<Explained> {
        let prepared = self.prepare(plain)?;
        let (rest, coder) = (&prepared.rest, &prepared.coder);
        let mut by_model = None;
        if prepared.choice.runs_model() {
            let plan = self.plan(rest.len(), params, true)?;
            let metered = Metered::new(coder.clone(), plan.lanes, likeliest);
            let beside = Beside { looks: true, profile: None };
            let predictor = self.predictor(params)?;
            by_model = Some(encode_with(rest, &predictor, &plan, metered, beside, done)?.finish());
        }
        let mut by_mixer = None;
        if prepared.choice.runs_mixer() {
            let plan = self.plan(rest.len(), params, false)?;
            let metered = Metered::new(coder.clone(), 1, false);
            let unreported: &(dyn Fn(u64) + Sync) = &|_| done(0);
            let heard = if by_model.is_some() { unreported } else { done };
            by_mixer = Some(mix_bytes(rest, &plan, metered, heard).finish());
        }
        let payload = |made: &Option<Coded>| made.as_ref().map(|coded| coded.payload.clone());
        let group = shortest(payload(&by_model), payload(&by_mixer), plain.len());
        let vocabulary = self.model().map(|model| model.tokenizer().vocabulary());
        let (coded, way) = match group.method {
            Method::Model => (by_model, Way::Model),
            _ => (by_mixer, Way::Mixer),
        };
        let (true, Some(coded)) = (group.method.is_coded(), coded) else {
            let (len, bits) = (plain.len(), 8.0 * plain.len() as f32);
            let whole =
                Piece { start: 0, len, bits, model_bits: None, way: Way::Stored, look: None };
            return Ok(Explained { group, pieces: vec![whole], looks: Vec::new() });
        };
        let len_of = |token: u32| match (way, vocabulary) {
            (Way::Model, Some(vocabulary)) => vocabulary.bytes(token).len(),
            _ => 1,
        };
        let mut pieces = Pieces::new(&prepared.copies);
        let mut looks = Vec::new();
        for lane in coded.lanes {
            for (i, cost) in lane.costs.iter().enumerate() {
                let look = lane.looks.get(i).map(|_| (looks.len() + i) as u32);
                let (bits, model_bits) = (cost.bits, cost.model_bits);
                pieces.push(len_of(cost.token), |start, len| Piece {
                    start,
                    len,
                    bits,
                    model_bits,
                    way,
                    look,
                });
            }
            looks.extend(lane.looks);
        }
        Ok(Explained { group, pieces: pieces.finish(), looks })
    }
}

/// What one token cost.
struct Cost {
    token: u32,
    bits: f32,
    model_bits: Option<f32>,
}

/// A lane's tokens in their order.
#[derive(Default)]
struct LaneCosts {
    costs: Vec<Cost>,
    looks: Vec<Likeliest>,
}

/// A payload and what its tokens cost.
struct Coded {
    payload: Vec<u8>,
    lanes: Vec<LaneCosts>,
}

/// An encoder that adds up bits.
struct Metered {
    encoder: Encoder,
    /// Of the token that is being coded.
    bits: f64,
    lanes: Vec<LaneCosts>,
    likeliest: bool,
}

impl Metered {
    fn new(encoder: Encoder, lanes: usize, likeliest: bool) -> Metered {
        let lanes = (0..lanes).map(|_| LaneCosts::default()).collect();
        Metered { encoder, bits: 0.0, lanes, likeliest }
    }

    fn finish(self) -> Coded {
        Coded { payload: self.encoder.finish(), lanes: self.lanes }
    }
}

impl BinaryCoder for Metered {
    fn code(&mut self, bit: bool, p1_q22: u32) -> bool {
        let part = if bit { p1_q22 } else { (1 << PROBABILITY_BITS) - p1_q22 };
        self.bits += f64::from(PROBABILITY_BITS) - f64::from(part).log2();
        self.encoder.code(bit, p1_q22)
    }
}

impl TokenCoder for Metered {
    fn checkpoint(&mut self) {
        self.encoder.checkpoint();
        // What was coded since the last token was cuts of lanes, which are no token's.
        self.bits = 0.0;
    }

    fn end_token(&mut self, lane: usize, token: u32, look: Option<&Look>) {
        // Within a step all lanes follow each other, so that nothing but tokens is coded between checkpoints.
        let bits = std::mem::take(&mut self.bits) as f32;
        let lane = &mut self.lanes[lane];
        lane.costs.push(Cost { token, bits, model_bits: look.map(|look| look.bits) });
        if self.likeliest {
            lane.looks.extend(look.map(|look| look.likeliest));
        }
    }

    fn finish(self) -> Vec<u8> {
        self.encoder.finish()
    }
}

/// Pieces of the rest, with the copies between them.
struct Pieces<'a> {
    copies: &'a [Copy],
    costs: Vec<f64>,
    /// Copies that are behind.
    passed: usize,
    /// Where the next byte of the rest stands in the group.
    at: usize,
    pieces: Vec<Piece>,
}

impl<'a> Pieces<'a> {
    fn new(copies: &'a [Copy]) -> Self {
        Pieces { copies, costs: copies::bits(copies), passed: 0, at: 0, pieces: Vec::new() }
    }

    /// Adds the copies that begin here.
    fn pass_copies(&mut self) {
        while let Some(copy) = self.copies.get(self.passed).filter(|copy| copy.position == self.at)
        {
            let bits = self.costs[self.passed] as f32;
            self.pieces.push(Piece {
                start: copy.position,
                len: copy.len,
                bits,
                model_bits: None,
                way: Way::Copy,
                look: None,
            });
            self.at += copy.len;
            self.passed += 1;
        }
    }

    /// Adds the next `len` bytes of the rest, as a piece made by `piece` of its start and length.
    fn push(&mut self, mut len: usize, piece: impl Fn(usize, usize) -> Piece) {
        let mut is_first = true;
        while len > 0 {
            self.pass_copies();
            let next = self.copies.get(self.passed).map_or(usize::MAX, |copy| copy.position);
            let here = len.min(next - self.at);
            let mut part = piece(self.at, here);
            if !is_first {
                part.bits = 0.0;
                part.model_bits = part.model_bits.map(|_| 0.0);
            }
            self.pieces.push(part);
            (self.at, len, is_first) = (self.at + here, len - here, false);
        }
    }

    fn finish(mut self) -> Vec<Piece> {
        self.pass_copies();
        self.pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Level;
    use crate::container::GroupCodec;

    fn check(codec: &Codec, plain: &[u8], level: u8) -> Explained {
        let params = Level::from_number(level).unwrap().params();
        let explained = codec.explain(plain, &params, true, &|_| ()).unwrap();
        let usual = codec.encode(plain, &params, &|_| ()).unwrap();
        assert!(explained.group == usual, "other bytes than the usual ones");
        let mut at = 0;
        for piece in &explained.pieces {
            assert!(piece.start == at && piece.len > 0);
            at += piece.len;
        }
        assert_eq!(at, plain.len());
        // Beside the tokens: cuts of lanes, checkpoints of 24 bits and the last byte; f32 rounds each token's bits.
        let checkpoints = usual.payload.len() / crate::entropy::CHECKPOINT_BYTES;
        let over = explained.overhead_bits();
        let allowed = 300.0 + 24.0 * checkpoints as f64 + 1e-6 * 8.0 * usual.payload.len() as f64;
        assert!((-0.5..allowed).contains(&over), "{over} bits");
        explained
    }

    fn text() -> Vec<u8> {
        include_bytes!("../../corpus/text/lighthouse.txt").to_vec()
    }

    #[test]
    fn the_tokens_of_a_text_add_up_to_its_payload() {
        let explained = check(&Codec::builtin().unwrap(), &text(), 5);
        assert_eq!(explained.group.method, Method::Model);
        for piece in &explained.pieces {
            let likeliest = explained.likeliest(piece).unwrap();
            assert!(likeliest.is_sorted_by(|a, b| a.1 >= b.1) && likeliest[0].1 <= 1.0);
            assert!(piece.model_bits.unwrap() > 0.0);
        }
    }

    #[test]
    fn several_lanes_and_an_output_layer_that_learns_are_explained() {
        let text = include_bytes!("../../corpus/log/service.log");
        let codec = Codec::builtin().unwrap();
        let explained = check(&codec, text, 5);
        assert_eq!(
            explained.likeliest(&explained.pieces[0]).is_some(),
            explained.pieces[0].way == Way::Model
        );
        check(&codec, include_bytes!("../../corpus/json/orders.json"), 7);
    }

    #[test]
    fn repeats_stand_between_the_tokens() {
        let once = text();
        let twice = [&once[..], b"and once more: ", &once[..]].concat();
        let explained = check(&Codec::builtin().unwrap(), &twice, 5);
        let copies: Vec<_> =
            explained.pieces.iter().filter(|piece| piece.way == Way::Copy).collect();
        assert_eq!(copies.len(), 1);
        assert!(copies[0].len > once.len() - 8 && copies[0].bits < 80.0);
    }

    #[test]
    fn bytes_of_binaries_and_noise_are_explained() {
        let sound = include_bytes!("../../corpus/binary/tone.wav");
        let explained = check(&Codec::without_model(), sound, 2);
        assert_eq!(explained.group.method, Method::Mixer);
        let bytes = explained.pieces.iter().filter(|piece| piece.way == Way::Mixer);
        assert!(bytes.clone().count() > 1000 && bytes.clone().all(|piece| piece.len == 1));
        let noise: Vec<u8> =
            (0..3000u32).map(|i| (i.wrapping_mul(0x9E37_79B9).pow(2) >> 19) as u8).collect();
        let explained = check(&Codec::without_model(), &noise, 1);
        assert_eq!(explained.group.method, Method::Stored);
        assert_eq!(explained.pieces[0].way, Way::Stored);
    }
}
