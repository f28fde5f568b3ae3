//! The models that a file can name where nobody looks for more.

use super::Codec;
use crate::container::{GroupCodec, ModelSource, hex};
use crate::error::{Error, Result};
use crate::model::builtin;
use std::sync::Arc;

/// The models that need no looking for: the builtin.
pub struct BuiltinModels;

impl ModelSource for BuiltinModels {
    fn by_prefix(
        &self,
        id_prefix: &[u8],
        nth: usize,
        name_hint: &str,
    ) -> Result<Arc<dyn GroupCodec>> {
        if nth == 0 && builtin().id().0.starts_with(id_prefix) {
            return Ok(Arc::new(Codec::builtin()?));
        }
        let identity = hex(id_prefix);
        let hint = match name_hint {
            "" => "it is not the builtin of this version".to_owned(),
            name => format!("the file calls it {name:?}"),
        };
        Err(Error::MissingModel { identity, hint })
    }

    fn without_model(&self) -> Arc<dyn GroupCodec> {
        Arc::new(Codec::without_model())
    }
}
