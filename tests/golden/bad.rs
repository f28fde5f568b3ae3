//! The files that are refused: each is a good one in all but one thing, with checks that are right where it is not the check.

use super::good::{at, message, noise, text};
use llmzip::codec::{Codec, Level};
use llmzip::compress;
use llmzip::container::{CLOSING_MAGIC, Check, EXACT_VERSION, GroupCodec, varint};
use llmzip::model::builtin;

const SHORT: [u8; 2] = [0xf5, 0x7a];
const LONG: [u8; 4] = [0xf5, 0x4c, 0x4c, 0x5a];

/// Groups of these files have 1,024 bytes.
const LOG2: u8 = 10;

const STORED: u8 = 0;
const RUN: u8 = 1;
const MIXER: u8 = 2;
const MODEL: u8 = 3;

/// A number as the format has it.
fn number(value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    varint::write(&mut out, value);
    out
}

/// Bytes and their check.
fn sealed(mut record: Vec<u8>) -> Vec<u8> {
    let check: [u8; 4] = Check::of(&record);
    record.extend(check);
    record
}

fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] = !bytes[at];
    bytes
}

fn cut(bytes: &[u8], by: usize) -> Vec<u8> {
    bytes[..bytes.len() - by].to_vec()
}

/// A short frame with this head behind the magic.
fn short(head: &[&[u8]], payload: &[u8], plain: &[u8]) -> Vec<u8> {
    let head = [&SHORT[..], &head.concat()].concat();
    let check: [u8; 4] = Check::of(&[&head, plain].concat());
    [&head, payload, &check[..]].concat()
}

/// Flags of a short frame of version 1.
fn flags(method: u8, mixer: u8, block: bool) -> u8 {
    3 << 5 | mixer << 3 | u8::from(block) << 2 | method
}

/// What a codec makes of one group.
fn payload(method: u8, plain: &[u8]) -> Vec<u8> {
    let (codec, level) = match method {
        MIXER => (Codec::without_model(), Level::Light),
        _ => (Codec::builtin().unwrap(), Level::Default),
    };
    codec.encode(plain, &level.params(), &|_| ()).unwrap().payload
}

