//! One group of bytes: its lanes in lockstep, the same walk in both directions.
//!
//! A group is cut into contiguous lanes. In every step each lane that is not finished codes one
//! token, in lane order, through one mixer into one arithmetic coder. What a lane is predicted
//! from is its own past alone (and, before that, the beginning of lane 0), so the model may run
//! lanes in any order, on any number of threads, many positions at once; what the mixer has
//! learned comes from all lanes, so its order is fixed by the format.

mod ahead;
mod choice;
pub mod copies;
mod cuts;
mod decode;
mod encode;
mod estimate;
mod explain;
mod group;
mod lanes;
mod learn;
mod lessons;
mod level;
mod many;
mod memory;
mod predictor;
mod profile;
mod salvage;
mod spread;
mod token_coder;
mod walk;

pub use ahead::{LIKELIEST, Likeliest};
pub use decode::{decode, decode_without_model};
pub use encode::{Recording, encode, encode_without_model};
pub use estimate::Estimate;
pub use explain::{Explained, Piece, Way};
pub use group::{BuiltinModels, Codec};
pub use lanes::{LanePolicy, Lanes, MAX_LANES, lane_count};
pub use learn::{LearnedStart, learn_from, learn_start};
pub use level::Level;
pub use predictor::{ModelPredictor, Predictor, PredictorLanes};
pub use profile::{Profile, Stage};
pub(crate) use walk::{Live, Noted, code_token, note_path, ratio_q32};

use crate::mixer::{MixerKind, StartValues};

/// Everything about the coding of a group that both sides must agree on, beside the predictor.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Number of lanes, at least 1.
    pub lanes: usize,
    /// Tokens that lane 0 codes alone, and that all other lanes then have for their past.
    pub prime_tokens: usize,
    /// Size of the mixer.
    pub mixer: MixerKind,
    /// Whether the model's output layer learns from what it has predicted; only with a model whose output layer can.
    pub learns: bool,
    /// What the mixer knows at the start.
    pub start_values: StartValues,
}

/// Bytes between two reports of progress where nothing else sets the pace.
const REPORT_BYTES: usize = 1 << 16;
