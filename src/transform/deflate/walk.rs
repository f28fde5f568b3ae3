//! The walk over a stream, the same in both directions.

use super::adaptive::{Bit, Number, Tree};
use super::bits::Writer;
use super::blocks::{
    Block, Body, CODE_LENGTHS, DISTANCES, END, Header, LITERALS, MAX_DISTANCE, MAX_MATCH,
    MIN_MATCH, ORDER, Token, distance_symbol, length_symbol, spelt_bits,
};
use super::compressor::{Compressor, Settings, same};
use super::huffman::{codes, is_possible};
use super::inflate::{Inflated, fixed_literals, spell};
use super::nearest::Nearest;
use super::{damaged, trees};
use crate::entropy::{BinaryCoder, code_bits};
use crate::error::Result;

/// Hops that are counted one by one.
const MOST_HOPS: usize = 24;
/// What the last so many predictions were is part of a context.
const HISTORY: usize = 3;

/// What is learned on the way.
#[derive(Default)]
struct Learned {
    kind: Tree<2>,
    last: [Bit; 2],
    is_usual: Bit,
    count: Number,
    stored: Number,
    /// By the length that was predicted, and how the last predictions were.
    is_right: [[Bit; 1 << HISTORY]; 12],
    is_literal: [Bit; 12],
    same_length: [Bit; 12],
    is_longest: [Bit; 12],
    length: [Tree<8>; 2],
    hop: [Bit; MOST_HOPS],
    is_header: Bit,
    n_literals: Tree<5>,
    n_distances: Tree<5>,
    /// By the length that was predicted.
    literals: [Tree<4>; 16],
    distances: [Tree<4>; 16],
    spelling: Tree<2>,
    spelt: Tree<5>,
    is_code_lengths: Bit,
    written: Tree<4>,
    code_lengths: [Tree<3>; 8],
}

/// A stream on the way between its plain bytes and itself.
pub struct Walk<'a, C> {
    plain: &'a [u8],
    coder: &'a mut C,
    learned: Box<Learned>,
    nearest: Nearest<'a>,
    /// How the last predictions were, the newest in the lowest bit.
    history: usize,
}

/// Which context a length belongs to: literals, short matches one by one, long ones together.
fn class(token: Token) -> usize {
    match token.len {
        len @ 0..9 => len,
        9..16 => 9,
        16..64 => 10,
        _ => 11,
    }
}

impl<'a, C: BinaryCoder> Walk<'a, C> {
    pub fn new(plain: &'a [u8], coder: &'a mut C) -> Self {
        let nearest = Nearest::new(plain);
        Walk { plain, coder, learned: Box::default(), nearest, history: 0 }
    }

    fn bits(&mut self, value: usize, n: u32) -> usize {
        code_bits(value as u64, n, self.coder) as usize
    }

    /// The stream of at most `most` bytes: coded, if it is `known`, or decoded.
    pub fn stream(mut self, known: Option<&Inflated>, most: usize) -> Result<Vec<u8>> {
        let settings = self.settings(known.map(guess))?;
        let mut compressor = Compressor::new(self.plain, settings);
        let mut out = Writer::default();
        let mut at = 0;
        for i in 0.. {
            let block = known.map(|known| &known.blocks[i]);
            let block = self.block(block, &mut at, &mut compressor, &settings)?;
            write(&block, self.plain, at, &mut out)?;
            if out.len() > most {
                return Err(damaged());
            }
            if block.last {
                break;
            }
        }
        let to_align = out.to_align();
        out.put(0, to_align);
        match at == self.plain.len() && out.len() <= most {
            true => Ok(out.into_bytes()),
            false => Err(damaged()),
        }
    }

    fn settings(&mut self, known: Option<Settings>) -> Result<Settings> {
        let known = known.unwrap_or(Settings {
            level: 1,
            much_memory: false,
            filtered: false,
            window_log: 15,
            block_tokens: 1,
        });
        let level = self.bits(usize::from(known.level), 4) as u8;
        let much_memory = self.bits(known.much_memory.into(), 1) == 1;
        let filtered = self.bits(known.filtered.into(), 1) == 1;
        let window_log = 15 - self.bits(15 - usize::from(known.window_log), 3) as u8;
        // The usual numbers by a bit.
        let usual = if much_memory { 32767 } else { 16383 };
        let is_usual = self.bits((known.block_tokens == usual).into(), 1) == 1;
        let block_tokens = if is_usual { usual } else { self.bits(known.block_tokens, 20) };
        if !(1..=9).contains(&level) || window_log < 9 || block_tokens == 0 {
            return Err(damaged());
        }
        Ok(Settings { level, much_memory, filtered, window_log, block_tokens })
    }

