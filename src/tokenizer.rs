//! Bytes to tokens and back, for every byte string, and the sorted vocabulary.
//!
//! A published byte-level BPE vocabulary is used as a *parser over bytes*: nothing is normalised, special tokens are
//! never found in text, bytes that are not UTF-8 pass through, and the tokens' bytes, one behind the other, are
//! always the input. On ordinary text the tokens are those that the model was trained with.

mod bpe;
mod cache;
mod cuts;
mod hf;
mod pieces;
mod pretokenizer;
mod sorted;
mod spare;
mod spec;
mod unicode;
mod vocabulary;
mod wire;

pub use pieces::Piece;
pub use pretokenizer::{MAX_PIECE_BYTES, Pattern};
pub use sorted::{MAX_ROWS, MAX_TOKEN_BYTES, MAX_VOCABULARY_BYTES, SortedTokens};
pub use spec::{Merge, SpecParts, Special, TokenizerSpec};
pub use vocabulary::{Child, Decision, Node, Step, Vocabulary};

use crate::error::{Error, Result};

/// A vocabulary that is ready to take text apart.
#[derive(Debug)]
pub struct Tokenizer {
    spec: TokenizerSpec,
    merges: bpe::Merges,
    vocabulary: Vocabulary,
}

impl Tokenizer {
    /// Builds the tables for encoding and the decision tree.
    ///
    /// # Errors
    /// [`Error::Invalid`] if two merges join the same pair.
    pub fn new(spec: TokenizerSpec) -> Result<Self> {
        let merges = bpe::Merges::new(&spec)?;
        let vocabulary = Vocabulary::new(spec.tokens().clone())?;
        Ok(Tokenizer { spec, merges, vocabulary })
    }

    /// The description it was made from, which also has the original ids.
    pub fn spec(&self) -> &TokenizerSpec {
        &self.spec
    }

    /// The tokens in byte order with their decision tree.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The ranks of the tokens of any bytes.
    ///
    /// Encoding "ab" is not encoding "a" and then "b": give it whole what is to be decoded as a whole.
    ///
    /// # Errors
    /// [`Error::Inexact`] if the tokens' bytes were not the text, which is checked every time and would be a fault of
    /// this machine or this program.
    pub fn encode(&self, text: &[u8]) -> Result<Vec<u32>> {
        // English has some four and a half bytes a token, most other text less.
        let mut ranks = Vec::with_capacity(text.len() / 4);
        let mut cache = cache::PieceCache::new(text.len());
        let mut scratch = bpe::Scratch::default();
        let mut units = Vec::new();
        let by_characters = self.spec.pattern() == Pattern::SentencePiece;
        for piece in pretokenizer::Pieces::new(text, self.spec.pattern()) {
            let vacancy = match cache.find(text, &piece) {
                Ok(known) => {
                    ranks.extend_from_slice(known);
                    continue;
                }
                Err(vacancy) => vacancy,
            };
            let start = ranks.len();
            let whole = if self.spec.ignore_merges() {
                self.spec.tokens().find(&text[piece.clone()])
            } else {
                None
            };
            match whole {
                Some(rank) => ranks.push(rank),
                None if by_characters => {
                    units.clear();
                    pieces::characters(self.spec.tokens(), &text[piece], &mut units);
                    self.merges.encode_units(&units, &mut scratch, &mut ranks);
                }
                None => self.merges.encode(&text[piece], &mut scratch, &mut ranks),
            }
            if let Some(vacancy) = vacancy {
                cache.put(vacancy, &ranks[start..]);
            }
        }
        if !self.spells(&ranks, text) {
            return Err(Error::Inexact { what: "a text's tokens do not spell the text".into() });
        }
        Ok(ranks)
    }

    /// The bytes behind the ranks. Panics if one is not a rank of the vocabulary.
    pub fn decode(&self, ranks: &[u32]) -> Vec<u8> {
        let mut text = Vec::with_capacity(ranks.len() * 4);
        ranks.iter().for_each(|&rank| text.extend_from_slice(self.vocabulary.bytes(rank)));
        text
    }

    fn spells(&self, ranks: &[u32], mut text: &[u8]) -> bool {
        ranks.iter().all(|&rank| match text.strip_prefix(self.vocabulary.bytes(rank)) {
            Some(rest) => {
                text = rest;
                true
            }
            None => false,
        }) && text.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn small(ignore_merges: bool) -> Tokenizer {
        let parts = SpecParts { ignore_merges, ..spec::tests::small_parts() };
        Tokenizer::new(TokenizerSpec::new(parts).unwrap()).unwrap()
    }

    fn tokens<'a>(tokenizer: &'a Tokenizer, text: &str) -> Vec<&'a [u8]> {
        let ranks = tokenizer.encode(text.as_bytes()).unwrap();
        ranks.into_iter().map(|rank| tokenizer.vocabulary().bytes(rank)).collect()
    }

    #[test]
    fn a_piece_that_is_a_token_can_overrule_the_merges() {
        assert_eq!(tokens(&small(false), "abc\n\n"), [&b"ab"[..], b"c", b"\n", b"\n"]);
        assert_eq!(tokens(&small(true), "abc\n\n"), [&b"abc"[..], b"\n\n"]);
    }

    #[test]
    fn special_tokens_are_plain_text() {
        let tokenizer = small(true);
        let text = "<|endoftext|>";
        assert_eq!(tokens(&tokenizer, text).len(), text.len());
    }

    #[test]
    fn hostile_texts_come_back() {
        let tokenizer = small(false);
        let mut noise = vec![0u8; 1 << 20];
        let mut state = 1u32;
        for byte in &mut noise {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (state >> 24) as u8;
        }
        let texts: [&[u8]; 10] = [
            b"",
            b"\0\0\0 the\0",
            b"a\r\nb\r\n\r\n",
            b"\xc3\xc3\xa9\xe2\x82 \xf0\x9f\x98the\xff",
            "e\u{301}é\u{1e69}\u{0323}".as_bytes(),
            &[b'a'; 1 << 20],
            &[b' '; 1 << 20],
            &[b'\n'; 1 << 20],
            &[0xc3; 1 << 20],
            &noise,
        ];
        for text in texts {
            let ranks = tokenizer.encode(text).unwrap();
            assert_eq!(tokenizer.decode(&ranks), text);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(text in any::<Vec<u8>>(), ignore_merges in any::<bool>()) {
            let tokenizer = small(ignore_merges);
            let ranks = tokenizer.encode(&text).unwrap();
            prop_assert_eq!(tokenizer.decode(&ranks), text);
        }

        #[test]
        fn remembered_pieces_do_not_change_the_tokens(words in prop::collection::vec(" (the|ab|abc|é|thhe){1,9}", 1..60)) {
            let tokenizer = small(false);
            let one_by_one: Vec<u32> =
                words.iter().flat_map(|word| tokenizer.encode(word.as_bytes()).unwrap()).collect();
            prop_assert_eq!(tokenizer.encode(words.concat().as_bytes()).unwrap(), one_by_one);
        }
    }
}
