use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;

use crate::container::{Form, GroupParams, Method, MixerKindCode, SHORT_MAX_BYTES, WindowPolicy};
use crate::error::Error;
use crate::stream::testing::*;
use crate::stream::*;

#[track_caller]
fn comes_back(plain: &[u8], file: &[u8]) -> Summary {
    let (again, result) = unpack(file);
    assert!(again == plain, "{} bytes came back as {}", plain.len(), again.len());
    let summary = result.unwrap();
    assert_eq!(summary.stored_bytes, file.len() as u64);
    assert_eq!(summary.plain_bytes, plain.len() as u64);
    summary
}

#[test]
fn awkward_inputs_come_back() {
    let inputs: [&[u8]; 8] = [
        b"",
        b"a",
        b"aa",
        &[0; 100],
        &[0xFF, 0xFE],
        b"\r\n<|endoftext|>\r\n",
        &[0xC3],
        "é".as_bytes(),
    ];
    for plain in inputs {
        for codec in [Packer::model(1), Packer::mixer()] {
            for full_hashes in [false, true] {
                let options = CompressOptions { full_hashes, ..CompressOptions::default() };
                comes_back(plain, &pack_with(&codec, plain, &options));
            }
        }
    }
}

#[test]
fn lengths_around_every_edge_come_back() {
    let plain = mixed(SHORT_MAX_BYTES + 5000);
    for edge in [1024, 2048, 5 * 1024, SHORT_MAX_BYTES] {
        for len in edge - 1..=edge + 1 {
            comes_back(&plain[..len], &pack_short(&plain[..len]));
            comes_back(&plain[..len], &pack_long(&plain[..len]));
        }
    }
}

#[test]
fn the_examples_of_the_format_description_are_what_is_written() {
    let hex = crate::container::hex;
    assert_eq!(hex(&pack_short(b"")), "f57a6000e1424298");
    assert_eq!(hex(&pack_short(b"hi")), "f57a60026869f0147789");
    assert_eq!(hex(&pack_short(&[0; 1000])), "f57a61e80700dfa71351");
    let options = CompressOptions { full_hashes: true, ..CompressOptions::default() };
    let long = concat!(
        "f54c4c5a01186468b1bd",
        "a4028f588a5af05c49d06869",
        "ca180218",
        "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4",
        "360000004c0000000000d3def95a5a4c4cf5",
    );
    assert_eq!(hex(&pack_with(&Packer::mixer(), b"hi", &options)), long);
}

#[test]
fn the_form_depends_on_the_length() {
    let plain = mixed(SHORT_MAX_BYTES + 1);
    let form = |len: usize| inspect(&pack_short(&plain[..len])[..]).unwrap()[0].form;
    assert_eq!(form(SHORT_MAX_BYTES), Form::Short);
    assert_eq!(form(SHORT_MAX_BYTES + 1), Form::Long);
}

#[test]
fn what_is_written_does_not_depend_on_threads_memory_or_reads() {
    let plain = mixed(100_000);
    let base =
        CompressOptions { group_bytes: 4096, full_hashes: true, ..CompressOptions::default() };
    let one = pack_with(&Packer::model(1), &plain, &CompressOptions { threads: 1, ..base.clone() });
    for options in [
        CompressOptions { threads: 3, ..base.clone() },
        CompressOptions { memory_limit: 8192, verify: true, ..base.clone() },
    ] {
        assert!(pack_with(&Packer::model(1), &plain, &options) == one);
    }
    let mut dribbled = Vec::new();
    let reader = Dribble { inner: &plain[..], count: 0 };
    compress(reader, &mut dribbled, &Packer::model(1), &base, &NoProgress).unwrap();
    assert!(dribbled == one);

    for (threads, memory_limit) in [(1, 1 << 30), (2, 10_000), (8, 1 << 30)] {
        let options = DecompressOptions { threads, memory_limit, ..DecompressOptions::default() };
        let mut again = Vec::new();
        let reader = Dribble { inner: &one[..], count: 0 };
        decompress(reader, &mut again, &Shelf, &options, &NoProgress).unwrap();
        assert!(again == plain);
    }
}

#[test]
fn parameters_are_kept_in_both_forms() {
    let plain = b"seven bits are enough for this line of text, twice.".repeat(30);
    let keep = |keep| WindowPolicy::Hop { keep };
    let large = GroupParams::TOKENS_MAX;
    for params in [
        GroupParams::default(),
        GroupParams { lanes: 7, ..GroupParams::default() },
        GroupParams { mixer: MixerKindCode(2), ..GroupParams::default() },
        GroupParams { mixer: MixerKindCode(3), ..GroupParams::default() },
        GroupParams { mixer: MixerKindCode(255), window: 9, ..GroupParams::default() },
        GroupParams { window_policy: keep(0), prime_tokens: 5, ..GroupParams::default() },
        GroupParams {
            lanes: GroupParams::LANES_MAX,
            window: large,
            window_policy: keep(large),
            prime_tokens: large,
            mixer: MixerKindCode(1),
        },
    ] {
        for full_hashes in [false, true] {
            let options = CompressOptions { params, full_hashes, ..CompressOptions::default() };
            for codec in [Packer::model(2), Packer::mixer()] {
                let file = pack_with(&codec, &plain, &options);
                comes_back(&plain, &file);
                let info = inspect(&file[..]).unwrap();
                assert_eq!(info[0].settings[0].params, params);
            }
        }
    }
    let params = GroupParams { lanes: GroupParams::LANES_MAX + 1, ..GroupParams::default() };
    let options = CompressOptions { params, ..CompressOptions::default() };
    let result = compress(&plain[..], Vec::new(), &Packer::mixer(), &options, &NoProgress);
    assert!(matches!(result, Err(Error::Invalid { .. })));
}

