//! The walk over a stream, the same in both directions.

mod headers;

use super::adaptive::{Bit, Number, Tree};
use super::bits::Writer;
use super::blocks::{Block, Body, MAX_DISTANCE, MAX_MATCH, MIN_MATCH, Token};
use super::compressor::{Compressor, Settings, same};
use super::damaged;
use super::guess::guess;
use super::inflate::Inflated;
use super::nearest::Nearest;
use super::write::write;
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
}
