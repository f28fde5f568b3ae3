//! Which encoding a text is in.
//!
//! Shapes that are cheap to see leave a few candidates; the best reader of languages at hand, the codec itself, says which of
//! them makes the most sense of a sample.

use super::tables::{EBCDIC, NAMES, SINGLES, Table};
use super::{Charset, Run, Wide};
use crate::transform::Judge;

/// Texts shorter than this are left alone.
const LEAST_BYTES: usize = 24;
/// As much is looked at for the shape.
const LOOK_BYTES: usize = 64 << 10;
/// As much is read for the likeliest candidates.
const SAMPLE_BYTES: usize = 3 << 10;
/// So many candidates are read.
const READ: usize = 4;

/// The encoding of `bytes`, if it is another than UTF-8 and reading it so pays in a sample.
pub fn guess(bytes: &[u8], judge: &dyn Judge) -> Option<Charset> {
    if bytes.len() < LEAST_BYTES {
        return None;
    }
    let look = &bytes[..bytes.len().min(LOOK_BYTES)];
    let (sample, candidates) = match wide(look) {
        Some(wide) => {
            let unit = wide.unit();
            (
                &look[..look.len().min(unit * SAMPLE_BYTES / 2) / unit * unit],
                vec![Charset::Wide(wide)],
            )
        }
        None => by_tables(look)?,
    };
    let plain = judge.cost(sample);
    let read = |charset: Charset| {
        let text = charset.decode(sample).into_iter().flat_map(|run| match run {
            Run::Text(bytes) | Run::Bytes(bytes) => bytes,
        });
        (judge.cost(&text.collect::<Vec<_>>()), charset)
    };
    let best = candidates.into_iter().map(read).min_by_key(|(cost, _)| *cost);
    best.filter(|(cost, _)| cost + cost / 64 < plain).map(|(_, charset)| charset)
}

/// Units of two or four bytes, by the mark, by zeros where Latin letters have them, or by what the units are.
fn wide(look: &[u8]) -> Option<Wide> {
    let fits = |wide: &Wide| {
        let unit = wide.unit();
        let whole = &look[..look.len() / unit * unit];
        let runs = Charset::Wide(*wide).decode(&whole[..whole.len().min(4 << 10)]);
        let (mut good, mut bad) = (0usize, 0usize);
        for run in &runs {
            match run {
                Run::Bytes(bytes) => bad += bytes.len(),
                Run::Text(text) => {
                    let text = std::str::from_utf8(text).unwrap_or_default();
                    let odd = text.chars().filter(|&c| !is_plausible(c)).count();
                    bad += unit * odd;
                    good += text.chars().count() - odd;
                }
            }
        }
        // The mark alone is no proof: it stands for two letters in other encodings.
        good > 8 && bad * 40 < good
    };
    // Those with a mark first, then those of four bytes: two zeros of them look like a character of two bytes.
    let rank = |wide: &&Wide| (!wide.mark, !wide.four);
    let mut all: Vec<&Wide> = Wide::ALL.iter().collect();
    all.sort_by_key(rank);
    all.into_iter().find(|wide| fits(wide)).copied()
}

/// What texts of units are made of: random ones are it in half of all cases.
fn is_plausible(c: char) -> bool {
    matches!(c,
        '\t' | '\n' | '\r' | '\u{20}'..='\u{7e}' | '\u{a0}'..='\u{52f}' | '\u{590}'..='\u{6ff}' | '\u{900}'..='\u{dff}'
        | '\u{e01}'..='\u{e5b}' | '\u{1e00}'..='\u{1fff}' | '\u{2010}'..='\u{2046}' | '\u{20a0}'..='\u{20bf}'
        | '\u{3000}'..='\u{30ff}' | '\u{4e00}'..='\u{9fa5}' | '\u{ac00}'..='\u{d7a3}' | '\u{ff01}'..='\u{ffee}'
        | '\u{1f300}'..='\u{1faff}')
}

