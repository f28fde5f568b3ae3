//! What a caller can choose.

use crate::container::{GROUP_LOG2_DEFAULT, GROUP_LOG2_MAX, GROUP_LOG2_MIN, GroupParams};
use crate::error::{Error, Result};

/// The memory that groups in work may take, unless told otherwise: 1 GiB.
pub const DEFAULT_MEMORY_LIMIT: u64 = 1 << 30;

/// The memory that groups with a model may take together when they are decoded: one such group keeps several cores busy
/// by itself, so more than two at the same time would buy little for their memory.
pub(super) const TOGETHER_BYTES: u64 = 560 << 20;

/// The same when they are encoded, where each has its tokens and the notes of the model as well.
pub(super) const TOGETHER_ENCODING_BYTES: u64 = 960 << 20;

/// Short inputs that share the model at a time: enough for its products, few enough for the memory of their mixers.
pub(super) const TOGETHER: usize = 24;

/// How to compress. `group_bytes`, `params`, `full_hashes` and `transform` change what is written, the rest does not.
#[derive(Debug, Clone)]
pub struct CompressOptions {
    /// Bytes of the original in a group: a power of two from 1 KiB to 1 GiB.
    pub group_bytes: u64,
    /// What the groups are coded with; recorded in the file.
    pub params: GroupParams,
    /// Write the long form, with whole hashes and an index, for small inputs too.
    pub full_hashes: bool,
    /// See through encodings, escapes and containers where that pays.
    pub transform: bool,
    /// The most groups in work at once; 0 for one a thread of the pool.
    pub threads: usize,
    /// Decode every group before it is written and compare.
    pub verify: bool,
    /// The memory that groups in work may take, and that decoding one may take: fewer are taken at once where they would
    /// need more, and one that alone needs more in either direction is refused.
    pub memory_limit: u64,
}

impl Default for CompressOptions {
    fn default() -> Self {
        CompressOptions {
            group_bytes: 1 << GROUP_LOG2_DEFAULT,
            params: GroupParams::default(),
            full_hashes: false,
            transform: true,
            threads: 0,
            verify: false,
            memory_limit: DEFAULT_MEMORY_LIMIT,
        }
    }
}

impl CompressOptions {
    /// Says whether a file can record these options.
    ///
    /// # Errors
    /// [`Error::Invalid`] for those that none can.
    pub fn validate(&self) -> Result<()> {
        self.checked_group_log2().map(drop)
    }

    /// The logarithm of the group size; [`Error::Invalid`] for options that no file can record.
    pub(super) fn checked_group_log2(&self) -> Result<u8> {
        self.params.validate()?;
        let log2 = self.group_bytes.trailing_zeros() as u8;
        if self.group_bytes.is_power_of_two() && (GROUP_LOG2_MIN..=GROUP_LOG2_MAX).contains(&log2) {
            return Ok(log2);
        }
        Err(Error::invalid(format!(
            "groups of {} bytes; a power of two from {} to {} is needed",
            self.group_bytes,
            1 << GROUP_LOG2_MIN,
            1u64 << GROUP_LOG2_MAX
        )))
    }
}

/// How to decompress.
#[derive(Debug, Clone)]
pub struct DecompressOptions {
    /// The most groups in work at once; 0 for one a thread of the pool.
    pub threads: usize,
    /// The memory that groups in work may take; a group that alone needs more is refused.
    pub memory_limit: u64,
    /// An original that is longer is refused before more than this is written.
    pub max_output: Option<u64>,
    /// Whether to go on after damage, see [`recover`](super::recover).
    pub recover: Recover,
}

impl Default for DecompressOptions {
    fn default() -> Self {
        let recover = Recover::Off;
        DecompressOptions {
            threads: 0,
            memory_limit: DEFAULT_MEMORY_LIMIT,
            max_output: None,
            recover,
        }
    }
}

/// What to do about damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Recover {
    /// Stop.
    #[default]
    Off,
    /// Go on behind it, and write what is good.
    Skip,
    /// The same with zeros in the place of lost bytes, as far as it is known how many they are, so that all else stands where
    /// it stood.
    Fill,
}
