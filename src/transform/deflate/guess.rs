//! Which settings a stream seems to have been made with.

use super::blocks::{Block, Body};
use super::compressor::{Compressor, Settings};
use super::inflate::Inflated;

/// Tokens that are looked at to see which settings fit.
const LOOK_TOKENS: usize = 12_000;

/// The settings that predict the beginning of a stream best.
pub fn guess(inflated: &Inflated) -> Settings {
    let tokens_of = |block: &Block| match &block.body {
        Body::Stored(_) => 0,
        Body::Fixed(tokens) | Body::Dynamic(_, tokens) => tokens.len(),
    };
    let full = inflated.blocks.iter().find(|block| !block.last && tokens_of(block) > 0);
    let block_tokens = full.map_or(16383, tokens_of).min((1 << 20) - 1);
    // Memory shows in the length of blocks, where one is full.
    let much_memory = block_tokens == 32767;
    let tokens = |block: &Block| match &block.body {
        Body::Stored(_) => Vec::new(),
        Body::Fixed(tokens) | Body::Dynamic(_, tokens) => tokens.clone(),
    };
    let farthest = inflated.blocks.iter().flat_map(tokens).map(|token| token.distance).max();
    let fits = |log: &u8| farthest.unwrap_or(0) + 262 <= 1 << log;
    let window_log = (9..15).find(fits).unwrap_or(15);
    let base = Settings { level: 6, much_memory, filtered: false, window_log: 15, block_tokens };
    let mut best = (usize::MAX, base);
    let mut look = |settings: Settings| {
        let wrong = count_wrong(inflated, settings, best.0);
        if wrong < best.0 {
            best = (wrong, settings);
        }
    };
    for level in [6, 9, 1, 3, 5, 7, 8, 4, 2] {
        look(Settings { level, ..base });
    }
    let found = best.1;
    let mut look = |settings: Settings| {
        let wrong = count_wrong(inflated, settings, best.0);
        if wrong < best.0 {
            best = (wrong, settings);
        }
    };
    if inflated.plain.len() > 1 << window_log {
        look(Settings { window_log, ..found });
    }
    look(Settings { filtered: true, ..found });
    look(Settings { much_memory: !much_memory, ..found });
    look(Settings { much_memory: !much_memory, filtered: true, ..found });
    best.1
}

/// Predictions that would be wrong at the beginning of a stream; counting ends at `most`.
fn count_wrong(inflated: &Inflated, settings: Settings, most: usize) -> usize {
    let mut compressor = Compressor::new(&inflated.plain, settings);
    let (mut at, mut wrong, mut looked) = (0, 0, 0);
    for block in &inflated.blocks {
        let tokens = match &block.body {
            Body::Stored(len) => {
                compressor.pass(at, *len);
                at += len;
                continue;
            }
            Body::Fixed(tokens) | Body::Dynamic(_, tokens) => tokens,
        };
        for &token in tokens {
            wrong += usize::from(compressor.predict(at) != token);
            looked += 1;
            if wrong >= most || looked == LOOK_TOKENS {
                return wrong;
            }
            compressor.commit(at, token);
            at += token.len;
        }
    }
    wrong
}
