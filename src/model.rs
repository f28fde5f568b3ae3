//! Transformers as exact arithmetic: shapes, the `.llmw` file, the forward pass, and the builtin.
//!
//! A [`Model`] is immutable and shared; a [`Session`] holds the KV cache and the buffers of some
//! lanes and is used by one thread at a time. Every number that leaves this module is specified
//! in `EXACTNESS.md`: the same weights and tokens give the same bits on every machine,
//! for any split of lanes over sessions and of tokens over calls. Where a [`Learner`] is given, the output layer
//! learns from what it predicted; its versions depend on the [`Lessons`] alone.

mod builtin;
mod byte_order;
mod cache;
mod config;
mod corrections;
mod forward;
mod four_bits;
mod frequencies;
mod inspect;
mod known_answer;
mod layout;
mod learner;
mod lessons;
mod llmw;
mod observe;
mod output;
#[cfg(feature = "import")]
mod restore;
mod rounding;
mod session;
mod storage;
mod token_bits;
mod weights;

pub use builtin::{BUILTIN_NAME, builtin, builtin_bytes};
pub use config::{Architecture, Config, MAX_WINDOW};
#[cfg(feature = "import")]
pub(crate) use config::{
    MAX_FEED_FORWARD, MAX_HEAD_DIM, MAX_HEADS, MAX_HIDDEN, MAX_LAYERS, MAX_ROWS, bounded,
};
pub use frequencies::Frequencies;
pub use inspect::{ModelSummary, inspect_llmw};
pub use known_answer::{check_known_answer, known_answer};
pub use layout::{Layout, LinearSpan};
pub use learner::{Learner, PARTS};
pub use lessons::Lessons;
pub use llmw::{ModelId, Parts, seal_again, seal_again_file, write_llmw, write_llmw_file};
pub use observe::ProductInputs;
pub use output::Output;
pub use rounding::SteppedRow;
pub use session::{Feed, Session, Snapshot, check_window};
pub use storage::Storage;
#[cfg(feature = "import")]
pub(crate) use weights::check_finite;
pub use weights::{ERROR_CLASSES, Tally, WeightsBuilder};

#[cfg(feature = "mmap")]
use crate::error::Error;
use crate::error::Result;
use crate::kernels::{Aligned, LANES, LinearView, RopeTables};
use crate::mixer::StartValues;
use crate::tokenizer::Tokenizer;

/// A quantised transformer with its tokenizer, ready to predict.
pub struct Model {
    id: ModelId,
    name: String,
    config: Config,
    layout: Layout,
    storage: Storage,
    tensors_at: usize,
    /// The tensors in this machine's byte order, where that is not the file's.
    turned: Option<Aligned<u8>>,
    rope: RopeTables,
    tokenizer: Tokenizer,
    start_values: StartValues,
    known_answer: [u8; 32],
}

impl Model {
    /// Opens the bytes of a `.llmw` file.
    ///
    /// Everything is validated, the identity by hashing the whole of it.
    ///
    /// # Errors
    /// `NotLlmzip`, `Truncated`, `Damaged` or `Unsupported`, as the bytes deserve.
    pub fn open(storage: Storage) -> Result<Model> {
        llmw::read(storage, true)
    }

    /// Opens bytes that this program carries, whose hashes its tests have checked.
    pub(crate) fn open_trusted(storage: Storage) -> Result<Model> {
        llmw::read(storage, false)
    }

    /// A model to be looked at while it is being made: nothing of it has been hashed.
    #[cfg(feature = "import")]
    pub(crate) fn unsealed(parts: &Parts<'_>) -> Result<Model> {
        llmw::unsealed(parts)
    }

    /// Refuses a model whose file was written to since it was opened; to be asked before anything that was made with it
    /// is kept.
    ///
    /// # Errors
    /// `Invalid`, or `Io` from the system.
    pub fn check_unchanged(&self) -> Result<()> {
        #[cfg(feature = "mmap")]
        {
            let is_changed = match self.storage.change()? {
                storage::Change::No => false,
                storage::Change::Yes => true,
                storage::Change::Perhaps => llmw::identity(self) != self.id,
            };
            if is_changed {
                return Err(Error::invalid("the model's file was changed while it was in use"));
            }
        }
        Ok(())
    }

    /// The SHA-256 of all that determines what the model predicts.
    pub fn id(&self) -> &ModelId {
        &self.id
    }

    /// What people call it; not part of its identity.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The shape.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The tokenizer, whose ranks are the model's token ids.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// What the mixer knows before the first byte.
    pub fn start_values(&self) -> &StartValues {
        &self.start_values
    }

    /// Bytes of the file, the figure to print beside a compression ratio.
    pub fn stored_bytes(&self) -> usize {
        self.storage.bytes().len()
    }

    /// Whether the output layer can learn while it predicts: where each row has one scale and is one token.
    pub fn can_learn(&self) -> bool {
        let one_token_a_row = self.config.predicted == self.config.coded;
        one_token_a_row && self.layout.output().groups() == 1 && self.config.activation_group == 0
    }

    /// The row that stands before every lane, if the product that makes the logits has it too: it is one of the embedding's
    /// rows behind those of tokens, among the sixteen that the last of them is computed with.
    fn start_in_output(&self) -> Option<usize> {
        let (config, row) = (&self.config, self.config.start_row as usize);
        let computed = config.predicted.next_multiple_of(LANES).min(self.layout.output().rows);
        (config.tied && (config.predicted..computed).contains(&row)).then_some(row)
    }

    /// The hash of the frequencies that this model must give, as stored with it.
    pub fn expected_answer(&self) -> &[u8; 32] {
        &self.known_answer
    }

    /// The tensors as the products take them.
    fn tensors(&self) -> &[u8] {
        match &self.turned {
            Some(turned) => turned,
            None => &self.storage.bytes()[self.tensors_at..],
        }
    }

    /// The tensors as they stand in the file.
    fn stored_tensors(&self) -> &[u8] {
        &self.storage.bytes()[self.tensors_at..][..self.layout.len]
    }

    fn linear(&self, span: &LinearSpan) -> LinearView<'_> {
        span.view(self.tensors(), self.config.weight_max)
    }

    fn vector(&self, at: usize, len: usize) -> &[f32] {
        layout::floats(self.tensors(), at, len)
    }

    /// Writes the embedding of one row (a rank, or a special row) into `out`, `hidden` floats.
    fn embed(&self, row: u32, out: &mut [f32]) {
        self.layout.embedding.dequantise_row(self.tensors(), row as usize, out);
    }
}
