//! `explain`: what each token of a file costs, to look at.
//!
//! The file is compressed as always, to nowhere, by the codec that also counts ([`Codec::explain`]); so all bits are
//! those of the file that `compress` would write. Memory stays bounded by a group.

mod harmless;
mod heat;
mod json;
mod page;
mod rows;
mod terminal;
mod view;

use std::io::{self, BufWriter, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::anyhow;
use llmzip::codec::{Codec, Explained};
use llmzip::stream::{
    self, CodedGroup, CompressOptions, Decoded, EncodedGroup, GroupCodec, GroupParams, Method,
    Progress, Watch,
};

use super::args::{ExplainForm, Settings, Span, When};
use super::compress;
use super::files::{Source, standard};
use super::messages::{Failure, Messages};
use super::models::{self, Encoder};
use super::names::Name;
use super::progress::{Line, Operation};
use heat::Palette;
use json::Json;
use page::Page;
use terminal::Terminal;
use view::{Facts, Group, Totals, View};

/// A page of more than this is no pleasure in a browser.
const PAGE_BYTES: u64 = 64 << 10;

/// How a file is explained.
#[derive(Debug, Clone, Copy)]
pub struct How {
    pub form: ExplainForm,
    pub color: When,
    /// Which bytes of it are shown.
    pub range: Option<Span>,
}

/// Explains one file on standard output.
pub fn explain(name: &Name, how: How, settings: &Settings, messages: &Messages) {
    let encoder = match models::encoder(settings) {
        Ok(encoder) => encoder,
        Err(error) => return messages.error("model", &error),
    };
    show(name, how, &encoder, settings, messages)
        .unwrap_or_else(|failure| messages.failure(name, &failure));
}

fn show(
    name: &Name,
    how: How,
    encoder: &Encoder,
    settings: &Settings,
    messages: &Messages,
) -> Result<(), Failure> {
    name.check()?;
    let source = Source::open(name, true)?;
    let out = standard::output()?;
    let is_on_screen = io::IsTerminal::is_terminal(&out);
    let range = how
        .range
        .unwrap_or(Span { start: 0, end: (how.form == ExplainForm::Html).then_some(PAGE_BYTES) });
    let len = source.len();
    if len.is_some_and(|len| range.start > 0 && range.start >= len) {
        Err(anyhow!("the range begins behind the end, at {} bytes", len.unwrap_or(0)))?;
    }
    let options = compress::options(encoder, settings);
    // What comes behind the group in which the range ends changes nothing in it.
    let group_bytes = options.group_bytes;
    let read_bytes = range
        .end
        .map_or(u64::MAX, |end| end.max(1).div_ceil(group_bytes).saturating_mul(group_bytes));
    let facts = Facts {
        name: name.to_string(),
        exact_name: name.exact(),
        compressor: encoder.name.clone(),
        range: range.start..range.end.unwrap_or(u64::MAX),
    };
    let vocabulary = encoder.concrete.model().map(|model| model.tokenizer().vocabulary());
    let out = BufWriter::with_capacity(1 << 16, out);
    let view: Box<dyn View + Send + '_> = match how.form {
        ExplainForm::Terminal => {
            Box::new(Terminal::new(out, Palette::of(how.color, is_on_screen), facts))
        }
        ExplainForm::Html => Box::new(Page::new(out, facts, vocabulary)),
        ExplainForm::Json => Box::new(Json::new(out, facts, vocabulary)),
    };
    let known = len.map(|len| len.min(read_bytes));
    let form = messages.progress_beside(is_on_screen);
    let made = Arc::new(Mutex::new(None));
    let read = Mutex::new(Vec::new());
    let watcher = Watcher {
        line: Line::new(Operation::Explain, name, known, form),
        made: made.clone(),
        read: &read,
        state: Mutex::new(State { view, totals: Totals::default(), failed: None }),
    };
    let codec: Arc<dyn GroupCodec> = Arc::new(Recorder {
        codec: encoder.concrete.clone(),
        likeliest: how.form != ExplainForm::Terminal,
        made,
    });
    // One after the other: a group is shown before the next one is read.
    let options = CompressOptions { threads: 1, ..options };
    lock(&watcher.state).view.begin()?;
    let reader = Tee { source: source.take(read_bytes), read: &read };
    let done = stream::compress(reader, io::sink(), &codec, &options, &watcher);
    let state = watcher.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    let State { mut view, mut totals, failed } = state;
    if let Some(error) = failed {
        Err(error)?;
    }
    let done = done?;
    encoder.check_unchanged()?;
    totals.stored_bytes = done.stored_bytes;
    totals.is_cut = len.is_some_and(|len| len > done.plain_bytes);
    view.end(&totals)?;
    Ok(())
}

/// A codec that keeps what it can tell of the last group.
struct Recorder {
    codec: Arc<Codec>,
    likeliest: bool,
    made: Arc<Mutex<Option<Explained>>>,
}

impl GroupCodec for Recorder {
    fn model_id(&self) -> Option<[u8; 32]> {
        self.codec.model_id()
    }

    fn model_name(&self) -> &str {
        self.codec.model_name()
    }

    fn encode(
        &self,
        plain: &[u8],
        params: &GroupParams,
        done: &(dyn Fn(u64) + Sync),
    ) -> llmzip::Result<EncodedGroup> {
        let explained = self.codec.explain(plain, params, self.likeliest, done)?;
        let group = explained.group.clone();
        *lock(&self.made) = Some(explained);
        Ok(group)
    }

    fn decode(&self, group: &CodedGroup<'_>, watch: &dyn Watch) -> llmzip::Result<Decoded> {
        self.codec.decode(group, watch)
    }

    fn memory_bytes(&self, plain_len: u64, params: &GroupParams) -> u64 {
        self.codec.memory_bytes(plain_len, params)
    }

    fn encode_memory_bytes(&self, plain_len: u64, params: &GroupParams) -> u64 {
        self.codec.encode_memory_bytes(plain_len, params)
    }
}

/// Hears of each group when it is done, and shows it.
struct Watcher<'a> {
    line: Line,
    made: Arc<Mutex<Option<Explained>>>,
    /// What was read and belongs to no group that is done.
    read: &'a Mutex<Vec<u8>>,
    state: Mutex<State<'a>>,
}

struct State<'a> {
    view: Box<dyn View + Send + 'a>,
    totals: Totals,
    /// Why nothing more can be shown.
    failed: Option<io::Error>,
}

impl Progress for Watcher<'_> {
    fn plain(&self, bytes: u64) {
        self.line.plain(bytes);
    }

    fn stored(&self, bytes: u64) {
        self.line.stored(bytes);
    }

    fn group(&self, method: Method, plain_bytes: u64, _payload_bytes: u64) {
        let plain: Vec<u8> = lock(self.read).drain(..plain_bytes as usize).collect();
        let explained = lock(&self.made).take();
        let mut state = lock(&self.state);
        let State { view, totals, failed } = &mut *state;
        let group =
            Group { start: totals.plain_bytes, plain: &plain, method, explained: &explained };
        totals.add(&group);
        if failed.is_none() {
            *failed = view.group(&group).err();
        }
    }

    fn cancelled(&self) -> bool {
        lock(&self.state).failed.is_some()
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A reader that keeps what goes through it.
struct Tee<'a, R> {
    source: R,
    read: &'a Mutex<Vec<u8>>,
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(buffer)?;
        lock(self.read).extend_from_slice(&buffer[..n]);
        Ok(n)
    }
}