/// The likeliest tables, and the sample that they are to read.
fn by_tables(look: &[u8]) -> Option<(&[u8], Vec<Charset>)> {
    if is_utf8(look) {
        return None;
    }
    let share = |is_it: fn(&u8) -> bool| look.iter().filter(|byte| is_it(byte)).count();
    let controls = share(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31 | 127));
    let high = share(|byte| *byte >= 0x80);
    let blanks = share(|byte| *byte == 0x40);
    // EBCDIC has its letters above and its blank at 0x40.
    let ebcdic = blanks * 40 > look.len() && high * 2 > look.len();
    let numbers = match (ebcdic, controls * 200 < look.len()) {
        (true, _) => EBCDIC.collect::<Vec<_>>(),
        (false, true) => (0..NAMES.len()).filter(|number| !EBCDIC.contains(number)).collect(),
        (false, false) => return None,
    };
    // From the beginning of a line on that has bytes which matter.
    let first = look.iter().position(|byte| *byte >= 0x80)?;
    let start = look[..first].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let start = if first - start > 1000 { first } else { start };
    let sample = &look[start..look.len().min(start + SAMPLE_BYTES)];
    let mut ranked: Vec<_> = numbers
        .into_iter()
        .map(|number| (oddness(Table::of(number as u8), sample), number))
        .filter(|(oddness, _)| oddness * 8 < sample.len())
        .collect();
    // Tables of two bytes that fit are rare, and tell more than those of one.
    ranked.sort_by_key(|&(oddness, number)| (oddness, number < SINGLES, number));
    // Several tables give the same text.
    let mut texts = Vec::new();
    let mut likeliest = Vec::new();
    for (_, number) in ranked {
        let charset = Charset::Table(number as u8);
        let runs = charset.decode(sample);
        if likeliest.len() < READ && !texts.contains(&runs) {
            texts.push(runs);
            likeliest.push(charset);
        }
    }
    Some((sample, likeliest))
}

/// Whether bytes are UTF-8, but for a character that is cut at either end.
fn is_utf8(bytes: &[u8]) -> bool {
    let cut = bytes.iter().take(3).take_while(|&&byte| byte & 0xC0 == 0x80).count();
    match std::str::from_utf8(&bytes[cut..]) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    }
}

/// Alphabets, as far as they must not be mixed within a word.
#[derive(PartialEq, Clone, Copy)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    Other,
}

/// How little sense a sample makes in bytes: what does not come back, what texts do not have, words of two alphabets, and
/// capitals behind small letters.
fn oddness(table: &Table, sample: &[u8]) -> usize {
    let (mut odd, mut at) = (0, 0);
    let mut before: Option<(Script, bool)> = None;
    while at < sample.len() {
        let Some((c, len)) = table.character(&sample[at..]) else {
            // The last may be cut.
            odd += if at + 1 < sample.len() { 4 } else { 0 };
            (at, before) = (at + 1, None);
            continue;
        };
        odd += match c {
            '\0'..='\u{8}' | '\u{e}'..='\u{1a}' | '\u{1c}'..='\u{1f}' => 2,
            '\u{7f}'..='\u{9f}' => 4,
            // Pictures of lines, private letters, half-width ones in a row.
            '\u{2500}'..='\u{259f}' | '\u{e000}'..='\u{f8ff}' => 2,
            '\u{ff61}'..='\u{ff9f}' => 1,
            '\u{a1}'..='\u{bf}' | '\u{d7}' | '\u{f7}' => 1,
            _ => 0,
        };
        let script = match c {
            'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' => Script::Latin,
            '\u{370}'..='\u{3ff}' => Script::Greek,
            '\u{400}'..='\u{52f}' => Script::Cyrillic,
            _ => Script::Other,
        };
        let now = (c.is_alphabetic() && len == 1).then(|| (script, c.is_uppercase()));
        if let (Some((old, old_upper)), Some((new, new_upper))) = (before, now) {
            odd += usize::from(old != new) + usize::from(new_upper && !old_upper);
        }
        before = now;
        at += len;
    }
    odd
}
