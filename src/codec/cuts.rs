//! Where a group is cut into lanes: as many tokens in each, so that none goes on alone when the others have ended.
//!
//! A step takes little less time for one lane than for all, and text has four bytes a token where digits have one.

use super::{Lanes, Plan};
use crate::entropy::{BinaryCoder, HALF_Q22, code_bits};
use crate::error::{Error, Result};
use crate::parallel;
use crate::tokenizer::Tokenizer;

/// The most bits of a number behind its first: no cut moves by 2^24 units.
const MOST_BITS: u32 = 24;
/// Cuts move if that saves at least this part of all steps.
const LEAST_SAVED: usize = 100;

/// A group in lanes, lane by lane in tokens.
#[derive(Debug)]
pub struct Cut {
    /// How far each cut is moved, in units; empty where none is.
    pub shifts: Vec<i64>,
    /// What that makes.
    pub lanes: Lanes,
    /// The tokens of each.
    pub tokens: Vec<Vec<u32>>,
}

impl Cut {
    /// Cuts `plain` where `plan` says, or where lanes end together if that saves steps.
    ///
    /// # Errors
    /// What the tokenizer cannot do.
    pub fn new(plain: &[u8], tokenizer: &Tokenizer, plan: &Plan) -> Result<Cut> {
        let even = Cut::at(Vec::new(), Lanes::new(plain.len(), plan.lanes), plain, tokenizer)?;
        if plan.lanes == 1 {
            return Ok(even);
        }
        let shifts = even.balance(tokenizer, plan);
        let Some(lanes) = Lanes::moved(plain.len(), plan.lanes, &shifts) else { return Ok(even) };
        let moved = Cut::at(shifts, lanes, plain, tokenizer)?;
        let [before, after] = [&even, &moved].map(|cut| cut.steps(plan));
        Ok(if before.saturating_sub(after) * LEAST_SAVED >= before { moved } else { even })
    }

    fn at(shifts: Vec<i64>, lanes: Lanes, plain: &[u8], tokenizer: &Tokenizer) -> Result<Cut> {
        let mut work: Vec<_> =
            lanes.ranges().iter().map(|range| (&plain[range.clone()], Ok(Vec::new()))).collect();
        parallel::for_each_mut(&mut work, |(lane, tokens)| *tokens = tokenizer.encode(lane));
        let tokens = work.into_iter().map(|(_, tokens)| tokens).collect::<Result<_>>()?;
        Ok(Cut { shifts, lanes, tokens })
    }

    /// How many tokens of lane 0 are coded before the others begin.
    pub fn alone(&self, plan: &Plan) -> usize {
        if plan.lanes == 1 { 0 } else { plan.prime_tokens.min(self.tokens[0].len()) }
    }

    /// Steps until the last lane ends.
    fn steps(&self, plan: &Plan) -> usize {
        let alone = self.alone(plan);
        let others = self.tokens[1..].iter().map(Vec::len);
        alone + others.fold(self.tokens[0].len() - alone, usize::max)
    }

    /// How far each of these even cuts is to move.
    fn balance(&self, tokenizer: &Tokenizer, plan: &Plan) -> Vec<i64> {
        let n = plan.lanes;
        let len = self.lanes.ranges()[n - 1].end;
        let alone = self.alone(plan);
        let total: usize = self.tokens.iter().map(Vec::len).sum();
        let mut shifts = Vec::with_capacity(n - 1);
        let (mut position, mut passed) = (0, 0);
        for &token in self.tokens.iter().flatten() {
            let before = alone + (shifts.len() + 1) * (total - alone) / n;
            if passed == before && shifts.len() < n - 1 {
                let from = self.lanes.ranges()[shifts.len()].end;
                let unit = Lanes::unit(len, n) as i64;
                let away = position as i64 - from as i64;
                shifts.push((away + unit / 2).div_euclid(unit));
            }
            passed += 1;
            position += tokenizer.vocabulary().bytes(token).len();
        }
        // Fewer tokens than lanes.
        shifts.resize(n - 1, 0);
        shifts
    }
}

/// Codes where a group of `len` bytes is cut into `n` lanes, and returns them.
///
/// When decoding, `shifts` is ignored.
///
/// # Errors
/// `Damaged` for lanes that no group of this length can have.
pub fn code<C: BinaryCoder>(shifts: &[i64], len: usize, n: usize, coder: &mut C) -> Result<Lanes> {
    if n == 1 || !coder.code(!shifts.is_empty(), HALF_Q22) {
        return Ok(Lanes::new(len, n));
    }
    let mut coded = Vec::with_capacity(n - 1);
    let mut last = 0;
    for i in 0..n - 1 {
        last += signed(shifts.get(i).map_or(0, |shift| shift - last), coder)?;
        coded.push(last);
    }
    Lanes::moved(len, n, &coded).ok_or_else(|| Error::damaged("lanes that overlap"))
}

