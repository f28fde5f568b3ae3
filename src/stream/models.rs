//! The models that frames ask for, each asked of its source once.

use std::sync::Arc;

use crate::container::{GroupCodec, ModelSource};
use crate::error::{Error, Result};

/// The models asked for so far; many frames of one model ask its source once.
pub(super) struct Models<'a> {
    source: &'a dyn ModelSource,
    /// The newest ones, with what was asked for.
    known: Vec<(Vec<u8>, usize, Arc<dyn GroupCodec>)>,
    /// The two bytes of a short frame that was decoded last, and which of the models that fit had made it.
    fitting: Option<([u8; 2], usize)>,
    mixer: Option<Arc<dyn GroupCodec>>,
    /// What the model that was last asked for is called.
    pub last_name: Option<String>,
}

/// Models that are kept at hand: a file is made with one, and two bytes rarely fit several.
const KNOWN_MODELS: usize = 2;

impl<'a> Models<'a> {
    pub(super) fn new(source: &'a dyn ModelSource) -> Self {
        Models { source, known: Vec::new(), fitting: None, mixer: None, last_name: None }
    }

    pub(super) fn without_model(&mut self) -> Arc<dyn GroupCodec> {
        self.mixer.get_or_insert_with(|| self.source.without_model()).clone()
    }

    pub(super) fn by_identity(&mut self, id: &[u8; 32], name: &str) -> Result<Arc<dyn GroupCodec>> {
        self.find(id, 0, name)
    }

    /// The `nth` of the models whose identity begins so; the one that was right last time comes first.
    pub(super) fn by_prefix(&mut self, prefix: [u8; 2], nth: usize) -> Result<Arc<dyn GroupCodec>> {
        self.find(&prefix, self.in_source(prefix, nth), "")
    }

    /// Remembers that the model which was last asked for as `nth` for these two bytes was right.
    pub(super) fn was_right(&mut self, prefix: [u8; 2], nth: usize) {
        self.fitting = Some((prefix, self.in_source(prefix, nth)));
    }

    /// The number that the `nth` model for these two bytes has in the source, which knows nothing of the one that comes first here.
    fn in_source(&self, prefix: [u8; 2], nth: usize) -> usize {
        match self.fitting {
            Some((known, fitting)) if known == prefix => match nth {
                0 => fitting,
                nth if nth <= fitting => nth - 1,
                nth => nth,
            },
            _ => nth,
        }
    }

    fn find(&mut self, prefix: &[u8], nth: usize, name: &str) -> Result<Arc<dyn GroupCodec>> {
        let is_it = |known: &&(Vec<u8>, usize, Arc<_>)| known.0 == prefix && known.1 == nth;
        let codec = match self.known.iter().find(is_it) {
            Some((_, _, codec)) => codec.clone(),
            None => {
                let codec = self.source.by_prefix(prefix, nth, name)?;
                if !codec.model_id().is_some_and(|id| id.starts_with(prefix)) {
                    return Err(Error::MissingModel {
                        identity: crate::container::hex(prefix),
                        hint: "another model was found in its place".into(),
                    });
                }
                self.known.truncate(KNOWN_MODELS - 1);
                self.known.insert(0, (prefix.to_vec(), nth, codec.clone()));
                codec
            }
        };
        self.last_name = Some(codec.model_name().to_owned());
        Ok(codec)
    }
}
