//! Datagrams, messages of a session and primed files of before must be read, and made again, as ever.
//!
//! `files/messages.tsv` has them: a profile, the bytes and the message, both in base64. With
//! `LLMZIP_BLESS=1`, a missing file is written; one that is there is never changed.

use llmzip::armor::Armor;
use llmzip::message::{Datagrams, Profile, Reference, Session, compress_primed, decompress_primed};
use std::path::Path;
use std::sync::Mutex;

const REFERENCE: &str = "battery 81% at camp 2\nbattery 79% at the pass\nok, see you at the hut\n";

fn profile(name: &str) -> Profile {
    let has = |part: &str| name.split('+').any(|one| one == part);
    let reference = Reference::new(REFERENCE.as_bytes()).unwrap();
    Profile {
        check_bytes: if has("check1") { 1 } else { u8::from(has("check2")) * 2 },
        marked: has("marked"),
        reference: (has("reference") || has("primed")).then_some(reference),
        ..Profile::default()
    }
}

/// What is made for each profile, in this order.
fn messages(name: &str) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = [
        "",
        "ok",
        "q",
        "Running late, see you at ten.",
        "battery 75% at camp 2",
        "Я уже дома",
        "好的，十点见",
        "two\nlines",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    if name == "bare" {
        all.extend([
            vec![0xff, 0, 1],
            vec![0x80; 3],
            (0..=255).collect(),
            b"again and again, ".repeat(40),
        ]);
    }
    all
}

const PROFILES: [&str; 7] =
    ["bare", "marked", "check1", "check2+marked", "reference", "marked+reference", "primed"];

/// What a profile makes of all its messages.
fn made(name: &str) -> Vec<Vec<u8>> {
    let (profile, messages) = (profile(name), messages(name));
    let datagrams = Datagrams::new(&profile).unwrap();
    match name {
        "primed" => {
            let pack = |m: &Vec<u8>| compress_primed(m, &profile, &datagrams, false).unwrap();
            messages.iter().map(pack).collect()
        }
        _ => datagrams.compress_many(&messages).unwrap(),
    }
}

fn session_of(messages: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut session = Session::new(&profile("reference")).unwrap();
    messages.iter().map(|message| session.compress(message).unwrap()).collect()
}

fn table() -> String {
    let line = |name: &str, packed: &[u8], message: &[u8]| {
        format!("{name}\t{}\t{}\n", Armor::Base64.encode(packed), Armor::Base64.encode(message))
    };
    let mut text = String::new();
    for name in PROFILES {
        for (packed, message) in made(name).iter().zip(messages(name)) {
            text += &line(name, packed, &message);
        }
    }
    let messages = messages("session");
    for (packed, message) in session_of(&messages).iter().zip(&messages) {
        text += &line("session", packed, message);
    }
    text
}

/// Nobody reads the file while it is written.
static WRITING: Mutex<()> = Mutex::new(());

fn golden() -> Vec<(String, Vec<u8>, Vec<u8>)> {
    let _turn = WRITING.lock();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/messages.tsv");
    if !path.exists() && std::env::var_os("LLMZIP_BLESS").is_some() {
        std::fs::write(&path, table()).unwrap();
    }
    let text = std::fs::read_to_string(path).unwrap();
    let row = |line: &str| {
        let parts: Vec<&str> = line.split('\t').collect();
        let [packed, message] = [1, 2].map(|i| Armor::Base64.decode(parts[i]).unwrap());
        (parts[0].to_owned(), packed, message)
    };
    text.lines().map(row).collect()
}

#[test]
fn messages_of_before_are_made_again() {
    let line = |(name, packed, message): (String, Vec<u8>, Vec<u8>)| {
        let [packed, message] = [packed, message].map(|bytes| Armor::Base64.encode(&bytes));
        format!("{name}\t{packed}\t{message}\n")
    };
    let text: String = golden().into_iter().map(line).collect();
    assert_eq!(table(), text);
}

#[test]
fn messages_of_before_are_read() {
    let golden = golden();
    assert!(golden.len() > 60);
    for name in PROFILES {
        let profile = profile(name);
        let datagrams = Datagrams::new(&profile).unwrap();
        for (_, packed, message) in golden.iter().filter(|(of, ..)| of == name) {
            let read = match name {
                "primed" => decompress_primed(packed, &profile, &datagrams),
                _ => datagrams.decompress(packed),
            };
            assert_eq!(&read.unwrap(), message, "{name}");
        }
    }
    let mut session = Session::new(&profile("reference")).unwrap();
    for (_, packed, message) in golden.iter().filter(|(of, ..)| of == "session") {
        assert_eq!(&session.decompress(packed).unwrap(), message);
    }
}

#[test]
fn what_is_no_message_is_refused_and_why_is_said() {
    let said = |name: &str, datagram: &[u8]| {
        Datagrams::new(&profile(name)).unwrap().decompress(datagram).unwrap_err().to_string()
    };
    let coded = |name: &str| made(name)[3].clone();
    for (name, datagram, expected) in [
        ("check2+marked", vec![1], "the file is cut short: the check of a message is missing"),
        (
            "marked",
            coded("marked+reference"),
            "the message was made with a reference, and none is given",
        ),
        ("marked+reference", coded("marked"), "the message was made without a reference"),
        (
            "marked",
            vec![0x80 ^ coded("marked")[0] ^ 0x81, 7],
            "the message was made with another model",
        ),
        (
            "check1",
            [&coded("check1")[..], &[0]].concat(),
            "damaged: the message does not match its check",
        ),
        (
            "marked",
            coded("marked")[..1].to_vec(),
            "the file is cut short: what follows the mark of a message is missing",
        ),
    ] {
        assert!(said(name, &datagram).starts_with(expected), "{name}: {}", said(name, &datagram));
    }
    let good = made("primed")[3].clone();
    let primed = profile("primed");
    let datagrams = Datagrams::new(&primed).unwrap();
    let changed = |at: usize, to: u8| {
        let mut file = good.clone();
        file[at] = to;
        decompress_primed(&file, &primed, &datagrams).unwrap_err().to_string()
    };
    assert_eq!(changed(1, 0x71), "not an llmzip file");
    assert_eq!(changed(2, 0x00), "damaged: the format version is 0");
    assert_eq!(changed(2, 0x22), "damaged: reserved flags are set");
    assert_eq!(changed(2, 0x40), "the file is of format version 2; this llmzip reads version 1");
    assert!(changed(3, !good[3]).starts_with("needs the model"));
    assert!(changed(5, !good[5]).contains("which was not given (--prime FILE)"));
    assert_eq!(
        changed(good.len() - 1, !good[good.len() - 1]),
        "damaged: the original does not match its check"
    );
}
