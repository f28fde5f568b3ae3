//! The text in colours, with the cost of each line in front of it.

use std::io::{self, Write};

use super::heat::{self, Palette};
use super::rows::{HEX_BYTES, Row, Rows};
use super::view::{Facts, Group, Totals, View};

/// Writes rows as they come; every row ends its own colours.
pub struct Terminal<W> {
    out: W,
    palette: Palette,
    facts: Facts,
    rows: Rows,
}

impl<W: Write> Terminal<W> {
    pub fn new(out: W, palette: Palette, facts: Facts) -> Self {
        let rows = Rows::new(facts.range.clone());
        Terminal { out, palette, facts, rows }
    }
}

impl<W: Write> View for Terminal<W> {
    fn begin(&mut self) -> io::Result<()> {
        let mut head = format!("{}, by {}; bits a token:", self.facts.name, self.facts.compressor);
        for (class, name) in heat::names().into_iter().enumerate() {
            head.push(' ');
            self.palette.paint(class, &format!(" {name} "), &mut head);
        }
        writeln!(self.out, "{head}\n  line      bits  /byte")
    }

    fn group(&mut self, group: &Group<'_>) -> io::Result<()> {
        let Terminal { out, palette, rows, .. } = self;
        let mut show = |row: &Row| out.write_all(line(row, *palette).as_bytes());
        rows.group(group, |_| String::new(), &mut show)
    }

    fn end(&mut self, totals: &Totals) -> io::Result<()> {
        let Terminal { out, palette, rows, .. } = self;
        rows.end(&mut |row| out.write_all(line(row, *palette).as_bytes()))?;
        writeln!(out)?;
        for (name, text) in totals.lines() {
            writeln!(out, "{name:<7} {text}")?;
        }
        out.flush()
    }
}

fn line(row: &Row, palette: Palette) -> String {
    let per_byte = row.bits / row.bytes.max(1) as f64;
    let number = match (row.letters.is_empty(), row.goes_on) {
        (false, _) => format!("{:08x}", row.number),
        (true, true) => "...".into(),
        (true, false) => row.number.to_string(),
    };
    let mut line = String::new();
    palette.faint(&format!("{number:>8} {:>7.1} {per_byte:>6.2} │ ", row.bits), &mut line);
    let is_hex = !row.letters.is_empty();
    // Neighbours of one colour share its codes.
    for cells in row.cells.chunk_by(|a, b| (a.class, a.is_copy) == (b.class, b.is_copy)) {
        let texts = cells.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>();
        let text = texts.join(if is_hex { " " } else { "" });
        match cells[0].is_copy {
            true => palette.faint(&text, &mut line),
            false => palette.paint(cells[0].class, &text, &mut line),
        }
        if is_hex {
            line.push(' ');
        }
    }
    if is_hex {
        line.push_str(&"   ".repeat(HEX_BYTES - row.cells.len()));
        line.push_str("│ ");
        for (cell, letter) in row.cells.iter().zip(&row.letters) {
            palette.paint(cell.class, &letter.to_string(), &mut line);
        }
    }
    line.push('\n');
    line
}
