//! One JSON object a line: the file, its tokens, the sums; for programs, in bounded memory.

use std::io::{self, Write};

use llmzip::tokenizer::Vocabulary;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::harmless::is_obeyed;
use super::view::{Facts, Group, Manner, Part, Totals, View};

pub struct Json<'a, W> {
    out: W,
    facts: Facts,
    vocabulary: Option<&'a Vocabulary>,
}

impl<'a, W: Write> Json<'a, W> {
    pub fn new(out: W, facts: Facts, vocabulary: Option<&'a Vocabulary>) -> Self {
        Json { out, facts, vocabulary }
    }

    fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        line.serialize(&mut Serializer::with_formatter(&mut self.out, Harmless))?;
        self.out.write_all(b"\n")
    }
}

/// JSON whose text has numbers (`\u009b`) for what a terminal would obey; what reads it gets the same characters.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for chunk in fragment.split_inclusive(is_obeyed) {
            let mut characters = chunk.chars();
            match characters.next_back().filter(|&c| is_obeyed(c)) {
                Some(c) => {
                    writer.write_all(characters.as_str().as_bytes())?;
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        write!(writer, "\\u{unit:04x}")?;
                    }
                }
                None => writer.write_all(chunk.as_bytes())?,
            }
        }
        Ok(())
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line<'a> {
    File { version: &'static str, name: &'a str, compressor: &'a str },
    Token(Token),
    Sum { method: &'static str, tokens: u64, plain_bytes: u64, bits: f64 },
    End { plain_bytes: u64, stored_bytes: u64, model_bits: f64, frame_bits: f64, is_cut: bool },
}

#[derive(Serialize)]
struct Token {
    at: u64,
    #[serde(flatten)]
    bytes: Bytes,
    /// By the model alone.
    model_bits: Option<f64>,
    /// As it was coded.
    bits: f64,
    method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    likeliest: Option<Vec<Likely>>,
}

#[derive(Serialize)]
struct Likely {
    #[serde(flatten)]
    bytes: Bytes,
    probability: f32,
}

/// As text where that says all, as digits otherwise.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Bytes {
    Text(String),
    Hex(String),
}

impl Bytes {
    fn of(bytes: &[u8]) -> Bytes {
        match std::str::from_utf8(bytes) {
            Ok(text) => Bytes::Text(text.to_owned()),
            Err(_) => Bytes::Hex(llmzip::container::hex(bytes)),
        }
    }
}

impl<W: Write> View for Json<'_, W> {
    fn begin(&mut self) -> io::Result<()> {
        let facts = self.facts.clone();
        let (name, compressor) = (&facts.exact_name, &facts.compressor);
        self.line(&Line::File { version: env!("CARGO_PKG_VERSION"), name, compressor })
    }

    fn group(&mut self, group: &Group<'_>) -> io::Result<()> {
        let range = self.facts.range.clone();
        let is_shown = |part: &Part<'_>| {
            part.at < range.end && part.at + part.bytes.len() as u64 > range.start
        };
        for part in group.parts().filter(is_shown) {
            let likely = |&(token, probability): &(u32, f32)| {
                let bytes = Bytes::of(self.vocabulary?.bytes(token));
                (probability > 0.0).then_some(Likely { bytes, probability })
            };
            let likeliest = part.likeliest.map(|all| all.iter().filter_map(likely).collect());
            self.line(&Line::Token(Token {
                at: part.at,
                bytes: Bytes::of(part.bytes),
                model_bits: part.model_bits,
                bits: part.bits,
                method: part.manner.name(),
                likeliest,
            }))?;
        }
        Ok(())
    }

    fn end(&mut self, totals: &Totals) -> io::Result<()> {
        for (manner, sum) in Manner::ALL.iter().zip(&totals.by_manner) {
            if sum.parts > 0 {
                let method = manner.name();
                let (tokens, plain_bytes, bits) = (sum.parts, sum.bytes, sum.bits);
                self.line(&Line::Sum { method, tokens, plain_bytes, bits })?;
            }
        }
        let Totals { plain_bytes, stored_bytes, model_bits, is_cut, .. } = *totals;
        let frame_bits = totals.frame_bits();
        self.line(&Line::End { plain_bytes, stored_bytes, model_bits, frame_bits, is_cut })?;
        self.out.flush()
    }
}