    fn block(
        &mut self,
        known: Option<&Block>,
        at: &mut usize,
        compressor: &mut Compressor<'_>,
        settings: &Settings,
    ) -> Result<Block> {
        let (kind, tokens): (usize, &[Token]) = match known.map(|block| &block.body) {
            Some(Body::Fixed(tokens)) => (1, tokens),
            Some(Body::Dynamic(_, tokens)) => (2, tokens),
            _ => (0, &[]),
        };
        let left = self.plain.len() - *at;
        let body = match self.learned.kind.code(kind, self.coder) {
            0 => {
                let len = match known.map(|block| &block.body) {
                    Some(Body::Stored(len)) => *len,
                    _ => 0,
                };
                let len = self.learned.stored.code(len, self.coder);
                if len > left || len > 0xFFFF {
                    return Err(damaged());
                }
                compressor.pass(*at, len);
                *at += len;
                Body::Stored(len)
            }
            1 => Body::Fixed(self.tokens(known.is_some(), tokens, at, compressor, settings)?),
            2 => {
                let tokens = self.tokens(known.is_some(), tokens, at, compressor, settings)?;
                let header = match known.map(|block| &block.body) {
                    Some(Body::Dynamic(header, _)) => Some(&**header),
                    _ => None,
                };
                Body::Dynamic(Box::new(self.header(header, &tokens, *at)?), tokens)
            }
            _ => return Err(damaged()),
        };
        let is_over = usize::from(*at == self.plain.len());
        let last = known.is_some_and(|block| block.last);
        Ok(Block { last: self.learned.last[is_over].code(last, self.coder), body })
    }

    fn tokens(
        &mut self,
        is_known: bool,
        known: &[Token],
        at: &mut usize,
        compressor: &mut Compressor<'_>,
        settings: &Settings,
    ) -> Result<Vec<Token>> {
        let bytes: usize = known.iter().map(|token| token.len).sum();
        let ends = *at + bytes == self.plain.len();
        let most = settings.block_tokens;
        let is_usual = known.len() == most || (ends && known.len() < most);
        let count = match self.learned.is_usual.code(is_usual, self.coder) {
            true => None,
            false => Some(self.learned.count.code(known.len(), self.coder)),
        };
        let mut tokens = Vec::new();
        while match count {
            None => tokens.len() < most && *at < self.plain.len(),
            Some(count) => tokens.len() < count,
        } {
            if *at >= self.plain.len() {
                return Err(damaged());
            }
            let token = if is_known { known[tokens.len()] } else { Token::LITERAL };
            let token = self.token(token, *at, compressor.predict(*at))?;
            compressor.commit(*at, token);
            *at += token.len;
            tokens.push(token);
        }
        Ok(tokens)
    }

    fn token(&mut self, known: Token, at: usize, predicted: Token) -> Result<Token> {
        let class = class(predicted);
        let history = self.history;
        let is_right = &mut self.learned.is_right[class][history];
        let is_right = is_right.code(known == predicted, self.coder);
        self.history = (history << 1 | usize::from(is_right)) & ((1 << HISTORY) - 1);
        if is_right {
            return Ok(predicted);
        }
        if !predicted.is_literal() {
            let is_literal = self.learned.is_literal[class].code(known.is_literal(), self.coder);
            if is_literal {
                return Ok(Token::LITERAL);
            }
        }
        let most = MAX_MATCH.min(self.plain.len() - at);
        let len = self.length(known.len, at, predicted)?;
        if len > most {
            return Err(damaged());
        }
        let distance = self.distance(known.distance, at, len)?;
        Ok(Token { len, distance })
    }

    /// The length of a match that was not predicted so: the predicted one, the longest there is, or any.
    fn length(&mut self, known: usize, at: usize, predicted: Token) -> Result<usize> {
        let class = class(predicted);
        if !predicted.is_literal()
            && self.learned.same_length[class].code(known == predicted.len, self.coder)
        {
            return Ok(predicted.len);
        }
        let longest = self.nearest.longest(at);
        let may_be = longest >= MIN_MATCH && (predicted.is_literal() || longest != predicted.len);
        if may_be && self.learned.is_longest[class].code(known == longest, self.coder) {
            return Ok(longest);
        }
        let tree = &mut self.learned.length[usize::from(!predicted.is_literal())];
        Ok(tree.code(known.saturating_sub(MIN_MATCH), self.coder) + MIN_MATCH)
    }

    /// The distance of a match of this length: so many hops over nearer ones, or any.
    fn distance(&mut self, known: usize, at: usize, len: usize) -> Result<usize> {
        let hops = match known {
            0 => 0,
            known => self.nearest.hops(at, len, known).unwrap_or(MOST_HOPS),
        };
        let mut hop = 0;
        while hop < MOST_HOPS && !self.learned.hop[hop].code(hops == hop, self.coder) {
            hop += 1;
        }
        if hop < MOST_HOPS {
            return self.nearest.at_hop(at, len, hop).ok_or_else(damaged);
        }
        let distance = self.bits(known.saturating_sub(1), MAX_DISTANCE.ilog2()) + 1;
        let is_match =
            distance <= at && same(&self.plain[at - distance..], &self.plain[at..at + len]) >= len;
        if is_match { Ok(distance) } else { Err(damaged()) }
    }

    fn header(&mut self, known: Option<&Header>, tokens: &[Token], end: usize) -> Result<Header> {
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

/// Writes a block, which ends at `end` of the plain bytes.
fn write(block: &Block, plain: &[u8], end: usize, out: &mut Writer) -> Result<()> {
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

/// Tokens that are looked at to see which settings fit.
const LOOK_TOKENS: usize = 12_000;

/// The settings that predict the beginning of a stream best.
fn guess(inflated: &Inflated) -> Settings {
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