#[test]
fn frames_can_be_concatenated() {
    let plain = mixed(9000);
    let parts = [&plain[..3000], b"", &plain[3000..4000], &plain[4000..]];
    let files = [pack_short(parts[0]), pack_short(b""), pack_long(parts[2]), pack_long(parts[3])];
    let summary = comes_back(&plain, &files.concat());
    assert_eq!(summary.frames, 4);
    let infos = inspect(&files.concat()[..]).unwrap();
    assert_eq!(
        infos.iter().map(|i| i.stored_bytes as usize).collect::<Vec<_>>(),
        files.each_ref().map(Vec::len)
    );
    assert_eq!(infos[3].plain_bytes, parts[3].len() as u64);
    assert_eq!(infos[3].model_name.as_deref(), Some("packer-1"));
}

#[test]
fn stored_groups_need_no_model() {
    let noise: Vec<u8> = mixed(20_000).into_iter().map(|b| b | 0x80).collect();
    let file = pack_with(
        &Packer::model(77),
        &noise,
        &CompressOptions { full_hashes: true, group_bytes: 4096, ..CompressOptions::default() },
    );
    comes_back(&noise, &file);
    let text = pack_with(&Packer::model(77), &[b'x', b'y'].repeat(99), &CompressOptions::default());
    assert!(matches!(unpack(&text).1, Err(Error::MissingModel { .. })));
}

#[test]
fn a_model_is_named_once_and_only_when_used() {
    let file = pack_long(&mixed(12 * 1024));
    let info = &inspect(&file[..]).unwrap()[0];
    let methods: Vec<_> = info.groups.iter().map(|g| g.method).collect();
    assert_eq!(methods[..4], [Method::Model, Method::Run, Method::Stored, Method::Model]);
    assert_eq!(info.settings.len(), 1);
    assert_eq!(info.settings[0].from_group, 0);
    let json = serde_json::to_value(info).unwrap();
    assert_eq!(json["form"], "long");
    assert_eq!(json["groups"][1]["method"], "run");
    assert_eq!(json["model_id"].as_str().unwrap().len(), 64);
}

#[test]
fn progress_adds_up() {
    #[derive(Default)]
    struct Count(AtomicU64, AtomicU64);
    impl Progress for Count {
        fn plain(&self, bytes: u64) {
            self.0.fetch_add(bytes, Ordering::Relaxed);
        }
        fn stored(&self, bytes: u64) {
            self.1.fetch_add(bytes, Ordering::Relaxed);
        }
    }
    let plain = mixed(70_000);
    for full_hashes in [false, true] {
        for len in [0, 1, 5000, 70_000] {
            let (packing, unpacking) = (Count::default(), Count::default());
            let options =
                CompressOptions { full_hashes, group_bytes: 2048, ..CompressOptions::default() };
            let mut file = Vec::new();
            compress(&plain[..len], &mut file, &Packer::model(1), &options, &packing).unwrap();
            let options = DecompressOptions::default();
            decompress(&file[..], std::io::sink(), &Shelf, &options, &unpacking).unwrap();
            for count in [packing, unpacking] {
                assert_eq!(count.0.into_inner(), len as u64);
                assert_eq!(count.1.into_inner(), file.len() as u64);
            }
        }
    }
}

#[test]
fn cancelling_is_an_interruption() {
    struct Stop;
    impl Progress for Stop {
        fn cancelled(&self) -> bool {
            true
        }
    }
    let file = pack_short(b"abc");
    let interrupted =
        |error| matches!(error, Error::Io(e) if e.kind() == std::io::ErrorKind::Interrupted);
    let options = CompressOptions::default();
    let error = compress(&b"abc"[..], Vec::new(), &Packer::mixer(), &options, &Stop).unwrap_err();
    assert!(interrupted(error));
    let options = DecompressOptions::default();
    assert!(interrupted(decompress(&file[..], Vec::new(), &Shelf, &options, &Stop).unwrap_err()));
}

#[test]
fn a_full_disk_is_an_io_error() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            if self.0 < bytes.len() {
                return Err(std::io::ErrorKind::StorageFull.into());
            }
            self.0 -= bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            if self.0 < 64 { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        }
    }
    let file = pack_long(&mixed(9000));
    for room in [0, 50, 3000, 9020] {
        let options = DecompressOptions::default();
        let result = decompress(&file[..], Full(room), &Shelf, &options, &NoProgress);
        assert!(matches!(result, Err(Error::Io(_))), "{room}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_bytes_come_back(
        parts in prop::collection::vec(
            prop_oneof![
                prop::collection::vec(any::<u8>(), 0..600),
                prop::collection::vec(0u8..128, 0..3000),
                (any::<u8>(), 0usize..5000).prop_map(|(b, n)| vec![b; n]),
            ],
            0..5,
        ),
        group_log2 in 10u32..14,
        full_hashes: bool,
        threads in 0usize..4,
    ) {
        let plain = parts.concat();
        let options = CompressOptions {
            group_bytes: 1 << group_log2,
            full_hashes,
            threads,
            ..CompressOptions::default()
        };
        let file = pack_with(&Packer::model(1), &plain, &options);
        let (again, result) = unpack(&file);
        prop_assert!(again == plain);
        prop_assert_eq!(result.unwrap().groups, inspect(&file[..]).unwrap()[0].groups.len() as u64);
    }
}
