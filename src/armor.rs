//! Bytes as text that survives a channel for text: mail, chat, a terminal, a radio's text mode.
//!
//! | armor | characters | what they are |
//! |---|---|---|
//! | base64 | 4 for 3 bytes | letters, digits, `+` and `/`, without padding |
//! | base91 | 16 for 13 bytes, about | ASCII without space, `'`, `-` and `\`: basE91 |
//! | base32768 | 8 for 15 bytes | one UTF-16 unit each (3 bytes in UTF-8): for what counts characters |
//!
//! White space anywhere is passed over. Which armor a text is in can be seen from it ([`find`]): base91 that looks like
//! base64 has a `-` at its end, which readers of basE91 pass over.

mod base32768;
mod base64;
mod base91;

use crate::error::{Error, Result};

/// A kind of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Armor {
    /// Letters and digits.
    Base64,
    /// Nearly all of ASCII.
    Base91,
    /// Ideographs and syllables.
    Base32768,
}

impl Armor {
    /// All kinds.
    pub const ALL: [Armor; 3] = [Armor::Base64, Armor::Base91, Armor::Base32768];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Armor::Base64 => "base64",
            Armor::Base91 => "base91",
            Armor::Base32768 => "base32768",
        }
    }

    /// The kind of this name.
    ///
    /// # Errors
    /// `Invalid` for another.
    pub fn from_name(name: &str) -> Result<Armor> {
        let known = Armor::ALL.into_iter().find(|armor| armor.name() == name);
        known.ok_or_else(|| Error::invalid(format!("{name}: base64, base91 or base32768")))
    }

    /// Bytes as text of one line.
    pub fn encode(self, bytes: &[u8]) -> String {
        match self {
            Armor::Base64 => base64::encode(bytes),
            Armor::Base91 => {
                let mut text = base91::encode(bytes);
                if text.bytes().all(base64::has) && !text.is_empty() {
                    text.push(base91::SIGN);
                }
                text
            }
            Armor::Base32768 => base32768::encode(bytes),
        }
    }

    /// The bytes of a text; white space and marks of byte order are passed over.
    ///
    /// # Errors
    /// `Damaged` for what is no such text.
    pub fn decode(self, text: &str) -> Result<Vec<u8>> {
        let is_space = |c: &char| c.is_whitespace() || *c == '\u{feff}';
        let chars = text.chars().filter(|c| !is_space(c));
        let bytes = match self {
            Armor::Base64 => base64::decode(chars),
            Armor::Base91 => base91::decode(chars),
            Armor::Base32768 => base32768::decode(chars),
        };
        bytes.ok_or_else(|| Error::damaged(format!("this is not {}", self.name())))
    }
}

/// What armor a text is in, and its bytes; `None` if it is in none.
pub fn find(text: &[u8]) -> Option<(Armor, Vec<u8>)> {
    let text = std::str::from_utf8(text).ok()?;
    // What is base64 is never base91, which has a sign then.
    Armor::ALL.into_iter().find_map(|armor| Some((armor, armor.decode(text).ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_come_back_from_any_armor_which_is_found(
            bytes in proptest::collection::vec(any::<u8>(), 0..90),
            spaces in proptest::collection::vec(0usize..200, 0..9),
        ) {
            for armor in Armor::ALL {
                let text = armor.encode(&bytes);
                prop_assert_eq!(&armor.decode(&text).unwrap(), &bytes);
                let mut broken: Vec<char> = text.chars().collect();
                for &at in &spaces {
                    broken.insert(at.min(broken.len()), if at % 2 == 0 { '\n' } else { ' ' });
                }
                let broken: String = broken.into_iter().collect();
                let (found, back) = find(broken.as_bytes()).unwrap();
                prop_assert_eq!(&back, &bytes);
                prop_assert!(found == armor || bytes.is_empty());
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,60}|[A-Za-z0-9+/=-]{0,30}|[\u{3400}-\u{d7a3}]{0,20}") {
            for armor in Armor::ALL {
                let _ = armor.decode(&text);
            }
            if let Some((armor, bytes)) = find(text.as_bytes()) {
                prop_assert_eq!(armor.decode(&armor.encode(&bytes)).unwrap(), bytes);
            }
        }
    }

    #[test]
    fn texts_are_those_that_others_write() {
        assert_eq!(Armor::Base64.encode(b"any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw");
        assert_eq!(Armor::Base64.decode("YW55IGNhcm5hbCBwbGVhcw==").unwrap(), b"any carnal pleas");
        assert_eq!(Armor::Base91.encode(b"test"), "fPNKd-");
        assert_eq!(Armor::Base91.decode("fPNKd").unwrap(), b"test");
        assert_eq!(Armor::Base32768.encode(&[0, 0, 0, 255]).chars().count(), 3);
    }

    #[test]
    fn syllables_that_were_taken_apart_are_put_together() {
        // The first Hangul syllable of the alphabet, and its two letters.
        let whole: String = Armor::Base32768.encode(&[0xdf, 0xd2, 0x00]);
        let apart: String = whole.chars().flat_map(base32768::apart).collect();
        assert_eq!(
            Armor::Base32768.decode(&apart).unwrap(),
            Armor::Base32768.decode(&whole).unwrap()
        );
    }
}
