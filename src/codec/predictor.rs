//! What the codec needs of a language model, and the transformer as one.

use super::lanes::LARGE_MODEL_BYTES;
use crate::container::WindowPolicy;
use crate::error::Result;
use crate::kernels::{Isa, QuantRows};
use crate::model::{
    Feed, Frequencies, Learner, Lessons, Model, Output, Session, Snapshot, check_window,
};
use crate::tokenizer::{Tokenizer, Vocabulary};
use std::sync::Arc;

/// Something that predicts tokens, in as many independent lanes as asked.
///
/// Equal tokens in a lane give equal frequencies, whatever else runs beside it.
pub trait Predictor: Send + Sync {
    /// Some lanes that one thread runs.
    type Lanes: PredictorLanes;

    /// Bytes to tokens.
    fn tokenizer(&self) -> &Tokenizer;

    /// The tokens' bytes and the decisions that lead to them.
    fn vocabulary(&self) -> &Vocabulary {
        self.tokenizer().vocabulary()
    }

    /// What stands before the first token of a lane.
    fn start_token(&self) -> u32;

    /// Whether a step's time goes into reading weights from memory, so that all lanes had better
    /// share one reading.
    fn reads_much(&self) -> bool {
        false
    }

    /// New lanes, of which each is fed about `run` tokens at a time and has seen `positions` at most in the end; a step
    /// may take up to `threads` threads.
    ///
    /// # Errors
    /// If the predictor cannot run here.
    fn lanes(
        &self,
        lanes: usize,
        run: usize,
        positions: usize,
        threads: usize,
    ) -> Result<Self::Lanes>;

    /// What an output layer learns: nothing yet.
    fn learner(&self) -> Arc<Learner>;

    /// An output layer that answers as the learner has learned, for the states of all lanes.
    fn output(&self, learner: Arc<Learner>) -> Output;
}

/// Lanes in one thread.
pub trait PredictorLanes: Send {
    /// What a lane has seen.
    type Snapshot: Send + Sync;

    /// Lets a step take up to `threads` threads from here on.
    fn spread(&mut self, threads: usize);

    /// Runs each feed's tokens and shows the frequencies after each: the number of the feed, the
    /// index within it, and the frequencies, which the visitor may take away.
    fn advance(
        &mut self,
        feeds: &[Feed<'_>],
        visit: &mut dyn FnMut(usize, usize, &mut Frequencies),
    );

    /// Runs each feed's tokens and shows what the output layer would be given after each: the number of the feed, the
    /// index within it, rows of states and which of them it is.
    fn states(
        &mut self,
        feeds: &[Feed<'_>],
        visit: &mut dyn FnMut(usize, usize, &QuantRows, usize),
    );

    /// Runs one token in each of some lanes, and shows the frequencies after each: the lane and the
    /// frequencies, which the visitor may take away.
    fn step(&mut self, tokens: &[(usize, u32)], visit: &mut dyn FnMut(usize, &mut Frequencies));

    /// Lets the output layer answer as the learner has learned.
    fn learn(&mut self, learner: Arc<Learner>);

    /// Notes what a lane's newest frequencies have to learn: that `token` came.
    fn note(&self, lane: usize, token: u32, frequencies: &Frequencies, lessons: &mut Lessons);

    /// The output layer, to learn and to turn to what was learned.
    fn output(&mut self) -> &mut Output;

    /// The state of a lane.
    fn snapshot(&self, lane: usize) -> Self::Snapshot;

    /// Makes a lane continue from a snapshot.
    fn restore(&mut self, lane: usize, snapshot: &Self::Snapshot);
}

/// A transformer with its window.
pub struct ModelPredictor {
    model: Arc<Model>,
    isa: Isa,
    window: usize,
    policy: WindowPolicy,
}

impl ModelPredictor {
    /// A predictor that sees `window` tokens.
    ///
    /// # Errors
    /// `Invalid` for a window that cannot be, or an instruction set that is not here.
    pub fn new(model: Arc<Model>, window: usize, policy: WindowPolicy) -> Result<ModelPredictor> {
        ModelPredictor::with_isa(model, Isa::choose()?, window, policy)
    }

    /// The same on an instruction set of the caller's choice; the bits are the same.
    ///
    /// # Errors
    /// `Invalid` for a window that cannot be.
    pub fn with_isa(
        model: Arc<Model>,
        isa: Isa,
        window: usize,
        policy: WindowPolicy,
    ) -> Result<ModelPredictor> {
        check_window(window, policy)?;
        Ok(ModelPredictor { model, isa, window, policy })
    }
}

impl Predictor for ModelPredictor {
    type Lanes = Session;

    fn tokenizer(&self) -> &Tokenizer {
        self.model.tokenizer()
    }

    fn start_token(&self) -> u32 {
        self.model.config().start_row
    }

    fn reads_much(&self) -> bool {
        self.model.stored_bytes() > LARGE_MODEL_BYTES
    }

    fn lanes(&self, lanes: usize, run: usize, positions: usize, threads: usize) -> Result<Session> {
        let (model, isa, window, policy) = (self.model.clone(), self.isa, self.window, self.policy);
        let mut session =
            Session::with_positions(model, isa, lanes, window, policy, run, positions)?;
        session.spread(threads);
        Ok(session)
    }

    fn learner(&self) -> Arc<Learner> {
        Arc::new(Learner::new(&self.model))
    }

    fn output(&self, learner: Arc<Learner>) -> Output {
        let mut output = Output::new(self.model.clone(), self.isa, usize::MAX);
        output.learn(learner);
        output
    }
}

impl PredictorLanes for Session {
    type Snapshot = Snapshot;

    fn spread(&mut self, threads: usize) {
        Session::spread(self, threads);
    }

    fn advance(
        &mut self,
        feeds: &[Feed<'_>],
        visit: &mut dyn FnMut(usize, usize, &mut Frequencies),
    ) {
        Session::advance(self, feeds, visit);
    }

    fn states(
        &mut self,
        feeds: &[Feed<'_>],
        visit: &mut dyn FnMut(usize, usize, &QuantRows, usize),
    ) {
        Session::states(self, feeds, visit);
    }

    fn step(&mut self, tokens: &[(usize, u32)], visit: &mut dyn FnMut(usize, &mut Frequencies)) {
        Session::step(self, tokens, visit);
    }

    fn learn(&mut self, learner: Arc<Learner>) {
        Session::learn(self, learner);
    }

    fn note(&self, lane: usize, token: u32, frequencies: &Frequencies, lessons: &mut Lessons) {
        Session::note(self, lane, token, frequencies, lessons);
    }

    fn output(&mut self) -> &mut Output {
        Session::output(self)
    }

    fn snapshot(&self, lane: usize) -> Snapshot {
        Session::snapshot(self, lane)
    }

    fn restore(&mut self, lane: usize, snapshot: &Snapshot) {
        self.copy_lane(lane, snapshot);
    }
}
