//! The same as a page: one file, which needs no script, and shows what was expected at each token.

use std::io::{self, Write};

use llmzip::bench::page::{escaped, head};
use llmzip::tokenizer::Vocabulary;

use super::harmless;
use super::heat;
use super::rows::{HEX_BYTES, Row, Rows};
use super::view::{Facts, Group, Manner, Part, Totals, View};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

pub struct Page<'a, W> {
    out: W,
    facts: Facts,
    vocabulary: Option<&'a Vocabulary>,
    rows: Rows,
}

impl<'a, W: Write> Page<'a, W> {
    pub fn new(out: W, facts: Facts, vocabulary: Option<&'a Vocabulary>) -> Self {
        let rows = Rows::new(facts.range.clone());
        Page { out, facts, vocabulary, rows }
    }
}

impl<W: Write> View for Page<'_, W> {
    fn begin(&mut self) -> io::Result<()> {
        let title = format!("{}, explained", self.facts.name);
        self.out.write_all(head(&title, STYLE, SCRIPT).as_bytes())?;
        write!(
            self.out,
            "<main>\n<header><h1>{}</h1>\n<p>What each token costs in the file that {} makes of it. Point \
             at a token, or touch it, to see what was expected.</p>\n<p class=legend>bits a token:",
            escaped(&self.facts.name),
            escaped(&self.facts.compressor)
        )?;
        for (class, name) in heat::names().into_iter().enumerate() {
            write!(self.out, " <i class=h{class}>{}</i>", escaped(&name))?;
        }
        writeln!(self.out, " <i class=copy>a long repeat</i></p></header>\n<section class=rows>")
    }

    fn group(&mut self, group: &Group<'_>) -> io::Result<()> {
        let Page { out, rows, vocabulary, .. } = self;
        let mut show = |row: &Row| out.write_all(line(row).as_bytes());
        rows.group(group, |part| note(part, *vocabulary), &mut show)
    }

    fn end(&mut self, totals: &Totals) -> io::Result<()> {
        let Page { out, rows, facts, .. } = self;
        rows.end(&mut |row| out.write_all(line(row).as_bytes()))?;
        if totals.plain_bytes > facts.range.end {
            let end = facts.range.end;
            writeln!(out, "<p>What follows behind byte {end} is not shown; --range shows it.</p>")?;
        }
        // Known last and wanted first: the style puts it there.
        writeln!(out, "</section>\n<dl class=sums>")?;
        for (name, text) in totals.lines() {
            writeln!(out, "<dt>{}</dt><dd>{}</dd>", escaped(&name), escaped(&text))?;
        }
        writeln!(out, "</dl>\n</main>\n</body>\n</html>")?;
        out.flush()
    }
}

/// What there is to say of a token.
fn note(part: &Part<'_>, vocabulary: Option<&Vocabulary>) -> String {
    let shown = |bytes: &[u8]| match bytes.len() {
        0..=40 => harmless::text(bytes),
        _ => harmless::text(&bytes[..40]) + "...",
    };
    let mut note = format!("“{}” {:.2} bits", shown(part.bytes), part.bits);
    match (part.manner, part.model_bits) {
        (_, Some(model)) => note += &format!(", the model alone {model:.2}"),
        (Manner::Mixer, _) => note += ", by the mixer alone",
        (Manner::Copy, _) => note += ", a long repeat",
        (Manner::Stored, _) => note += ", stored",
        (Manner::Run, _) => note += ", a run of one byte",
        (Manner::Model, None) => {}
    }
    let likely = part.likeliest.zip(vocabulary);
    for (token, probability) in likely.iter().flat_map(|(all, _)| all.iter()) {
        if *probability > 0.0 {
            let bytes = likely.map_or(&[][..], |(_, vocabulary)| vocabulary.bytes(*token));
            note += &format!("\n{:>6.2} % “{}”", 100.0 * probability, shown(bytes));
        }
    }
    note
}

fn line(row: &Row) -> String {
    let per_byte = row.bits / row.bytes.max(1) as f64;
    let is_hex = !row.letters.is_empty();
    let number = match (is_hex, row.goes_on) {
        (true, _) => format!("{:08x}", row.number),
        (false, true) => "…".into(),
        (false, false) => row.number.to_string(),
    };
    let mut line = format!(
        "<div><span>{number}</span><span>{:.1}</span><span>{per_byte:.2}</span><code dir=auto>",
        row.bits
    );
    for cell in &row.cells {
        let class = if cell.is_copy { "copy".to_owned() } else { format!("h{}", cell.class) };
        let title = match cell.note.is_empty() {
            true => String::new(),
            false => format!(" title=\"{}\"", escaped(&cell.note)),
        };
        line += &format!("<i class={class}{title}>{}</i>", escaped(&cell.text));
        if is_hex {
            line.push(' ');
        }
    }
    if is_hex {
        // The letters of a short row stand below the others.
        line += &"&nbsp;&nbsp; ".repeat(HEX_BYTES.saturating_sub(row.cells.len()));
    }
    line += "</code>";
    if is_hex {
        line += "<code>";
        for (cell, letter) in row.cells.iter().zip(&row.letters) {
            line += &format!("<i class=h{}>{}</i>", cell.class, escaped(&letter.to_string()));
        }
        line += "</code>";
    }
    line + "</div>\n"
}
