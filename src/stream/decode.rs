//! One group, decoded and compared with its check before anyone sees it.

use std::io::{Read, Write};
use std::sync::Arc;

use super::place::Place;
use super::progress::{Meter, Progress};
use crate::container::{
    Check, CodedGroup, GroupCodec, GroupHead, GroupParams, Method, ModelSource, Settings,
    ShortHead, Source, for_run,
};
use crate::error::{Error, Result};

/// A group that waits for its payload: lengths, codec and check are known.
pub(super) struct Pending {
    pub method: Method,
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
pub(super) struct Job {
    group: Pending,
    payload: Vec<u8>,
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

    pub(super) fn write_to(&self, writer: &mut impl Write) -> Result<()> {
        match self {
            Plain::Bytes(bytes) => Ok(writer.write_all(bytes)?),
            Plain::Run { byte, len } => for_run(*byte, *len, |piece| Ok(writer.write_all(piece)?)),
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
                    models.by_prefix(&model.id, &model.name)?
                }
                _ => models.without_model(),
            });
        }
        let check = head.check_of(place.group, group_bytes);
        Ok(Pending {
            method: head.method,
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

    /// The group of a short frame whose original begins `base` bytes into the whole output.
    pub(super) fn of_short(head: &ShortHead, base: u64, models: &mut Models) -> Result<Self> {
        let mut bytes = Vec::new();
        head.write(&mut bytes);
        let mut check = Check::default();
        check.update(&bytes);
        Ok(Pending {
            method: head.method,
            plain_len: head.plain_len,
            payload_len: head.payload_len,
            memory_bytes: 0,
            place: Place { group: 0, bytes: base..base + head.plain_len },
            codec: match (head.method, &head.model_prefix) {
                (Method::Model, Some(prefix)) => Some(models.by_prefix(prefix, "")?),
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
        let mut check = self.check;
        plain.add_to(&mut check);
        let check: [u8; 32] = check.first();
        if plain.len() != self.plain_len || !check.starts_with(&self.expected) {
            return Err(self.place.mark(Error::damaged("the bytes do not match their check")));
        }
        Ok(plain)
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
        Ok(Job { group: self, payload })
    }

    /// Takes the payload of a short frame and the check behind it.
    pub(super) fn take_short_payload<R: Read>(mut self, source: &mut Source<R>) -> Result<Job> {
        let payload = source.bytes(self.payload_len, "the payload");
        let payload = payload.map_err(|e| self.place.mark(e))?;
        let expected: [u8; ShortHead::CHECK_BYTES] = source.array("the check of a short frame")?;
        self.expected = expected.to_vec();
        Ok(Job { group: self, payload })
    }
}

impl Job {
    pub(super) fn method(&self) -> Method {
        self.group.method
    }

    pub(super) fn payload_len(&self) -> u64 {
        self.payload.len() as u64
    }

    /// Decodes, and hands the bytes out only if they match the check.
    pub(super) fn decode(self, progress: &dyn Progress) -> Result<Plain> {
        let Job { group, payload } = self;
        let meter = Meter::new(progress, group.plain_len);
        let plain = match &group.codec {
            None if group.method == Method::Run => {
                Plain::Run { byte: payload[0], len: group.plain_len }
            }
            None => Plain::Bytes(payload),
            Some(codec) => {
                let plain_len = usize::try_from(group.plain_len)
                    .map_err(|_| Error::unsupported("a group larger than the address space"))?;
                let done = |n| meter.add(n);
                let plain = codec.decode(group.method, &payload, plain_len, &group.params, &done);
                Plain::Bytes(plain.map_err(|e| group.place.mark(e))?)
            }
        };
        let plain = group.checked(plain)?;
        meter.finish();
        Ok(plain)
    }

    /// Decodes several jobs, those of one codec together. Each has the result that it would have alone.
    pub(super) fn decode_many(jobs: Vec<Job>, progress: &dyn Progress) -> Vec<Result<Plain>> {
        let mut results: Vec<_> = jobs.iter().map(|_| None).collect();
        let mut left: Vec<_> = jobs.into_iter().enumerate().collect();
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
        for (i, job) in left {
            results[i] = Some(job.decode(progress));
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

/// The models asked for so far; many frames of one model ask its source once.
pub(super) struct Models<'a> {
    source: &'a dyn ModelSource,
    last: Option<(Vec<u8>, Arc<dyn GroupCodec>)>,
    mixer: Option<Arc<dyn GroupCodec>>,
    /// What the model that was last asked for is called.
    pub last_name: Option<String>,
}

impl<'a> Models<'a> {
    pub(super) fn new(source: &'a dyn ModelSource) -> Self {
        Models { source, last: None, mixer: None, last_name: None }
    }

    fn without_model(&mut self) -> Arc<dyn GroupCodec> {
        self.mixer.get_or_insert_with(|| self.source.without_model()).clone()
    }

    fn by_prefix(&mut self, prefix: &[u8], name: &str) -> Result<Arc<dyn GroupCodec>> {
        if let Some((known, codec)) = &self.last
            && known == prefix
        {
            return Ok(codec.clone());
        }
        let codec = self.source.by_prefix(prefix, name)?;
        if !codec.model_id().is_some_and(|id| id.starts_with(prefix)) {
            return Err(Error::MissingModel {
                identity: crate::container::hex(prefix),
                hint: "another model was found in its place".into(),
            });
        }
        self.last_name = Some(codec.model_name().to_owned());
        self.last = Some((prefix.to_vec(), codec.clone()));
        Ok(codec)
    }
}
