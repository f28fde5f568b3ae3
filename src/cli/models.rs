//! Which codec a level or a file asks for.

use std::path::Path;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use llmzip::stream::{EncodedGroup, GroupCodec, GroupParams, Method, MixerKindCode, ModelSource};
use llmzip::{Error, Result};

use super::args::Settings;
use super::messages::Messages;

/// What compresses, and the parameters that are recorded with it.
pub struct Encoder {
    pub codec: Arc<dyn GroupCodec>,
    pub params: GroupParams,
    /// How the choice is called in reports.
    pub name: String,
    /// Length of the model's file; 0 without a model.
    pub model_bytes: u64,
}

/// The encoder for the level, model, lanes and window that were asked for.
pub fn encoder(settings: &Settings) -> anyhow::Result<Encoder> {
    if let Some(model) = &settings.model {
        bail!("no model {} is here", model.to_string_lossy());
    }
    Ok(Encoder {
        codec: Arc::new(StoredCodec),
        params: GroupParams {
            lanes: settings.lanes.unwrap_or(0),
            window: settings.window.unwrap_or(0),
            mixer: MixerKindCode(0),
            ..GroupParams::default()
        },
        name: format!("llmzip-{}", settings.level),
        model_bytes: 0,
    })
}

/// The models of this machine, found by the identity that a file records.
#[derive(Debug, Default)]
pub struct LocalModels;

impl ModelSource for LocalModels {
    fn by_prefix(&self, id_prefix: &[u8], _name_hint: &str) -> Result<Arc<dyn GroupCodec>> {
        let identity = id_prefix.iter().map(|byte| format!("{byte:02x}")).collect();
        Err(Error::MissingModel { identity, hint: "this build has no models".into() })
    }

    fn without_model(&self) -> Arc<dyn GroupCodec> {
        Arc::new(StoredCodec)
    }
}

/// A list of the models that can be used here, for people or as JSON.
pub fn list(json: bool) -> anyhow::Result<String> {
    Ok(if json { "[]\n".into() } else { "no models\n".into() })
}

/// Quantises the model in `dir` into one file; the text to print comes back.
pub fn import(
    _dir: &Path,
    _output: Option<&Path>,
    _force: bool,
    _messages: &Messages,
) -> anyhow::Result<String> {
    Err(anyhow!("this build cannot import models"))
}

/// Stores groups as they are.
struct StoredCodec;

impl GroupCodec for StoredCodec {
    fn model_id(&self) -> Option<[u8; 32]> {
        None
    }

    fn model_name(&self) -> &str {
        ""
    }

    fn encode(
        &self,
        plain: &[u8],
        _params: &GroupParams,
        done: &(dyn Fn(u64) + Sync),
    ) -> Result<EncodedGroup> {
        done(plain.len() as u64);
        Ok(EncodedGroup { method: Method::Stored, payload: Vec::new() })
    }

    fn decode(
        &self,
        _method: Method,
        _payload: &[u8],
        _plain_len: usize,
        _params: &GroupParams,
        _done: &(dyn Fn(u64) + Sync),
    ) -> Result<Vec<u8>> {
        Err(Error::unsupported("this build only knows stored groups"))
    }

    fn memory_bytes(&self, plain_len: u64, _params: &GroupParams) -> u64 {
        plain_len
    }
}
