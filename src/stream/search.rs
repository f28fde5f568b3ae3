//! Where frames may begin and end in a damaged file, found by reading it once.

use std::io::{Read, Seek};

use crate::container::{
    LONG_MAGIC, LongHeader, SHORT_MAGIC, ShortHead, Source, TRAILER_BYTES, Trailer,
};
use crate::error::Result;

/// What looks like the beginnings and the ends of frames, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Landmarks {
    /// Offsets of magic bytes with a head behind them that can be one.
    beginnings: Vec<u64>,
    /// Where long frames that end somewhere in the file would have begun, and their ends.
    ends: Vec<(u64, u64)>,
}

/// Bytes of a file that are looked at together.
const WINDOW_BYTES: usize = TRAILER_BYTES as usize;

impl Landmarks {
    /// Looks through the whole file.
    pub(super) fn find<R: Read + Seek>(source: &mut Source<R>) -> Result<Self> {
        source.seek_to(0)?;
        let mut landmarks = Landmarks::default();
        let mut window = Vec::new();
        let mut window_start = 0;
        loop {
            let chunk = source.some_bytes()?;
            let is_last = chunk.is_empty();
            window.extend_from_slice(&chunk);
            // What is left may begin something that the next chunk ends.
            let done = match is_last {
                true => window.len(),
                false => window.len().saturating_sub(WINDOW_BYTES - 1),
            };
            for at in 0..done {
                landmarks.look(&window[at..], window_start + at as u64);
            }
            if is_last {
                landmarks.ends.sort_unstable();
                return Ok(landmarks);
            }
            window.drain(..done);
            window_start += done as u64;
        }
    }

    /// Notes what stands at `offset`, where `bytes` begin.
    fn look(&mut self, bytes: &[u8], offset: u64) {
        if let Some(trailer) = bytes.first_chunk().and_then(Trailer::parse) {
            let end = offset + TRAILER_BYTES;
            self.ends.extend(end.checked_sub(trailer.frame_len).map(|start| (start, end)));
        }
        if bytes.starts_with(&SHORT_MAGIC) && bytes.get(2).is_some_and(|&b| ShortHead::can_be(b))
            || bytes.starts_with(&LONG_MAGIC)
                && LongHeader::read(&mut Source::new(&bytes[LONG_MAGIC.len()..])).is_ok()
        {
            self.beginnings.push(offset);
        }
    }

    /// The first offset from `from` on where a frame may begin.
    pub(super) fn beginning(&self, from: u64) -> Option<u64> {
        let at = self.beginnings.partition_point(|&beginning| beginning < from);
        self.beginnings.get(at).copied()
    }

    /// Where the frame at `start` may end, the nearest first.
    pub(super) fn ends(&self, start: u64) -> impl Iterator<Item = u64> + '_ {
        let first = self.ends.partition_point(|&(other, _)| other < start);
        self.ends[first..].iter().take_while(move |end| end.0 == start).map(|end| end.1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{mixed, pack_long, pack_short};
    use super::*;
    use std::io::Cursor;

    #[test]
    fn frames_are_found_wherever_they_stand() {
        let frames = [pack_long(&mixed(5000)), pack_short(b"between"), pack_long(&mixed(700))];
        // Across the edges of what is read at a time, too.
        for lead in [0, 1, 65_500, 65_530, 65_536, 131_060] {
            let file = [vec![9; lead], frames.concat(), vec![9; 3]].concat();
            let landmarks = Landmarks::find(&mut Source::new(Cursor::new(&file))).unwrap();
            let mut start = lead as u64;
            for frame in &frames {
                let end = start + frame.len() as u64;
                assert_eq!(landmarks.beginning(start), Some(start), "{lead}");
                if frame[1] != SHORT_MAGIC[1] {
                    assert_eq!(landmarks.ends(start).collect::<Vec<_>>(), [end]);
                }
                start = end;
            }
            assert_eq!(landmarks.beginning(start), None);
        }
    }
}
