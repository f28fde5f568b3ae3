//! Taking a group apart.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::ascii85::Ascii85;
use super::base64::Base64;
use super::charset::{self, Charset, Run};
use super::code::Transform;
use super::deflate::{self, Stream};
use super::dump::Dump;
use super::escape::Escape;
use super::hex::Hex;
use super::holders::stream_at;
use super::kind::Kind;
use super::lines::{self, LineEnd};
use super::png::Chunks;
use super::quoted::Quoted;
use super::recipe::{self, DEPTH, Parts, Piece, restore};
use super::tar;
use super::url::Url;
use super::vain::Vain;
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
    let effort = Effort::of_group(plain.len());
    let dissector = Dissector { judge, tallies: RefCell::default(), effort };
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
/// From this length on, what one stretch says holds for all of its kind.
const VERDICT_BYTES: usize = 512;
/// What so many bytes of shorter ones say together holds for the rest of them.
const TALLY_BYTES: usize = 4 << 10;

struct Dissector<'a> {
    judge: &'a dyn Judge,
    /// What is known of a kind of transform, by its code.
    tallies: RefCell<BTreeMap<u8, Tally>>,
    effort: Effort,
}

/// Whether a transform pays, as far as stretches have shown it.
#[derive(Default)]
struct Tally {
    bytes: usize,
    before: usize,
    after: usize,
    verdict: Option<bool>,
}

/// Bytes that are read in vain at most, for each byte of a group, behind heads that say how much follows them.
const EFFORT: usize = 4;

/// What is left of the work that a group may make.
struct Effort {
    /// Bytes that deflate streams may yet give.
    bytes: Cell<usize>,
    /// Bytes that may yet be read in vain.
    vain: Cell<usize>,
}

impl Effort {
    /// What a group of so many bytes may make.
    fn of_group(len: usize) -> Effort {
        let bytes = limit(len).saturating_sub(len);
        Effort { bytes: Cell::new(bytes), vain: Cell::new(EFFORT * len) }
    }

    /// The deflate stream that is announced at `at`, and where it begins.
    fn stream(&self, bytes: &[u8], at: usize) -> Option<(usize, Stream)> {
        let start = stream_at(bytes, at)?;
        let stream = bytes.get(start..)?;
        let most = self.bytes.get().min(self.vain.get().saturating_mul(64));
        let mut vain = 0;
        match deflate::forward(stream, most, &mut vain) {
            Some(stream) if Kind::of(&stream.plain) != Kind::Noise => {
                self.bytes.set(self.bytes.get() - stream.plain.len());
                Some((start, stream))
            }
            _ => {
                self.was_in_vain(vain);
                None
            }
        }
    }

    /// The chunks of a picture whose first name is at `at`, where they begin, their bytes and their end.
    fn chunks(&self, bytes: &[u8], at: usize) -> Option<(usize, Chunks, Vec<u8>, usize)> {
        if self.vain.get() == 0 {
            return None;
        }
        let mut vain = 0;
        let found = Chunks::at(bytes, at, &mut vain);
        if found.is_none() {
            self.was_in_vain(vain);
        }
        found
    }

    fn was_in_vain(&self, bytes: usize) {
        // Even a glance is something.
        self.vain.set(self.vain.get().saturating_sub(bytes + 8));
    }
}

/// What was taken off already, and is not looked for again.
#[derive(Debug, Clone, Copy, Default)]
struct Wearing {
    charset: bool,
    lines: bool,
    escape: bool,
}

