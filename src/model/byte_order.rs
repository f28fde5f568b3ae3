//! The tensors of a `.llmw` on machines whose numbers have their highest byte first.
//!
//! The file is little-endian. There it is used where it lies; elsewhere its words of four and eight bytes are turned round
//! in a copy, once, behind the checks of its hashes. All else is single bytes.

use super::Config;
use super::layout::{Layout, LinearSpan};
use crate::kernels::Aligned;
use std::ops::Range;

/// The tensors with the words as this machine has them; `None` where that is how they stand in the file.
pub fn of_this_machine(layout: &Layout, config: &Config, tensors: &[u8]) -> Option<Aligned<u8>> {
    cfg!(target_endian = "big").then(|| turned(layout, config, tensors))
}

/// A copy in which each word's bytes stand the other way round.
fn turned(layout: &Layout, config: &Config, tensors: &[u8]) -> Aligned<u8> {
    let mut copy = Aligned::copy(tensors);
    for (place, word_bytes) in words(layout, config) {
        copy[place].chunks_exact_mut(word_bytes).for_each(<[u8]>::reverse);
    }
    copy
}

/// Where words stand, and how many bytes each has.
fn words(layout: &Layout, config: &Config) -> Vec<(Range<usize>, usize)> {
    let c = config;
    let mut floats = Vec::new();
    let mut place = |at: usize, len: usize| floats.push(at..at + 4 * len);
    for block in &layout.blocks {
        place(block.attention_norm, c.hidden);
        place(block.feed_forward_norm, c.hidden);
        block.qkv_bias.into_iter().for_each(|at| place(at, c.qkv_rows()));
        block.head_norms.into_iter().flatten().for_each(|at| place(at, c.head_dim));
    }
    place(layout.final_norm, c.hidden);
    let matrices = layout
        .blocks
        .iter()
        .flat_map(|block| [&block.qkv, &block.attention_out, &block.gate_up, &block.down])
        .chain([&layout.embedding])
        .chain(&layout.output);
    floats.extend(matrices.flat_map(words_of));
    let mut words: Vec<_> = floats.into_iter().map(|place| (place, 4)).collect();
    words.push((layout.inv_freq..layout.inv_freq + 8 * (c.head_dim / 2), 8));
    words
}

/// Scales, and the corrections where there are any; steps are bytes.
fn words_of(span: &LinearSpan) -> impl Iterator<Item = Range<usize>> + use<> {
    let [_, scales, last] = span.sections();
    let corrections = (span.step_cols == 0).then_some(last);
    [Some(scales), corrections].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::builtin;

    #[test]
    fn words_are_turned_and_bytes_are_not() {
        let model = builtin();
        let (layout, config) = (&model.layout, &model.config);
        let here = model.stored_tensors();
        let there = turned(layout, config, here);
        let at = layout.final_norm;
        assert_eq!(
            here[at..at + 4].iter().rev().collect::<Vec<_>>(),
            there[at..at + 4].iter().collect::<Vec<_>>()
        );
        let [weights, ..] = layout.embedding.sections();
        assert_eq!(here[weights.clone()], there[weights]);
        assert_eq!(*turned(layout, config, &there), *here);
    }

    /// Each byte of the area is of a word, of the weights or steps of a matrix, or padding.
    #[test]
    fn no_tensor_is_forgotten() {
        for (weight_bits, weight_steps) in [(8, 0), (4, 0), (4, 32)] {
            let mut config = builtin().config.clone();
            (config.qkv_bias, config.qk_norm, config.tied) = (true, true, false);
            (config.weight_bits, config.weight_steps) = (weight_bits, weight_steps);
            let layout = Layout::new(&config);
            let mut places: Vec<_> =
                words(&layout, &config).into_iter().map(|(place, _)| place).collect();
            let mut bytes = |span: &LinearSpan| {
                let [weights, _, last] = span.sections();
                places.push(weights);
                places.extend((span.step_cols > 0).then_some(last));
            };
            bytes(&layout.embedding);
            layout.output.iter().for_each(&mut bytes);
            for block in &layout.blocks {
                [&block.qkv, &block.attention_out, &block.gate_up, &block.down]
                    .into_iter()
                    .for_each(&mut bytes);
            }
            places.sort_by_key(|place| place.start);
            let mut end = 0usize;
            for place in places {
                assert_eq!(place.start, end.next_multiple_of(crate::model::layout::ALIGN));
                end = place.end;
            }
            assert_eq!(end.next_multiple_of(crate::model::layout::ALIGN), layout.len);
        }
    }
}
