//! One group, decoded and compared with its check before anyone sees it.

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use super::models::Models;
use super::place::Place;
use super::progress::{Meter, Progress};
use super::transformed;
use crate::container::{
    Check, CodedGroup, Decoded, GroupCodec, GroupHead, GroupParams, Method, Settings, ShortHead,
    Source, Watch, beginning, for_run, stored,
};
use crate::error::{Error, Result};

/// A group that waits for its payload: lengths, codec and check are known.
#[derive(Clone)]
pub(super) struct Pending {
    pub method: Method,
    transformed: bool,
    pub plain_len: u64,
    pub payload_len: u64,
    /// Bytes of memory that decoding it may take.
    pub memory_bytes: u64,
    pub place: Place,
    codec: Option<Arc<dyn GroupCodec>>,
    params: GroupParams,
    check: Check,
    expected: Vec<u8>,
}

/// A group that can be decoded, on any thread.
#[derive(Clone)]
pub(super) struct Job {
    group: Pending,
    payload: Vec<u8>,
}

impl Job {
    /// The same payload and check for a group that another model may have made.
    pub(super) fn of(&self, group: Pending) -> Job {
        let expected = self.group.expected.clone();
        Job { group: Pending { expected, ..group }, payload: self.payload.clone() }.with_memory()
    }

    /// Adds what the parts of a transformed group take, now that they are known.
    fn with_memory(mut self) -> Self {
        if let (true, Some(codec)) = (self.group.transformed, &self.group.codec) {
            let coded = self.coded();
            let needed = transformed::memory_bytes(&**codec, &coded).unwrap_or(0);
            self.group.memory_bytes = needed.saturating_add(self.group.payload_len);
        }
        self
    }

    /// Bytes of memory that decoding it may take.
    pub(super) fn memory_bytes(&self) -> u64 {
        self.group.memory_bytes
    }

    /// Refuses a group that needs more memory than `limit_bytes` all by itself.
    pub(super) fn require_memory(&self, limit_bytes: u64) -> Result<()> {
        self.group.require_memory(limit_bytes)
    }

    /// Whether the payload ends too early.
    fn is_cut(&self) -> bool {
        (self.payload.len() as u64) < self.group.payload_len
    }
}

/// Who is shown the beginning of a group before its end is known.
pub(super) type Early<'a> = dyn Fn(&[u8]) -> Result<()> + Sync + 'a;

/// Passes on what a codec tells.
struct Watching<'a> {
    meter: &'a Meter<'a>,
    early: &'a Early<'a>,
}

impl Watch for Watching<'_> {
    fn done(&self, bytes: u64) {
        self.meter.add(bytes);
    }

    fn known(&self, plain: &[u8], good: &[Range<usize>]) -> Result<()> {
        (self.early)(&plain[..beginning(good)])
    }
}

/// What decoding gave, before the check of the group.
enum Attempt {
    Run(Plain),
    Parts(Decoded),
}

/// What could be had of a group.
pub(super) enum Salvaged {
    Whole(Plain),
    /// As many bytes as the group has, which of them are right, and why not all are.
    Parts {
        plain: Vec<u8>,
        good: Vec<Range<usize>>,
        error: Error,
    },
}

/// The good bytes of a group.
pub(super) enum Plain {
    Bytes(Vec<u8>),
    Run { byte: u8, len: u64 },
}

impl Plain {
    pub(super) fn len(&self) -> u64 {
        match self {
            Plain::Bytes(bytes) => bytes.len() as u64,
            Plain::Run { len, .. } => *len,
        }
    }

    pub(super) fn add_to(&self, check: &mut Check) {
        match self {
            Plain::Bytes(bytes) => check.update(bytes),
            Plain::Run { byte, len } => check.update_run(*byte, *len),
        }
    }

    /// Hands all but the first `skipped` bytes to `each`, a long run piece by piece.
    pub(super) fn for_rest(
        &self,
        skipped: u64,
        mut each: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        match self {
            Plain::Bytes(bytes) => each(&bytes[skipped as usize..]),
            Plain::Run { byte, len } => for_run(*byte, len - skipped, each),
        }
    }
}

