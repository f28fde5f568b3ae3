use proptest::prelude::*;

use crate::container::{
    Check, EXACT_VERSION, Footer, GroupHead, LongHeader, Method, Settings, ShortHead,
};
use crate::error::Error;
use crate::stream::testing::*;
use crate::stream::*;

#[test]
fn growth_is_limited() {
    let noise: Vec<u8> =
        mixed(200_000).iter().enumerate().map(|(i, b)| b | 0x80 ^ i as u8).collect();
    let largest = GroupParams {
        lanes: GroupParams::LANES_MAX,
        window: GroupParams::TOKENS_MAX,
        window_policy: WindowPolicy::Hop { keep: GroupParams::TOKENS_MAX },
        prime_tokens: GroupParams::TOKENS_MAX,
        mixer: MixerKindCode(255),
    };
    for params in [GroupParams::default(), largest] {
        for len in [0, 1, 2, 100, 1000, 16_384, 65_536] {
            let options = CompressOptions { params, ..CompressOptions::default() };
            let grown = pack_with(&Packer::model(1), &noise[..len], &options).len() - len;
            assert!(grown <= 10, "{len}: {grown}");
        }
        for group_log2 in [10, 14, 16, 17, 24, 30] {
            let group_bytes = 1 << group_log2;
            let options = CompressOptions { params, group_bytes, ..CompressOptions::default() };
            for len in [65_537, 131_072, 200_000] {
                let grown = pack_with(&Packer::model(1), &noise[..len], &options).len() - len;
                let groups = len.div_ceil(group_bytes as usize);
                assert!(grown <= 80 + 16 * groups, "{len}: {grown}");
            }
        }
    }
}

/// The worst lengths need no data: a head of each kind with the longest numbers.
#[test]
fn growth_is_limited_for_the_largest_groups_too() {
    let header = LongHeader { group_log2: 30 };
    let whole = header.group_bytes();
    let mut group_bytes = Vec::new();
    let head = GroupHead {
        method: Method::Stored,
        transformed: false,
        plain_len: whole,
        payload_len: whole,
        check: [0; 8],
    };
    head.write(whole, &mut group_bytes);
    let entry = |stored_len| crate::container::IndexEntry { stored_len, has_settings: false };
    // A terabyte and a bit less than another gigabyte.
    let mut last = Vec::new();
    let part = whole - 1;
    GroupHead { plain_len: part, payload_len: part, ..head }.write(whole, &mut last);
    let mut index = vec![entry(whole + group_bytes.len() as u64); 1024];
    index.push(entry(part + last.len() as u64));
    let plain_len = 1024 * whole + part;
    let mut footer = Vec::new();
    Footer { group_log2: 30, plain_len, index, sha256: [0; 32] }.write(&mut footer).unwrap();
    let around = LongHeader::BYTES as usize + 1024 * group_bytes.len() + last.len() + footer.len();
    assert!(around <= 80 + 16 * 1025, "{around}");
}

#[test]
fn small_inputs_pay_sixteen_bytes_at_most() {
    for len in [1usize, 17, 127, 128, 16_383, 16_384, 65_536] {
        let plain = b"abcd".repeat(len.div_ceil(4));
        let file = pack_short(&plain[..len]);
        let info = &inspect(&file[..]).unwrap()[0];
        let around = file.len() as u64 - info.groups[0].payload_bytes;
        assert!(around <= 16, "{len}: {around}");
    }
    assert_eq!(pack_short(b"").len(), 8);
    assert_eq!(pack_short(&[7; 65_536]).len(), 11);
}

#[test]
fn coding_is_given_up_where_the_names_cost_more_than_it_saves() {
    // Sixteen bytes shrink to fourteen, and naming the model takes three.
    let file = pack_short(b"0123456789abcdef");
    assert_eq!(inspect(&file[..]).unwrap()[0].groups[0].method, Method::Stored);
    // 300 bytes shrink by 37, and the settings record of a long frame takes 52.
    let file = pack_long(&b"0123456789".repeat(30));
    let info = &inspect(&file[..]).unwrap()[0];
    assert_eq!(info.groups[0].method, Method::Stored);
    assert!(info.settings.is_empty());
}

