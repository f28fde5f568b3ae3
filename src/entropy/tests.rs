//! What is coded comes back, costs what it should, and damage is noticed.

use super::*;
use proptest::prelude::*;

const ONE: u32 = 1 << PROBABILITY_BITS;

fn round_trip(decisions: &[(bool, u32)]) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    for &(bit, p) in decisions {
        encoder.encode(bit, p);
    }
    let bytes = encoder.finish();
    let mut decoder = Decoder::new(&bytes);
    for (i, &(bit, p)) in decisions.iter().enumerate() {
        assert_eq!(decoder.decode(p), bit, "decision {i}");
    }
    decoder.finish().unwrap();
    bytes
}

/// A linear congruential generator: test data that is the same everywhere.
fn noise(n: usize, mut seed: u64) -> impl Iterator<Item = u32> {
    (0..n).map(move |_| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as u32
    })
}

#[test]
fn nothing_costs_nothing() {
    assert!(round_trip(&[]).is_empty());
    assert!(round_trip(&vec![(true, ONE - 1); 1000]).is_empty());
}

#[test]
fn one_decision_costs_at_most_one_byte() {
    for p in [1, 2, 1000, ONE / 2, ONE - 2, ONE - 1] {
        for bit in [false, true] {
            // The least likely outcome costs 22 bits.
            assert!(round_trip(&[(bit, p)]).len() <= 3);
        }
    }
}

#[test]
fn extreme_probabilities_survive_on_the_unlikely_side() {
    let unlikely: Vec<_> =
        (0..2000).map(|i| if i % 2 == 0 { (true, 1) } else { (false, ONE - 1) }).collect();
    // 22 bits each.
    assert!(round_trip(&unlikely).len() <= 2000 * 22 / 8 + 2);
}

#[test]
fn a_carry_runs_through_many_bytes() {
    // `false` at 1/2 builds low = 0.0111..., and the last decisions push it over.
    for n in [40, 400, 4000] {
        let mut decisions = vec![(true, ONE / 2)];
        decisions.extend(std::iter::repeat_n((false, ONE / 2), n));
        decisions.extend(std::iter::repeat_n((false, ONE - 1), 3));
        round_trip(&decisions);
    }
}

#[test]
fn appends_and_leaves_what_was_there() {
    let mut encoder = Encoder::new(vec![0xff, 0]);
    encoder.encode(true, ONE - 1);
    assert_eq!(encoder.finish(), [0xff, 0]);
}

#[test]
fn costs_what_the_probabilities_say() {
    // 80,000 decisions, 20,000 at each of p(1) = 1/2, 1/4, 1/16 and 1/256 where exactly that share is true:
    // entropies 1, 0.811278, 0.337290 and 0.036874 bits, so 20,000 * 2.185442 = 43,709 bits = 5,464 bytes.
    // The coder loses at most range / (range + 1) per decision: 2^-24 * 1.44 bits * 80,000, far below a bit.
    let mut decisions = Vec::new();
    for i in 0..20_000 {
        decisions.push((i % 2 == 0, ONE / 2));
        decisions.push((i % 4 == 0, ONE / 4));
        decisions.push((i % 16 == 0, ONE / 16));
        decisions.push((i % 256 == 0, ONE / 256));
    }
    let bytes = round_trip(&decisions).len();
    assert!((5463..=5466).contains(&bytes), "{bytes}");
}

#[test]
fn left_over_bytes_and_trailing_zeros_are_refused() {
    let decisions: Vec<_> = noise(500, 1).map(|r| (r & 1 == 1, (r >> 1) % (ONE - 1) + 1)).collect();
    let mut bytes = round_trip(&decisions);
    for extra in [0, 7] {
        bytes.push(extra);
        let mut decoder = Decoder::new(&bytes);
        for &(_, p) in &decisions {
            decoder.decode(p);
        }
        assert!(decoder.finish().is_err());
        bytes.pop();
    }
}

