//! Blocks as their bits.

use super::bits::Writer;
use super::blocks::{
    Block, Body, DISTANCES, END, Header, ORDER, Token, distance_symbol, length_symbol, spelt_bits,
};
use super::huffman::codes;
use super::inflate::fixed_literals;
use crate::error::Result;

/// Writes a block, which ends at `end` of the plain bytes.
pub fn write(block: &Block, plain: &[u8], end: usize, out: &mut Writer) -> Result<()> {
    out.put(block.last.into(), 1);
    match &block.body {
        Body::Stored(len) => {
            out.put(0, 2);
            out.put(0, out.to_align());
            out.put(*len as u32, 16);
            out.put(*len as u32 ^ 0xFFFF, 16);
            out.put_bytes(&plain[end - len..end]);
        }
        Body::Fixed(tokens) => {
            out.put(1, 2);
            write_tokens(tokens, plain, end, &fixed_literals(), &[5; DISTANCES], out);
        }
        Body::Dynamic(header, tokens) => {
            let Header { literals, distances, spelt, code_lengths, written } = &**header;
            out.put(2, 2);
            out.put((literals.len() - END - 1) as u32, 5);
            out.put((distances.len() - 1) as u32, 5);
            out.put((written - 4) as u32, 4);
            for &symbol in &ORDER[..*written] {
                out.put(code_lengths[symbol].into(), 3);
            }
            let code = codes(code_lengths);
            for &(symbol, extra) in spelt {
                let at = usize::from(symbol);
                out.put(code[at], code_lengths[at].into());
                out.put(extra.into(), spelt_bits(symbol));
            }
            write_tokens(tokens, plain, end, literals, distances, out);
        }
    }
    Ok(())
}

fn write_tokens(
    tokens: &[Token],
    plain: &[u8],
    end: usize,
    literals: &[u8],
    distances: &[u8],
    out: &mut Writer,
) {
    let (codes, distance_codes) = (codes(literals), codes(distances));
    let mut at = end - tokens.iter().map(|token| token.len).sum::<usize>();
    for token in tokens {
        if token.is_literal() {
            let symbol = usize::from(plain[at]);
            out.put(codes[symbol], literals[symbol].into());
        } else {
            let (symbol, bits, extra) = length_symbol(token.len);
            out.put(codes[symbol], literals[symbol].into());
            out.put(extra, bits);
            let (symbol, bits, extra) = distance_symbol(token.distance);
            out.put(distance_codes[symbol], distances[symbol].into());
            out.put(extra, bits);
        }
        at += token.len;
    }
    out.put(codes[END], literals[END].into());
}
