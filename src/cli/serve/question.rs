//! What the query of a request asks for.

use std::sync::Arc;

use serde::Deserialize;

use llmzip::Result;
use llmzip::codec::Level;
use llmzip::model::BUILTIN_NAME;
use llmzip::stream::{CompressOptions, GroupCodec, GroupParams};

use super::limits::Limits;
use super::models::Models;

/// The query of `/compress`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CompressQuery {
    level: Option<u8>,
    model: Option<String>,
    lanes: Option<u32>,
    window: Option<u32>,
    group_bytes: Option<u64>,
    full_hashes: bool,
}

/// The query of `/tokens`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokensQuery {
    pub model: Option<String>,
}

/// How something is to be compressed: all that the result depends on, beside the bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Coding {
    level: u8,
    model: String,
    lanes: u32,
    window: u32,
    group_bytes: Option<u64>,
    full_hashes: bool,
}

/// The level where none is asked for, as on the command line.
const DEFAULT_LEVEL: u8 = 5;

impl Coding {
    /// What was asked for, if this service can do it.
    ///
    /// # Errors
    /// `Invalid` for what cannot be.
    pub fn of(query: CompressQuery, models: &Models) -> Result<Coding> {
        let level = query.level.unwrap_or(DEFAULT_LEVEL);
        let model = match (query.model, Level::from_number(level)?) {
            (Some(_), level) if !level.has_model() => {
                return Err(llmzip::Error::invalid("levels 1 to 3 use no model"));
            }
            (Some(model), _) => model,
            (None, Level::Large) => super::super::models::LARGE_NAME.to_owned(),
            (None, _) => BUILTIN_NAME.to_owned(),
        };
        let coding = Coding {
            level,
            model,
            lanes: query.lanes.unwrap_or(0),
            window: query.window.unwrap_or(0),
            group_bytes: query.group_bytes,
            full_hashes: query.full_hashes,
        };
        let (_, options) = coding.codec(models)?;
        options.validate()?;
        Ok(coding)
    }

    /// Whether short inputs may share the model with others.
    pub fn is_plain(&self) -> bool {
        !self.full_hashes && self.lanes == 0 && self.window == 0 && self.group_bytes.is_none()
    }

    /// The codec, and what it writes into a file.
    ///
    /// # Errors
    /// `Invalid` for a model that is not here.
    pub fn codec(&self, models: &Models) -> Result<(Arc<dyn GroupCodec>, CompressOptions)> {
        let level = Level::from_number(self.level)?;
        let codec = match level.has_model() {
            true => models.called(&self.model)?.codec.clone(),
            false => models.without(),
        };
        let params = GroupParams { lanes: self.lanes, window: self.window, ..level.params() };
        let mut options =
            CompressOptions { params, full_hashes: self.full_hashes, ..Default::default() };
        if let Some(bytes) = self.group_bytes {
            options.group_bytes = bytes;
        }
        Ok((codec, options))
    }

    /// The same within the limits of a long request.
    ///
    /// # Errors
    /// As [`codec`](Self::codec).
    pub fn limited(
        &self,
        models: &Models,
        limits: &Limits,
    ) -> Result<(Arc<dyn GroupCodec>, CompressOptions)> {
        let (codec, options) = self.codec(models)?;
        Ok((codec, CompressOptions { memory_limit: limits.memory_bytes, ..options }))
    }
}
