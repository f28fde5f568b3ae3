//! The good files: their originals, and what this version makes of them.

use llmzip::codec::Level;
use llmzip::container::WindowPolicy;
use llmzip::stream::{self, CompressOptions, NoProgress};
use llmzip::{Options, compress};

type Make = Box<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

/// A file that must be read, and written again, as ever.
pub struct Good {
    /// Without the extension.
    pub name: &'static str,
    pub plain: Vec<u8>,
    make: Make,
}

impl Good {
    fn new(
        name: &'static str,
        plain: Vec<u8>,
        make: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static,
    ) -> Good {
        Good { name, plain, make: Box::new(make) }
    }

    /// What this version makes of the original.
    pub fn packed(&self) -> Vec<u8> {
        (self.make)(&self.plain)
    }
}

pub fn text() -> Vec<u8> {
    include_bytes!("../../corpus/text/lighthouse.txt").to_vec()
}

pub fn message() -> Vec<u8> {
    b"Running 10 minutes late, see you at the station.".to_vec()
}

fn numbers() -> Vec<u8> {
    (0..4000u32).flat_map(|i| (i * i / 7).to_le_bytes()).collect()
}

/// Bytes of which nothing is known.
pub fn noise(len: usize) -> Vec<u8> {
    let mut state = 1u64;
    let byte = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..len).map(byte).collect()
}

/// Prose, a program and a table: more than a group may have without teaching the model.
fn mixture() -> Vec<u8> {
    let mut all = [
        &include_bytes!("../../corpus/text/lighthouse.txt")[..],
        include_bytes!("../../corpus/text/tides.md"),
        include_bytes!("../../corpus/code/intervals.rs"),
        include_bytes!("../../corpus/csv/sales.csv"),
    ]
    .concat();
    all.truncate(17_000);
    all
}

pub fn at(level: Level) -> Options {
    Options { level, ..Options::default() }
}

/// What a codec makes of bytes with options that only the stream's functions take.
fn with(level: Level, plain: &[u8], change: impl Fn(&mut CompressOptions)) -> Vec<u8> {
    let (codec, mut options) = at(level).codec().unwrap();
    change(&mut options);
    let mut packed = Vec::new();
    stream::compress(plain, &mut packed, &codec, &options, &NoProgress).unwrap();
    packed
}

fn in_groups(level: Level, plain: &[u8], group_bytes: u64) -> Vec<u8> {
    with(level, plain, |options| {
        (options.group_bytes, options.full_hashes) = (group_bytes, true);
    })
}

/// Text with hexadecimal digits in lines, escapes and a deflate stream.
fn clothed() -> Vec<u8> {
    let hex: Vec<u8> =
        text()[..600].iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect();
    let lines: Vec<u8> = hex.chunks(60).flat_map(|line| [line, b"\n"].concat()).collect();
    let escapes =
        r#"{"name": "\u00fcber \u00e4\u00f6", "url": "%22a%2Cb%22%20%3D%20%28c%29"}"#.repeat(4);
    let stream: &[u8] = include_bytes!("../../src/transform/deflate/samples/libdeflate-12.deflate");
    let head: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\x03";
    [&lines, escapes.as_bytes(), head, stream, &[1, 2, 3, 4]].concat()
}

/// A stream of a PDF file: deflate in ASCII85.
fn paper() -> Vec<u8> {
    let stream: &[u8] = include_bytes!("../../src/transform/deflate/samples/zlib-6.deflate");
    let zlib = [&[0x78, 0x9C], stream, &[1, 2, 3, 4]].concat();
    [
        b"<< /Filter [ /ASCII85Decode /FlateDecode ] >>\nstream\n",
        &ascii85(&zlib)[..],
        b"~>endstream\n",
    ]
    .concat()
}

