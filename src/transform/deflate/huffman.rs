//! Prefix codes from their lengths.

/// The longest code.
pub const MAX_BITS: usize = 15;

/// The codes of lengths, each reversed, so that its first bit is the lowest; 0 where a length is.
pub fn codes(lengths: &[u8]) -> Vec<u32> {
    let mut count = [0u32; MAX_BITS + 1];
    lengths.iter().for_each(|&len| count[usize::from(len)] += 1);
    count[0] = 0;
    let mut next = [0u32; MAX_BITS + 2];
    for bits in 1..=MAX_BITS {
        next[bits + 1] = (next[bits] + count[bits]) << 1;
    }
    let code = |&len: &u8| {
        let len = usize::from(len);
        if len == 0 {
            return 0;
        }
        let code = next[len];
        next[len] += 1;
        code.reverse_bits() >> (32 - len)
    };
    lengths.iter().map(code).collect()
}

/// Whether there are no more codes than bits can tell apart.
pub fn is_possible(lengths: &[u8]) -> bool {
    let used: u64 =
        lengths.iter().filter(|&&len| len > 0).map(|&len| 1u64 << (MAX_BITS as u8 - len)).sum();
    used <= 1 << MAX_BITS
}

/// Finds symbols by the bits that come next.
pub struct Lookup(Vec<u16>);

impl Lookup {
    /// `None` for codes that are not possible.
    pub fn new(lengths: &[u8]) -> Option<Self> {
        if !is_possible(lengths) {
            return None;
        }
        // Symbol and length; 0 where no code leads, since no length is 0.
        let mut table = vec![0u16; 1 << MAX_BITS];
        for (symbol, (&len, code)) in lengths.iter().zip(codes(lengths)).enumerate() {
            if len > 0 {
                let entry = (symbol as u16) << 4 | u16::from(len);
                table[code as usize..].iter_mut().step_by(1 << len).for_each(|e| *e = entry);
            }
        }
        Some(Lookup(table))
    }

    /// The symbol at the beginning of some bits, and the length of its code.
    pub fn symbol(&self, bits: u64) -> Option<(usize, u32)> {
        let entry = self.0[(bits & ((1 << MAX_BITS) - 1)) as usize];
        (entry != 0).then_some((usize::from(entry >> 4), u32::from(entry & 15)))
    }
}
