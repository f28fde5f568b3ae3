//! What a mixer should begin with beside a model, learned from somebody's own text.
//!
//! The model's answers for pieces of the text are noted once; then mixers of each kind code the pieces, one after the
//! other and several times over, and the start values follow what they learn. Every fifth piece is kept back and
//! says whether the new values are better than those before.

use std::sync::Arc;

use super::{ModelPredictor, Plan, Predictor, Recording};
use crate::container::WindowPolicy;
use crate::error::{Error, Result};
use crate::mixer::{Beside, Learner, Mixer, MixerKind, Parts, StartValues};
use crate::model::Model;
use crate::tokenizer::Vocabulary;

/// Bytes of the longest pieces. What a mixer begins with matters for the first few kilobytes.
const PIECE_BYTES: usize = 8 << 10;
/// Pieces are this long, half, a quarter and an eighth of it in turn, so that beginnings count.
const LENGTHS: usize = 4;
/// Bytes that are learned from at most: more changes little, and the model takes its time.
const MOST_BYTES: usize = 256 << 10;
/// Bytes that can teach anything.
const LEAST_BYTES: usize = 8 << 10;
/// One piece of so many is kept back.
const KEPT_BACK: usize = 5;
/// How often the pieces are gone through.
const EPOCHS: usize = 3;

/// The mixers that run beside a model.
const KINDS: [(MixerKind, Beside); 4] = [
    (MixerKind::Full, Beside::Model),
    (MixerKind::Full, Beside::ModelInLanes),
    (MixerKind::Default, Beside::Model),
    (MixerKind::Light, Beside::Model),
];

/// Start values that were learned, and what they are worth on the pieces that were kept back.
#[derive(Clone, Debug)]
pub struct LearnedStart {
    /// What to begin with from now on.
    pub values: StartValues,
    /// Bytes that were kept back.
    pub held_out: usize,
    /// Bytes that these become with the model's own values.
    pub before: usize,
    /// And with the learned ones.
    pub after: usize,
}

/// Learns start values for `model` from texts like those that it will be used for. `watch` is told how many bytes of how many the model
/// has read.
///
/// # Errors
/// `Invalid` if there are less than 8 KiB of text.
pub fn learn_start(
    model: &Arc<Model>,
    texts: &[Vec<u8>],
    watch: &mut dyn FnMut(usize, usize),
) -> Result<LearnedStart> {
    let pieces = pieces(texts);
    let total: usize = pieces.iter().map(|piece| piece.len()).sum();
    if total < LEAST_BYTES {
        return Err(Error::invalid(format!(
            "{total} bytes of text are too few to learn from, {LEAST_BYTES} are needed"
        )));
    }
    let policy = WindowPolicy::Slide;
    let predictor = ModelPredictor::new(model.clone(), model.config().window, policy)?;
    let (mut recordings, mut kept_back, mut done) = (Vec::new(), Vec::new(), 0);
    for (i, piece) in pieces.iter().enumerate() {
        let recording = Recording::new(piece, &predictor, &plan(StartValues::default()))?;
        match i % KEPT_BACK {
            0 => kept_back.push((piece.len(), recording)),
            _ => recordings.push(recording),
        }
        done += piece.len();
        watch(done, total);
    }
    let vocabulary = predictor.vocabulary();
    let old = model.start_values();
    let values = learn_from(&recordings, vocabulary, old, &mut |_, _, _| ());
    let size = |values: &StartValues| {
        let plan = plan(values.clone());
        kept_back.iter().map(|(_, r)| r.encode(vocabulary, &plan).0.len()).sum()
    };
    Ok(LearnedStart {
        held_out: kept_back.iter().map(|(len, _)| len).sum(),
        before: size(old),
        after: size(&values),
        values,
    })
}

/// The values that mixers beside a model come to begin with when they code these pieces, each of one lane; they set out from `base`.
/// `watch` is told the bytes that all pieces became the last time, for each kind.
pub fn learn_from(
    recordings: &[Recording],
    vocabulary: &Vocabulary,
    base: &StartValues,
    watch: &mut dyn FnMut(MixerKind, Beside, usize),
) -> StartValues {
    let mut all = base.clone();
    for (kind, beside) in KINDS {
        let mut learner = Learner::setting_out_from(base, kind, beside);
        let coded = learner.follow(recordings, EPOCHS, |recording, start| {
            let lane = std::slice::from_ref(&(0..recording.len())).to_vec();
            let mixer = Mixer::with_parts(kind, beside, &lane, start, Parts::ALL);
            recording.encode_with(vocabulary, mixer)
        });
        watch(kind, beside, coded);
        all.merge(learner.values());
    }
    all
}

fn plan(start_values: StartValues) -> Plan {
    Plan { lanes: 1, prime_tokens: 0, mixer: MixerKind::Full, learns: false, start_values }
}

/// Pieces of several lengths, from all over each text where there is more than can be used.
fn pieces(texts: &[Vec<u8>]) -> Vec<&[u8]> {
    let share = MOST_BYTES / texts.len().max(1);
    let mut of_each: Vec<_> = texts.iter().map(|text| pieces_of(text, share).into_iter()).collect();
    // One of each text in turn: the last to be seen have the most to say.
    let mut all = Vec::new();
    loop {
        let before = all.len();
        all.extend(of_each.iter_mut().filter_map(Iterator::next));
        if all.len() == before {
            return all;
        }
    }
}

fn pieces_of(text: &[u8], most: usize) -> Vec<&[u8]> {
    // For each byte that is used, so many are there.
    let spread = text.len().div_ceil(most.max(1)).max(1);
    let (mut at, mut pieces) = (0, Vec::new());
    while at < text.len() {
        let len = (PIECE_BYTES >> (pieces.len() % LENGTHS)).min(text.len() - at);
        pieces.push(&text[at..at + len]);
        at += len * spread;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::builtin;

    #[test]
    fn pieces_come_from_all_over_and_are_not_too_many() {
        let texts = [vec![0; 5 << 20], vec![1; 3 << 10], vec![]];
        let pieces = pieces(&texts);
        let of = |byte| pieces.iter().filter(move |piece| piece[0] == byte).map(|p| p.len());
        assert_eq!(of(1).sum::<usize>(), 3 << 10);
        let zeros: usize = of(0).sum();
        assert!((MOST_BYTES / 4..MOST_BYTES / 3 + PIECE_BYTES).contains(&zeros), "{zeros}");
        let last = pieces.last().expect("some").as_ptr() as usize - texts[0].as_ptr() as usize;
        assert!(last > 4 << 20, "{last}");
        assert_eq!(
            [0, 1, 2].map(|i| pieces_of(&[7; 20_000], 1 << 20)[i].len()),
            [8192, 4096, 2048]
        );
    }

    #[test]
    fn what_is_learned_from_a_kind_of_text_serves_more_of_it() {
        let row = |i: usize| format!("{i:05};ready;{};{}\n", i * 7919 % 1000, i * i % 89);
        let table = (0..2500).map(row).collect::<String>().into_bytes();
        let mut seen = 0;
        let learned =
            learn_start(&builtin(), &[table], &mut |done, total| seen = done * 100 / total)
                .unwrap();
        assert_eq!(seen, 100);
        assert!(learned.held_out > 4000);
        assert!(learned.after < learned.before, "{} {}", learned.after, learned.before);
    }

    #[test]
    fn too_little_text_is_refused() {
        for texts in [vec![], vec![vec![b'a'; LEAST_BYTES - 1]]] {
            assert!(learn_start(&builtin(), &texts, &mut |_, _| ()).is_err());
        }
    }
}
