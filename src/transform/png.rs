//! Pictures in PNG: one zlib stream, cut into chunks with a check each.

use super::room::Room;
use crate::container::varint;
use crate::error::{Error, Result};

/// How a stream is cut into chunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunks {
    /// Bytes of each chunk but the last.
    lengths: Vec<u32>,
    /// All but the last are as long as the first, which alone is in the list.
    equal: bool,
}

const NAME: &[u8; 4] = b"IDAT";

impl Chunks {
    /// The chunks of which the first has its name at `at`, where they begin, their bytes and their end. What was read in vain is
    /// added to `vain`.
    pub fn at(
        bytes: &[u8],
        at: usize,
        vain: &mut usize,
    ) -> Option<(usize, Chunks, Vec<u8>, usize)> {
        let start = at.checked_sub(4)?;
        let (mut inner, mut lengths, mut end) = (Vec::new(), Vec::new(), start);
        while let Some(chunk) = bytes.get(end..) {
            let Some(&head) = chunk.first_chunk::<8>() else { break };
            let (len, name) =
                (u32::from_be_bytes([head[0], head[1], head[2], head[3]]), &head[4..]);
            let whole = (len as usize).checked_add(12).and_then(|whole| chunk.get(..whole));
            let Some(whole) = whole.filter(|_| name == NAME) else { break };
            let (data, check) = whole[8..].split_at(len as usize);
            if check != crc(data).to_be_bytes() {
                *vain += data.len();
                break;
            }
            inner.extend_from_slice(data);
            lengths.push(len);
            end += whole.len();
        }
        let last = lengths.pop()?;
        // What is last is what is left; one length stands for equal ones.
        let is_like = |first: u32| first > 0 && (1..=first).contains(&last);
        let equal = lengths
            .first()
            .is_some_and(|&first| is_like(first) && lengths.iter().all(|&len| len == first));
        if equal {
            lengths.truncate(1);
        }
        let chunks = Chunks { lengths, equal };
        let mut again = Room::new(end - start);
        chunks.inverse(&inner, &mut again).ok()?;
        (again.bytes() == &bytes[start..end]).then_some((start, chunks, inner, end))
    }

    /// The chunks of a stream.
    pub fn inverse(&self, inner: &[u8], out: &mut Room) -> Result<()> {
        let mut rest = inner;
        let count = match (self.equal, &self.lengths[..]) {
            (true, &[len]) => (inner.len().div_ceil(len as usize)).saturating_sub(1),
            _ => self.lengths.len(),
        };
        for i in 0..count {
            let len = self.lengths[if self.equal { 0 } else { i }] as usize;
            let (data, others) = rest
                .split_at_checked(len)
                .ok_or_else(|| Error::damaged("a chunk longer than its picture"))?;
            put(data, out)?;
            rest = others;
        }
        put(rest, out)
    }

    /// Its code behind the number of the transform: twice how many lengths, plus 1 if one stands for all, and these.
    pub fn write(&self, out: &mut Vec<u8>) {
        varint::write(out, (self.lengths.len() as u64) << 1 | u64::from(self.equal));
        self.lengths.iter().for_each(|&len| varint::write(out, len.into()));
    }

    /// Reads what [`Chunks::write`] wrote.
    pub fn read(mut next: impl FnMut() -> Result<u8>) -> Result<Chunks> {
        let count = varint::read("the number of chunks", &mut next)?;
        let (count, equal) = (count >> 1, count & 1 == 1);
        let mut lengths = Vec::new();
        for _ in 0..count {
            let len = varint::read("the length of a chunk", &mut next)?;
            lengths.push(
                u32::try_from(len).map_err(|_| Error::damaged("a chunk longer than there are"))?,
            );
        }
        match equal && !matches!(lengths[..], [len] if len > 0) {
            true => Err(Error::damaged("a number of chunks that no writer has")),
            false => Ok(Chunks { lengths, equal }),
        }
    }
}

fn put(data: &[u8], out: &mut Room) -> Result<()> {
    out.put(&(data.len() as u32).to_be_bytes())?;
    out.put(NAME)?;
    out.put(data)?;
    out.put(&crc(data).to_be_bytes())
}

/// CRC-32 of a chunk's name and data.
fn crc(data: &[u8]) -> u32 {
    static TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut i = 0;
        while i < 256 {
            let (mut crc, mut bit) = (i as u32, 0);
            while bit < 8 {
                crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
                bit += 1;
            }
            table[i] = crc;
            i += 1;
        }
        table
    };
    let step = |crc: u32, &byte: &u8| crc >> 8 ^ TABLE[usize::from(crc as u8 ^ byte)];
    !NAME.iter().chain(data).fold(!0, step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_check_is_that_of_png() {
        // An empty IDAT chunk.
        assert_eq!(crc(b""), 0x35AF_061E);
    }

    proptest! {
        #[test]
        fn chunks_come_back(cuts in prop::collection::vec(0usize..40, 1..6), equal: bool, last in 0usize..40) {
            let mut file = Room::new(10_000);
            let data: Vec<u8> = (0..=255).collect();
            for &len in &cuts {
                put(&data[..if equal { 40 } else { len }], &mut file).unwrap();
            }
            put(&data[..last], &mut file).unwrap();
            let mut bytes = file.into_bytes();
            let len = bytes.len();
            bytes.extend(b"\0\0\0\0IEND");
            let (start, chunks, inner, end) = Chunks::at(&bytes, 4, &mut 0).unwrap();
            prop_assert_eq!((start, end), (0, len));
            prop_assert!(!equal || last == 0 || chunks.equal);
            let mut out = Room::new(len);
            chunks.inverse(&inner, &mut out).unwrap();
            prop_assert_eq!(out.bytes(), &bytes[..len]);
            let mut code = Vec::new();
            chunks.write(&mut code);
            let mut left = code.into_iter();
            prop_assert_eq!(Chunks::read(|| left.next().ok_or_else(|| Error::damaged("end"))).unwrap(), chunks);
        }

        #[test]
        fn any_chunks_are_cut_or_refused(lengths in prop::collection::vec(1u32.., 0..5), equal: bool, inner in prop::collection::vec(any::<u8>(), 0..50)) {
            let equal = equal && lengths.len() == 1;
            let _ = Chunks { lengths, equal }.inverse(&inner, &mut Room::new(200));
        }
    }
}
