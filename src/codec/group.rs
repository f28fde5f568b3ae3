//! Groups as the container sees them: which method, which model, how much memory.

mod builtin;
mod needs;
mod opened;
mod scout;
mod together;
mod trial;

pub use self::builtin::BuiltinModels;
use self::opened::Opened;
use self::scout::Scout;
use super::choice::Choice;
use super::encode::{encode_profiled, mix_profiled};
use super::estimate::{Estimate, estimate};
use super::lanes::{LARGE_MODEL_BYTES, LanePolicy};
use super::level::Level;
use super::predictor::ModelPredictor;
use super::profile::{Profile, Stage, span};
use super::salvage::{Beginning, known_parts};
use super::spread::{Spread, Spreading};
use super::{Plan, copies, decode, decode_without_model, encode, encode_without_model, lane_count};
use crate::container::{
    CodedGroup, Decoded, EncodedGroup, GROUP_LOG2_DEFAULT, GroupCodec, GroupParams, Method, Watch,
    WindowPolicy,
};
use crate::entropy::Encoder;
use crate::error::{Error, Result};
use crate::mixer::{MixerKind, StartValues};
use crate::model::{MAX_WINDOW, Model, Session, builtin, check_known_answer};
use crate::parallel;
use std::sync::Arc;

/// Tokens that lane 0 codes for all, in groups of several lanes, unless another number is asked.
const PRIME_TOKENS: usize = 256;

/// Groups up to this long are mixed by the full mixer where the default one is asked.
const FULL_MIXER_BYTES: usize = 16 << 10;

/// A model, or none, with the mixer.
pub struct Codec {
    model: Option<Arc<Model>>,
    /// Where the time of encoding is noted.
    profile: Option<Arc<Profile>>,
    /// Where the model is slow.
    scout: Option<Scout>,
}

impl Codec {
    /// The mixer alone.
    pub fn without_model() -> Codec {
        Codec { model: None, profile: None, scout: None }
    }

    /// A model and the mixer, after the model's known-answer test.
    ///
    /// # Errors
    /// `Inexact` if this machine computes something else than the model's makers did.
    pub fn with_model(model: Arc<Model>) -> Result<Codec> {
        check_known_answer(&model)?;
        Ok(Codec { model: Some(model), profile: None, scout: None })
    }

    /// The same, noting where the time of encoding goes. The bytes stay the same, and it takes a little longer.
    pub fn profiled(self, profile: Arc<Profile>) -> Codec {
        Codec { profile: Some(profile), ..self }
    }

    /// The same, asking the builtin instead of a large model what is shorter: see [`GroupCodec::scout`].
    pub fn scouted(self) -> Codec {
        let is_slow = self.model.as_ref().is_some_and(|m| m.stored_bytes() > LARGE_MODEL_BYTES);
        let scout = is_slow.then(|| Scout::new(Codec::builtin, Level::Default.params()));
        Codec { scout, ..self }
    }

    /// The builtin model.
    ///
    /// # Errors
    /// As [`Codec::with_model`].
    pub fn builtin() -> Result<Codec> {
        Codec::with_model(builtin())
    }

    /// About how long a text of `len` bytes that begins with `beginning` will take in both directions.
    ///
    /// A few bytes of it are coded to see that, at most a fiftieth of `len`; `None` where that says nothing, or without
    /// a model.
    ///
    /// # Errors
    /// What the parameters do not allow.
    pub fn estimate(
        &self,
        beginning: &[u8],
        len: u64,
        params: &GroupParams,
    ) -> Result<Option<Estimate>> {
        if self.model.is_none() {
            return Ok(None);
        }
        let group_len = usize::try_from(len).unwrap_or(usize::MAX).min(1 << GROUP_LOG2_DEFAULT);
        let plan = self.plan(group_len, params, true)?;
        estimate(beginning, len, &self.predictor(params)?, &plan)
    }

    /// The number of lanes of a group.
    fn lanes(&self, len: usize, params: &GroupParams) -> usize {
        let cache_bytes = |model: &Arc<Model>| {
            Session::lane_bytes(model.config(), window(model, params).min(MAX_WINDOW), usize::MAX)
        };
        let policy = LanePolicy {
            asked: params.lanes as usize,
            model_bytes: self.model.as_ref().map_or(0, |model| model.stored_bytes()),
            cache_bytes: self.model.as_ref().map_or(0, cache_bytes),
        };
        lane_count(len, policy)
    }

