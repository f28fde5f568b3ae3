//! The models of a service: opened once, and asked for by name or by what a file says.

use std::sync::Arc;

use llmzip::codec::{BuiltinModels, Codec};
use llmzip::container::hex;
use llmzip::error::{Error, Result};
use llmzip::model::{BUILTIN_NAME, Model, builtin};
use llmzip::stream::{GroupCodec, ModelSource};

/// One of them.
#[derive(Clone)]
pub struct Named {
    pub name: String,
    pub model: Arc<Model>,
    pub codec: Arc<dyn GroupCodec>,
}

/// All models of a service; the builtin is always one of them.
#[derive(Clone)]
pub struct Models {
    named: Vec<Named>,
    without: Arc<dyn GroupCodec>,
}

impl Models {
    /// The builtin, and others under the names that requests call them by. Each goes through its known-answer test.
    ///
    /// # Errors
    /// `Invalid` for a name that is taken, `Inexact` for a model that this machine computes otherwise.
    pub fn new(others: Vec<(String, Arc<Model>)>) -> Result<Models> {
        let mut named: Vec<Named> = Vec::new();
        for (name, model) in std::iter::once((BUILTIN_NAME.to_owned(), builtin())).chain(others) {
            if named.iter().any(|known| known.name == name) {
                return Err(Error::invalid(format!("two models are called {name:?}")));
            }
            let codec = Arc::new(Codec::with_model(model.clone())?.scouted());
            named.push(Named { name, model, codec });
        }
        Ok(Models { named, without: BuiltinModels.without_model() })
    }

    /// All of them, the builtin first.
    pub fn all(&self) -> &[Named] {
        &self.named
    }

    /// That of this name.
    ///
    /// # Errors
    /// `Invalid` where there is none.
    pub fn called(&self, name: &str) -> Result<&Named> {
        self.named.iter().find(|known| known.name == name).ok_or_else(|| {
            let names: Vec<_> = self.named.iter().map(|known| known.name.as_str()).collect();
            Error::invalid(format!("the models of this service are {}", names.join(", ")))
        })
    }

    /// The mixer alone.
    pub fn without(&self) -> Arc<dyn GroupCodec> {
        self.without.clone()
    }

    /// Refuses results of a model whose file was written to since it was opened.
    ///
    /// # Errors
    /// `Invalid`, or `Io` from the system.
    pub fn check_unchanged(&self) -> Result<()> {
        self.named.iter().try_for_each(|known| known.model.check_unchanged())
    }
}

impl ModelSource for Models {
    fn by_prefix(&self, id_prefix: &[u8], nth: usize, _: &str) -> Result<Arc<dyn GroupCodec>> {
        let fits = |known: &&Named| known.model.id().0.starts_with(id_prefix);
        match self.named.iter().filter(fits).nth(nth) {
            Some(known) => Ok(known.codec.clone()),
            None => Err(Error::MissingModel {
                identity: hex(&id_prefix[..id_prefix.len().min(8)]),
                hint: "it is none of this service's".into(),
            }),
        }
    }

    fn without_model(&self) -> Arc<dyn GroupCodec> {
        self.without()
    }
}
