//! Truncated SHA-256: what tells damaged bytes from good ones.

use sha2::{Digest, Sha256};

/// A running SHA-256 whose first bytes serve as a check.
#[derive(Clone, Default)]
pub struct Check(Sha256);

impl Check {
    /// The first `N` bytes of the SHA-256 of `bytes`.
    pub fn of<const N: usize>(bytes: &[u8]) -> [u8; N] {
        let mut check = Check::default();
        check.update(bytes);
        check.first()
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Adds `len` times the same byte, without holding them all.
    pub fn update_run(&mut self, byte: u8, len: u64) {
        for_run(byte, len, |chunk| {
            self.0.update(chunk);
            Ok::<(), std::convert::Infallible>(())
        })
        .unwrap_or_else(|never| match never {});
    }

    /// The first `N` bytes of the hash, 32 at most.
    pub fn first<const N: usize>(self) -> [u8; N] {
        const { assert!(N <= 32) };
        let hash = self.0.finalize();
        std::array::from_fn(|i| hash[i])
    }
}

/// Hands a run of `len` equal bytes to `each` in pieces of at most 64 KB.
pub(crate) fn for_run<E>(
    byte: u8,
    len: u64,
    mut each: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    const PIECE: u64 = 64 << 10;
    let piece = vec![byte; len.min(PIECE) as usize];
    let mut left = len;
    while left > 0 {
        let n = left.min(PIECE);
        each(&piece[..n as usize])?;
        left -= n;
    }
    Ok(())
}