/// A long frame's beginning with one group head, whatever it claims.
fn claiming(method: Method, plain_len: u64, payload_len: u64, group_log2: u8) -> Vec<u8> {
    let header = LongHeader { group_log2 };
    let mut file = Vec::new();
    header.write(&mut file);
    if method.is_coded() {
        let params = GroupParams::default();
        Settings { exact_version: EXACT_VERSION, model: None, params }.write(&mut file);
    }
    let head = GroupHead { method, transformed: false, plain_len, payload_len, check: [0; 8] };
    head.write(header.group_bytes(), &mut file);
    file
}

#[test]
fn huge_claims_are_cheap_to_refuse() {
    let whole = 1 << 30;
    // Nothing is allocated for a payload that does not come, nor for a run.
    let large = DecompressOptions { memory_limit: 2 << 30, ..DecompressOptions::default() };
    let (_, result) = unpack_with(&claiming(Method::Stored, whole, whole, 30), &large);
    assert!(matches!(result, Err(Error::Truncated { .. })));
    let (_, result) = unpack(&claiming(Method::Run, whole, 1, 30));
    assert!(matches!(result, Err(Error::Truncated { .. })));
    let mut run = claiming(Method::Run, 1 << 26, 1, 26);
    run.push(9);
    assert!(matches!(unpack(&run).1, Err(Error::Damaged { group: Some(0), .. })));
    // More payload than plain bytes.
    let (_, result) = unpack(&claiming(Method::Mixer, whole, u64::MAX, 30));
    assert!(matches!(result, Err(Error::Damaged { .. })));
    // Above the memory limit.
    let options = DecompressOptions { memory_limit: 1000, ..DecompressOptions::default() };
    for method in [Method::Stored, Method::Mixer] {
        let file = claiming(method, whole, whole - 1, 30);
        let (_, result) = unpack_with(&file, &options);
        assert!(matches!(result, Err(Error::Memory { .. })), "{method:?}");
    }
}

#[test]
fn a_run_longer_than_the_memory_limit_comes_back() {
    let head = GroupHead {
        method: Method::Run,
        transformed: false,
        plain_len: 1 << 24,
        payload_len: 1,
        check: [0; 8],
    };
    let mut check = head.check_of(0, 1 << 24);
    check.update_run(b'z', 1 << 24);
    let header = LongHeader { group_log2: 24 };
    let mut file = Vec::new();
    header.write(&mut file);
    GroupHead { check: check.first(), ..head }.write(1 << 24, &mut file);
    file.push(b'z');
    let mut whole = Check::default();
    whole.update_run(b'z', 1 << 24);
    let stored_len = file.len() as u64 - LongHeader::BYTES;
    let index = vec![crate::container::IndexEntry { stored_len, has_settings: false }];
    let footer = Footer { group_log2: 24, plain_len: 1 << 24, index, sha256: whole.first() };
    footer.write(&mut file).unwrap();
    let options = DecompressOptions { memory_limit: 100, ..DecompressOptions::default() };
    let (plain, result) = unpack_with(&file, &options);
    result.unwrap();
    assert!(plain.len() == 1 << 24 && plain.iter().all(|&b| b == b'z'));
}

#[test]
fn group_sizes_that_no_file_can_record_are_invalid() {
    for group_bytes in [0, 1, 512, 1025, 3 << 20, 1 << 31, u64::MAX] {
        let options = CompressOptions { group_bytes, ..CompressOptions::default() };
        let result = compress(&b"x"[..], Vec::new(), &Packer::mixer(), &options, &NoProgress);
        assert!(matches!(result, Err(Error::Invalid { .. })), "{group_bytes}");
    }
}

proptest! {
    #[test]
    fn a_short_frame_with_any_lengths_is_harmless(
        plain_len: u64, payload_len: u64, method in 0u8..4, tail in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let method = Method::from_bits(method);
        let model_prefix = (method == Method::Model).then_some([0, 1]);
        let params = GroupParams::default();
        let mut file = Vec::new();
        ShortHead { method, transformed: false, model_prefix, params, plain_len, payload_len }.write(&mut file);
        file.extend_from_slice(&tail);
        let (plain, result) = unpack(&file);
        prop_assert!(result.is_err() && plain.is_empty());
    }
}
