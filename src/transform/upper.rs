//! Text in capitals only, which a model has seen little of.
//!
//! The way back makes capitals of all letters, so the way there is free to write them as people do: a capital where a sentence
//! begins, and small letters elsewhere.

use super::room::Room;
use crate::error::{Error, Result};

/// Letters that a stretch has at least.
const LEAST_LETTERS: usize = 160;

/// The small letter of a capital; of the letters that have both in as many bytes of UTF-8, those of the common alphabets.
fn small(c: char) -> Option<char> {
    let by = match c {
        'A'..='Z' => 32,
        '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{de}' => 32,
        '\u{391}'..='\u{3a1}' | '\u{3a3}'..='\u{3a9}' => 32,
        '\u{410}'..='\u{42f}' => 32,
        '\u{400}'..='\u{40f}' => 80,
        _ => return None,
    };
    char::from_u32(u32::from(c) + by)
}

/// The capital of a small letter, the other way round.
fn capital(c: char) -> Option<char> {
    let by = match c {
        'a'..='z' => 32,
        '\u{e0}'..='\u{f6}' | '\u{f8}'..='\u{fe}' => 32,
        '\u{3b1}'..='\u{3c1}' | '\u{3c3}'..='\u{3c9}' => 32,
        '\u{430}'..='\u{44f}' => 32,
        '\u{450}'..='\u{45f}' => 80,
        _ => return None,
    };
    char::from_u32(u32::from(c) - by)
}

/// The stretches of a text in which all letters are capitals, whole words each.
pub fn find(text: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let Ok(text) = std::str::from_utf8(text) else { return found };
    let (mut start, mut letters, mut blank) = (0, 0, 0);
    let mut close = |start: usize, blank: usize, letters: usize| {
        if letters >= LEAST_LETTERS && blank > start {
            found.push(start..blank);
        }
    };
    for (at, c) in text.char_indices() {
        if capital(c).is_some() {
            // Up to the last blank: a word with small letters is none of it.
            close(start, blank, letters);
            (start, blank, letters) = (usize::MAX, 0, 0);
        } else if c.is_ascii_whitespace() {
            (start, blank) = (start.min(at), at + 1);
        }
        letters += usize::from(small(c).is_some());
    }
    close(start, text.len(), letters);
    found
}

/// What people would have written; `text` has no small letters.
pub fn forward(text: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(text) else { return text.to_vec() };
    let mut out = String::with_capacity(text.len());
    let mut begins = true;
    let mut chars = text.chars().peekable();
    let mut before = '\n';
    let mut feeds = 2;
    while let Some(c) = chars.next() {
        match small(c) {
            Some(s) => {
                let is_word = |c: Option<&char>| c.is_some_and(|c| c.is_alphanumeric());
                let is_i = c == 'I' && !before.is_alphanumeric() && !is_word(chars.peek());
                out.push(if begins || is_i { c } else { s });
                begins = false;
            }
            None => {
                out.push(c);
                let ends = matches!(before, '.' | '!' | '?' | '"' | '\'' | ')');
                feeds = if c == '\n' {
                    feeds + 1
                } else if c == '\r' {
                    feeds
                } else {
                    0
                };
                begins = match c {
                    ' ' | '\n' | '\r' => begins || feeds > 1 || (ends && stops(&out)),
                    '"' | '\'' | '(' | '_' | '.' | '!' | '?' | ')' => begins,
                    _ => begins && !c.is_alphanumeric(),
                };
            }
        }
        if small(c).is_some() {
            feeds = 0;
        }
        before = c;
    }
    out.into_bytes()
}

/// Whether a sentence ends here, in front of the blank at the end.
fn stops(text: &str) -> bool {
    let mut last = text.chars().rev().skip(1).skip_while(|c| matches!(c, '"' | '\'' | ')'));
    matches!(last.next(), Some('.' | '!' | '?'))
}

/// All letters as capitals.
pub fn inverse(text: &[u8], out: &mut Room) -> Result<()> {
    let text = std::str::from_utf8(text).map_err(|_| Error::damaged("a text that is not UTF-8"))?;
    let capitals: String = text.chars().map(|c| capital(c).unwrap_or(c)).collect();
    out.put(capitals.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn back(text: &[u8]) -> Vec<u8> {
        let mut out = Room::new(1 << 20);
        inverse(text, &mut out).unwrap();
        out.into_bytes()
    }

    #[test]
    fn capitals_read_as_people_write() {
        let text = "HE SAID: \"I AM HERE.\" THEN IT RAINED. WHO? I.\n\nA NEW ONE";
        let read = forward(text.as_bytes());
        let expected = "He said: \"I am here.\" Then it rained. Who? I.\n\nA new one";
        assert_eq!(String::from_utf8(read).unwrap(), expected);
    }

    #[test]
    fn stretches_are_whole_words() {
        let text = format!("small letters {}and small", "ALL CAPITALS, ".repeat(40));
        let found = find(text.as_bytes());
        assert_eq!(found.len(), 1);
        assert_eq!(text[found[0].clone()].trim(), "ALL CAPITALS, ".repeat(40).trim());
    }

    #[test]
    fn every_letter_comes_back() {
        for c in '\0'..=char::MAX {
            let Some(s) = small(c) else { continue };
            assert_eq!(capital(s), Some(c));
            assert_eq!((small(s), capital(c)), (None, None));
            assert_eq!(s.len_utf8(), c.len_utf8());
        }
    }

    proptest! {
        #[test]
        fn stretches_come_back(text in "([A-ZÄÖΩЖ .!?\n\r\"'()I_0-9]{0,300}[a-zé]{0,2}){0,4}") {
            for part in find(text.as_bytes()) {
                let stretch = &text.as_bytes()[part];
                prop_assert_eq!(back(&forward(stretch)), stretch);
            }
        }
    }
}