impl Pending {
    /// A group of a long frame, under the settings in force.
    pub(super) fn of_group(
        head: &GroupHead,
        group_bytes: u64,
        place: Place,
        settings: Option<&Settings>,
        models: &mut Models,
    ) -> Result<Self> {
        let missing = || place.mark(Error::damaged("no settings stand before this group"));
        let mut params = GroupParams::default();
        let mut codec = None;
        if head.method.is_coded() {
            let settings = settings.ok_or_else(missing)?;
            params = settings.params;
            codec = Some(match head.method {
                Method::Model => {
                    let model = settings.model.as_ref().ok_or_else(missing)?;
                    models.by_identity(&model.id, &model.name)?
                }
                _ => models.without_model(),
            });
        }
        let check = head.check_of(place.group, group_bytes);
        Ok(Pending {
            method: head.method,
            transformed: head.transformed,
            plain_len: head.plain_len,
            payload_len: head.payload_len,
            memory_bytes: 0,
            place,
            codec,
            params,
            check,
            expected: head.recorded_check().to_vec(),
        }
        .with_memory())
    }

    /// The group of a short frame whose original begins `base` bytes into the whole output, to be
    /// decoded with the `nth` of the models that it may mean.
    pub(super) fn of_short(
        head: &ShortHead,
        base: u64,
        models: &mut Models,
        nth: usize,
    ) -> Result<Self> {
        let mut bytes = Vec::new();
        head.write(&mut bytes);
        let mut check = Check::default();
        check.update(&bytes);
        Ok(Pending {
            method: head.method,
            transformed: head.transformed,
            plain_len: head.plain_len,
            payload_len: head.payload_len,
            memory_bytes: 0,
            place: Place { group: 0, bytes: base..base + head.plain_len },
            codec: match (head.method, &head.model_prefix) {
                (Method::Model, Some(prefix)) => Some(models.by_prefix(*prefix, nth)?),
                (Method::Mixer, _) => Some(models.without_model()),
                _ => None,
            },
            params: head.params,
            check,
            expected: Vec::new(),
        }
        .with_memory())
    }

    fn with_memory(mut self) -> Self {
        let decoding = match &self.codec {
            Some(codec) => codec.memory_bytes(self.plain_len, &self.params),
            None => 0,
        };
        self.memory_bytes = decoding.saturating_add(self.payload_len);
        self
    }

    /// Lets the bytes of the group through if they match its check.
    fn checked(self, plain: Plain) -> Result<Plain> {
        match self.matches(&plain) {
            true => Ok(plain),
            false => Err(self.mismatch()),
        }
    }

    fn matches(&self, plain: &Plain) -> bool {
        let mut check = self.check.clone();
        plain.add_to(&mut check);
        let check: [u8; 32] = check.first();
        plain.len() == self.plain_len && check.starts_with(&self.expected)
    }

    fn mismatch(&self) -> Error {
        self.place.mark(Error::damaged("the bytes do not match their check"))
    }

    /// Refuses a group that needs more memory than `limit_bytes` all by itself.
    pub(super) fn require_memory(&self, limit_bytes: u64) -> Result<()> {
        if self.memory_bytes > limit_bytes {
            return Err(Error::Memory { needed_bytes: self.memory_bytes, limit_bytes });
        }
        Ok(())
    }

    /// Takes the payload of a group in a long frame.
    pub(super) fn take_payload<R: Read>(self, source: &mut Source<R>) -> Result<Job> {
        let payload = source.bytes(self.payload_len, "the payload");
        let payload = payload.map_err(|e| self.place.mark(e))?;
        Ok(Job { group: self, payload }.with_memory())
    }

    /// Takes as much of the payload of a group in a long frame as there is.
    pub(super) fn take_what_is_there<R: Read>(self, source: &mut Source<R>) -> Result<Job> {
        let payload = source.up_to(self.payload_len)?;
        Ok(Job { group: self, payload }.with_memory())
    }

    /// Takes the payload of a short frame and the check behind it.
    pub(super) fn take_short_payload<R: Read>(mut self, source: &mut Source<R>) -> Result<Job> {
        let payload = source.bytes(self.payload_len, "the payload");
        let payload = payload.map_err(|e| self.place.mark(e))?;
        let expected: [u8; ShortHead::CHECK_BYTES] = source.array("the check of a short frame")?;
        self.expected = expected.to_vec();
        Ok(Job { group: self, payload }.with_memory())
    }
}

impl Job {
    pub(super) fn method(&self) -> Method {
        self.group.method
    }

    pub(super) fn plain_len(&self) -> u64 {
        self.group.plain_len
    }

    pub(super) fn payload_len(&self) -> u64 {
        self.payload.len() as u64
    }