    /// Whether a group has one lane and the mixer of short groups, so that it can share the model with others.
    fn is_short(&self, rest_len: usize, params: &GroupParams) -> bool {
        rest_len <= FULL_MIXER_BYTES && self.lanes(rest_len, params) == 1
    }

    /// Whether the output layer learns in a group: not where it is shared, or so large that weights come from memory.
    fn learns(&self, rest_len: usize, params: &GroupParams) -> bool {
        let small = |model: &Arc<Model>| model.stored_bytes() <= LARGE_MODEL_BYTES;
        let slides = params.window_policy == WindowPolicy::Slide;
        let can = self.model.as_ref().is_some_and(|model| small(model) && model.can_learn());
        can && slides && !self.is_short(rest_len, params)
    }

    pub(super) fn plan(&self, len: usize, params: &GroupParams, with_model: bool) -> Result<Plan> {
        let lanes = if with_model { self.lanes(len, params) } else { 1 };
        let start_values = match (&self.model, with_model) {
            (Some(model), true) => model.start_values().clone(),
            _ => StartValues::generic(),
        };
        // Without a model there is time for everything that the mixer has, and for a short group too.
        let mixer = match mixer_kind(params)? {
            MixerKind::Default if !with_model || len <= FULL_MIXER_BYTES => MixerKind::Full,
            kind => kind,
        };
        let prime_tokens = match params.prime_tokens {
            0 => PRIME_TOKENS,
            asked => asked as usize,
        };
        let learns = with_model && self.learns(len, params);
        Ok(Plan { lanes, prime_tokens, mixer, learns, start_values })
    }

    /// Takes the copies out of a group, and looks at what is left.
    pub(super) fn prepare(&self, plain: &[u8]) -> Result<Prepared> {
        let profile = self.profile.as_deref();
        let (copies, rest) = span(profile, Stage::Copies, || {
            let copies = copies::find(plain);
            let rest = copies::take_out(plain, &copies);
            (copies, rest)
        });
        let mut coder = Encoder::new(Vec::new());
        copies::code(&copies, plain.len(), &mut coder)?;
        let tokenizer = self.model.as_ref().map(|model| model.tokenizer());
        let choice = span(profile, Stage::Tokenise, || Choice::of(&rest, tokenizer))?;
        Ok(Prepared { copies, rest, coder, choice })
    }

    /// What the mixer alone makes of a group, if that is worth a look.
    fn by_mixer(
        &self,
        prepared: &Prepared,
        params: &GroupParams,
        done: &(dyn Fn(u64) + Sync),
    ) -> Result<Option<Vec<u8>>> {
        if !prepared.choice.runs_mixer() {
            return Ok(None);
        }
        let plan = self.plan(prepared.rest.len(), params, false)?;
        let (rest, coder) = (&prepared.rest, prepared.coder.clone());
        Ok(Some(match &self.profile {
            None => encode_without_model(rest, &plan, coder, done),
            Some(profile) => mix_profiled(rest, &plan, coder, profile, done),
        }))
    }

    /// The model, where there is one.
    pub fn model(&self) -> Option<&Arc<Model>> {
        self.model.as_ref()
    }

