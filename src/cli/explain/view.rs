//! What is shown, however it is shown: groups piece by piece, and sums.

use std::io;
use std::ops::Range;

use llmzip::codec::{Explained, Likeliest, Way};
use llmzip::stream::Method;

/// What is known before the first group.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The name for people.
    pub name: String,
    /// The name for programs.
    pub exact_name: String,
    /// Level and model.
    pub compressor: String,
    /// Which bytes are shown.
    pub range: Range<u64>,
}

/// One way of showing.
pub trait View {
    fn begin(&mut self) -> io::Result<()>;
    fn group(&mut self, group: &Group<'_>) -> io::Result<()>;
    /// Shows the sums, and flushes.
    fn end(&mut self, totals: &Totals) -> io::Result<()>;
}

/// A group as it stands in the file.
#[derive(Debug)]
pub struct Group<'a> {
    /// Where it begins in the original.
    pub start: u64,
    pub plain: &'a [u8],
    pub method: Method,
    /// What is known of it, unless no codec saw it.
    pub explained: &'a Option<Explained>,
}

/// Some bytes that were coded together.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// Where they begin in the original.
    pub at: u64,
    pub bytes: &'a [u8],
    /// What they take in the file.
    pub bits: f64,
    /// What they would take by the model alone, where it had a part in it.
    pub model_bits: Option<f64>,
    pub manner: Manner,
    pub likeliest: Option<&'a Likeliest>,
}

/// How bytes were coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Model,
    Mixer,
    Copy,
    Stored,
    Run,
}

impl Manner {
    pub const ALL: [Manner; 5] =
        [Manner::Model, Manner::Mixer, Manner::Copy, Manner::Stored, Manner::Run];

    pub fn name(self) -> &'static str {
        match self {
            Manner::Model => "model",
            Manner::Mixer => "mixer",
            Manner::Copy => "copy",
            Manner::Stored => "stored",
            Manner::Run => "run",
        }
    }
}

impl Group<'_> {
    /// All parts in their order.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let explained = self.explained.as_ref().filter(|_| self.method.is_coded());
        let pieces = explained.map_or(&[][..], |explained| &explained.pieces);
        let coded = pieces.iter().map(move |piece| Part {
            at: self.start + piece.start as u64,
            bytes: &self.plain[piece.start..piece.start + piece.len],
            bits: f64::from(piece.bits),
            model_bits: piece.model_bits.map(f64::from),
            manner: match piece.way {
                Way::Model => Manner::Model,
                Way::Mixer => Manner::Mixer,
                Way::Copy => Manner::Copy,
                Way::Stored => Manner::Stored,
            },
            likeliest: explained.and_then(|explained| explained.likeliest(piece)),
        });
        // A run is one byte and its length, which is the frame's; what is stored goes byte by byte.
        let (chunk, manner) = match self.method {
            Method::Run => (usize::MAX, Manner::Run),
            _ => (1, Manner::Stored),
        };
        let rest = if explained.is_some() { &[][..] } else { self.plain };
        let plain = rest.chunks(chunk).enumerate().map(move |(i, bytes)| Part {
            at: self.start + i as u64,
            bytes,
            bits: 8.0,
            model_bits: None,
            manner,
            likeliest: None,
        });
        coded.chain(plain)
    }
}

/// Sums over all groups.
#[derive(Debug, Default, Clone)]
pub struct Totals {
    /// Bytes of the original that were read.
    pub plain_bytes: u64,
    /// Bytes of the compressed file.
    pub stored_bytes: u64,
    /// Whether more of the file was left unread.
    pub is_cut: bool,
    /// Tokens, bytes of the original and bits, by manner.
    pub by_manner: [Sum; Manner::ALL.len()],
    /// Bits that the model alone would need for what it had a part in.
    pub model_bits: f64,
}

/// One row of the sums.
#[derive(Debug, Default, Clone, Copy)]
pub struct Sum {
    pub parts: u64,
    pub bytes: u64,
    pub bits: f64,
}

impl Totals {
    pub fn add(&mut self, group: &Group<'_>) {
        self.plain_bytes += group.plain.len() as u64;
        for part in group.parts() {
            let sum = &mut self.by_manner[part.manner as usize];
            sum.parts += 1;
            sum.bytes += part.bytes.len() as u64;
            sum.bits += part.bits;
            self.model_bits += part.model_bits.unwrap_or(0.0);
        }
    }

    /// Bits of the file that are no part's: the frame, its checks, and ends of payloads.
    pub fn frame_bits(&self) -> f64 {
        let parts: f64 = self.by_manner.iter().map(|sum| sum.bits).sum();
        8.0 * self.stored_bytes as f64 - parts
    }

    /// The sums in words, a line each: a name, and what there is to say.
    pub fn lines(&self) -> Vec<(String, String)> {
        let per_byte = |bits: f64, bytes: u64| bits / bytes.max(1) as f64;
        let all = 8.0 * self.stored_bytes as f64;
        let cut = if self.is_cut { ", the rest of the file was not read" } else { "" };
        let mut lines = vec![(
            "file".to_owned(),
            format!(
                "{} bytes -> {} ({:.3} bits per byte){cut}",
                self.plain_bytes,
                self.stored_bytes,
                per_byte(all, self.plain_bytes)
            ),
        )];
        for (manner, sum) in
            Manner::ALL.iter().zip(&self.by_manner).filter(|(_, sum)| sum.parts > 0)
        {
            let what = match manner {
                Manner::Model => "tokens",
                Manner::Mixer | Manner::Stored => "bytes one by one",
                Manner::Copy if sum.parts == 1 => "long repeat",
                Manner::Copy => "long repeats",
                Manner::Run if sum.parts == 1 => "run of one byte",
                Manner::Run => "runs of one byte",
            };
            let mut line = format!(
                "{} {what} of {} bytes, {:.0} bits ({:.3} per byte)",
                sum.parts,
                sum.bytes,
                sum.bits,
                per_byte(sum.bits, sum.bytes)
            );
            if *manner == Manner::Model {
                let saved = 100.0 * (1.0 - sum.bits / self.model_bits.max(1e-9));
                line += &format!(
                    "; the model alone {:.0} ({:.3}), which mixing makes {saved:.1} % less",
                    self.model_bits,
                    per_byte(self.model_bits, sum.bytes)
                );
            }
            lines.push((manner.name().to_owned(), line));
        }
        lines.push((
            "frame".to_owned(),
            format!("{:.0} bits: header, checks, ends", self.frame_bits()),
        ));
        lines
    }
}
