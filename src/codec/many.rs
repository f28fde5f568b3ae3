//! Several short groups at once: the model runs them as the lanes of one batch.
//!
//! Each has its own mixer and its own coder, so each becomes the bytes that it would become alone; only the weights
//! are read once for all of them.

use super::ahead::{Ahead, NotedTokens};
use super::decode::{Mixing as Decoding, Shard};
use super::encode::Mixing as Encoding;
use super::predictor::Predictor;
use super::{Lanes, Plan};
use crate::container::Unwatched;
use crate::entropy::{Decoder, Encoder};
use crate::error::Result;
use crate::mixer::Mixer;
use crate::model::Frequencies;
use crate::parallel;

/// Codes groups of one lane each, which are not empty, each behind what its coder has coded.
///
/// # Errors
/// What the tokenizer or the predictor cannot do.
pub fn encode_many<P: Predictor>(
    groups: Vec<(&[u8], Encoder)>,
    predictor: &P,
    plan: &Plan,
) -> Result<Vec<Vec<u8>>> {
    let tokenise = |(plain, _): &(&[u8], Encoder)| predictor.tokenizer().encode(plain);
    let tokens = groups.iter().map(tokenise).collect::<Result<Vec<_>>>()?;
    let mut ahead = Ahead::new(predictor, &tokens, 0, false)?;
    // Without tokens of its own, the first lane's start is everybody's.
    ahead.start();
    let mut notes: Vec<_> = tokens.iter().map(|_| NotedTokens::default()).collect();
    ahead.drive(|noted| {
        for (all, noted) in notes.iter_mut().zip(noted) {
            all.tokens += noted.tokens;
            all.answers.extend_from_slice(&noted.answers);
        }
    });
    // A mixer takes a hundred times as much memory as the notes of a message: there is one a thread, not one a message.
    let mut work: Vec<_> =
        groups.into_iter().zip(tokens.iter().zip(&notes)).map(|job| (job, Vec::new())).collect();
    parallel::for_each_mut(&mut work, |(((plain, coder), (tokens, notes)), coded)| {
        let mut mixing = Encoding {
            vocabulary: predictor.vocabulary(),
            tokens: std::slice::from_ref(*tokens),
            coded: vec![0],
            mixer: mixer(plan, <[u8]>::len(plain)),
            coder: coder.clone(),
            done: &|_| (),
        };
        mixing.steps(std::slice::from_ref(*notes));
        *coded = mixing.coder.finish();
    });
    Ok(work.into_iter().map(|(_, coded)| coded).collect())
}

fn mixer(plan: &Plan, len: usize) -> Mixer {
    Mixer::new(plan.mixer, true, Lanes::new(len, 1).ranges(), &plan.start_values)
}

/// A group on its way, with its number among all.
struct Group<'a> {
    number: usize,
    mixing: Decoding<'a>,
    result: Result<()>,
}

impl Group<'_> {
    /// Decodes the next token, if there is one.
    fn token(&mut self, frequencies: &Frequencies) -> Result<Option<u32>> {
        if self.mixing.rest[0].is_empty() {
            return Ok(None);
        }
        self.mixing.checkpoint()?;
        let token = self.mixing.token(0, frequencies)?;
        self.mixing.coder.check()?;
        Ok(token)
    }
}

/// Decodes groups of one lane each: a decoder behind the copies, and how many bytes follow.
///
/// # Errors
/// What the predictor cannot do. Damage is the result of its group alone.
pub fn decode_many<P: Predictor>(
    groups: Vec<(Decoder<'_>, usize)>,
    predictor: &P,
    plan: &Plan,
) -> Result<Vec<Result<Vec<u8>>>> {
    let threads = parallel::threads();
    let n_shares = if predictor.reads_much() { 1 } else { threads.min(groups.len()).max(1) };
    let threads_each = (threads / n_shares).max(1);
    let n_groups = groups.len();
    let begin = |(number, (coder, len))| Group {
        number,
        mixing: Decoding::new(
            predictor.vocabulary(),
            mixer(plan, len),
            coder,
            Lanes::new(len, 1).ranges(),
            &Unwatched,
        ),
        result: Ok(()),
    };
    let mut groups: Vec<_> = groups.into_iter().enumerate().map(begin).collect();
    // Of groups of like length in every share, all threads have the same to do.
    groups.sort_by_key(|group| std::cmp::Reverse(group.mixing.plain.len()));
    let mut shares: Vec<(Vec<Group<'_>>, Result<()>)> =
        (0..n_shares).map(|_| (Vec::new(), Ok(()))).collect();
    for (i, group) in groups.into_iter().enumerate() {
        shares[i % n_shares].0.push(group);
    }
    parallel::for_each_mut(&mut shares, |(groups, result)| {
        *result = decode_share(groups, predictor, threads_each);
    });
    let mut results: Vec<_> = (0..n_groups).map(|_| None).collect();
    for (groups, result) in shares {
        result?;
        for group in groups {
            let plain = group.mixing.plain;
            results[group.number] = Some(group.result.map(|()| plain));
        }
    }
    Ok(results.into_iter().flatten().collect())
}

/// Decodes all groups of one thread, in lockstep.
fn decode_share<P: Predictor>(
    groups: &mut [Group<'_>],
    predictor: &P,
    threads: usize,
) -> Result<()> {
    let longest = groups.iter().map(|group| group.mixing.plain.len()).max().unwrap_or(0);
    let mut shard = Shard::new(predictor, 0, groups.len(), 1 + longest, threads)?;
    shard.slots[0].coded = Some(predictor.start_token());
    shard.advance();
    let lead = shard.lead();
    shard.follow(&lead);
    loop {
        let mut busy = false;
        for (group, slot) in groups.iter_mut().zip(&mut shard.slots) {
            if group.result.is_ok() {
                slot.coded = group.token(&slot.frequencies).unwrap_or_else(|error| {
                    group.result = Err(error);
                    None
                });
                busy |= slot.coded.is_some();
            }
        }
        if !busy {
            break;
        }
        shard.advance();
    }
    for group in groups {
        if group.result.is_ok() {
            group.result = group.mixing.coder.finish();
        }
    }
    Ok(())
}
