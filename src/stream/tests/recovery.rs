use std::io::Cursor;

use crate::error::Error;
use crate::stream::testing::*;
use crate::stream::*;

fn recovered(file: &[u8]) -> (Vec<u8>, crate::Result<Summary>) {
    let options = DecompressOptions { recover: true, ..DecompressOptions::default() };
    let (plain, result) = unpack_with(file, &options);
    let mut directly = Vec::new();
    let reader = Dribble { inner: Cursor::new(file), count: 0 };
    let again = recover(reader, &mut directly, &Shelf, &options, &NoProgress);
    assert!(plain == directly && result.is_ok() == again.is_ok());
    (plain, result)
}

/// `plain` without the groups (of a kilobyte) that are said to be lost.
fn without(plain: &[u8], damage: &[Damage]) -> Vec<u8> {
    let is_kept = |i: usize| {
        let i = i as u64;
        !damage.iter().any(|d| d.bytes.as_ref().is_some_and(|bytes| bytes.contains(&i)))
    };
    (0..plain.len()).filter(|&i| is_kept(i)).map(|i| plain[i]).collect()
}

#[test]
fn an_undamaged_file_comes_back_whole() {
    let plain = mixed(10_000);
    let file = [pack_long(&plain), pack_short(b""), pack_short(&plain), pack_long(b"")].concat();
    let (again, result) = recovered(&file);
    assert!(again == plain.repeat(2));
    let summary = result.unwrap();
    assert_eq!((summary.frames, summary.damage.len()), (4, 0));
}

#[test]
fn any_flipped_bit_costs_one_group_at_most_or_the_settings() {
    let plain = mixed(6 * 1024 + 100);
    let good = pack_long(&plain);
    let info = inspect(&good[..]).unwrap().remove(0);
    let settings = 10..info.groups[0].offset as usize;
    for byte in 0..good.len() {
        let mut file = good.clone();
        file[byte] ^= 1 << (byte % 8);
        let (again, result) = recovered(&file);
        let summary = result.unwrap();
        assert!(!summary.damage.is_empty() || again == plain, "byte {byte}");
        assert!(again == without(&plain, &summary.damage), "byte {byte}: {:?}", summary.damage);
        // All groups of the model hang on the settings: 0, 3, 4 of the seven.
        let lost_groups = if settings.contains(&byte) { 4 } else { 1 };
        assert!(summary.groups + lost_groups >= 7, "byte {byte}: {:?}", summary.damage);
    }
}

#[test]
fn a_file_cut_short_keeps_its_whole_groups() {
    let plain = mixed(5 * 1024);
    let good = pack_long(&plain);
    let info = inspect(&good[..]).unwrap().remove(0);
    for len in (LONG_ENOUGH..good.len()).step_by(37) {
        let (again, result) = recovered(&good[..len]);
        let whole = info.groups.iter().filter(|g| end_of(g) <= len as u64).count();
        assert_eq!(again.len(), whole * 1024, "{len}");
        assert!(plain.starts_with(&again));
        assert!(!result.unwrap().damage.is_empty());
    }
}

/// Header and settings of `pack_long`.
const LONG_ENOUGH: usize = 70;

fn end_of(group: &GroupInfo) -> u64 {
    let payload_len = if group.method.is_coded() { 2 } else { 0 };
    group.offset + 1 + payload_len + 8 + group.payload_bytes
}

#[test]
fn a_lost_stretch_costs_only_its_groups() {
    let plain = mixed(16 * 1024);
    let mut file = pack_long(&plain);
    let info = inspect(&file[..]).unwrap().remove(0);
    // From inside group 4 to inside group 7, heads included.
    let (from, to) = (info.groups[4].offset as usize + 50, info.groups[7].offset as usize + 5);
    file[from..to].fill(0xA5);
    let (again, result) = recovered(&file);
    assert!(again == [&plain[..4096], &plain[8192..]].concat());
    let damage = result.unwrap().damage;
    let groups: Vec<_> = damage.iter().map(|d| d.group.unwrap()).collect();
    assert_eq!(groups, [4, 5, 6, 7]);
    assert_eq!(damage[0].bytes, Some(4096..5120));
}

#[test]
fn frames_after_a_damaged_one_are_found() {
    let text = b"one two three four five six seven eight nine ten".repeat(3);
    let frames = [pack_short(&text), pack_short(b"lost"), pack_short(&text), pack_long(&text)];
    for byte in 0..frames[1].len() {
        let mut file = frames.concat();
        file[frames[0].len() + byte] ^= 0x10;
        let (again, result) = recovered(&file);
        assert!(again == text.repeat(3), "byte {byte}");
        let damage = result.unwrap().damage;
        assert_eq!(damage.len(), 1);
        assert_eq!(damage[0].frame, 1);
    }
    // A long frame in the middle whose footer is gone.
    let mut long = pack_long(&mixed(3000));
    let len = long.len();
    long[len - 30..].fill(0);
    let (again, result) = recovered(&[&frames[0][..], &long, &frames[2]].concat());
    assert!(again == [&text[..], &mixed(3000), &text].concat());
    assert_eq!(result.unwrap().damage.len(), 1);
}

#[test]
fn what_cannot_be_ours_is_not_recovered() {
    assert!(matches!(recovered(b"nothing of the kind").1, Err(Error::NotLlmzip)));
    assert!(matches!(recovered(b"").1, Err(Error::Truncated { .. })));
    let options =
        DecompressOptions { recover: true, memory_limit: 10, ..DecompressOptions::default() };
    assert!(matches!(unpack_with(&[0; 11], &options).1, Err(Error::Memory { .. })));
}

#[test]
fn a_missing_model_is_no_damage() {
    let options = CompressOptions { full_hashes: true, ..CompressOptions::default() };
    let file = pack_with(&Packer::model(9), &b"plain text ".repeat(90), &options);
    assert!(matches!(recovered(&file).1, Err(Error::MissingModel { .. })));
}
