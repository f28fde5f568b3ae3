//! Parts as rows: lines of text, or sixteen bytes of a binary each.

use std::io;
use std::mem::take;

use super::harmless;
use super::heat;
use super::view::{Group, Manner, Part};

/// A line that is longer goes on in the next row: nobody can look at more, and memory is bounded.
const ROW_CHARS: usize = 4096;
/// Long copies are shown in pieces.
const PIECE_BYTES: usize = 1 << 12;
/// Bytes in a row of a binary.
pub const HEX_BYTES: usize = 16;

/// Some text that is shown in one colour.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cell {
    pub text: String,
    /// The class of its cost.
    pub class: usize,
    /// Whether it is a long repeat.
    pub is_copy: bool,
    /// What there is to say of the tokens in it; empty where it goes on from the row before.
    pub note: String,
}

/// A line, a part of one, or some bytes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// The number of the line from 1; of a binary, where its bytes begin.
    pub number: u64,
    /// Whether it goes on from the row before.
    pub goes_on: bool,
    pub bytes: u64,
    pub bits: f64,
    pub cells: Vec<Cell>,
    /// Of a binary: the bytes as letters, one a cell.
    pub letters: Vec<char>,
}

/// Makes rows of parts, each of which `show` is given when it is whole.
pub struct Rows {
    /// `None` before the first group.
    is_binary: Option<bool>,
    /// Which bytes are shown.
    range: std::ops::Range<u64>,
    row: Row,
    chars: usize,
    /// Parts whose last character is not whole.
    bytes: Vec<u8>,
    bits: f64,
    manner: Option<Manner>,
    note: String,
}

impl Rows {
    pub fn new(range: std::ops::Range<u64>) -> Rows {
        Rows {
            is_binary: None,
            range,
            row: Row { number: 1, ..Row::default() },
            chars: 0,
            bytes: Vec::new(),
            bits: 0.0,
            manner: None,
            note: String::new(),
        }
    }

    pub fn is_binary(&self) -> bool {
        self.is_binary == Some(true)
    }

