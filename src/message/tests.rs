//! There and back, whatever comes.

use super::*;
use crate::error::Error;
use proptest::prelude::*;
use std::sync::LazyLock;

static PLAIN_PROFILE: LazyLock<Datagrams> =
    LazyLock::new(|| Datagrams::new(&Profile::default()).unwrap());

fn reference() -> Reference {
    Reference::new(&b"battery 81% at camp 2\nbattery 79% at the pass\nok, see you there\n"[..])
        .unwrap()
}

fn profiles() -> &'static [Datagrams] {
    static PROFILES: LazyLock<Vec<Datagrams>> = LazyLock::new(|| {
        let mut all = Vec::new();
        for check_bytes in 0..3 {
            for marked in [false, true] {
                for reference in [None, Some(reference())] {
                    let profile = Profile { check_bytes, marked, reference, ..Profile::default() };
                    all.push(Datagrams::new(&profile).unwrap());
                }
            }
        }
        all
    });
    &PROFILES
}

/// Messages of every kind: text, text of few words, any bytes, first bytes that mean something.
fn message() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[a-z ]{0,40}".prop_map(String::into_bytes),
        "\\PC{0,60}".prop_map(String::into_bytes),
        "(ok|see you|battery 8|at ten|\n|\r\n|!){0,9}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..80),
        (0x7fu8..=0xff, "[a-z]{0,9}")
            .prop_map(|(first, rest)| [&[first], rest.as_bytes()].concat()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn any_messages_come_back_from_any_profile(messages in proptest::collection::vec(message(), 1..12)) {
        for (i, datagrams) in profiles().iter().enumerate() {
            let packed = datagrams.compress_many(&messages).unwrap();
            for (message, packed) in messages.iter().zip(&packed) {
                prop_assert!(packed.len() <= message.len() + 1 + i / 4);
            }
            let back: Result<Vec<_>, _> = datagrams.decompress_many(&packed).into_iter().collect();
            prop_assert_eq!(&back.unwrap(), &messages);
        }
    }

    #[test]
    fn any_bytes_are_a_message_or_an_error(datagram in proptest::collection::vec(any::<u8>(), 0..40)) {
        for datagrams in profiles() {
            if let Ok(message) = datagrams.decompress(&datagram) {
                prop_assert!(message.len() <= MAX_MESSAGE_BYTES);
            }
        }
    }

    #[test]
    fn two_ends_of_a_session_stay_in_step(messages in proptest::collection::vec(message(), 1..12), lost in 0usize..12) {
        let profile = Profile { reference: Some(reference()), ..Profile::default() };
        let [mut here, mut there] = [(); 2].map(|()| Session::new(&profile).unwrap());
        let mut kept = Session::new(&profile).unwrap();
        for (i, message) in messages.iter().enumerate() {
            let packed = here.compress(message).unwrap();
            prop_assert!(packed.len() <= message.len() + 2);
            // What is changed is refused, but for one in 256, and changes nothing.
            if i == lost {
                let mut changed = packed.clone();
                *changed.last_mut().unwrap() ^= 1;
                prop_assert!(there.decompress(&changed).is_err());
            }
            prop_assert_eq!(&there.decompress(&packed).unwrap(), message);
            kept.take(message).unwrap();
            prop_assert_eq!(kept.chain(), here.chain());
        }
        let last = b"and so on".to_vec();
        let packed = here.compress(&last).unwrap();
        prop_assert_eq!(&packed, &there.compress(&last).unwrap());
        prop_assert_eq!(packed, kept.compress(&last).unwrap());
    }
}

#[test]
fn a_message_alone_and_among_others_is_the_same() {
    let messages: Vec<Vec<u8>> =
        (0..90).map(|i| format!("message {i} of {}", i * i).into_bytes()).collect();
    let together = PLAIN_PROFILE.compress_many(&messages).unwrap();
    for (message, packed) in messages.iter().zip(&together).step_by(13) {
        assert_eq!(&PLAIN_PROFILE.compress(message).unwrap(), packed);
    }
}

#[test]
fn short_messages_become_as_short_as_they_should() {
    for (message, most) in [
        ("", 0),
        ("ok", 3),
        ("Running late, see you at ten.", 12),
        ("Weather at 14:00: cloudy, 8 degrees, wind from the west, rain by evening", 34),
    ] {
        let len = PLAIN_PROFILE.compress(message.as_bytes()).unwrap().len();
        assert!(len <= most, "{message}: {len} bytes");
    }
}

#[test]
fn a_long_message_is_the_same_in_whole_tables_as_over_others() {
    let text = include_str!("../container/FORMAT.md").as_bytes();
    for len in [encode::LONG_BYTES - 1, encode::LONG_BYTES + 700, 12_000] {
        let packed = PLAIN_PROFILE.compress(&text[..len]).unwrap();
        assert!(packed.len() < len / 2);
        assert_eq!(PLAIN_PROFILE.decompress(&packed).unwrap(), &text[..len]);
    }
}

#[test]
fn text_is_sent_as_it_is_where_marks_tell_it_apart() {
    let marked = Datagrams::new(&Profile { marked: true, ..Profile::default() }).unwrap();
    for message in ["q", "zq", "7"] {
        assert_eq!(marked.compress(message.as_bytes()).unwrap(), message.as_bytes());
    }
    let packed = marked.compress(b"see you at the station tomorrow").unwrap();
    assert_eq!(packed[0], Profile { marked: true, ..Profile::default() }.mark().unwrap());
}

#[test]
fn another_profile_is_named() {
    let profile = Profile { marked: true, ..Profile::default() };
    let with = Profile { reference: Some(reference()), ..profile.clone() };
    let other = Profile {
        reference: Some(Reference::new(&b"something else"[..]).unwrap()),
        ..profile.clone()
    };
    let packed = Datagrams::new(&with).unwrap().compress(b"battery 75% at camp 2").unwrap();
    for (profile, said) in [(profile, "none is given"), (other, "another reference")] {
        match Datagrams::new(&profile).unwrap().decompress(&packed) {
            Err(Error::Invalid { what }) => assert!(what.contains(said), "{what}"),
            unexpected => panic!("{unexpected:?}"),
        }
    }
}

#[test]
fn an_end_that_missed_a_message_says_so_and_can_begin_anew() {
    let [mut here, mut there] =
        [(); 2].map(|()| Session::new(&Profile { check_bytes: 2, ..Profile::default() }).unwrap());
    let first = here.compress(b"the first").unwrap();
    let second = here.compress(b"the second").unwrap();
    match there.decompress(&second) {
        Err(Error::Damaged { what, .. }) => assert!(what.contains("not in step"), "{what}"),
        unexpected => panic!("{unexpected:?}"),
    }
    assert_eq!(there.decompress(&first).unwrap(), b"the first");
    assert_eq!(there.decompress(&second).unwrap(), b"the second");
    here.restart();
    there.restart();
    assert_eq!(here.compress(b"the first").unwrap(), first);
    assert_eq!(there.decompress(&first).unwrap(), b"the first");
}