/// Codes a number of either sign, small ones in few bits: 0, 1, -1, 2, -2 and so on are 1, 2, 3, 4, 5, of which first
/// the number of bits behind the first is coded in ones and a zero, then those bits.
fn signed<C: BinaryCoder>(value: i64, coder: &mut C) -> Result<i64> {
    let folded = if value > 0 { 2 * value as u64 } else { 2 * value.unsigned_abs() + 1 };
    let mut n = 0;
    while coder.code(folded >> (n + 1) > 0, HALF_Q22) {
        n += 1;
        if n > MOST_BITS {
            return Err(Error::damaged("a lane of no group"));
        }
    }
    let folded = 1 << n | code_bits(folded, n, coder);
    let magnitude = (folded / 2) as i64;
    Ok(if folded % 2 == 0 { magnitude } else { -magnitude })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::{Decoder, Encoder};
    use crate::model::builtin;
    use crate::{codec::MAX_LANES, mixer::MixerKind, mixer::StartValues};
    use proptest::prelude::*;

    fn round_trip(shifts: &[i64], len: usize, n: usize) -> (Lanes, usize) {
        let mut coder = Encoder::new(Vec::new());
        let lanes = code(shifts, len, n, &mut coder).unwrap();
        let coded = coder.finish();
        let decoded = code(&[], len, n, &mut Decoder::new(&coded)).unwrap();
        assert_eq!(decoded.ranges(), lanes.ranges());
        (lanes, coded.len())
    }

    fn plan(lanes: usize, prime_tokens: usize) -> Plan {
        let start_values = StartValues::generic();
        Plan { lanes, prime_tokens, mixer: MixerKind::Default, learns: false, start_values }
    }

    #[test]
    fn cuts_move_and_cost_little() {
        let (lanes, bytes) = round_trip(&[3, -2, 0], 64_000, 4);
        let edges: Vec<_> = lanes.ranges().iter().map(|range| range.end).collect();
        assert_eq!(edges, [16_000 + 3 * 250, 32_000 - 2 * 250, 48_000, 64_000]);
        assert!(bytes <= 4, "{bytes}");
        let (lanes, _) = round_trip(&[], 64_000, 4);
        assert_eq!(lanes.ranges(), Lanes::new(64_000, 4).ranges());
    }

    #[test]
    fn lanes_without_bytes_are_refused() {
        for shifts in [[65, 0, 0], [0, 0, 64], [0, -64, 0]] {
            let mut coder = Encoder::new(Vec::new());
            assert!(code(&shifts, 64_000, 4, &mut coder).is_err(), "{shifts:?}");
        }
    }

    #[test]
    fn lanes_of_text_and_of_digits_end_together() {
        let mut plain = "The lanes of a group end together. ".repeat(800).into_bytes();
        plain.extend((0..28_000u32).map(|i| b'0' + (i * i % 97 % 10) as u8));
        let model = builtin();
        for (lanes, prime) in [(2, 0), (4, 256), (7, 512)] {
            let plan = plan(lanes, prime);
            let cut = Cut::new(&plain, model.tokenizer(), &plan).unwrap();
            let total: usize = cut.tokens.iter().map(Vec::len).sum();
            let alone = cut.alone(&plan);
            let least = alone + (total - alone).div_ceil(lanes);
            assert!(cut.steps(&plan) <= least + least / 20, "{} of {least}", cut.steps(&plan));
            let (decoded, _) = round_trip(&cut.shifts, plain.len(), lanes);
            assert_eq!(decoded.ranges(), cut.lanes.ranges());
        }
    }

    #[test]
    fn even_text_is_cut_evenly() {
        let plain = "All lines of this text are the same.\n".repeat(640);
        let cut = Cut::new(plain.as_bytes(), builtin().tokenizer(), &plan(4, 0)).unwrap();
        assert!(cut.shifts.is_empty());
    }

    proptest! {
        #[test]
        fn round_trips(
            len in 1usize..100_000,
            n in 1usize..40,
            moves in prop::collection::vec(-20i64..20, 40)
        ) {
            let n = n.min(len);
            let shifts = &moves[..n - 1];
            if let Some(lanes) = Lanes::moved(len, n, shifts) {
                let (again, _) = round_trip(shifts, len, n);
                prop_assert_eq!(again.ranges(), lanes.ranges());
            }
        }

        #[test]
        fn any_bytes_decode_to_lanes_or_an_error(
            coded in prop::collection::vec(any::<u8>(), 0..200),
            len in 1usize..1 << 24,
            n in 1usize..MAX_LANES
        ) {
            let n = n.min(len);
            if let Ok(lanes) = code(&[], len, n, &mut Decoder::new(&coded)) {
                prop_assert_eq!(lanes.ranges().len(), n);
                let mut end = 0;
                for range in lanes.ranges() {
                    prop_assert!(range.start == end && range.end > end);
                    end = range.end;
                }
                prop_assert_eq!(end, len);
            }
        }
    }
}