    /// Decodes, and hands the bytes out only if they match the check.
    ///
    /// `early` is shown the beginning of the group as soon as a checkpoint says that it is right, more of it each time;
    /// what it fails with ends the decoding.
    pub(super) fn decode(self, progress: &dyn Progress, early: &Early<'_>) -> Result<Plain> {
        let (group, decoded) = self.attempt(progress, early)?;
        let plain = match decoded {
            Attempt::Run(plain) => plain,
            Attempt::Parts(parts) => {
                Plain::Bytes(parts.into_plain().map_err(|e| group.place.mark(e))?)
            }
        };
        group.checked(plain)
    }

    /// Decodes as far as that goes: the whole group, or what is known to be right of it and why there is no more.
    ///
    /// # Errors
    /// What has nothing to do with damage.
    pub(super) fn salvage(self, progress: &dyn Progress) -> Result<Salvaged> {
        let is_cut = self.is_cut();
        if is_cut && self.group.method == Method::Run {
            return Err(self.group.place.mark(Error::truncated("the payload")));
        }
        let (group, decoded) = self.attempt(progress, &|_| Ok(()))?;
        let (plain, good, end) = match decoded {
            Attempt::Run(plain) => (plain, Vec::new(), Ok(())),
            Attempt::Parts(parts) => (Plain::Bytes(parts.plain), parts.good, parts.end),
        };
        let error = match end {
            Ok(()) if group.matches(&plain) => return Ok(Salvaged::Whole(plain)),
            _ if is_cut => group.place.mark(Error::truncated("the end of the payload")),
            Ok(()) => group.mismatch(),
            Err(error) => group.place.mark(error),
        };
        match (error, plain) {
            (error @ (Error::Damaged { .. } | Error::Truncated { .. }), Plain::Bytes(plain)) => {
                Ok(Salvaged::Parts { plain, good, error })
            }
            (error, _) => Err(error),
        }
    }

    fn attempt(self, progress: &dyn Progress, early: &Early<'_>) -> Result<(Pending, Attempt)> {
        let Job { group, payload } = self;
        let meter = Meter::new(progress, group.plain_len);
        let plain_len = usize::try_from(group.plain_len)
            .map_err(|_| Error::unsupported("a group larger than the address space"))?;
        let decoded = match &group.codec {
            None if group.method == Method::Run => {
                Attempt::Run(Plain::Run { byte: payload[0], len: group.plain_len })
            }
            None => Attempt::Parts(stored::unpack(payload, plain_len)),
            Some(codec) => {
                let coded = CodedGroup {
                    method: group.method,
                    payload: &payload,
                    plain_len,
                    params: group.params,
                };
                let watching = Watching { meter: &meter, early };
                let decoded = match group.transformed {
                    true => transformed::decode(&**codec, &coded, &watching),
                    false => codec.decode(&coded, &watching),
                };
                Attempt::Parts(decoded.map_err(|e| group.place.mark(e))?)
            }
        };
        if !matches!(&decoded, Attempt::Parts(parts) if parts.end.is_err()) {
            meter.finish();
        }
        Ok((group, decoded))
    }

    /// Decodes several jobs, those of one codec together. Each has the result that it would have alone.
    pub(super) fn decode_many(jobs: Vec<Job>, progress: &dyn Progress) -> Vec<Result<Plain>> {
        let mut results: Vec<_> = jobs.iter().map(|_| None).collect();
        let (alone, mut left): (Vec<_>, Vec<_>) =
            jobs.into_iter().enumerate().partition(|(_, job)| job.group.transformed);
        while let Some(codec) = left.iter().find_map(|(_, job)| job.group.codec.clone()) {
            let is_of =
                |job: &Job| job.group.codec.as_ref().is_some_and(|c| Arc::ptr_eq(c, &codec));
            let (of_codec, others) = left.into_iter().partition(|(_, job)| is_of(job));
            left = others;
            let of_codec: Vec<(usize, Job)> = of_codec;
            let coded: Vec<_> = of_codec.iter().map(|(_, job)| job.coded()).collect();
            let decoded = codec.decode_many(&coded);
            for ((i, job), plain) in of_codec.into_iter().zip(decoded) {
                let plain = plain.map_err(|e| job.group.place.mark(e));
                results[i] = Some(plain.and_then(|p| job.group.checked(Plain::Bytes(p))));
            }
        }
        for (i, job) in left.into_iter().chain(alone) {
            results[i] = Some(job.decode(progress, &|_| Ok(())));
        }
        results.into_iter().flatten().collect()
    }

    fn coded(&self) -> CodedGroup<'_> {
        CodedGroup {
            method: self.group.method,
            payload: &self.payload,
            // A short frame holds 64 KiB at most.
            plain_len: usize::try_from(self.group.plain_len).unwrap_or(usize::MAX),
            params: self.group.params,
        }
    }
}
