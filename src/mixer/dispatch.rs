//! The bodies of a decision, compiled for each set of vector instructions and for the usual shapes.
//!
//! It is the same plain code every time, so it gives the same results.

use super::Mixer;
use super::plan::{Beside, MixerKind};
use super::platform::Vectors;
use super::shape::Shape;
use super::vector::Numbers;
#[cfg(target_arch = "x86_64")]
use super::vector::{Avx2, Avx512};

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

type Predict = unsafe fn(&mut Mixer, Option<u32>, bool) -> u32;
type Update = unsafe fn(&mut Mixer, bool);

/// The compiled bodies that one mixer uses. They may only be called on a machine that has their instructions.
pub struct Paths {
    predict: Predict,
    update: Update,
}

impl Paths {
    /// The bodies for a shape; `Vectors` has only values whose instructions this machine has.
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
        match vectors {
            Vectors::Plain => {
                Self { predict: plain::predict::<SHAPE>, update: plain::update::<SHAPE> }
            }
            #[cfg(target_arch = "x86_64")]
            Vectors::Avx2 => {
                Self { predict: avx2::predict::<SHAPE>, update: avx2::update::<SHAPE> }
            }
            #[cfg(target_arch = "x86_64")]
            Vectors::Avx512 => {
                Self { predict: avx512::predict::<SHAPE>, update: avx512::update::<SHAPE> }
            }
        }
    }
}

impl Mixer {
    /// The probability of a one for the next bit, or for the end of the token.
    #[inline(always)]
    pub(super) fn predict(&mut self, model_p1_q32: Option<u32>, end: bool) -> u32 {
        // SAFETY: `Paths` was made for instructions that this machine has.
        unsafe { (self.paths.predict)(self, model_p1_q32, end) }
    }

    /// Learns the outcome of the last prediction.
    #[inline(always)]
    pub(super) fn update(&mut self, bit: bool) {
        // SAFETY: as above.
        unsafe { (self.paths.update)(self, bit) }
    }
}

/// Both bodies under some target features.
macro_rules! bodies {
    ($name:ident, $vector:ty $(, $features:literal)?) => {
        mod $name {
            use super::{Mixer, OTHER, SHAPES};

            $(#[target_feature(enable = $features)])?
            pub fn predict<const SHAPE: usize>(
                mixer: &mut Mixer,
                model_p1_q32: Option<u32>,
                end: bool,
            ) -> u32 {
                let shape = if SHAPE == OTHER { mixer.plan.shape } else { SHAPES[SHAPE % OTHER] };
                mixer.predict_body::<$vector>(&shape, model_p1_q32, end)
            }

            $(#[target_feature(enable = $features)])?
            pub fn update<const SHAPE: usize>(mixer: &mut Mixer, bit: bool) {
                let shape = if SHAPE == OTHER { mixer.plan.shape } else { SHAPES[SHAPE % OTHER] };
                mixer.update_body::<$vector>(&shape, bit);
            }
        }
    };
}

bodies!(plain, super::Numbers);
#[cfg(target_arch = "x86_64")]
bodies!(avx2, super::Avx2, "avx2,bmi1,bmi2,lzcnt,popcnt");
#[cfg(target_arch = "x86_64")]
bodies!(
    avx512,
    super::Avx512,
    "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,bmi1,bmi2,lzcnt,popcnt"
);
