//! What rows of weights that learn are told.

/// Bits behind the point of a weight's step.
pub const FINE_BITS: u32 = 20;

/// How far a state pushes a row of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Push {
    /// Which of the states.
    pub state: u32,
    /// In units of 2^-20 of a weight's step for each unit of the state.
    pub step: i16,
}