    pub(super) fn predictor(&self, params: &GroupParams) -> Result<ModelPredictor> {
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

/// A group that is about to be coded.
pub(super) struct Prepared {
    pub(super) copies: Vec<copies::Copy>,
    /// What is left without the copies.
    pub(super) rest: Vec<u8>,
    /// What has coded the copies.
    pub(super) coder: Encoder,
    pub(super) choice: Choice,
}

/// The shorter of what was made of a group, of two equally long ones the model's; stored if nothing is shorter.
pub(super) fn shortest(
    by_model: Option<Vec<u8>>,
    by_mixer: Option<Vec<u8>>,
    plain_len: usize,
) -> EncodedGroup {
    let group = |method| move |payload| EncodedGroup { method, payload };
    let made = [by_model.map(group(Method::Model)), by_mixer.map(group(Method::Mixer))];
    let shortest = made.into_iter().flatten().min_by_key(|group| group.payload.len());
    let stored = || EncodedGroup { method: Method::Stored, payload: Vec::new() };
    shortest.filter(|group| group.payload.len() < plain_len).unwrap_or_else(stored)
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
        self.encode_within(plain, params, u64::MAX, done)
    }

    fn encode_within(
        &self,
        plain: &[u8],
        params: &GroupParams,
        memory_limit: u64,
        done: &(dyn Fn(u64) + Sync),
    ) -> Result<EncodedGroup> {
        let mut prepared = self.prepare(plain)?;
        // Of what is done beside the model nothing is reported, but whoever watches can end it.
        let unreported: &(dyn Fn(u64) + Sync) = &|_| done(0);
        let is_open = prepared.choice == Choice::Smaller;
        if is_open && self.mixer_wins(&prepared.rest, params, unreported)? {
            prepared.choice = Choice::Mixer;
        }
        let spread = Spread::new(done, plain.len(), prepared.rest.len());
        let done: &(dyn Fn(u64) + Sync) = &|bytes| spread.add(bytes);
        let by_model = || -> Result<Option<Vec<u8>>> {
            if !prepared.choice.runs_model() {
                return Ok(None);
            }
            let (rest, coder) = (&prepared.rest, prepared.coder.clone());
            let plan = self.plan(rest.len(), params, true)?;
            let predictor = self.predictor(params)?;
            Ok(Some(match &self.profile {
                None => encode(rest, &predictor, &plan, coder, done)?,
                Some(profile) => encode_profiled(rest, &predictor, &plan, coder, profile, done)?,
            }))
        };
        let heard: &(dyn Fn(u64) + Sync) =
            if prepared.choice.runs_model() { unreported } else { done };
        let by_mixer = || self.by_mixer(&prepared, params, heard);
        let [with_model, alone, _] = self.encoding_needs(prepared.rest.len(), params);
        // Each has a mixer, which is most of the memory.
        let (by_model, by_mixer) = match with_model.saturating_add(alone) <= memory_limit {
            true => parallel::join(by_model, by_mixer),
            false => (by_model(), by_mixer()),
        };
        Ok(shortest(by_model?, by_mixer?, plain.len()))
    }

    fn encode_many(&self, plains: &[&[u8]], params: &GroupParams) -> Vec<Result<EncodedGroup>> {
        self.encode_all(plains, params)
    }

    fn decode(&self, group: &CodedGroup<'_>, watch: &dyn Watch) -> Result<Decoded> {
        let CodedGroup { plain_len, params, .. } = group;
        let opened = Opened::new(group.payload, *plain_len)?;
        let done = |bytes| watch.done(bytes);
        let spread = Spread::new(&done, *plain_len, opened.rest_len);
        let watch: &dyn Watch = &Spreading { watch, spread };
        let plan = self.plan(opened.rest_len, params, group.method == Method::Model)?;
        let (coder, rest_len) = (opened.coder.clone(), opened.rest_len);
        let decode = |watch: &dyn Watch| match group.method {
            Method::Model => decode(coder, rest_len, &self.predictor(params)?, &plan, watch),
            Method::Mixer => Ok(decode_without_model(coder, rest_len, &plan, watch)),
            Method::Stored | Method::Run => Err(Error::damaged("not a coded group")),
        };
        if opened.copies.is_empty() {
            return decode(watch);
        }
        let beginning = Beginning::new(&opened.copies, *plain_len, watch);
        let rest = decode(&beginning)?;
        Ok(Decoded {
            good: known_parts(&rest.good, &opened.copies, *plain_len),
            plain: beginning.finish(&rest.plain),
            end: rest.end,
        })
    }

    fn decode_many(&self, groups: &[CodedGroup<'_>]) -> Vec<Result<Vec<u8>>> {
        self.decode_all(groups)
    }

    fn scout(&self) -> Option<(&dyn GroupCodec, &GroupParams)> {
        let (codec, params) = self.scout.as_ref()?.ask()?;
        Some((codec, params))
    }

    fn memory_bytes(&self, plain_len: u64, params: &GroupParams) -> u64 {
        self.decoding_bytes(plain_len, params)
    }

    fn encode_memory_bytes(&self, plain_len: u64, params: &GroupParams) -> u64 {
        self.encoding_bytes(plain_len, params)
    }
}