/// A stretch that was found, with what is within it.
struct Stretch {
    start: usize,
    end: usize,
    transform: Transform,
    inner: Vec<u8>,
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
            if self.pays(Transform::Lines(end).code(), sample, &after) {
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
            if self.pays(Transform::Upper.code(), &bytes[stretch.clone()][..len], &inner[..len]) {
                pieces.extend(leaf(&bytes[at..stretch.start]));
                pieces.push(Piece::Stretch(Transform::Upper, leaf(&inner)));
                at = stretch.end;
            }
        }
        pieces.extend(leaf(&bytes[at..]));
    }

    /// Whether `after` is shorter than `before` when they are coded; once enough bytes have shown it, it is taken for granted.
    fn pays(&self, code: u8, before: &[u8], after: &[u8]) -> bool {
        let mut tallies = self.tallies.borrow_mut();
        let tally = tallies.entry(code).or_default();
        if let Some(verdict) = tally.verdict {
            return verdict;
        }
        // What a stretch costs in the recipe.
        let costs = (self.judge.cost(before), self.judge.cost(after) + 4);
        let pays = costs.1 < costs.0;
        tally.bytes += before.len();
        (tally.before, tally.after) = (tally.before + costs.0, tally.after + costs.1);
        if before.len() >= VERDICT_BYTES {
            tally.verdict = Some(pays);
        } else if tally.bytes >= TALLY_BYTES {
            tally.verdict = Some(tally.after < tally.before);
        }
        pays
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

/// Rows of letters and digits shorter than this are words.
const LEAST_ROW: usize = 32;

/// What was read in vain, by what was looked for.
#[derive(Default)]
struct Vains {
    hex: Vain,
    base64: Vain,
    ascii85: Vain,
    quoted: Vain,
}

/// The stretches of bytes that say by themselves what they are.
fn find(bytes: &[u8], effort: &Effort) -> Vec<Stretch> {
    let mut list: Vec<Stretch> = Vec::new();
    let mut vains = Vains::default();
    let (mut at, mut end, mut line) = (0, 0, 0);
    while at < bytes.len() {
        let byte = bytes[at];
        if let Some((start, Stream { plain, corrections, len })) = effort.stream(bytes, at) {
            let transform = Transform::Deflate(corrections);
            list.push(Stretch { start, end: start + len, transform, inner: plain });
            (at, end) = (start + len, start + len);
            continue;
        }
        if Ascii85::may_begin(bytes, at)
            && let Some(found) = vains.ascii85.attempt(at, || Ascii85::at(bytes, at))
        {
            let (ascii85, inner, stretch_end) = found;
            let transform = Transform::Ascii85(ascii85);
            list.push(Stretch { start: at, end: stretch_end, transform, inner });
            (at, end) = (stretch_end, stretch_end);
            continue;
        }
        let found = match byte {
            b'I' if bytes[at..].starts_with(b"IDAT") && at >= end + 4 => {
                let found = effort.chunks(bytes, at);
                found.map(|(start, chunks, inner, end)| {
                    at = start;
                    (Transform::Png(chunks), inner, end)
                })
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'-' | b'_' => {
                let is_row =
                    |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_');
                let row = bytes[at..].iter().take_while(is_row).count();
                let found = match (at == line).then(|| Dump::at(bytes, at)).flatten() {
                    Some((dump, inner, end)) => Some((Transform::Dump(dump), inner, end)),
                    None if row >= LEAST_ROW => digits(bytes, at, &mut vains),
                    None => None,
                };
                if found.is_none() {
                    at += row;
                    continue;
                }
                found
            }
            b'%' => Url::at(bytes, at).map(|(url, inner, end)| (Transform::Url(url), inner, end)),
            b'=' if line >= end => {
                let found = vains.quoted.attempt(line, || Quoted::at(bytes, line));
                found.map(|(quoted, inner, stretch_end)| {
                    at = line;
                    (Transform::Quoted(quoted), inner, stretch_end)
                })
            }
            _ => None,
        };
        match found {
            Some((transform, inner, stretch_end)) => {
                // Stretches that were found in what is quoted lie within it.
                while list.last().is_some_and(|last| last.end > at) {
                    list.pop();
                }
                list.push(Stretch { start: at, end: stretch_end, transform, inner });
                (at, end) = (stretch_end, stretch_end);
                if bytes[at - 1] == b'\n' {
                    line = at;
                }
            }
            None => {
                at += 1;
                if byte == b'\n' {
                    line = at;
                }
            }
        }
    }
    list
}

/// Hexadecimal digits or base64.
fn digits(bytes: &[u8], at: usize, vains: &mut Vains) -> Option<(Transform, Vec<u8>, usize)> {
    let hex = vains.hex.attempt(at, || Hex::at(bytes, at));
    let hex = hex.map(|(hex, inner, end)| (Transform::Hex(hex), inner, end));
    hex.or_else(|| {
        let (base64, inner, end) = vains.base64.attempt(at, || Base64::at(bytes, at))?;
        Some((Transform::Base64(base64), inner, end))
    })
}

#[cfg(test)]
mod tests;
