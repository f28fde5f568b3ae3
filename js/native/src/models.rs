//! The model that JavaScript has given, and where a file's model comes from.

use std::cell::RefCell;
use std::sync::Arc;

use llmzip::codec::Codec;
use llmzip::container::hex;
use llmzip::model::{Model, Storage};
use llmzip::stream::{GroupCodec, ModelSource};
use llmzip::{Error, Result};

/// A model, and the codec that has checked it here.
#[derive(Clone)]
pub struct Given {
    pub model: Arc<Model>,
    pub codec: Arc<dyn GroupCodec>,
}

thread_local! {
    static GIVEN: RefCell<Option<Given>> = const { RefCell::new(None) };
}

/// Takes the bytes of a `.llmw` file, checks its hashes, and runs its known-answer test.
pub fn open(bytes: &[u8]) -> Result<()> {
    let model = Arc::new(Model::open(Storage::copy(bytes))?);
    let codec = Arc::new(Codec::with_model(model.clone())?);
    GIVEN.set(Some(Given { model, codec }));
    Ok(())
}

/// The model that was given.
pub fn given() -> Result<Given> {
    let nothing = || Error::Invalid { what: "this needs a model, and none was loaded".into() };
    GIVEN.with_borrow(Option::clone).ok_or_else(nothing)
}

/// The model that was given, if any, for files that ask for it.
pub struct Here(Option<Given>);

impl Here {
    pub fn new() -> Here {
        Here(GIVEN.with_borrow(Option::clone))
    }
}

impl ModelSource for Here {
    fn by_prefix(&self, prefix: &[u8], nth: usize, name: &str) -> Result<Arc<dyn GroupCodec>> {
        if let Some(given) = &self.0
            && nth == 0
            && given.model.id().0.starts_with(prefix)
        {
            return Ok(given.codec.clone());
        }
        let hint = match (name, &self.0) {
            ("", Some(_)) => "it is not the one that was loaded".to_owned(),
            ("", None) => "no model was loaded".to_owned(),
            (name, _) => format!("the file calls it {name:?}"),
        };
        Err(Error::MissingModel { identity: hex(prefix), hint })
    }

    fn without_model(&self) -> Arc<dyn GroupCodec> {
        Arc::new(Codec::without_model())
    }
}
