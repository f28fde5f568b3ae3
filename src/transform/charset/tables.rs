//! Encodings of one or two bytes a character, by tables that are part of the format (`scripts/charset_tables.py`).

use std::sync::OnceLock;

use super::Runs;
use crate::error::{Error, Result};
use crate::transform::room::Room;

static SINGLE: &[u8] = include_bytes!("single.bin");
static DOUBLE: &[u8] = include_bytes!("double.bin");

/// Tables of one byte; those of two follow.
pub const SINGLES: usize = 33;

/// What people call them, in the order of their numbers.
pub const NAMES: [&str; SINGLES + 5] = [
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "KOI8-R",
    "KOI8-U",
    "ISO-8859-1",
    "ISO-8859-2",
    "ISO-8859-3",
    "ISO-8859-4",
    "ISO-8859-5",
    "ISO-8859-6",
    "ISO-8859-7",
    "ISO-8859-8",
    "ISO-8859-9",
    "ISO-8859-10",
    "ISO-8859-13",
    "ISO-8859-14",
    "ISO-8859-15",
    "ISO-8859-16",
    "IBM437",
    "IBM850",
    "IBM852",
    "IBM866",
    "Macintosh",
    "EBCDIC 037",
    "EBCDIC 500",
    "EBCDIC 1140",
    "Shift_JIS",
    "EUC-JP",
    "GB18030",
    "Big5",
    "EUC-KR",
];

/// The first of the EBCDIC tables, and how many there are.
pub const EBCDIC: std::ops::Range<usize> = 30..33;

/// First and last lead byte, first and last second byte of each table of two bytes.
const GRIDS: [[u8; 4]; NAMES.len() - SINGLES] = [
    [0x81, 0xFC, 0x40, 0xFC],
    [0xA1, 0xFE, 0xA1, 0xFE],
    [0x81, 0xFE, 0x40, 0xFE],
    [0xA1, 0xF9, 0x40, 0xFE],
    [0x81, 0xFD, 0x41, 0xFE],
];

/// In the tables: stands for nothing.
const UNDEFINED: u16 = 0xFFFF;

/// A table, with the way back.
pub struct Table {
    /// Characters of single bytes.
    single: Vec<u16>,
    /// Characters of two bytes, and where they are.
    double: Vec<u16>,
    grid: [u8; 4],
    /// The bytes of each character, one or two; `UNDEFINED` for those without. A character that several stand for has the
    /// shortest, and of these the lowest.
    bytes: Vec<u16>,
}

impl Table {
    /// The table of this number, which exists.
    pub fn of(number: u8) -> &'static Table {
        static TABLES: [OnceLock<Table>; NAMES.len()] = [const { OnceLock::new() }; NAMES.len()];
        let number = usize::from(number);
        TABLES[number].get_or_init(|| Table::read(number))
    }

    fn read(number: usize) -> Table {
        let points = |bytes: &[u8]| -> Vec<u16> {
            bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect()
        };
        let Some(number) = number.checked_sub(SINGLES) else {
            let single = points(&SINGLE[512 * number..][..512]);
            // No byte is a lead byte.
            return Table::new(single, Vec::new(), [1, 0, 1, 0]);
        };
        let len = |grid: &[u8; 4]| {
            let [first, last, low, high] = grid.map(usize::from);
            2 * (last - first + 1) * (high - low + 1)
        };
        let at: usize = GRIDS[..number].iter().map(|grid| 512 + len(grid)).sum();
        let grid = GRIDS[number];
        let (single, double) = DOUBLE[at..at + 512 + len(&grid)].split_at(512);
        Table::new(points(single), points(double), grid)
    }

    fn new(single: Vec<u16>, double: Vec<u16>, grid: [u8; 4]) -> Table {
        let mut bytes = vec![UNDEFINED; 1 << 16];
        let [first, _, low, high] = grid.map(u16::from);
        let width = if double.is_empty() { 1 } else { high - low + 1 };
        let code = |i: usize| {
            let i = i as u16;
            (first + i / width) << 8 | (low + i % width)
        };
        let doubles = double.iter().enumerate().map(|(i, &point)| (code(i), point));
        let singles = single.iter().enumerate().map(|(i, &point)| (i as u16, point));
        for (code, point) in singles.chain(doubles) {
            let entry = &mut bytes[usize::from(point)];
            if point != UNDEFINED && *entry == UNDEFINED {
                *entry = code;
            }
        }
        Table { single, double, grid, bytes }
    }

    /// The character that `bytes` begin with, which are not empty, if it comes back, and its length.
    pub fn character(&self, bytes: &[u8]) -> Option<(char, usize)> {
        let [first, last, low, high] = self.grid;
        let lead = bytes[0];
        let mut found = (self.single[usize::from(lead)], u16::from(lead), 1);
        if found.0 == UNDEFINED {
            let &second = bytes.get(1)?;
            if !(first..=last).contains(&lead) || !(low..=high).contains(&second) {
                return None;
            }
            let width = usize::from(high - low) + 1;
            let at = usize::from(lead - first) * width + usize::from(second - low);
            found = (self.double[at], u16::from(lead) << 8 | u16::from(second), 2);
        }
        let (point, code, len) = found;
        // `UNDEFINED` is nobody's code, and no character's.
        let comes_back = point != UNDEFINED && self.bytes[usize::from(point)] == code;
        Some((char::from_u32(point.into()).filter(|_| comes_back)?, len))
    }

    pub(super) fn decode(&self, bytes: &[u8], runs: &mut Runs) {
        let mut at = 0;
        while at < bytes.len() {
            match self.character(&bytes[at..]) {
                Some((c, len)) => {
                    runs.character(c);
                    at += len;
                }
                None => {
                    runs.raw(&bytes[at..=at]);
                    at += 1;
                }
            }
        }
    }

    pub(super) fn encode(&self, text: &str, out: &mut Room) -> Result<()> {
        for c in text.chars() {
            let code = self.bytes.get(c as usize).filter(|&&code| code != UNDEFINED);
            let &code =
                code.ok_or_else(|| Error::damaged("a character that the encoding lacks"))?;
            match u8::try_from(code) {
                Ok(byte) => out.push(byte)?,
                Err(_) => out.put(&code.to_be_bytes())?,
            }
        }
        Ok(())
    }
}