/// ASCII85 in one line, with `z` for four zeros.
fn ascii85(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for four in bytes.chunks(4) {
        if four == [0; 4] {
            out.push(b'z');
            continue;
        }
        let number =
            (0..4).fold(0, |number, i| number << 8 | u64::from(*four.get(i).unwrap_or(&0)));
        let digits =
            [52_200_625, 614_125, 7_225, 85, 1].map(|unit| b'!' + (number / unit % 85) as u8);
        out.extend(&digits[..four.len() + 1]);
    }
    out
}

/// Groups of each method, the one without a model before the one with it, and a rest.
fn all_methods() -> Vec<u8> {
    [&noise(1024), &numbers()[..1024], &[7; 1024], &text()[..1024], &text()[1024..1724]].concat()
}

pub fn good() -> Vec<Good> {
    use Level::{Default as Fifth, Full, Light, Mixer};
    let packed = |options: Options| move |plain: &[u8]| compress(plain, &options).unwrap();
    let whole = |options: Options| packed(Options { full_hashes: true, ..options });
    let letters = noise(50_000).iter().map(|byte| b' ' + byte % 64).collect();
    let hop = |options: &mut CompressOptions| {
        let params = &mut options.params;
        (params.lanes, params.window, params.prime_tokens) = (2, 100, 20);
        params.window_policy = WindowPolicy::Hop { keep: 30 };
    };
    let one_lane = Options { lanes: 1, ..at(Full) };
    let two_frames = |_: &[u8]| {
        let first = compress(&message(), &at(Fifth)).unwrap();
        [first, in_groups(Mixer, &text()[..1500], 1024)].concat()
    };
    let padded = |plain: &[u8]| [&compress(plain, &at(Mixer)).unwrap()[..], &[0; 512]].concat();
    let wide: Vec<u8> = message().iter().flat_map(|&byte| [byte, 0]).collect();
    let clothed = clothed();
    vec![
        Good::new("good-transformed-whole", wide, packed(at(Fifth))),
        Good::new("good-transformed-parts", clothed.clone(), packed(at(Light))),
        Good::new("good-transformed-groups", clothed, |plain| in_groups(Fifth, plain, 2048)),
        Good::new("good-transformed-ascii85", paper(), packed(at(Light))),
        Good::new("good-empty", Vec::new(), packed(at(Fifth))),
        Good::new("good-empty-long", Vec::new(), whole(at(Fifth))),
        Good::new("good-noise", noise(100), packed(at(Fifth))),
        Good::new("good-run", vec![0; 1000], packed(at(Fifth))),
        Good::new("good-message", message(), packed(at(Fifth))),
        Good::new("good-text-light", text(), packed(at(Light))),
        Good::new("good-text-mixer", text(), packed(at(Mixer))),
        Good::new("good-text-default", text(), packed(at(Fifth))),
        Good::new("good-text-full", text(), packed(at(Full))),
        Good::new(
            "good-text-lanes",
            text(),
            packed(Options { lanes: 3, window: 100, ..at(Fifth) }),
        ),
        Good::new("good-text-hop", text()[..1000].to_vec(), move |plain| with(Fifth, plain, hop)),
        Good::new("good-text-groups", text(), |plain| in_groups(Fifth, plain, 2048)),
        Good::new("good-all-methods", all_methods(), |plain| in_groups(Fifth, plain, 1024)),
        Good::new("good-two-frames", [message(), text()[..1500].to_vec()].concat(), two_frames),
        Good::new("good-padded", text()[..500].to_vec(), padded),
        Good::new("good-numbers", numbers(), packed(at(Fifth))),
        Good::new("good-copies", text().repeat(3), packed(at(Fifth))),
        Good::new("good-checkpoint", letters, packed(at(Light))),
        Good::new("good-zeros", vec![0; 100_000], packed(at(Fifth))),
        Good::new("good-pieces", noise(131_100), packed(at(Light))),
        Good::new("good-mixture-light", mixture(), whole(at(Light))),
        Good::new("good-mixture-mixer", mixture(), whole(at(Mixer))),
        Good::new("good-mixture-default", mixture(), whole(at(Fifth))),
        Good::new("good-mixture-full", mixture(), whole(one_lane)),
    ]
}
