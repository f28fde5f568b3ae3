//! The headers of blocks with trees of their own, by those that zlib would have written.

use super::Walk;
use crate::entropy::{BinaryCoder, code_bits};
use crate::error::Result;
use crate::transform::deflate::adaptive::Tree;
use crate::transform::deflate::blocks::{
    CODE_LENGTHS, DISTANCES, END, Header, LITERALS, ORDER, Token, distance_symbol, length_symbol,
    spelt_bits,
};
use crate::transform::deflate::huffman::is_possible;
use crate::transform::deflate::inflate::spell;
use crate::transform::deflate::{damaged, trees};

impl<C: BinaryCoder> Walk<'_, C> {
    /// The header of a block with these tokens, which ends at `end` of the plain bytes.
    pub(super) fn header(
        &mut self,
        known: Option<&Header>,
        tokens: &[Token],
        end: usize,
    ) -> Result<Header> {
        let (mut literals, mut distances) = trees::counts();
        let mut at = end - tokens.iter().map(|token| token.len).sum::<usize>();
        for token in tokens {
            match token.is_literal() {
                true => literals[usize::from(self.plain[at])] += 1,
                false => {
                    literals[length_symbol(token.len).0] += 1;
                    distances[distance_symbol(token.distance).0] += 1;
                }
            }
            at += token.len;
        }
        let predicted = trees::header(&literals, &distances);
        let is_it = known.is_some_and(|known| *known == predicted);
        if self.learned.is_header.code(is_it, self.coder) {
            return Ok(predicted);
        }
        let header = self.other_header(known.unwrap_or(&Header::default()), &predicted)?;
        let lack = |counts: &[u32], lengths: &[u8]| {
            counts.iter().enumerate().any(|(symbol, &count)| {
                count > 0 && lengths.get(symbol).is_none_or(|&len| len == 0)
            })
        };
        let is_bad = lack(&literals, &header.literals) || lack(&distances, &header.distances);
        if is_bad || !is_possible(&header.literals) || !is_possible(&header.distances) {
            return Err(damaged());
        }
        Ok(header)
    }

    fn other_header(&mut self, known: &Header, predicted: &Header) -> Result<Header> {
        let Walk { learned, coder, .. } = self;
        let coder = &mut **coder;
        let least = END + 1;
        let n_literals =
            least + learned.n_literals.code(known.literals.len().saturating_sub(least), coder);
        let n_distances =
            1 + learned.n_distances.code(known.distances.len().saturating_sub(1), coder);
        if n_literals > LITERALS || n_distances > DISTANCES {
            return Err(damaged());
        }
        let mut list = |n, known: &[u8], predicted: &[u8], trees: &mut [Tree<4>; 16]| -> Vec<u8> {
            let len = |list: &[u8], i| list.get(i).copied().map_or(0, usize::from);
            (0..n).map(|i| trees[len(predicted, i)].code(len(known, i), coder) as u8).collect()
        };
        let literals =
            list(n_literals, &known.literals, &predicted.literals, &mut learned.literals);
        let distances =
            list(n_distances, &known.distances, &predicted.distances, &mut learned.distances);
        let usual = [false, true].map(|joined| trees::spelling(&literals, &distances, joined));
        let which = usual.iter().position(|usual| *usual == known.spelt).unwrap_or(2);
        let spelt = match learned.spelling.code(which, coder) {
            which @ (0 | 1) => usual[which].clone(),
            _ => {
                let (mut spelt, mut lengths) = (Vec::new(), Vec::new());
                while lengths.len() < n_literals + n_distances {
                    let (symbol, extra) = known.spelt.get(spelt.len()).copied().unwrap_or((0, 0));
                    let symbol = learned.spelt.code(usize::from(symbol), coder) as u8;
                    if usize::from(symbol) >= CODE_LENGTHS {
                        return Err(damaged());
                    }
                    let extra = code_bits(extra.into(), spelt_bits(symbol), coder) as u8;
                    spell((symbol, extra), &mut lengths).ok_or_else(damaged)?;
                    spelt.push((symbol, extra));
                }
                if lengths != [&literals[..], &distances[..]].concat() {
                    return Err(damaged());
                }
                spelt
            }
        };
        let predicted = trees::code_lengths(&spelt);
        let is_it = predicted == (known.code_lengths, known.written);
        let (code_lengths, written) = match learned.is_code_lengths.code(is_it, coder) {
            true => predicted,
            false => {
                let written = 4 + learned.written.code(known.written.saturating_sub(4), coder);
                let code = |i: usize| {
                    let tree = &mut learned.code_lengths[usize::from(predicted.0[i])];
                    tree.code(usize::from(known.code_lengths[i]), coder) as u8
                };
                (std::array::from_fn(code), written)
            }
        };
        let is_written = |symbol: usize| ORDER[..written.min(CODE_LENGTHS)].contains(&symbol);
        let is_bad = written > CODE_LENGTHS
            || !is_possible(&code_lengths)
            || (0..CODE_LENGTHS).any(|symbol| code_lengths[symbol] > 0 && !is_written(symbol))
            || spelt.iter().any(|&(symbol, _)| code_lengths[usize::from(symbol)] == 0);
        if is_bad {
            return Err(damaged());
        }
        Ok(Header { literals, distances, spelt, code_lengths, written })
    }
}