fn short_files() -> Vec<(&'static str, Vec<u8>)> {
    let id = builtin().id().0;
    let whole = compress(&message(), &at(Level::Default)).unwrap();
    let light = compress(&text()[..300], &at(Level::Light)).unwrap();
    let len = number(message().len() as u64);
    let coded = payload(MODEL, &message());
    let coded_len = number(coded.len() as u64);
    let model = flags(MODEL, 1, false);
    // A head with a block of parameters.
    let with_block = |mixer: u8, block: &[&[u8]]| {
        let head = [&[flags(MODEL, mixer, true)][..], &id[..2], &block.concat(), &len, &coded_len];
        short(&head, &coded, &message())
    };
    let numbers = |values: [u64; 4]| values.map(number).concat();
    let too_many = (1 << 24) + 1;
    // A transformed group of text, as the light mixer codes it, behind these first bytes.
    let transformed = |first: &[u8]| {
        let payload = [first, &payload(MIXER, &text()[..300])].concat();
        let head = [&[4 << 5 | MIXER][..], &number(600), &number(payload.len() as u64)];
        short(&head, &payload, &[b'x'; 600])
    };
    vec![
        ("bad-transformed-stored", short(&[&[4 << 5], &number(2)], b"hi", b"hi")),
        ("bad-transformed-none", transformed(&[3, 172, 2])),
        ("bad-transformed-length", transformed(&[4, 172, 2])),
        ("bad-transformed-other-length", transformed(&[15, 172, 2])),
        ("bad-transformed-parts", transformed(&[0x80, 2, 0, 0, 0x7f])),
        (
            "bad-transformed-recipe",
            short(
                &[&[4 << 5 | MIXER], &number(9), &number(7)],
                &[0x80, 1, 15, 1, 0, 1, b'x'],
                b"xxxxxxxxx",
            ),
        ),
        ("unsupported-transformed-code", transformed(&[62, 172, 2])),
        ("unsupported-transformed-kind", transformed(&[0x82])),
        ("bad-short-cut-head", SHORT.to_vec()),
        ("bad-short-cut-payload", cut(&whole, 6)),
        ("bad-short-cut-check", cut(&whole, 1)),
        ("bad-short-check", flipped(&whole, whole.len() - 1)),
        ("bad-short-payload-model", flipped(&whole, whole.len() - 8)),
        ("bad-short-payload-mixer", flipped(&light, light.len() / 2)),
        ("bad-short-stored", flipped(&short(&[&[flags(STORED, 0, false)], &[2]], b"hi", b"hi"), 4)),
        ("bad-short-run", flipped(&short(&[&[flags(RUN, 0, false)], &[9]], b"a", &[b'a'; 9]), 4)),
        ("bad-short-version-0", short(&[&[0], &[2]], b"hi", b"hi")),
        ("bad-short-reserved", short(&[&[flags(STORED, 0, true)], &[2]], b"hi", b"hi")),
        ("bad-short-reserved-mixer", short(&[&[flags(RUN, 2, false)], &[9]], b"a", &[b'a'; 9])),
        ("bad-short-number", short(&[&[flags(STORED, 0, false)], &[0x82, 0]], b"hi", b"hi")),
        (
            "bad-short-too-long",
            short(&[&[flags(RUN, 0, false)], &number(65_537)], b"a", &[b'a'; 65_537]),
        ),
        ("bad-short-empty-run", short(&[&[flags(RUN, 0, false)], &[0]], b"a", b"")),
        ("bad-short-payload-length", short(&[&[model], &id[..2], &len, &len], &coded, &message())),
        ("bad-short-block-of-nothing", with_block(1, &[&numbers([0; 4])])),
        (
            "bad-short-no-block",
            short(&[&[flags(MODEL, 3, false)], &id[..2], &len, &coded_len], &coded, &message()),
        ),
        ("bad-short-mixer-twice", with_block(3, &[&numbers([1, 0, 0, 0]), &[1]])),
        ("bad-short-lanes", with_block(1, &[&numbers([65_537, 0, 0, 0])])),
        ("bad-short-window", with_block(1, &[&numbers([0, too_many, 0, 0])])),
        ("bad-short-policy", with_block(1, &[&numbers([0, 0, too_many + 1, 0])])),
        ("bad-short-prime", with_block(1, &[&numbers([0, 0, 0, too_many])])),
        ("bad-short-keeps-too-much", with_block(1, &[&numbers([0, 10, 7, 0])])),
        ("bad-short-behind", [&whole[..], b"other bytes"].concat()),
        ("unsupported-short-version", short(&[&[5 << 5], &[2]], b"hi", b"hi")),
        (
            "unsupported-short-earlier",
            short(&[&[1 << 5 | MODEL], &id[..2], &len, &coded_len], &coded, &message()),
        ),
        ("unsupported-short-mixer", with_block(3, &[&numbers([0; 4]), &[255]])),
        (
            "unsupported-short-model",
            short(&[&[model], &[!id[0], id[1]], &len, &coded_len], &coded, &message()),
        ),
    ]
}

/// A long frame in pieces, each of which can be made wrong.
#[derive(Clone)]
struct Long {
    header: Vec<u8>,
    /// The settings before each group, and the group.
    groups: Vec<[Vec<u8>; 2]>,
    /// Behind the last group.
    extra: Vec<u8>,
    log2: u8,
    plain: Vec<u8>,
    plain_len: u64,
    /// Added to the first stored length, the footer's length and the frame's.
    more: [u64; 3],
    closing: [u8; 4],
}

impl Long {
    fn new(plain: &[u8], groups: Vec<[Vec<u8>; 2]>) -> Long {
        Long {
            header: header(1, LOG2),
            groups,
            extra: Vec::new(),
            log2: LOG2,
            plain: plain.to_vec(),
            plain_len: plain.len() as u64,
            more: [0; 3],
            closing: CLOSING_MAGIC,
        }
    }

    /// The file after a change.
    fn but(&self, change: impl Fn(&mut Long)) -> Vec<u8> {
        let mut changed = self.clone();
        change(&mut changed);
        changed.to_bytes()
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.header.clone();
        out.extend(self.groups.iter().flatten().flatten());
        out.extend(&self.extra);
        let mut footer = vec![0xca, self.log2];
        footer.extend(number(self.plain_len));
        for (i, [settings, group]) in self.groups.iter().enumerate() {
            let stored =
                (settings.len() + group.len()) as u64 + if i == 0 { self.more[0] } else { 0 };
            footer.extend(number(stored << 1 | u64::from(!settings.is_empty())));
        }
        let hash: [u8; 32] = Check::of(&self.plain);
        footer.extend(hash);
        let footer_len = footer.len() as u64 + 18;
        footer.extend(&(footer_len + self.more[1]).to_le_bytes()[..4]);
        footer.extend(&(out.len() as u64 + footer_len + self.more[2]).to_le_bytes()[..6]);
        out.extend(sealed(footer));
        out.extend(self.closing);
        out
    }
}

