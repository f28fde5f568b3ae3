//! The bodies of a decision, compiled for each set of vector instructions and for the usual shapes.
//!
//! It is the same plain code every time, so it gives the same results.

use super::Mixer;
use super::plan::{Beside, MixerKind};
use super::shape::Shape;
use crate::kernels::vectors::{Body, Path, Vector, Vectors};

/// The shapes that are compiled in: what the levels use.
const SHAPES: [Shape; 6] = [
    Shape::of(MixerKind::Light, Beside::Nothing),
    Shape::of(MixerKind::Full, Beside::Nothing),
    Shape::of(MixerKind::Default, Beside::Model),
    Shape::of(MixerKind::Default, Beside::ModelInLanes),
    Shape::of(MixerKind::Full, Beside::Model),
    Shape::of(MixerKind::Full, Beside::ModelInLanes),
];
/// Any other shape: its lengths are read from the plan.
const OTHER: usize = SHAPES.len();

/// The compiled bodies that one mixer uses.
#[derive(Clone)]
pub struct Paths {
    predict: Path<Mixer, (Option<u32>, bool), u32>,
    update: Path<Mixer, bool, ()>,
}

impl Paths {
    /// The bodies for a shape.
    pub fn new(vectors: Vectors, shape: &Shape) -> Self {
        match SHAPES.iter().position(|known| known == shape) {
            Some(0) => Self::of::<0>(vectors),
            Some(1) => Self::of::<1>(vectors),
            Some(2) => Self::of::<2>(vectors),
            Some(3) => Self::of::<3>(vectors),
            Some(4) => Self::of::<4>(vectors),
            Some(5) => Self::of::<5>(vectors),
            _ => Self::of::<OTHER>(vectors),
        }
    }

    fn of<const SHAPE: usize>(vectors: Vectors) -> Self {
        Self { predict: vectors.path::<Predict<SHAPE>>(), update: vectors.path::<Update<SHAPE>>() }
    }
}

impl Mixer {
    /// The probability of a one for the next bit, or for the end of the token.
    #[inline(always)]
    pub(super) fn predict(&mut self, model_p1_q32: Option<u32>, end: bool) -> u32 {
        self.paths.predict.run(self, (model_p1_q32, end))
    }

    /// Learns the outcome of the last prediction.
    #[inline(always)]
    pub(super) fn update(&mut self, bit: bool) {
        self.paths.update.run(self, bit);
    }
}

/// The shape of a mixer that is of this one.
#[inline(always)]
fn shape_of<const SHAPE: usize>(mixer: &Mixer) -> Shape {
    if SHAPE == OTHER { mixer.plan.shape } else { SHAPES[SHAPE % OTHER] }
}

/// What [`Mixer::predict`] does.
struct Predict<const SHAPE: usize>;

impl<const SHAPE: usize> Body for Predict<SHAPE> {
    type On = Mixer;
    type Given = (Option<u32>, bool);
    type Out = u32;

    #[inline(always)]
    fn run<V: Vector>(mixer: &mut Mixer, (model_p1_q32, end): (Option<u32>, bool)) -> u32 {
        let shape = shape_of::<SHAPE>(mixer);
        mixer.predict_body::<V>(&shape, model_p1_q32, end)
    }
}

/// What [`Mixer::update`] does.
struct Update<const SHAPE: usize>;

impl<const SHAPE: usize> Body for Update<SHAPE> {
    type On = Mixer;
    type Given = bool;
    type Out = ();

    #[inline(always)]
    fn run<V: Vector>(mixer: &mut Mixer, bit: bool) {
        let shape = shape_of::<SHAPE>(mixer);
        mixer.update_body::<V>(&shape, bit);
    }
}