    /// Takes a group's parts; `note` says what there is to say of each.
    pub fn group(
        &mut self,
        group: &Group<'_>,
        note: impl Fn(&Part<'_>) -> String,
        show: &mut dyn FnMut(&Row) -> io::Result<()>,
    ) -> io::Result<()> {
        if self.is_binary.is_none() {
            let beginning = &group.plain[..group.plain.len().min(8 << 10)];
            self.is_binary = Some(harmless::is_binary(beginning));
        }
        for part in group.parts() {
            let mut at = part.at;
            for (i, bytes) in part.bytes.chunks(PIECE_BYTES).enumerate() {
                // Its bits are paid with its beginning.
                let bits = if i == 0 { part.bits } else { 0.0 };
                let piece = Part { at, bytes, bits, ..part };
                at += bytes.len() as u64;
                if at <= self.range.start || piece.at >= self.range.end {
                    self.pass(&piece);
                } else if self.is_binary() {
                    self.hex(&piece, note(&piece), show)?;
                } else {
                    self.text(&piece, note(&piece), show)?;
                }
            }
        }
        Ok(())
    }

    /// Shows what is left.
    pub fn end(&mut self, show: &mut dyn FnMut(&Row) -> io::Result<()>) -> io::Result<()> {
        if !self.bytes.is_empty() {
            self.cells(show)?;
        }
        if self.row.bytes > 0 {
            show(&take(&mut self.row))?;
        }
        Ok(())
    }

    /// Only counts lines.
    fn pass(&mut self, part: &Part<'_>) {
        if part.at < self.range.start && !self.is_binary() {
            self.row.number += part.bytes.iter().filter(|&&byte| byte == b'\n').count() as u64;
        }
    }

    fn text(
        &mut self,
        part: &Part<'_>,
        note: String,
        show: &mut dyn FnMut(&Row) -> io::Result<()>,
    ) -> io::Result<()> {
        self.bytes.extend_from_slice(part.bytes);
        self.bits += part.bits;
        self.manner = Some(part.manner);
        if !self.note.is_empty() {
            self.note.push('\n');
        }
        self.note += &note;
        // Tokens may end within a character, which can be shown with the next.
        match std::str::from_utf8(&self.bytes) {
            Err(error) if error.error_len().is_none() => Ok(()),
            _ => self.cells(show),
        }
    }

    /// What is waiting becomes cells, one for each row that it reaches into.
    fn cells(&mut self, show: &mut dyn FnMut(&Row) -> io::Result<()>) -> io::Result<()> {
        let bytes = take(&mut self.bytes);
        let is_copy = self.manner.take() == Some(Manner::Copy);
        let bits = take(&mut self.bits);
        let class = if is_copy { 0 } else { heat::class(bits) };
        self.row.bits += bits;
        let mut cell = Cell { class, is_copy, note: take(&mut self.note), ..Cell::default() };
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                harmless::push(c, &mut cell.text);
                (self.row.bytes, self.chars) =
                    (self.row.bytes + c.len_utf8() as u64, self.chars + 1);
                let is_end = c == '\n';
                if is_end || self.chars >= ROW_CHARS {
                    let next = Cell { class, is_copy, ..Cell::default() };
                    self.row.cells.push(std::mem::replace(&mut cell, next));
                    let number = self.row.number + u64::from(is_end);
                    let next = Row { number, goes_on: !is_end, ..Row::default() };
                    show(&std::mem::replace(&mut self.row, next))?;
                    self.chars = 0;
                }
            }
            for &byte in chunk.invalid() {
                harmless::push_byte(byte, &mut cell.text);
                (self.row.bytes, self.chars) = (self.row.bytes + 1, self.chars + 4);
            }
        }
        if !cell.text.is_empty() {
            self.row.cells.push(cell);
        }
        Ok(())
    }

    fn hex(
        &mut self,
        part: &Part<'_>,
        note: String,
        show: &mut dyn FnMut(&Row) -> io::Result<()>,
    ) -> io::Result<()> {
        let each = part.bits / part.bytes.len() as f64;
        let is_copy = part.manner == Manner::Copy;
        for (i, &byte) in part.bytes.iter().enumerate() {
            if self.row.bytes == 0 {
                self.row.number = part.at + i as u64;
            }
            self.row.cells.push(Cell {
                text: format!("{byte:02x}"),
                class: if is_copy { 0 } else { heat::class(each) },
                is_copy,
                note: note.clone(),
            });
            let is_letter = (0x20..0x7f).contains(&byte);
            self.row.letters.push(if is_letter { char::from(byte) } else { '·' });
            self.row.bits += each;
            self.row.bytes += 1;
            if self.row.bytes as usize == HEX_BYTES {
                show(&take(&mut self.row))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use llmzip::codec::Codec;
    use llmzip::stream::GroupParams;

    fn rows_of(plain: &[u8], range: std::ops::Range<u64>) -> Vec<Row> {
        let codec = Codec::builtin().unwrap();
        let explained = codec.explain(plain, &GroupParams::default(), true, &|_| ()).unwrap();
        let group =
            Group { start: 0, plain, method: explained.group.method, explained: &Some(explained) };
        let mut rows = Rows::new(range);
        let mut shown = Vec::new();
        let mut show = |row: &Row| {
            shown.push(row.clone());
            Ok(())
        };
        rows.group(&group, |_| "x".into(), &mut show).unwrap();
        rows.end(&mut show).unwrap();
        let parts: f64 = group.parts().map(|part| part.bits).sum();
        let bits: f64 = shown.iter().map(|row| row.bits).sum();
        assert!(
            (parts - bits).abs() < 0.01 || shown.is_empty() || shown[0].number != 1 || bits < parts
        );
        shown
    }

    fn line(row: &Row) -> String {
        row.cells.iter().map(|cell| cell.text.as_str()).collect()
    }

    #[test]
    fn a_text_becomes_its_lines_with_all_of_its_bytes() {
        let plain = "One line.\nAnother, 中文 and ü.\n\n\tThe end".repeat(3);
        let rows = rows_of(plain.as_bytes(), 0..u64::MAX);
        assert_eq!(line(&rows[0]), "One line.↵");
        assert_eq!(line(&rows[1]), "Another, 中文 and ü.↵");
        assert_eq!((line(&rows[2]).as_str(), rows[2].number), ("↵", 3));
        assert_eq!(line(&rows[3]), "→   The endOne line.↵");
        assert_eq!(rows.iter().map(|row| row.bytes).sum::<u64>(), plain.len() as u64);
        assert!(rows.iter().all(|row| !row.goes_on));
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let plain: String = (0..3000).map(|i| format!("{i},")).collect();
        let rows = rows_of(plain.as_bytes(), 0..u64::MAX);
        assert!(rows.len() >= 3 && rows[1].goes_on && rows[1].number == 1);
        assert_eq!(rows.iter().map(|row| row.bytes).sum::<u64>(), plain.len() as u64);
        assert_eq!(rows.iter().map(line).collect::<String>(), plain);
    }

    #[test]
    fn a_range_has_the_lines_numbered_as_in_the_file() {
        let plain = "alpha\nbeta\ngamma\ndelta\n".repeat(5);
        let rows = rows_of(plain.as_bytes(), 46..52);
        assert!(rows[0].number == 9 && line(rows.last().unwrap()).contains("alpha"), "{rows:?}");
        assert!(rows.iter().map(|row| row.bytes).sum::<u64>() < 20);
    }

    #[test]
    fn a_binary_becomes_sixteen_bytes_a_row() {
        let plain: Vec<u8> = (0..=40).collect();
        let rows = rows_of(&plain, 0..u64::MAX);
        assert_eq!(rows.iter().map(|row| row.cells.len()).collect::<Vec<_>>(), [16, 16, 9]);
        assert_eq!((line(&rows[2]).as_str(), rows[2].number), ("202122232425262728", 32));
        assert_eq!(rows[2].letters.iter().collect::<String>(), " !\"#$%&'(");
    }
}
