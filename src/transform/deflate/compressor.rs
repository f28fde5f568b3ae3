//! An imitation of zlib: which token it would write next, given all that was written before.
//!
//! Its chains of places with the same hash are kept as it keeps them, so that a search gives up after the same number of
//! steps. Nothing of it must be right: what it says wrong is corrected.

use super::blocks::{MAX_MATCH, MIN_MATCH, Token};

/// How it was told to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// 1 to 9.
    pub level: u8,
    /// Twice the memory: more hashes, and twice the tokens in a block.
    pub much_memory: bool,
    /// Short matches are not taken, as for pictures.
    pub filtered: bool,
    /// The base-2 logarithm of the window, 9 to 15.
    pub window_log: u8,
    /// Tokens of a block that is full.
    pub block_tokens: usize,
}

/// For each level: how long a match must be for less effort, for none at the next place, and for none at all; steps of a search.
const LEVELS: [[usize; 4]; 9] = [
    [4, 4, 8, 4],
    [4, 5, 16, 8],
    [4, 6, 32, 32],
    [4, 4, 16, 16],
    [8, 16, 32, 32],
    [8, 16, 128, 128],
    [8, 32, 128, 256],
    [32, 128, 258, 1024],
    [32, 258, 258, 4096],
];
/// Levels up to this one take the first match, and do not remember what is within long ones.
const FAST: u8 = 3;
/// A match of three bytes from farther away is not taken.
const TOO_FAR: usize = 4096;
/// So much less than the window is used.
const MARGIN: usize = MAX_MATCH + MIN_MATCH + 1;

/// The imitation, at some place of what is compressed.
pub struct Compressor<'a> {
    plain: &'a [u8],
    settings: Settings,
    /// The newest place of each hash; 0 is none, and the first byte is never found.
    heads: Vec<u32>,
    /// For each place, by its lowest bits, the place before it with the same hash.
    before: Vec<u32>,
    /// Places up to here are in the chains, but for those left out.
    inserted: usize,
    /// What was found at a place while the one before it was looked at.
    pending: Option<(usize, Token)>,
}

impl<'a> Compressor<'a> {
    pub fn new(plain: &'a [u8], settings: Settings) -> Self {
        let hashes = if settings.much_memory { 1 << 16 } else { 1 << 15 };
        Compressor {
            plain,
            settings,
            heads: vec![0; hashes],
            before: vec![0; 1 << settings.window_log],
            inserted: 0,
            pending: None,
        }
    }

    fn hash(&self, at: usize) -> Option<usize> {
        let three = self.plain.get(at..)?.first_chunk::<MIN_MATCH>()?;
        let shift = if self.settings.much_memory { 6 } else { 5 };
        let hash = three.iter().fold(0, |hash: usize, &byte| hash << shift ^ usize::from(byte));
        Some(hash & (self.heads.len() - 1))
    }

    fn insert(&mut self, at: usize) {
        if let Some(hash) = self.hash(at) {
            let mask = self.before.len() - 1;
            self.before[at & mask] = self.heads[hash];
            self.heads[hash] = at as u32;
        }
    }

    /// Puts all places below `at` into the chains.
    fn insert_up_to(&mut self, at: usize) {
        while self.inserted < at {
            self.insert(self.inserted);
            self.inserted += 1;
        }
    }

    /// The match at a place that is longer than `least`, as a search finds it.
    fn search(&self, at: usize, least: usize) -> Option<Token> {
        let [good, _, nice, steps] = LEVELS[usize::from(self.settings.level) - 1];
        let most = MAX_MATCH.min(self.plain.len() - at);
        let nice = nice.min(most);
        let farthest = self.before.len() - MARGIN;
        let mut place = self.heads[self.hash(at)?] as usize;
        if place == 0 || at - place > farthest {
            return None;
        }
        let limit = at.saturating_sub(farthest);
        let mut steps = if least >= good { steps / 4 } else { steps };
        let mut best = Token { len: least, distance: 0 };
        loop {
            // A longer one has this byte too.
            let is_candidate =
                best.len < most && self.plain[place + best.len] == self.plain[at + best.len];
            if is_candidate {
                let len = same(&self.plain[place..], &self.plain[at..at + most]);
                if len > best.len {
                    best = Token { len, distance: at - place };
                    if len >= nice {
                        break;
                    }
                }
            }
            place = self.before[place & (self.before.len() - 1)] as usize;
            steps -= 1;
            if place <= limit || steps == 0 {
                break;
            }
        }
        let is_fast = self.settings.level <= FAST;
        let is_poor = !is_fast
            && (best.len <= 5 && self.settings.filtered
                || best.len == MIN_MATCH && best.distance > TOO_FAR);
        (best.distance > 0 && best.len >= MIN_MATCH && !is_poor).then_some(best)
    }

    /// The token that it would write at a place, with all before it written.
    pub fn predict(&mut self, at: usize) -> Token {
        if self.settings.level <= FAST {
            return self.search(at, MIN_MATCH - 1).unwrap_or(Token::LITERAL);
        }
        self.insert_up_to(at);
        let found = match self.pending.take() {
            Some((place, token)) if place == at => Some(token),
            _ => self.search(at, MIN_MATCH - 1),
        };
        let Some(found) = found else { return Token::LITERAL };
        let [_, lazy, ..] = LEVELS[usize::from(self.settings.level) - 1];
        if found.len >= lazy || at + 1 >= self.plain.len() {
            return found;
        }
        // A longer one at the next place is worth a literal.
        self.insert_up_to(at + 1);
        match self.search(at + 1, found.len) {
            Some(next) => {
                self.pending = Some((at + 1, next));
                Token::LITERAL
            }
            None => found,
        }
    }

    /// What was written at a place after all.
    pub fn commit(&mut self, at: usize, token: Token) {
        if self.settings.level > FAST {
            return;
        }
        let [_, longest_remembered, ..] = LEVELS[usize::from(self.settings.level) - 1];
        self.insert(at);
        if !token.is_literal() && token.len <= longest_remembered {
            (at + 1..at + token.len).for_each(|place| self.insert(place));
        }
    }

    /// Bytes as they are, which were in no token.
    pub fn pass(&mut self, at: usize, len: usize) {
        if self.settings.level <= FAST {
            (at..at + len).for_each(|place| self.insert(place));
        }
        self.pending = None;
    }
}

/// How many bytes are the same.
pub fn same(a: &[u8], b: &[u8]) -> usize {
    let whole = a.chunks_exact(8).zip(b.chunks_exact(8)).take_while(|(a, b)| a == b).count() * 8;
    whole + a[whole..].iter().zip(&b[whole..]).take_while(|(a, b)| a == b).count()
}
