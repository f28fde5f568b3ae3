//! Cutting text into the pieces inside which tokens are merged.
//!
//! Models were trained behind one of a few regular expressions; each is written out here as plain code that gives the
//! same pieces without a regular-expression engine: no recursion, no backtracking, a few looks at each byte. Two
//! rules are ours, and total: a run of bytes that are not UTF-8 is a piece of its own, which joins nothing; and no
//! piece is longer than [`MAX_PIECE_BYTES`].

use std::ops::Range;

use super::unicode::{
    LETTER, NEWLINE, NUMBER, OTHER, OTHER_WHITE, RAW, SPACE, WHITE, class_at, run_end,
};
use crate::error::{Error, Result};

/// The longest piece in bytes; what a pattern matches beyond that is cut again and again at this length, at the
/// beginning of a character.
///
/// Merging costs n log n of a piece, and a file may be one line without a space. Token ids may differ from other
/// programs' on such pieces only, and the bytes never do.
pub const MAX_PIECE_BYTES: usize = 4096;

/// How a vocabulary wants text to be cut; the numbers are those of the model file and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pattern {
    /// GPT-2's, which `ByteLevel` has built in: words, numbers and symbols, each with one space before it.
    Gpt2 = 1,
    /// GPT-2's after every number character was cut out (SmolLM2 and others).
    Gpt2Digits = 2,
    /// Qwen2's and Qwen3's: numbers digit by digit, line ends with the symbols before them.
    Qwen2 = 3,
    /// Llama 3's: Qwen2's, but up to three digits together.
    Llama3 = 4,
    /// SentencePiece's: words with the spaces before them, and characters instead of bytes inside.
    SentencePiece = 5,
}

impl Pattern {
    /// The number that stands for it in a model file.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The pattern behind a number of a model file; an error for numbers of later versions.
    pub fn from_code(code: u8) -> Result<Self> {
        let all = [
            Pattern::Gpt2,
            Pattern::Gpt2Digits,
            Pattern::Qwen2,
            Pattern::Llama3,
            Pattern::SentencePiece,
        ];
        all.into_iter()
            .find(|pattern| pattern.code() == code)
            .ok_or_else(|| Error::unsupported(format!("the tokenizer's split pattern {code}")))
    }

    /// The pattern that is written like this in a tokenizer.json; `None` for all others.
    pub fn from_regex(regex: &str) -> Option<Self> {
        match regex {
            GPT2_REGEX => Some(Pattern::Gpt2),
            QWEN2_REGEX => Some(Pattern::Qwen2),
            LLAMA3_REGEX => Some(Pattern::Llama3),
            _ => None,
        }
    }

    /// The regular expression behind which `ByteLevel` stands in a tokenizer.json; `None` for patterns that have other
    /// names there.
    pub fn regex(self) -> Option<&'static str> {
        match self {
            Pattern::Qwen2 => Some(QWEN2_REGEX),
            Pattern::Llama3 => Some(LLAMA3_REGEX),
            Pattern::Gpt2 | Pattern::Gpt2Digits | Pattern::SentencePiece => None,
        }
    }
}

const GPT2_REGEX: &str =
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
const QWEN2_REGEX: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const LLAMA3_REGEX: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The pieces of a text, in order; together they are the text.
pub(super) struct Pieces<'a> {
    text: &'a [u8],
    pattern: Pattern,
    /// Where the next piece begins.
    at: usize,
    /// Where the pattern's match around `at` ends; `at` where a new one is to be found.
    match_end: usize,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(text: &'a [u8], pattern: Pattern) -> Self {
        Pieces { text, pattern, at: 0, match_end: 0 }
    }
}

impl Iterator for Pieces<'_> {
    type Item = Range<usize>;

    #[inline]
    fn next(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        if start == self.text.len() {
            return None;
        }
        if start == self.match_end {
            self.match_end = match self.pattern {
                Pattern::Gpt2 => gpt2(self.text, start, false),
                Pattern::Gpt2Digits => gpt2(self.text, start, true),
                Pattern::Qwen2 => qwen2(self.text, start, 1),
                Pattern::Llama3 => qwen2(self.text, start, 3),
                Pattern::SentencePiece => super::pieces::word_end(self.text, start),
            };
        }
        self.at = self.match_end;
        if self.at - start > MAX_PIECE_BYTES {
            self.at = cut(self.text, start + MAX_PIECE_BYTES);
        }
        Some(start..self.at)
    }
}

