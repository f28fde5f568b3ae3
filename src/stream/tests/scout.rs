//! A slow codec and its scout.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::container::{GroupParams, Watch};
use crate::error::Result;
use crate::stream::testing::*;
use crate::stream::*;

/// Codes as a [`Packer`], and counts the bytes that it sees.
struct Slow {
    codec: Arc<dyn GroupCodec>,
    scout: Option<(Arc<dyn GroupCodec>, GroupParams)>,
    seen: AtomicUsize,
}

impl GroupCodec for Slow {
    fn model_id(&self) -> Option<[u8; 32]> {
        self.codec.model_id()
    }

    fn model_name(&self) -> &str {
        self.codec.model_name()
    }

    fn encode(
        &self,
        plain: &[u8],
        params: &GroupParams,
        done: &(dyn Fn(u64) + Sync),
    ) -> Result<EncodedGroup> {
        self.seen.fetch_add(plain.len(), Relaxed);
        self.codec.encode(plain, params, done)
    }

    fn decode(&self, group: &CodedGroup<'_>, watch: &dyn Watch) -> Result<Decoded> {
        self.codec.decode(group, watch)
    }

    fn scout(&self) -> Option<(&dyn GroupCodec, &GroupParams)> {
        self.scout.as_ref().map(|(codec, params)| (&**codec, params))
    }

    fn memory_bytes(&self, plain_len: u64, params: &GroupParams) -> u64 {
        self.codec.memory_bytes(plain_len, params)
    }
}

/// A frame of `plain`, and the bytes that the codec saw for it.
fn packed(plain: &[u8], has_scout: bool) -> (Vec<u8>, usize) {
    let scout = has_scout.then(|| (Packer::mixer(), GroupParams::default()));
    let slow = Arc::new(Slow { codec: Packer::model(1), scout, seen: AtomicUsize::new(0) });
    let codec: Arc<dyn GroupCodec> = slow.clone();
    let options = CompressOptions { verify: false, ..CompressOptions::default() };
    let mut packed = Vec::new();
    compress(plain, &mut packed, &codec, &options, &NoProgress).unwrap();
    (packed, slow.seen.load(Relaxed))
}

#[test]
fn whoever_is_slow_codes_only_what_is_kept() {
    let text = "A line that ends as it does where there is a carriage return.\r\n".repeat(40);
    let (alone, seen_alone) = packed(text.as_bytes(), false);
    let (scouted, seen) = packed(text.as_bytes(), true);
    // The same bytes of its own, since both find the same shorter, and nothing coded twice.
    assert_eq!(scouted, alone);
    assert!(seen <= text.len(), "{seen} bytes of {}", text.len());
    assert!(seen_alone > text.len(), "{seen_alone} bytes of {}", text.len());
    let (plain, result) = unpack(&scouted);
    result.unwrap();
    assert_eq!(plain, text.as_bytes());
}
