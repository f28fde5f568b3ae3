//! Reading a stream into its blocks.

use super::bits::Reader;
use super::blocks::{
    Block, Body, CODE_LENGTHS, DISTANCES, END, Header, LITERALS, MAX_MATCH, ORDER, Token,
    distance_of, length_of, spelt_bits,
};
use super::huffman::Lookup;

/// A stream that was read.
pub struct Inflated {
    pub blocks: Vec<Block>,
    pub plain: Vec<u8>,
    /// Bytes of the stream.
    pub len: usize,
}

/// The stream that `bytes` begin with; `None` if there is none, if it holds more than `most` bytes, or if it has what
/// no compressor writes: bits between blocks and bytes that are not zero, 258 as 227 and 31.
///
/// What it holds, or the beginning of that, is put into `plain`; the result has none.
pub fn inflate(bytes: &[u8], most: usize, plain: &mut Vec<u8>) -> Option<Inflated> {
    let mut reader = Reader::new(bytes);
    let mut blocks = Vec::new();
    loop {
        let last = reader.take(1)? == 1;
        let body = match reader.take(2)? {
            0 => stored(&mut reader, plain, most)?,
            1 => Body::Fixed(tokens(&mut reader, &fixed_literals(), &[5; 30], plain, most)?),
            2 => {
                let header = header(&mut reader)?;
                let (literals, distances) = (&header.literals, &header.distances);
                let tokens = tokens(&mut reader, literals, distances, plain, most)?;
                Body::Dynamic(Box::new(header), tokens)
            }
            _ => return None,
        };
        blocks.push(Block { last, body });
        if last {
            return (reader.align()? == 0).then(|| Inflated {
                blocks,
                plain: Vec::new(),
                len: reader.len(),
            });
        }
    }
}

fn stored(reader: &mut Reader<'_>, plain: &mut Vec<u8>, most: usize) -> Option<Body> {
    if reader.align()? != 0 {
        return None;
    }
    let (len, not) = (reader.take(16)?, reader.take(16)?);
    let len = len as usize;
    if not as usize != len ^ 0xFFFF || len > most - plain.len() {
        return None;
    }
    plain.extend_from_slice(reader.bytes(len)?);
    Some(Body::Stored(len))
}

/// The lengths of the codes of the standard.
pub fn fixed_literals() -> [u8; 288] {
    let mut lengths = [8; 288];
    lengths[144..256].fill(9);
    lengths[256..280].fill(7);
    lengths
}

fn header(reader: &mut Reader<'_>) -> Option<Header> {
    let n_literals = reader.take(5)? as usize + 257;
    let n_distances = reader.take(5)? as usize + 1;
    let written = reader.take(4)? as usize + 4;
    if n_literals > LITERALS || n_distances > DISTANCES {
        return None;
    }
    let mut code_lengths = [0; CODE_LENGTHS];
    for &symbol in &ORDER[..written] {
        code_lengths[symbol] = reader.take(3)? as u8;
    }
    let lookup = Lookup::new(&code_lengths)?;
    let (mut lengths, mut spelt) = (Vec::new(), Vec::new());
    while lengths.len() < n_literals + n_distances {
        let (symbol, len) = lookup.symbol(reader.peek())?;
        reader.skip(len)?;
        let symbol = symbol as u8;
        let extra = reader.take(spelt_bits(symbol))? as u8;
        spell((symbol, extra), &mut lengths)?;
        spelt.push((symbol, extra));
    }
    if lengths.len() > n_literals + n_distances || lengths[END] == 0 {
        return None;
    }
    let distances = lengths.split_off(n_literals);
    Some(Header { literals: lengths, distances, spelt, code_lengths, written })
}

/// Appends the lengths that a symbol spells; `None` for a repeat of nothing.
pub fn spell((symbol, extra): (u8, u8), lengths: &mut Vec<u8>) -> Option<()> {
    let extra = usize::from(extra);
    let (len, count) = match symbol {
        16 => (*lengths.last()?, 3 + extra),
        17 => (0, 3 + extra),
        18 => (0, 11 + extra),
        len => (len, 1),
    };
    lengths.resize(lengths.len() + count, len);
    Some(())
}

fn tokens(
    reader: &mut Reader<'_>,
    literals: &[u8],
    distances: &[u8],
    plain: &mut Vec<u8>,
    most: usize,
) -> Option<Vec<Token>> {
    let (literals, distances) = (Lookup::new(literals)?, Lookup::new(distances)?);
    let mut tokens = Vec::new();
    loop {
        let (symbol, len) = literals.symbol(reader.peek())?;
        reader.skip(len)?;
        if symbol == END {
            return Some(tokens);
        }
        if plain.len() >= most {
            return None;
        }
        if symbol < END {
            plain.push(symbol as u8);
            tokens.push(Token::LITERAL);
            continue;
        }
        let (least, bits) = length_of(symbol)?;
        let len = least + reader.take(bits)? as usize;
        if bits > 0 && len == MAX_MATCH {
            return None;
        }
        let (symbol, code_len) = distances.symbol(reader.peek())?;
        reader.skip(code_len)?;
        let (least, bits) = distance_of(symbol)?;
        let distance = least + reader.take(bits)? as usize;
        if distance > plain.len() || len > most - plain.len() {
            return None;
        }
        for _ in 0..len {
            plain.push(plain[plain.len() - distance]);
        }
        tokens.push(Token { len, distance });
    }
}
