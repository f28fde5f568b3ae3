//! Groups as the container sees them: which method, which model, how much memory.

use super::predictor::ModelPredictor;
use super::{Plan, copies, decode, decode_without_model, encode, encode_without_model, lane_count};
use crate::container::{EncodedGroup, GroupCodec, GroupParams, Method, MixerKindCode, ModelSource};
use crate::entropy::{Decoder, Encoder};
use crate::error::{Error, Result};
use crate::mixer::{Mixer, MixerKind, StartValues};
use crate::model::{Model, Session, builtin, check_known_answer};
use crate::parallel;
use std::sync::Arc;

/// Tokens that lane 0 codes for all, in groups of several lanes, unless another number is asked.
const PRIME_TOKENS: usize = 256;

/// How hard to try, as on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `-1`: the light mixer alone.
    Light,
    /// `-2`: the full mixer alone.
    Mixer,
    /// `-5`: a model and the default mixer.
    Default,
    /// `-7`: a model and the full mixer.
    Full,
    /// `-9`: the large model and the full mixer.
    Large,
}

impl Level {
    /// The level of a number.
    ///
    /// # Errors
    /// `Invalid` for numbers that are no level.
    pub fn from_number(number: u8) -> Result<Level> {
        match number {
            1 => Ok(Level::Light),
            2 => Ok(Level::Mixer),
            5 => Ok(Level::Default),
            7 => Ok(Level::Full),
            9 => Ok(Level::Large),
            _ => Err(Error::invalid(format!("level {number}: there are 1, 2, 5, 7 and 9"))),
        }
    }

    /// Whether a language model takes part.
    pub fn has_model(self) -> bool {
        self >= Level::Default
    }

    /// The mixer.
    pub fn mixer(self) -> MixerKind {
        match self {
            Level::Light => MixerKind::Light,
            Level::Default => MixerKind::Default,
            Level::Mixer | Level::Full | Level::Large => MixerKind::Full,
        }
    }

    /// The parameters of groups at this level, where nothing else is asked.
    pub fn params(self) -> GroupParams {
        GroupParams { mixer: MixerKindCode(self.mixer().code()), ..GroupParams::default() }
    }
}

/// A model, or none, with the mixer.
pub struct Codec {
    model: Option<Arc<Model>>,
}

impl Codec {
    /// The mixer alone.
    pub fn without_model() -> Codec {
        Codec { model: None }
    }

    /// A model and the mixer, after the model's known-answer test.
    ///
    /// # Errors
    /// `Inexact` if this machine computes something else than the model's makers did.
    pub fn with_model(model: Arc<Model>) -> Result<Codec> {
        check_known_answer(&model)?;
        Ok(Codec { model: Some(model) })
    }

    /// The builtin model.
    ///
    /// # Errors
    /// As [`Codec::with_model`].
    pub fn builtin() -> Result<Codec> {
        Codec::with_model(builtin())
    }

    fn plan(&self, len: usize, params: &GroupParams, with_model: bool) -> Result<Plan> {
        let lanes = if with_model { lane_count(len, params.lanes as usize) } else { 1 };
        let start_values = match (&self.model, with_model) {
            (Some(model), true) => model.start_values().clone(),
            _ => StartValues::generic(),
        };
        // Without a model there is time for everything that the mixer has.
        let mixer = match mixer_kind(params)? {
            MixerKind::Default if !with_model => MixerKind::Full,
            kind => kind,
        };
        let prime_tokens = match params.prime_tokens {
            0 => PRIME_TOKENS,
            asked => asked as usize,
        };
        Ok(Plan { lanes, prime_tokens, mixer, start_values })
    }

    /// What a group without its copies is worth, from its bytes alone.
    fn choose(&self, rest: &[u8]) -> Result<Choice> {
        if let Some(model) = &self.model {
            if rest.len() <= TRY_BOTH_BYTES {
                return Ok(Choice::Smaller);
            }
            let tokens = model.tokenizer().encode(rest)?.len();
            // In the field's test files, binaries and columns of digits have at most 1.18 bytes
            // per token, and logs, the next, 1.39.
            if 5 * tokens <= 4 * rest.len() {
                return Ok(Choice::Model);
            }
        }
        let noise = rest.len() >= NOISE_BYTES && (0..NOISE_SAMPLES).all(|i| is_noise(rest, i));
        Ok(if noise { Choice::Store } else { Choice::Mixer })
    }

    fn predictor(&self, params: &GroupParams) -> Result<ModelPredictor> {
        let model = self.model.clone().ok_or_else(|| Error::damaged("a group names no model"))?;
        let window = window(&model, params);
        ModelPredictor::new(model, window, params.window_policy)
    }
}

fn mixer_kind(params: &GroupParams) -> Result<MixerKind> {
    MixerKind::from_code(params.mixer.0).ok_or_else(|| {
        Error::unsupported(format!("needs mixer {}, of a later version", params.mixer.0))
    })
}

/// How a group is coded.
enum Choice {
    Model,
    Mixer,
    /// Whichever of the two is smaller: it costs nothing to see.
    Smaller,
    Store,
}

