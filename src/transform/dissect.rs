//! Taking a group apart.

use super::charset::{self, Charset, Run};
use super::code::Transform;
use super::effort::Effort;
use super::escape::Escape;
use super::find::find;
use super::kind::Kind;
use super::lines::{self, LineEnd};
use super::recipe::{self, DEPTH, Parts, Piece, restore};
use super::tally::Tallies;
use super::tar;
use super::{Judge, Seen, limit, upper};

/// A group taken apart.
#[derive(Debug)]
pub struct Taken {
    /// How it is put together.
    pub recipe: Vec<u8>,
    /// The code of the one transform that makes all of it of text, where one does.
    pub whole: Option<u8>,
    /// What it is put together of.
    pub parts: Parts,
    /// What was seen through.
    pub seen: Seen,
}

/// Takes a group apart, if there is anything to take off and it comes back exactly.
pub fn take(plain: &[u8], judge: &dyn Judge) -> Option<Taken> {
    let (tallies, effort) = (Tallies::new(judge), Effort::of_group(plain.len()));
    let dissector = Dissector { judge, tallies, effort };
    let pieces = dissector.dissect(plain, 0, Wearing::default());
    let kind = |piece: &Piece| match piece {
        Piece::Leaf(kind, _) => Some(*kind),
        Piece::Stretch(..) => None,
    };
    // Of leaves of one kind, nothing is to be said.
    let first = pieces.first().and_then(kind);
    if pieces.iter().all(|piece| kind(piece).is_some() && kind(piece) == first) {
        return None;
    }
    let (recipe, parts) = recipe::write(&pieces);
    let total: usize = parts.iter().map(Vec::len).sum();
    if total > limit(plain.len()) || recipe.len() > plain.len() {
        return None;
    }
    let back = restore(&recipe, parts.each_ref().map(Vec::as_slice), plain.len());
    if back.ok()? != plain {
        return None;
    }
    let whole = recipe::whole(&pieces).map(Transform::code);
    let seen = recipe::describe(&recipe).ok()?;
    Some(Taken { recipe, whole, parts, seen })
}

/// Bytes that may hide something.
const LEAST_BYTES: usize = 24;
/// As much of a stretch is coded in two ways to see which is shorter.
const SAMPLE_BYTES: usize = 2 << 10;

struct Dissector<'a> {
    judge: &'a dyn Judge,
    tallies: Tallies<'a>,
    effort: Effort,
}

/// What was taken off already, and is not looked for again.
#[derive(Debug, Clone, Copy, Default)]
struct Wearing {
    charset: bool,
    lines: bool,
    escape: bool,
}

