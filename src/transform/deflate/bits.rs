//! Bits in deflate's order: from the lowest of each byte up.

/// Reads bits.
pub struct Reader<'a> {
    bytes: &'a [u8],
    /// Bits taken.
    at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, at: 0 }
    }

    /// The next bits, zeros behind the end; at most 32 of the result count.
    pub fn peek(&self) -> u64 {
        let rest = &self.bytes[(self.at / 8).min(self.bytes.len())..];
        let word = match rest.first_chunk::<8>() {
            Some(eight) => u64::from_le_bytes(*eight),
            None => {
                let mut eight = [0; 8];
                eight[..rest.len()].copy_from_slice(rest);
                u64::from_le_bytes(eight)
            }
        };
        word >> (self.at % 8)
    }

    /// Takes `n` bits that were seen; `None` if they are not there.
    pub fn skip(&mut self, n: u32) -> Option<()> {
        self.at += n as usize;
        (self.at <= 8 * self.bytes.len()).then_some(())
    }

    /// Takes `n` bits, at most 32.
    pub fn take(&mut self, n: u32) -> Option<u32> {
        let bits = (self.peek() & ((1 << n) - 1)) as u32;
        self.skip(n)?;
        Some(bits)
    }

    /// Takes the bits up to the next whole byte.
    pub fn align(&mut self) -> Option<u32> {
        self.take((8 - self.at as u32 % 8) % 8)
    }

    /// Takes whole bytes, where it is aligned.
    pub fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at / 8..)?.get(..len)?;
        self.at += 8 * len;
        Some(taken)
    }

    /// Bytes of which any bit was taken.
    pub fn len(&self) -> usize {
        self.at.div_ceil(8)
    }
}

/// Writes bits.
#[derive(Default)]
pub struct Writer {
    bytes: Vec<u8>,
    pending: u64,
    n_pending: u32,
}

impl Writer {
    /// Appends the lowest `n` bits, at most 32.
    pub fn put(&mut self, bits: u32, n: u32) {
        self.pending |= u64::from(bits) << self.n_pending;
        self.n_pending += n;
        while self.n_pending >= 8 {
            self.bytes.push(self.pending as u8);
            self.pending >>= 8;
            self.n_pending -= 8;
        }
    }

    /// Bits up to the next whole byte.
    pub fn to_align(&self) -> u32 {
        (8 - self.n_pending) % 8
    }

    /// Appends whole bytes, where it is aligned.
    pub fn put_bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Whole bytes written.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// What was written, where it is aligned.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
