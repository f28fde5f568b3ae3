//! Text in other clothes, through whole files: what goes in comes out, whichever way it is read.

mod common;

use common::Random;
use common::samples::{TEXT, clothed};
use llmzip::codec::{BuiltinModels, Level};
use llmzip::stream::{
    self, CompressOptions, DecompressOptions, NoProgress, Recover, decompress_range, inspect,
};
use llmzip::{Error, Options, compress, compress_many, decompress, decompress_many};
use std::io::Cursor;

fn prose() -> String {
    include_str!("../corpus/text/lighthouse.txt").to_owned()
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn at(level: Level) -> Options {
    Options { level, ..Options::default() }
}

/// A long frame with groups of so many bytes, at level 1.
fn in_groups(plain: &[u8], group_bytes: u64) -> Vec<u8> {
    let (codec, options) = at(Level::Light).codec().unwrap();
    let options = CompressOptions { group_bytes, full_hashes: true, verify: true, ..options };
    let mut packed = Vec::new();
    stream::compress(plain, &mut packed, &codec, &options, &NoProgress).unwrap();
    packed
}

fn seen(packed: &[u8]) -> Vec<String> {
    let frames = inspect(packed).unwrap();
    let groups = frames.iter().flat_map(|frame| &frame.groups);
    groups.filter_map(|group| Some(group.transforms.as_ref()?.to_string())).collect()
}

/// Everything that is worn by ordinary files, with what is said of it.
fn wardrobe() -> Vec<(&'static str, Vec<u8>)> {
    let text = prose();
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let lines: String =
        hex.as_bytes().chunks(60).map(|l| format!("{}\n", str::from_utf8(l).unwrap())).collect();
    let russian = include_str!("../corpus/languages/ru.txt");
    let koi: Vec<u8> = russian.chars().map(koi8_r).collect();
    let json: String = russian
        .encode_utf16()
        .map(|unit| match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
            _ => format!("\\u{unit:04x}"),
        })
        .collect();
    vec![
        ("UTF-16LE", wide(&text)),
        ("hexadecimal digits", hex.into_bytes()),
        ("hexadecimal digits", lines.into_bytes()),
        ("KOI8-R", koi),
        ("JSON escapes", json.into_bytes()),
        ("CR line ends", text.replace('\n', "\r").into_bytes()),
        ("capitals", text.to_uppercase().into_bytes()),
    ]
}

/// A letter in KOI8-R; others as question marks.
fn koi8_r(c: char) -> u8 {
    const LETTERS: &str = "юабцдефгхийклмнопярстужвьызшэщчъЮАБЦДЕФГХИЙКЛМНОПЯРСТУЖВЬЫЗШЭЩЧЪ";
    match LETTERS.chars().position(|letter| letter == c) {
        Some(at) => 0xC0 + at as u8,
        None if c.is_ascii() => c as u8,
        None => b'?',
    }
}

#[test]
fn clothes_are_seen_through_and_put_on_again() {
    for (name, plain) in wardrobe() {
        let packed = compress(&plain, &at(Level::Default)).unwrap();
        let without = Options { transform: false, ..at(Level::Default) };
        let as_it_is = compress(&plain, &without).unwrap();
        assert!(decompress(&packed).unwrap() == plain, "{name}");
        assert!(decompress(&as_it_is).unwrap() == plain, "{name}");
        assert!(packed.len() < as_it_is.len(), "{name}: {} of {}", packed.len(), as_it_is.len());
        let seen = seen(&packed);
        assert!(seen.len() == 1 && seen[0].starts_with(name), "{name}: {seen:?}");
    }
}

#[test]
fn what_wears_nothing_does_not_change_by_a_byte() {
    let noise = Random(9).bytes(5000);
    let table = include_bytes!("../corpus/csv/sales.csv");
    for plain in [prose().as_bytes(), table, &noise, b"", b"x", &[0; 5000]] {
        for level in [Level::Light, Level::Mixer] {
            let without = Options { transform: false, ..at(level) };
            assert!(compress(plain, &at(level)).unwrap() == compress(plain, &without).unwrap());
        }
    }
}

#[test]
fn a_short_frame_grows_by_one_byte() {
    let plain = wide("Running late, see you at ten. The others are here already.");
    let text = "Running late, see you at ten. The others are here already.";
    let packed = compress(&plain, &at(Level::Default)).unwrap();
    let of_text = compress(text.as_bytes(), &at(Level::Default)).unwrap();
    assert_eq!(packed.len(), of_text.len() + 1);
}

#[test]
fn many_at_once_are_as_each_alone() {
    let mut plains: Vec<Vec<u8>> = wardrobe().into_iter().map(|(_, plain)| plain).collect();
    plains.push(TEXT.to_vec());
    plains.push(clothed());
    let options = at(Level::Default);
    let packed = compress_many(&plains, &options).unwrap();
    for (plain, packed) in plains.iter().zip(&packed) {
        assert!(*packed == compress(plain, &options).unwrap());
    }
    assert!(decompress_many(&packed).unwrap() == plains);
}

