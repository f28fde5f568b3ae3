//! Answers to short questions that were asked before.

use axum::body::Bytes;
use moka::sync::Cache;
use sha2::{Digest, Sha256};

use super::batch::Short;

/// Answers by the SHA-256 of question and bytes; the least used go when the room is full.
pub struct Answers {
    known: Cache<[u8; 32], Bytes>,
}

/// What an entry takes beside its answer, about.
const ENTRY_BYTES: u32 = 200;

impl Answers {
    /// Room for so many bytes; none for 0.
    pub fn new(most_bytes: u64) -> Answers {
        let known = Cache::builder()
            .max_capacity(most_bytes)
            .weigher(|_, answer: &Bytes| {
                u32::try_from(answer.len()).unwrap_or(u32::MAX).saturating_add(ENTRY_BYTES)
            })
            .build();
        Answers { known }
    }

    /// What a question is known by. The models of a service stay what they are as long as it lives.
    pub fn key(short: &Short, bytes: &[u8]) -> [u8; 32] {
        let mut hash = Sha256::new();
        let question = format!("{short:?}");
        hash.update((question.len() as u64).to_le_bytes());
        hash.update(question);
        hash.update(bytes);
        hash.finalize().into()
    }

    pub fn find(&self, key: &[u8; 32]) -> Option<Bytes> {
        self.known.get(key)
    }

    pub fn keep(&self, key: [u8; 32], answer: Bytes) {
        self.known.insert(key, answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_is_bounded() {
        let answers = Answers::new(10_000);
        for n in 0..1000u32 {
            let key = Answers::key(&Short::Decompress, &n.to_le_bytes());
            answers.keep(key, vec![0; 800].into());
            answers.known.run_pending_tasks();
            assert!(answers.known.weighted_size() <= 10_000);
        }
        assert!(answers.known.entry_count() > 5);
        let none = Answers::new(0);
        none.keep([0; 32], Bytes::from_static(b"x"));
        none.known.run_pending_tasks();
        assert!(none.find(&[0; 32]).is_none());
    }
}