fn header(version: u8, log2: u8) -> Vec<u8> {
    sealed([&LONG[..], &[version, log2]].concat())
}

/// A settings record of the default parameters.
fn settings(mixer: u8, model: Option<[u8; 32]>) -> Vec<u8> {
    settings_of(u64::from(EXACT_VERSION), [0; 4], mixer, model.map(|id| (id, &b"builtin"[..])))
}

fn settings_of(
    exact: u64,
    params: [u64; 4],
    mixer: u8,
    model: Option<([u8; 32], &[u8])>,
) -> Vec<u8> {
    let mut record = vec![0xb5, model.is_some().into()];
    record.extend(number(exact));
    record.extend(params.map(number).concat());
    record.push(mixer);
    if let Some((id, name)) = model {
        record.extend(id);
        record.push(name.len() as u8);
        record.extend(name);
    }
    sealed(record)
}

/// Group `at` of its frame, with this tag and these lengths.
fn group_of(at: u64, head: &[u8], payload: &[u8], plain: &[u8]) -> Vec<u8> {
    let check: [u8; 8] = Check::of(&[&at.to_le_bytes(), head, plain].concat());
    let is_run = head[0] & 3 == RUN;
    [head, &check[..if is_run { 2 } else { 8 }], payload].concat()
}

fn group(at: u64, method: u8, plain: &[u8]) -> Vec<u8> {
    let payload = match method {
        STORED => plain.to_vec(),
        RUN => plain[..1].to_vec(),
        _ => payload(method, plain),
    };
    let partial = plain.len() < 1 << LOG2;
    let mut head = vec![0xa0 | u8::from(partial) << 2 | method];
    if partial {
        head.extend(number(plain.len() as u64));
    }
    if method >= MIXER {
        head.extend(number(payload.len() as u64));
    }
    group_of(at, &head, &payload, plain)
}