#[test]
fn a_range_is_what_stands_there() {
    let plain = [wide(&prose()), clothed(), prose().into_bytes()].concat();
    let packed = in_groups(&plain, 2048);
    assert!(seen(&packed).len() >= 4);
    assert!(decompress(&packed).unwrap() == plain);
    let options = DecompressOptions::default();
    for range in [0..10, 2040..2060, 5000..9000, 0..plain.len() as u64] {
        let mut part = Vec::new();
        let reader = Cursor::new(&packed);
        decompress_range(reader, &mut part, &BuiltinModels, &options, range.clone(), &NoProgress)
            .unwrap();
        assert!(part == plain[range.start as usize..range.end as usize]);
    }
}

/// What is put into `out` of a damaged file, and how many losses there are.
fn recovered(file: &[u8]) -> (Vec<u8>, usize) {
    let mut out = Vec::new();
    let options = DecompressOptions { recover: Recover::Fill, ..DecompressOptions::default() };
    let done = stream::recover(Cursor::new(file), &mut out, &BuiltinModels, &options, &NoProgress);
    (out, done.unwrap().damage.len())
}

#[test]
fn a_damaged_group_costs_no_other() {
    let plain = [wide(&prose()), clothed()].concat();
    let packed = in_groups(&plain, 2048);
    let frames = inspect(&packed[..]).unwrap();
    for (number, group) in frames[0].groups.iter().enumerate() {
        let mut file = packed.clone();
        file[group.offset as usize + 20] ^= 4;
        assert!(decompress(&file).is_err());
        let (out, losses) = recovered(&file);
        assert_eq!((out.len(), losses), (plain.len(), 1));
        for (i, (out, plain)) in out.chunks(2048).zip(plain.chunks(2048)).enumerate() {
            assert!(i == number || out == plain, "group {i}, damage in {number}");
        }
    }
}

#[test]
fn no_flipped_bit_gives_other_bytes() {
    let short = compress(&clothed(), &at(Level::Light)).unwrap();
    assert!(seen(&short)[0].contains("deflate"), "{:?}", seen(&short));
    let mut file = short.clone();
    for bit in (0..8 * short.len()).step_by(29) {
        file[bit / 8] ^= 1 << (bit % 8);
        match decompress(&file) {
            Ok(plain) => assert!(plain == clothed(), "bit {bit}"),
            Err(Error::Io(error)) => panic!("bit {bit}: {error}"),
            Err(_) => {}
        }
        file[bit / 8] ^= 1 << (bit % 8);
    }
    for len in (0..short.len()).step_by(11) {
        assert!(decompress(&short[..len]).is_err(), "{len}");
    }
}

#[test]
fn a_bomb_stays_as_it_is() {
    // A deflate stream of 17 MB of zeros: more than the parts of so short a group may have.
    let zeros = bomb(17 << 20);
    let packed = compress(&zeros, &at(Level::Light)).unwrap();
    assert_eq!(seen(&packed), Vec::<String>::new());
    assert!(decompress(&packed).unwrap() == zeros);
}

/// A zlib stream of about so many zeros: one literal, then copies of 258 with the codes of the standard.
fn bomb(len: usize) -> Vec<u8> {
    let (mut bits, mut n_bits, mut out) = (0u64, 0, vec![0x78, 0x9c]);
    let mut put = |value: u64, n: u32| {
        bits |= value << n_bits;
        n_bits += n;
        while n_bits >= 8 {
            out.push(bits as u8);
            bits >>= 8;
            n_bits -= 8;
        }
    };
    // Last block, fixed codes; the literal 0 is 00110000, from its highest bit.
    put(0b011, 3);
    put(0b0000_1100, 8);
    for _ in 0..len / 258 {
        // 258 is 11000101, the distance 1 is 00000.
        put(0b1010_0011, 8);
        put(0, 5);
    }
    put(0, 7);
    put(0, 7);
    out.extend([0; 4]);
    out
}

#[test]
fn little_memory_is_enough_for_a_little_group() {
    let plain = wide(&prose());
    let packed = compress(&plain, &at(Level::Light)).unwrap();
    let options = DecompressOptions { memory_limit: 24 << 20, ..DecompressOptions::default() };
    let mut out = Vec::new();
    stream::decompress(&packed[..], &mut out, &BuiltinModels, &options, &NoProgress).unwrap();
    assert!(out == plain);
}

#[test]
fn damage_that_looks_like_a_later_version_is_a_loss_when_all_is_wanted() {
    let plain = [wide(&prose()), clothed()].concat();
    let packed = in_groups(&plain, 2048);
    let group = inspect(&packed[..]).unwrap()[0].groups[1].offset as usize;
    let mut seen = 0;
    for (at, bit) in (group..group + 40).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let mut file = packed.clone();
        file[at] ^= 1 << bit;
        if matches!(decompress(&file), Err(Error::Unsupported { .. })) {
            let (out, losses) = recovered(&file);
            assert_eq!((out.len(), losses), (plain.len(), 1), "bit {bit} of byte {at}");
            assert!(out[..2048] == plain[..2048] && out[4096..] == plain[4096..]);
            seen += 1;
        }
    }
    assert!(seen > 0, "no such damage");
}
