//! The functions of the boundary.

use std::io::Cursor;

use llmzip::codec::{Codec, Level};
use llmzip::kernels::Isa;
use llmzip::stream::{self, CompressOptions, DecompressOptions, GroupCodec, Seen};
use llmzip::{Error, Result};
use std::sync::Arc;

use crate::failure::finish;
use crate::memory::given;
use crate::models::{self, Here};
use crate::surprise::bits_per_token;
use crate::watch::Watch;
use crate::{memory, selfcheck};

/// Bits of the flags of [`llmzip_compress`].
const FULL_HASHES: u32 = 1;
const VERIFY: u32 = 2;

/// Takes a model.
///
/// # Safety
/// `len` bytes at `at` are of `llmzip_alloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llmzip_model(at: *const u8, len: usize) -> i32 {
    // SAFETY: the caller's promise.
    let bytes = unsafe { given(at, len) };
    finish(models::open(bytes).map(|()| Vec::new()))
}

/// The identity of the model in hexadecimal digits.
#[unsafe(no_mangle)]
pub extern "C" fn llmzip_model_id() -> i32 {
    let hex = |given: models::Given| llmzip::container::hex(&given.model.id().0).into_bytes();
    finish(models::given().map(hex))
}

/// The hash that the model's known-answer test gives here, in hexadecimal digits.
#[unsafe(no_mangle)]
pub extern "C" fn llmzip_known_answer() -> i32 {
    let answer = |given: models::Given| llmzip::model::known_answer(&given.model);
    let hex = |answer: [u8; 32]| llmzip::container::hex(&answer).into_bytes();
    finish(models::given().and_then(answer).map(hex))
}

/// The name of the instruction set.
#[unsafe(no_mangle)]
pub extern "C" fn llmzip_isa() -> i32 {
    finish(Isa::choose().map(|isa| isa.name().as_bytes().to_vec()))
}

/// Compresses; lanes and window of 0 leave the choice to the library, and so does a `group_log2` of 0.
///
/// # Safety
/// `len` bytes at `at` are of `llmzip_alloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llmzip_compress(
    at: *const u8,
    len: usize,
    level: u32,
    lanes: u32,
    window: u32,
    group_log2: u32,
    flags: u32,
) -> i32 {
    // SAFETY: the caller's promise.
    let plain = unsafe { given(at, len) };
    finish(compress(plain, level, lanes, window, group_log2, flags))
}

fn compress(
    plain: &[u8],
    level: u32,
    lanes: u32,
    window: u32,
    group_log2: u32,
    flags: u32,
) -> Result<Vec<u8>> {
    let level = Level::from_number(u8::try_from(level).unwrap_or(u8::MAX))?;
    if level == Level::Large {
        let what = "level 9 asks for a large model, which JavaScript does not have".into();
        return Err(Error::Invalid { what });
    }
    let codec: Arc<dyn GroupCodec> = match level.has_model() {
        true => models::given()?.codec,
        false => Arc::new(Codec::without_model()),
    };
    let mut options = CompressOptions {
        params: level.params(),
        full_hashes: flags & FULL_HASHES != 0,
        verify: flags & VERIFY != 0,
        ..CompressOptions::default()
    };
    options.params.lanes = lanes;
    options.params.window = window;
    if group_log2 != 0 {
        options.group_bytes = 1u64.checked_shl(group_log2).unwrap_or(u64::MAX);
    }
    let mut packed = Vec::new();
    stream::compress(plain, &mut packed, &codec, &options, &Watch)?;
    Ok(packed)
}

/// Decompresses; a limit that is negative is none, or the library's.
///
/// # Safety
/// `len` bytes at `at` are of `llmzip_alloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llmzip_decompress(
    at: *const u8,
    len: usize,
    max_output: f64,
    memory_limit: f64,
) -> i32 {
    // SAFETY: the caller's promise.
    let packed = unsafe { given(at, len) };
    let mut options = DecompressOptions::default();
    if max_output >= 0.0 {
        options.max_output = Some(max_output as u64);
    }
    if memory_limit >= 0.0 {
        options.memory_limit = memory_limit as u64;
    }
    let done = stream::decompress_bytes(packed, &Here::new(), &options, &Watch);
    finish(done.map(|(plain, _)| plain))
}

/// What a file says about itself, as JSON: its frames.
///
/// # Safety
/// `len` bytes at `at` are of `llmzip_alloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llmzip_info(at: *const u8, len: usize) -> i32 {
    // SAFETY: the caller's promise.
    let packed = unsafe { given(at, len) };
    let json = |frames| serde_json::to_vec(&frames).map_err(|error| Error::Io(error.into()));
    finish(stream::inspect(Cursor::new(packed)).and_then(json))
}

/// The bytes that whole frames at the beginning take: what can be decompressed before more comes.
///
/// What is wrong with bytes that begin no frame is said when they are decompressed.
///
/// # Safety
/// `len` bytes at `at` are of `llmzip_alloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llmzip_whole_frames(at: *const u8, len: usize) -> usize {
    // SAFETY: the caller's promise.
    let packed = unsafe { given(at, len) };
    let mut whole = 0;
    // The error is that of the part that is not there yet.
    let _ = stream::inspect_with(Cursor::new(packed), &mut |seen| {
        if let Seen::End(frame) = seen {
            whole = frame.offset + frame.stored_bytes;
        }
        Ok(())
    });
    usize::try_from(whole).unwrap_or(0)
}

/// The bits of each token: see `surprise.rs`.
///
/// # Safety
/// `len` bytes at `at` are of `llmzip_alloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llmzip_bits_per_token(at: *const u8, len: usize) -> i32 {
    // SAFETY: the caller's promise.
    let text = unsafe { given(at, len) };
    finish(bits_per_token(text))
}

/// Compares the fast functions with the plain ones on this machine; the answer is a text, empty if all are equal.
#[unsafe(no_mangle)]
pub extern "C" fn llmzip_selfcheck() -> i32 {
    memory::answer(selfcheck::difference().unwrap_or_default().into_bytes());
    0
}