fn long_files() -> Vec<(&'static str, Vec<u8>)> {
    let id = builtin().id().0;
    let nothing = Vec::new;
    let hi = b"hi".to_vec();
    let stored = Long::new(&hi, vec![[nothing(), group(0, STORED, &hi)]]);
    let run = Long::new(&[7; 99], vec![[nothing(), group(0, RUN, &[7; 99])]]);
    let (first, rest) = (text()[..1024].to_vec(), text()[1024..1524].to_vec());
    let both = [&first[..], &rest].concat();
    let coded = |method: u8| {
        let settings = match method {
            MIXER => settings(0, None),
            _ => settings(1, Some(id)),
        };
        Long::new(
            &both,
            vec![[settings, group(0, method, &first)], [nothing(), group(1, method, &rest)]],
        )
    };
    let (mixer, model) = (coded(MIXER), coded(MODEL));
    let two_noises = noise(2048);
    let (one, other) = two_noises.split_at(1024);
    let twice = Long::new(
        &two_noises,
        vec![[nothing(), group(0, STORED, one)], [nothing(), group(1, STORED, other)]],
    );
    let a_group = |frame: &Long, at: usize, group: Vec<u8>| {
        frame.but(|long| long.groups[at][1] = group.clone())
    };
    let a_settings = |settings: Vec<u8>| mixer.but(|long| long.groups[0][0] = settings.clone());
    let version = u64::from(EXACT_VERSION);
    let params = |values: [u64; 4]| a_settings(settings_of(version, values, 0, None));
    let named = |name: &[u8]| {
        model.but(|long| long.groups[0][0] = settings_of(version, [0; 4], 1, Some((id, name))))
    };
    let too_many = (1 << 24) + 1;
    let whole = mixer.to_bytes();
    vec![
        ("bad-nothing", nothing()),
        ("bad-zeros-in-front", [&[0; 4][..], &stored.to_bytes()].concat()),
        ("bad-other-kind", b"PK\x03\x04".to_vec()),
        ("bad-behind", [&stored.to_bytes()[..], b"other bytes"].concat()),
        // The header.
        ("bad-header-cut", header(1, LOG2)[..7].to_vec()),
        ("bad-header-check", flipped(&stored.to_bytes(), 9)),
        ("bad-header-version-0", stored.but(|long| long.header = header(0, LOG2))),
        ("unsupported-header-version", stored.but(|long| long.header = header(2, LOG2))),
        ("unsupported-header-small-groups", stored.but(|long| long.header = header(1, 9))),
        ("unsupported-header-large-groups", stored.but(|long| long.header = header(1, 31))),
        ("bad-tag", stored.but(|long| long.groups[0][1][0] = 0xa8)),
        // Settings.
        ("bad-settings-cut", whole[..15].to_vec()),
        ("bad-settings-check", a_settings(flipped(&settings(0, None), 10))),
        ("bad-settings-reserved", a_settings(sealed([&[0xb5, 2, 1][..], &[0; 5]].concat()))),
        ("bad-settings-number", a_settings(sealed([&[0xb5, 0, 0x81, 0][..], &[0; 5]].concat()))),
        ("bad-settings-exact-version", a_settings(settings_of(1 << 32, [0; 4], 0, None))),
        ("bad-settings-lanes", params([65_537, 0, 0, 0])),
        ("bad-settings-window", params([0, too_many, 0, 0])),
        ("bad-settings-policy", params([0, 0, too_many + 1, 0])),
        ("bad-settings-prime", params([0, 0, 0, too_many])),
        ("bad-settings-name-too-long", named(&[b'x'; 65])),
        ("bad-settings-name-control", named(b"built\x1bin")),
        ("bad-settings-name-no-text", named(b"built\xffin")),
        ("bad-settings-before-stored", stored.but(|long| long.groups[0][0] = settings(0, None))),
        ("bad-settings-twice", a_settings([settings(0, None), settings(0, None)].concat())),
        ("bad-settings-before-footer", stored.but(|long| long.extra = settings(0, None))),
        ("bad-settings-none", a_settings(nothing())),
        ("bad-settings-no-model", model.but(|long| long.groups[0][0] = settings(1, None))),
        (
            "unsupported-settings-exact-version",
            a_settings(settings_of(version + 1, [0; 4], 0, None)),
        ),
        ("unsupported-settings-earlier-version", a_settings(settings_of(1, [0; 4], 0, None))),
        ("unsupported-settings-mixer", a_settings(settings(255, None))),
        (
            "unsupported-settings-model",
            model.but(|long| long.groups[0][0] = settings(1, Some([0x11; 32]))),
        ),
        // Groups.
        ("bad-group-cut", cut(&stored.to_bytes()[..10 + 12], 1)),
        ("bad-group-stored", a_group(&stored, 0, flipped(&group(0, STORED, b"hi"), 11))),
        ("bad-group-run", a_group(&run, 0, flipped(&group(0, RUN, &[7; 99]), 4))),
        ("bad-group-mixer", a_group(&mixer, 1, flipped(&group(1, MIXER, &rest), 100))),
        ("bad-group-model", a_group(&model, 1, flipped(&group(1, MODEL, &rest), 60))),
        ("bad-group-check", a_group(&mixer, 0, flipped(&group(0, MIXER, &first), 3))),
        ("bad-group-number", a_group(&mixer, 1, group(2, MIXER, &rest))),
        ("bad-group-order", twice.but(|long| long.groups.swap(0, 1))),
        ("bad-group-without-bytes", a_group(&stored, 0, group_of(0, &[0xa4, 0], b"", b""))),
        (
            "bad-group-length",
            a_group(&stored, 0, group_of(0, &[&[0xa4][..], &number(1024)].concat(), one, one)),
        ),
        ("bad-group-payload-length", a_group(&stored, 0, group_of(0, &[0xa6, 2, 2], b"hi", b"hi"))),
        (
            "bad-group-behind-the-last",
            Long::new(
                b"hihi",
                vec![[nothing(), group(0, STORED, b"hi")], [nothing(), group(1, STORED, b"hi")]],
            )
            .to_bytes(),
        ),
        // The footer.
        (
            "bad-footer-none",
            whole[..10 + mixer.groups.iter().flatten().map(Vec::len).sum::<usize>()].to_vec(),
        ),
        ("bad-footer-cut", cut(&whole, 1)),
        ("bad-footer-check", flipped(&whole, whole.len() - 5)),
        ("bad-footer-group-size", stored.but(|long| long.log2 = LOG2 + 1)),
        ("bad-footer-length", stored.but(|long| long.plain_len += 1)),
        ("bad-footer-groups", stored.but(|long| long.plain_len += 1024)),
        ("bad-footer-index", stored.but(|long| (long.more[0], long.more[2]) = (1, 1))),
        ("bad-footer-hash", stored.but(|long| long.plain = b"ho".to_vec())),
        ("bad-footer-own-length", stored.but(|long| long.more[1] = 1)),
        ("bad-footer-frame-length", stored.but(|long| long.more[2] = 1)),
        ("bad-footer-closing", stored.but(|long| long.closing[3] = 0)),
    ]
}

/// Names and bytes of all that must be refused.
pub fn bad() -> Vec<(&'static str, Vec<u8>)> {
    let mut files = short_files();
    files.extend(long_files());
    files
}