/// Groups up to this long are coded both ways.
const TRY_BOTH_BYTES: usize = 4 << 10;
/// Groups from this length on are looked at before the mixer spends time on noise.
const NOISE_BYTES: usize = 1 << 20;
const NOISE_SAMPLES: usize = 16;
const NOISE_SAMPLE_BYTES: usize = 4 << 10;

/// Whether the light mixer finds nothing in a sample.
fn is_noise(rest: &[u8], sample: usize) -> bool {
    let at = sample * (rest.len() - NOISE_SAMPLE_BYTES) / (NOISE_SAMPLES - 1);
    let plan = Plan {
        lanes: 1,
        prime_tokens: 0,
        mixer: MixerKind::Light,
        start_values: StartValues::generic(),
    };
    let part = &rest[at..at + NOISE_SAMPLE_BYTES];
    encode_without_model(part, &plan, Encoder::new(Vec::new()), &|_| ()).len() >= part.len()
}

fn stored() -> EncodedGroup {
    EncodedGroup { method: Method::Stored, payload: Vec::new() }
}

fn window(model: &Model, params: &GroupParams) -> usize {
    match params.window {
        0 => model.config().window,
        asked => asked as usize,
    }
}

impl GroupCodec for Codec {
    fn model_id(&self) -> Option<[u8; 32]> {
        self.model.as_ref().map(|model| model.id().0)
    }

    fn model_name(&self) -> &str {
        self.model.as_ref().map_or("", |model| model.name())
    }

    fn encode(
        &self,
        plain: &[u8],
        params: &GroupParams,
        done: &(dyn Fn(u64) + Sync),
    ) -> Result<EncodedGroup> {
        let copies = copies::find(plain);
        let rest = copies::take_out(plain, &copies);
        done((plain.len() - rest.len()) as u64);
        let mut coder = Encoder::new(Vec::new());
        copies::code(&copies, plain.len(), &mut coder)?;
        let with_model = |coder, done: &(dyn Fn(u64) + Sync)| -> Result<EncodedGroup> {
            let plan = self.plan(rest.len(), params, true)?;
            let payload = encode(&rest, &self.predictor(params)?, &plan, coder, done)?;
            Ok(EncodedGroup { method: Method::Model, payload })
        };
        let without_model = |coder, done: &(dyn Fn(u64) + Sync)| -> Result<EncodedGroup> {
            let plan = self.plan(rest.len(), params, false)?;
            let payload = encode_without_model(&rest, &plan, coder, done);
            Ok(EncodedGroup { method: Method::Mixer, payload })
        };
        let encoded = match self.choose(&rest)? {
            Choice::Store => return Ok(stored()),
            Choice::Model => with_model(coder, done)?,
            Choice::Mixer => without_model(coder, done)?,
            Choice::Smaller => {
                let (model, mixer) = parallel::join(
                    || with_model(coder.clone(), done),
                    || without_model(coder.clone(), &|_| ()),
                );
                let (model, mixer) = (model?, mixer?);
                if mixer.payload.len() < model.payload.len() { mixer } else { model }
            }
        };
        if encoded.payload.len() >= plain.len() {
            return Ok(stored());
        }
        Ok(encoded)
    }

    fn decode(
        &self,
        method: Method,
        payload: &[u8],
        plain_len: usize,
        params: &GroupParams,
        done: &(dyn Fn(u64) + Sync),
    ) -> Result<Vec<u8>> {
        let mut coder = Decoder::new(payload);
        let copies = copies::code(&[], plain_len, &mut coder)?;
        let copied: usize = copies.iter().map(|copy| copy.len).sum();
        let rest_len = plain_len - copied;
        if rest_len == 0 {
            return Err(Error::damaged("a group of nothing but copies"));
        }
        done(copied as u64);
        let plan = self.plan(rest_len, params, method == Method::Model)?;
        let rest = match method {
            Method::Model => decode(coder, rest_len, &self.predictor(params)?, &plan, done)?,
            Method::Mixer => decode_without_model(coder, rest_len, &plan, done)?,
            Method::Stored | Method::Run => return Err(Error::damaged("not a coded group")),
        };
        Ok(if copies.is_empty() { rest } else { copies::put_back(&rest, &copies, plain_len) })
    }

    fn memory_bytes(&self, plain_len: u64, params: &GroupParams) -> u64 {
        let len = usize::try_from(plain_len).unwrap_or(usize::MAX);
        let mixer = mixer_kind(params).unwrap_or(MixerKind::Full);
        let mut bytes = 2 * plain_len + Mixer::memory_bytes(mixer, len);
        if let Some(model) = &self.model {
            let lanes = lane_count(len, params.lanes as usize);
            let config = model.config();
            let session = Session::memory_bytes(config, lanes, window(model, params), 128 / lanes);
            bytes += session as u64 + (lanes * 5 * config.coded) as u64;
        }
        bytes
    }
}

/// The models that need no looking for: the builtin.
pub struct BuiltinModels;

impl ModelSource for BuiltinModels {
    fn by_prefix(&self, id_prefix: &[u8], name_hint: &str) -> Result<Arc<dyn GroupCodec>> {
        if builtin().id().0.starts_with(id_prefix) {
            return Ok(Arc::new(Codec::builtin()?));
        }
        let identity = id_prefix.iter().map(|byte| format!("{byte:02x}")).collect();
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