/// The last place up to `at` that is not inside a character (up to three continuation bytes back).
fn cut(text: &[u8], at: usize) -> usize {
    (at - 3..=at).rev().find(|&place| text[place] & 0xc0 != 0x80).unwrap_or(at)
}

/// The end of GPT-2's match at `at`; `single_digits` cuts all number characters out first, as if the text ended there.
fn gpt2(text: &[u8], at: usize, single_digits: bool) -> usize {
    let (class, len) = class_at(text, at);
    if text[at] == b'\''
        && let Some(end) = contraction(text, at, false)
    {
        return end;
    }
    if single_digits && class == NUMBER {
        return at + len;
    }
    // ` ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+`
    let (word_at, word_class) =
        if class == SPACE { (at + 1, class_at(text, at + 1).0) } else { (at, class) };
    if word_class & (LETTER | OTHER) != 0 || (word_class == NUMBER && !single_digits) {
        return run_end(text, word_at, word_class);
    }
    if class == RAW {
        return run_end(text, at, RAW);
    }
    let stop = if single_digits { NUMBER } else { 0 };
    white_end(text, at, false, stop)
}

/// The end of Qwen2's match at `at`; Llama 3's differs in `max_digits` only.
fn qwen2(text: &[u8], at: usize, max_digits: usize) -> usize {
    let (class, len) = class_at(text, at);
    if class == LETTER {
        return run_end(text, at + len, LETTER);
    }
    if text[at] == b'\''
        && let Some(end) = contraction(text, at, true)
    {
        return end;
    }
    let next = class_at(text, at + len).0;
    match class {
        // `[^\r\n\p{L}\p{N}]?\p{L}+`
        SPACE | OTHER_WHITE | OTHER if next == LETTER => run_end(text, at + len, LETTER),
        NUMBER => {
            let mut end = at + len;
            for _ in 1..max_digits {
                match class_at(text, end) {
                    (NUMBER, len) => end += len,
                    _ => break,
                }
            }
            end
        }
        // ` ?[^\s\p{L}\p{N}]+[\r\n]*`
        OTHER => run_end(text, run_end(text, at, OTHER), NEWLINE),
        SPACE if next == OTHER => run_end(text, run_end(text, at + 1, OTHER), NEWLINE),
        RAW => run_end(text, at, RAW),
        _ => white_end(text, at, true, 0),
    }
}

/// The end of `\s*[\r\n]+|\s+(?!\S)|\s+` at white space, or without the first of the three.
///
/// The greedy `\s*` gives back up to the last line end of the run, so the first alternative ends right behind that.
/// `\s+(?!\S)` leaves the last character to the word that follows, unless it is the only one; a character of the
/// class `stop` counts as the end of the text.
fn white_end(text: &[u8], start: usize, lines: bool, stop: u8) -> usize {
    let (mut end, mut last_start, mut line_end) = (start, start, None);
    let next = loop {
        let (class, len) = class_at(text, end);
        if class & WHITE == 0 {
            break class;
        }
        last_start = end;
        end += len;
        if class == NEWLINE {
            line_end = Some(end);
        }
    };
    match line_end {
        Some(line_end) if lines => line_end,
        _ if next == 0 || next & stop != 0 || last_start == start => end,
        _ => last_start,
    }
}

/// The end of an English contraction (`'s`, `'t`, `'re`, `'ve`, `'m`, `'ll`, `'d`) whose apostrophe is at `at`.
///
/// Without regard to case the long s, U+017F, is an s too.
fn contraction(text: &[u8], at: usize, any_case: bool) -> Option<usize> {
    let fold = |byte: u8| if any_case { byte.to_ascii_lowercase() } else { byte };
    let first = fold(*text.get(at + 1)?);
    if matches!(first, b's' | b't' | b'm' | b'd') {
        return Some(at + 2);
    }
    let second = fold(*text.get(at + 2)?);
    let long = matches!((first, second), (b'r' | b'v', b'e') | (b'l', b'l'))
        || (any_case && (first, second) == (0xc5, 0xbf));
    long.then_some(at + 3)
}

#[cfg(test)]
mod tests;