#[test]
fn counts_the_zeros_behind_the_end() {
    let mut decoder = Decoder::new(&[]);
    assert_eq!(decoder.past_end(), 4);
    for _ in 0..16 {
        decoder.decode(ONE / 2);
    }
    assert_eq!(decoder.past_end(), 6);
}

proptest! {
    #[test]
    fn any_decisions_come_back(
        decisions in proptest::collection::vec((any::<bool>(), 1..ONE), 0..600),
    ) {
        round_trip(&decisions);
    }

    #[test]
    fn decisions_at_the_ends_come_back(
        decisions in proptest::collection::vec((any::<bool>(), prop_oneof![1u32..4, ONE - 4..ONE]), 0..600),
    ) {
        round_trip(&decisions);
    }

    #[test]
    fn any_bytes_can_be_read(
        bytes in proptest::collection::vec(any::<u8>(), 0..40),
        probabilities in proptest::collection::vec(1..ONE, 0..400),
    ) {
        let mut decoder = Decoder::new(&bytes);
        for p in probabilities {
            decoder.decode(p);
        }
        let _ = decoder.finish();
    }
}

/// Codes noise of even odds with a place for a checkpoint in front of each byte of it.
fn with_checkpoints(n_bytes: usize) -> (Vec<u8>, Vec<u8>) {
    let plain: Vec<u8> = noise(n_bytes, 7).map(|n| n as u8).collect();
    let mut encoder = Encoder::new(Vec::new());
    for &byte in &plain {
        encoder.checkpoint();
        code_bits(byte.into(), 8, &mut encoder);
    }
    (plain, encoder.finish())
}

/// What comes back, how much of it passed a checkpoint, and what stopped it.
fn until_damage(coded: &[u8], n_bytes: usize) -> (Vec<u8>, usize, Result<()>) {
    let mut decoder = Decoder::new(coded);
    let (mut plain, mut good) = (Vec::new(), 0);
    while plain.len() < n_bytes {
        match decoder.checkpoint() {
            Ok(true) => good = plain.len(),
            Ok(false) => {}
            Err(error) => return (plain, good, Err(error)),
        }
        plain.push(code_bits(0, 8, &mut decoder) as u8);
    }
    let end = decoder.finish();
    (plain, good, end)
}

#[test]
fn checkpoints_come_back_and_cost_a_ten_thousandth() {
    for n_bytes in [CHECKPOINT_BYTES - 1, CHECKPOINT_BYTES, CHECKPOINT_BYTES + 5, 300_000] {
        let (plain, coded) = with_checkpoints(n_bytes);
        let (decoded, good, end) = until_damage(&coded, n_bytes);
        end.unwrap();
        assert_eq!(decoded, plain);
        assert!(n_bytes - good <= CHECKPOINT_BYTES + 8, "{good} of {n_bytes}");
        assert!(coded.len() <= n_bytes + n_bytes / 10_000 + 3, "{} of {n_bytes}", coded.len());
    }
}

#[test]
fn what_passed_a_checkpoint_is_right_and_what_did_not_is_soon_noticed() {
    let n_bytes = 200_000;
    let (plain, coded) = with_checkpoints(n_bytes);
    for (at, flip) in noise(60, 3).map(|n| (n as usize % coded.len(), (n >> 20) as u8 | 1)) {
        let mut damaged = coded.clone();
        damaged[at] ^= flip;
        let (decoded, good, end) = until_damage(&damaged, n_bytes);
        assert_eq!(decoded[..good], plain[..good], "flipped {flip} at {at}");
        // The last stretch has no checkpoint behind it; that is what the check of a group is for.
        if at + CHECKPOINT_BYTES + 8 < coded.len() {
            assert!(end.is_err() && decoded.len() < at + CHECKPOINT_BYTES + 8);
        }
        assert!(good + CHECKPOINT_BYTES + 8 > at);
    }
}
