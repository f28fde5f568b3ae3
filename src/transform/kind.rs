//! What bytes are, as far as that decides which method suits them.

/// A kind of bytes; each has a part of its own in a group, which is coded by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// Characters.
    Text = 0,
    /// Numbers, programs, pixels.
    Binary = 1,
    /// Nothing that could be predicted: compressed or encrypted.
    Noise = 2,
    /// What deflate streams were made with, and where that is not what was expected.
    Corrections = 3,
}

/// Shorter ones cannot be told from numbers.
const LEAST_NOISE: usize = 64;

impl Kind {
    /// All of them, in the order of their codes.
    pub const ALL: [Kind; 4] = [Kind::Text, Kind::Binary, Kind::Noise, Kind::Corrections];

    /// What some bytes are.
    pub fn of(bytes: &[u8]) -> Kind {
        let mut counts = [0u32; 256];
        // Of much as much as tells it, from all over.
        let step = (bytes.len() / (64 << 10)).max(1);
        let pieces = bytes.chunks(256).step_by(step);
        pieces.flatten().for_each(|&byte| counts[usize::from(byte)] += 1);
        let total: u32 = counts.iter().sum();
        let odd: u32 =
            (0..32).filter(|i| ![9, 10, 12, 13, 27].contains(i)).map(|i| counts[i]).sum();
        let high: u32 = counts[128..].iter().sum();
        let is_utf8 = || match std::str::from_utf8(&bytes[..bytes.len().min(64 << 10)]) {
            Ok(_) => true,
            Err(error) => error.error_len().is_none() || error.valid_up_to() > 32 << 10,
        };
        if odd * 100 <= total && (high * 20 < total || is_utf8()) {
            return Kind::Text;
        }
        // The sum of squares of random bytes is total + total^2 / 256; of anything else it is larger.
        let squares: u64 = counts.iter().map(|&n| u64::from(n) * u64::from(n)).sum();
        let total = u64::from(total);
        let random = total + total * total / 256;
        let is_noise = bytes.len() >= LEAST_NOISE && squares < random + random / 8 + total / 4;
        if is_noise { Kind::Noise } else { Kind::Binary }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_apart() {
        assert_eq!(Kind::of("Text, grün und日本".as_bytes()), Kind::Text);
        assert_eq!(
            Kind::of(&(0..200u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>()),
            Kind::Binary
        );
        let mut state = 1u64;
        let noise: Vec<u8> = (0..3000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            })
            .collect();
        for len in [64, 200, 1000, 3000] {
            assert_eq!(Kind::of(&noise[..len]), Kind::Noise, "{len}");
        }
        assert_eq!(Kind::of(&[]), Kind::Text);
    }
}
