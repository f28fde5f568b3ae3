//! Who says what is shorter where the model itself would take long.

use super::Codec;
use crate::container::GroupParams;
use crate::error::Result;
use std::sync::OnceLock;

/// A quick codec and what it is to do, made when it is first asked: most files wear nothing that is worth asking about.
pub(super) struct Scout {
    /// Called through a pointer, so that a program that never makes a scout need not have the builtin in it.
    make: fn() -> Result<Codec>,
    params: GroupParams,
    made: OnceLock<Option<Box<Codec>>>,
}

impl Scout {
    /// A scout that `make` makes.
    pub fn new(make: fn() -> Result<Codec>, params: GroupParams) -> Scout {
        Scout { make, params, made: OnceLock::new() }
    }

    /// The codec with its parameters; `None` where it cannot be made, so that the model has to do it.
    pub fn ask(&self) -> Option<(&Codec, &GroupParams)> {
        let codec = self.made.get_or_init(|| (self.make)().ok().map(Box::new));
        Some((codec.as_deref()?, &self.params))
    }
}
