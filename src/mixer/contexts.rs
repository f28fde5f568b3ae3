//! The hashed contexts: which part of the past each of them looks at.

use super::hash::mix;
use super::plan::{Beside, MixerKind, Part};
use super::text::Text;
use super::twins::ALONE;

/// What selects a slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[allow(missing_docs)] // `hash` says what each one is
pub enum Context {
    Order1,
    Order2,
    Order3,
    Order4,
    Order5,
    Order6,
    Order8,
    Word,
    WordPair,
    WordSkip,
    Above,
    AboveField,
    Field,
    Column,
    Key,
    Skip1,
    Skip2,
    Skip12,
    Pair13,
    Record,
    Record2,
    RecordAt,
    Indirect1,
    Indirect2,
    Format,
    Classes,
    MatchByte,
    Token,
    TokenPair,
    BestToken,
    LaneWord,
    LaneOrder3,
    Twin,
    TwinPair,
    Skip3,
    Aligned,
    AlignedSkip,
}

/// What each kind uses, its first few with runs; behind the others what only a model gives.
const LIGHT: &[Context] = {
    use Context::*;
    &[Order3, Order4, Order6, Word, Above, Order2, Token]
};
const DEFAULT: &[Context] = {
    use Context::*;
    &[
        Order3, Order4, Order6, Word, WordSkip, Above, AboveField, Field, Column, Key, Skip1,
        LaneOrder3, LaneWord, Format, Classes, MatchByte, Token, TokenPair, BestToken,
    ]
};
/// Beside a model, orders 1 and 2 have nothing to add to the direct counters of these orders, and the
/// indirect ones nothing at all (`MEASURED.md`).
const FULL: &[Context] = {
    use Context::*;
    &[
        Order3, Order4, Word, Order5, Order8, WordPair, WordSkip, Above, AboveField, Field, Column,
        Key, Skip1, Skip2, Skip12, Pair13, Record, Record2, RecordAt, Format, Classes, MatchByte,
        Token, TokenPair, BestToken,
    ]
};
/// In one lane, those of the lane would say again what others have said.
const FULL_IN_LANES: &[Context] = {
    use Context::*;
    &[
        Order3, Order4, Word, Order5, Order8, WordPair, WordSkip, Above, AboveField, Field, Column,
        Key, Skip1, Skip2, Skip12, Pair13, Record, Record2, RecordAt, LaneOrder3, LaneWord, Format,
        Classes, MatchByte, Twin, TwinPair, Token, TokenPair, BestToken,
    ]
};
/// Without a model there is time for all. Those of the second half, the ones with the most to say about digits and
/// codes, have counters beside their histories.
const FULL_ALONE: &[Context] = {
    use Context::*;
    &[
        Order3,
        Order4,
        Order6,
        Word,
        Order1,
        Order2,
        Order5,
        Order8,
        WordPair,
        Key,
        Skip2,
        Pair13,
        RecordAt,
        Skip3,
        Aligned,
        AlignedSkip,
        WordSkip,
        Above,
        AboveField,
        Field,
        Column,
        Skip1,
        Skip12,
        Record,
        Record2,
        Indirect1,
        Indirect2,
        Format,
        Classes,
        MatchByte,
        Twin,
        TwinPair,
    ]
};

/// The contexts of a kind, in their order.
pub const fn used(kind: MixerKind, beside: Beside) -> &'static [Context] {
    match (kind, beside) {
        (MixerKind::Light, Beside::Model | Beside::ModelInLanes) => LIGHT,
        (MixerKind::Light, Beside::Nothing) => LIGHT.split_at(LIGHT.len() - 1).0,
        (MixerKind::Default, Beside::Model | Beside::ModelInLanes) => DEFAULT,
        (MixerKind::Default, Beside::Nothing) => DEFAULT.split_at(DEFAULT.len() - 3).0,
        (MixerKind::Full, Beside::Model) => FULL,
        (MixerKind::Full, Beside::ModelInLanes) => FULL_IN_LANES,
        (MixerKind::Full, Beside::Nothing) => FULL_ALONE,
    }
}

/// What a lane's contexts can look at beyond its own text.
pub struct Surroundings<'a> {
    /// The group's plain bytes.
    pub history: &'a [u8],
    /// First byte of the lane, and the one that comes next.
    pub start: usize,
    pub position: usize,
    /// The record length that fits best, 0 if none does.
    pub record: usize,
    /// What followed the last byte, and the last two, lately: newest in the lowest byte.
    pub after1: u32,
    pub after2: u32,
    /// The byte that a match expects with its length class, or 0.
    pub expected: u32,
    /// How the field's twin has agreed, and the two bytes that it has here.
    pub twin: (u8, [u8; 2]),
    /// The number of the lane.
    pub lane: usize,
}

impl Surroundings<'_> {
    /// For contexts that look at the text only.
    pub fn nothing() -> Self {
        Self {
            history: &[],
            start: 0,
            position: 0,
            record: 0,
            after1: 0,
            after2: 0,
            expected: 0,
            twin: (ALONE, [0; 2]),
            lane: 0,
        }
    }

    fn back(&self, distance: usize) -> u64 {
        if distance > 0 && self.position >= self.start + distance {
            u64::from(self.history[self.position - distance])
        } else {
            0
        }
    }
}