impl Dissector<'_> {
    fn dissect(&self, bytes: &[u8], depth: usize, worn: Wearing) -> Vec<Piece> {
        if depth == DEPTH || bytes.len() < LEAST_BYTES {
            return leaf(bytes);
        }
        if let Some(files) = tar::files(bytes) {
            return self.files(&files, bytes, depth);
        }
        if !worn.charset
            && let Some(charset) = charset::guess(bytes, self.judge)
        {
            let charset_worn = Wearing { charset: true, ..worn };
            return self.charset(charset, bytes, depth, charset_worn);
        }
        if !worn.lines
            && let Some(end) = LineEnd::of(bytes)
        {
            let sample = &bytes[..bytes.len().min(SAMPLE_BYTES)];
            let after: Vec<u8> = end.forward(sample).into_iter().flat_map(of_lines).collect();
            if self.tallies.pays(Transform::Lines(end).code(), sample, &after) {
                let lines_worn = Wearing { lines: true, ..worn };
                return self.lines(end, bytes, depth, lines_worn);
            }
        }
        let mut pieces = Vec::new();
        let mut at = 0;
        for found in find(bytes, &self.effort) {
            self.rest(&bytes[at..found.start], depth, worn, &mut pieces);
            let inner = self.dissect(&found.inner, depth + 1, Wearing::default());
            pieces.push(Piece::Stretch(found.transform, inner));
            at = found.end;
        }
        self.rest(&bytes[at..], depth, worn, &mut pieces);
        pieces
    }

    /// Files one by one, and what is between them.
    fn files(&self, files: &[std::ops::Range<usize>], bytes: &[u8], depth: usize) -> Vec<Piece> {
        let between = |range: std::ops::Range<usize>| match range.is_empty() {
            true => Vec::new(),
            false => vec![Piece::Leaf(Kind::Binary, bytes[range].to_vec())],
        };
        let (mut pieces, mut at) = (Vec::new(), 0);
        for file in files {
            pieces.extend(between(at..file.start));
            pieces.extend(self.dissect(&bytes[file.clone()], depth + 1, Wearing::default()));
            at = file.end;
        }
        pieces.extend(between(at..bytes.len()));
        pieces
    }

    fn charset(
        &self,
        mut charset: Charset,
        bytes: &[u8],
        depth: usize,
        worn: Wearing,
    ) -> Vec<Piece> {
        let runs = charset.decode(bytes);
        // Many that do not come back are a sign that it is none.
        if runs.len() > 4 + bytes.len() / 128 {
            return leaf(bytes);
        }
        let mut pieces = Vec::new();
        for run in runs {
            match run {
                Run::Text(text) => {
                    let inner = self.dissect(&text, depth + 1, worn);
                    pieces.push(Piece::Stretch(Transform::Charset(charset), inner));
                }
                Run::Bytes(bytes) => pieces.extend(leaf(&bytes)),
            }
            charset = charset.behind();
        }
        pieces
    }

    fn lines(&self, end: LineEnd, bytes: &[u8], depth: usize, worn: Wearing) -> Vec<Piece> {
        let lines = end.forward(bytes);
        let mut pieces = Vec::new();
        for piece in lines {
            match piece {
                lines::Piece::Lines(lines) => {
                    let inner = self.dissect(&lines, depth + 1, worn);
                    pieces.push(Piece::Stretch(Transform::Lines(end), inner));
                }
                lines::Piece::Feeds(n) => pieces.push(Piece::Leaf(Kind::Text, vec![b'\n'; n])),
            }
        }
        pieces
    }

    /// What is between stretches: escapes here and there, and capitals.
    fn rest(&self, bytes: &[u8], depth: usize, worn: Wearing, pieces: &mut Vec<Piece>) {
        let stretches = match worn.escape || bytes.len() < LEAST_BYTES {
            true => Vec::new(),
            false => escapes(bytes),
        };
        let mut at = 0;
        for (escape, stretch) in stretches {
            self.capitals(&bytes[at..stretch.start], pieces);
            let text = escape.forward(&bytes[stretch.clone()]);
            let inner = self.dissect(&text, depth + 1, Wearing { escape: true, ..worn });
            pieces.push(Piece::Stretch(Transform::Escape(escape), inner));
            at = stretch.end;
        }
        self.capitals(&bytes[at..], pieces);
    }

    fn capitals(&self, bytes: &[u8], pieces: &mut Vec<Piece>) {
        let mut at = 0;
        for stretch in upper::find(bytes) {
            let inner = upper::forward(&bytes[stretch.clone()]);
            let len = inner.len().min(SAMPLE_BYTES);
            let (before, after) = (&bytes[stretch.clone()][..len], &inner[..len]);
            if self.tallies.pays(Transform::Upper.code(), before, after) {
                pieces.extend(leaf(&bytes[at..stretch.start]));
                pieces.push(Piece::Stretch(Transform::Upper, leaf(&inner)));
                at = stretch.end;
            }
        }
        pieces.extend(leaf(&bytes[at..]));
    }
}

/// Bytes as they are, if there are any.
fn leaf(bytes: &[u8]) -> Vec<Piece> {
    match bytes.is_empty() {
        true => Vec::new(),
        false => vec![Piece::Leaf(Kind::of(bytes), bytes.to_vec())],
    }
}

fn of_lines(piece: lines::Piece) -> Vec<u8> {
    match piece {
        lines::Piece::Lines(lines) => lines,
        lines::Piece::Feeds(n) => vec![b'\n'; n],
    }
}

/// The stretches of the commonest escape.
fn escapes(bytes: &[u8]) -> Vec<(Escape, std::ops::Range<usize>)> {
    if !bytes.iter().any(|byte| matches!(byte, b'\\' | b'%' | b'&')) {
        return Vec::new();
    }
    let found = Escape::ALL.map(|escape| (escape, escape.find(bytes)));
    let gain = |escape: Escape, stretch: &std::ops::Range<usize>| {
        stretch.len() - escape.forward(&bytes[stretch.clone()]).len()
    };
    let gains = found.into_iter().map(|(escape, stretches)| {
        let gain: usize = stretches.iter().map(|stretch| gain(escape, stretch)).sum();
        (gain, escape, stretches)
    });
    let best = gains.max_by_key(|(gain, ..)| *gain);
    let list =
        best.into_iter().flat_map(|(_, escape, list)| list.into_iter().map(move |s| (escape, s)));
    list.collect()
}

#[cfg(test)]
mod tests;
