//! Blocks and tokens, and how their symbols are numbered (RFC 1951).

/// A literal, or a copy of `len` bytes from `distance` back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Bytes that it stands for; 1 for a literal.
    pub len: usize,
    /// 0 for a literal.
    pub distance: usize,
}

impl Token {
    pub const LITERAL: Token = Token { len: 1, distance: 0 };

    pub fn is_literal(self) -> bool {
        self.distance == 0
    }
}

pub const MIN_MATCH: usize = 3;
pub const MAX_MATCH: usize = 258;
pub const MAX_DISTANCE: usize = 1 << 15;
/// The symbol behind the last token of a block.
pub const END: usize = 256;
/// Symbols of literals and lengths, of distances, and of lengths of codes.
pub const LITERALS: usize = 286;
pub const DISTANCES: usize = 30;
pub const CODE_LENGTHS: usize = 19;
/// The order in which the lengths of the codes of code lengths stand.
pub const ORDER: [usize; CODE_LENGTHS] =
    [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// What a block is.
#[derive(Debug, Clone)]
pub struct Block {
    pub last: bool,
    pub body: Body,
}

#[derive(Debug, Clone)]
pub enum Body {
    /// So many bytes as they are.
    Stored(usize),
    /// Tokens with the codes of the standard.
    Fixed(Vec<Token>),
    /// Tokens with codes of their own.
    Dynamic(Box<Header>, Vec<Token>),
}

/// The codes of a block as they are written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// Lengths of the codes of literals and lengths, as many as are written.
    pub literals: Vec<u8>,
    /// Of distances.
    pub distances: Vec<u8>,
    /// The symbols that spell both, each with its extra bits.
    pub spelt: Vec<(u8, u8)>,
    /// Lengths of the codes of these symbols.
    pub code_lengths: [u8; CODE_LENGTHS],
    /// How many of them are written, in their order.
    pub written: usize,
}

/// The symbol of a length, how many extra bits follow, and these.
pub fn length_symbol(len: usize) -> (usize, u32, u32) {
    if len == MAX_MATCH {
        return (285, 0, 0);
    }
    let (symbol, bits, extra) = symbol(len - MIN_MATCH, 4);
    (257 + symbol, bits, extra)
}

/// The symbol of a distance, how many extra bits follow, and these.
pub fn distance_symbol(distance: usize) -> (usize, u32, u32) {
    symbol(distance - 1, 2)
}

/// Numbers in groups of `group` symbols of which each has one extra bit more than the one before.
fn symbol(number: usize, group: usize) -> (usize, u32, u32) {
    if number < 2 * group {
        return (number, 0, 0);
    }
    let bits = number.ilog2() - group.ilog2();
    let symbol = group * bits as usize + (number >> bits);
    (symbol, bits, (number & ((1 << bits) - 1)) as u32)
}

/// The least length of a symbol from 257 on, and its extra bits; `None` for symbols that there are not.
pub fn length_of(symbol: usize) -> Option<(usize, u32)> {
    match symbol.checked_sub(257)? {
        28 => Some((MAX_MATCH, 0)),
        symbol @ 0..28 => {
            let (number, bits) = number_of(symbol, 4);
            Some((number + MIN_MATCH, bits))
        }
        _ => None,
    }
}

/// The least distance of a symbol, and its extra bits; `None` for symbols that there are not.
pub fn distance_of(symbol: usize) -> Option<(usize, u32)> {
    (symbol < DISTANCES).then(|| {
        let (number, bits) = number_of(symbol, 2);
        (number + 1, bits)
    })
}

fn number_of(symbol: usize, group: usize) -> (usize, u32) {
    if symbol < 2 * group {
        return (symbol, 0);
    }
    let bits = symbol / group - 1;
    ((group + symbol % group) << bits, bits as u32)
}

/// Extra bits of a symbol that spells code lengths.
pub fn spelt_bits(symbol: u8) -> u32 {
    match symbol {
        16 => 2,
        17 => 3,
        18 => 7,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_those_of_the_standard() {
        assert_eq!(length_symbol(3), (257, 0, 0));
        assert_eq!(length_symbol(11), (265, 1, 0));
        assert_eq!(length_symbol(257), (284, 5, 30));
        assert_eq!(length_symbol(258), (285, 0, 0));
        assert_eq!(distance_symbol(5), (4, 1, 0));
        assert_eq!(distance_symbol(32768), (29, 13, 8191));
        for len in 3..=258 {
            let (symbol, bits, extra) = length_symbol(len);
            assert_eq!(length_of(symbol), Some((len - extra as usize, bits)));
        }
        for distance in 1..=MAX_DISTANCE {
            let (symbol, bits, extra) = distance_symbol(distance);
            assert_eq!(distance_of(symbol), Some((distance - extra as usize, bits)));
        }
        assert_eq!((length_of(286), distance_of(30)), (None, None));
    }
}