impl Context {
    /// The part of the mixer that the context belongs to, where it can be left out.
    pub fn part(self) -> Option<Part> {
        use Context::*;
        Some(match self {
            Order1 | Order2 | Order3 | Order4 => return None,
            Order5 | Order6 | Order8 => Part::HighOrders,
            Word | WordPair | WordSkip => Part::Words,
            Above | AboveField | Field | Column | Key => Part::Columns,
            Skip1 | Skip2 | Skip12 | Skip3 | Pair13 | Aligned | AlignedSkip => Part::Sparse,
            Record | Record2 | RecordAt => Part::Records,
            Indirect1 | Indirect2 => Part::Indirect,
            Format | Classes => Part::Formats,
            Twin | TwinPair => Part::Twins,
            MatchByte => Part::MatchContext,
            Token | TokenPair | BestToken => Part::Tokens,
            LaneWord | LaneOrder3 => Part::Local,
        })
    }

    /// For contexts of the last bytes: how many.
    pub fn order(self) -> Option<u32> {
        use Context::*;
        Some(match self {
            Order1 => 1,
            Order2 => 2,
            Order3 => 3,
            Order4 => 4,
            Order5 => 5,
            Order6 => 6,
            Order8 => 8,
            _ => return None,
        })
    }

    /// Whether it changes where a token ends and another begins.
    pub fn of_tokens(self) -> bool {
        matches!(self, Context::Token | Context::TokenPair | Context::BestToken)
    }

    /// The context's value for the byte that comes next.
    #[inline]
    pub fn hash(self, text: &Text, around: &Surroundings) -> u64 {
        use Context::*;
        let r = text.recent[0];
        let last = |n: u32| if n >= 8 { r } else { r & ((1 << (8 * n)) - 1) };
        let c1 = r & 0xff;
        let (a, b) = match self {
            Order1 | Order2 | Order3 | Order4 | Order5 | Order6 | Order8 => {
                (last(self.order().unwrap_or(8)), 0)
            }
            Word if text.word != 0 => (u64::from(text.word), 1),
            Word => (u64::from(text.words[0]), u64::from(text.gap)),
            WordPair => {
                (u64::from(text.words[0]) << 32 | u64::from(text.word), u64::from(text.gap))
            }
            WordSkip => {
                (u64::from(text.words[1]) << 32 | u64::from(text.word), u64::from(text.gap))
            }
            Above => (u64::from(text.above(around.history, around.position)) << 8 | c1, 0),
            AboveField => {
                let above = text.above_field(around.history, around.position);
                (u64::from(above) << 16 | last(2), 0)
            }
            Field => (u64::from(text.field_hash), text.field as u64),
            Column => {
                let column = (around.position - text.line).min(255) as u64;
                (column << 8 | u64::from(text.above(around.history, around.position)), 0)
            }
            Key => (u64::from(text.key), u64::from(text.field_hash)),
            Skip1 => (r & 0xff_ff00, 0),
            Skip2 => (r & 0xffff_0000, 0),
            Skip12 => (r & 0xff_0000, 0),
            Pair13 => (r & 0x00ff_00ff, 0),
            Skip3 => (r & 0xff00_0000, 0),
            Aligned => ((around.position & 3) as u64, last(2)),
            AlignedSkip => ((around.position & 3) as u64, r & 0xff00_0000_ff00_0000),
            Twin => {
                let (class, [byte, _]) = around.twin;
                (u64::from(class) << 8 | u64::from(byte), c1)
            }
            TwinPair => {
                let (class, [byte, next]) = around.twin;
                let place = (around.position - text.field_start).min(255) as u64;
                (u64::from(class) << 16 | u64::from(byte) << 8 | u64::from(next), place)
            }
            Record => (around.back(around.record) << 8 | c1, around.record as u64),
            Record2 => {
                let (above, above2) = (around.back(around.record), around.back(2 * around.record));
                (above << 8 | above2, around.back(around.record.saturating_sub(1)))
            }
            RecordAt => {
                let place =
                    (around.position - around.start).checked_rem(around.record).unwrap_or(0);
                (place as u64, around.back(around.record))
            }
            Indirect1 => (u64::from(around.after1 & 0xffff) << 8 | c1, 0),
            Indirect2 => (u64::from(around.after2 & 0xffff) << 8 | c1, 0),
            Format => (text.format & 0xffff_ffff_ffff, c1),
            Classes => (text.classes & 0xff_ffff_ffff, 0),
            MatchByte => (u64::from(around.expected), c1),
            Token => (u64::from(text.token) << 32 | u64::from(text.tokens[0]), 0),
            TokenPair => {
                (u64::from(text.token) << 32 | u64::from(text.tokens[0]), u64::from(text.tokens[1]))
            }
            BestToken => {
                (u64::from(text.token) << 32 | u64::from(text.best), u64::from(text.tokens[0]))
            }
            // What a lane has seen lately is lost among what the others have seen since.
            LaneWord => (Word.hash(text, around), around.lane as u64),
            LaneOrder3 => (Order3.hash(text, around), around.lane as u64),
        };
        mix(self as u64 + 1, a, b)
    }
}
