use std::io::Cursor;

use crate::container::LongHeader;
use crate::error::Error;
use crate::stream::testing::*;
use crate::stream::*;

fn recovered(file: &[u8]) -> (Vec<u8>, crate::Result<Summary>) {
    let options = DecompressOptions { recover: Recover::Skip, ..DecompressOptions::default() };
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
        !damage.iter().flat_map(|d| d.lost.iter().flatten()).any(|lost| lost.contains(&i))
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
    assert_eq!(damage[0].lost.as_deref(), Some(std::slice::from_ref(&(4096..5120))));
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
    let options = DecompressOptions {
        recover: Recover::Skip,
        memory_limit: 10,
        ..DecompressOptions::default()
    };
    assert!(matches!(unpack_with(&[0; 11], &options).1, Err(Error::Memory { .. })));
}

#[test]
fn a_frame_that_is_cut_short_is_ours_all_the_same() {
    let file = pack_short(b"a message that was cut short, and more of it");
    for len in [2, 5, file.len() - 1] {
        let (plain, result) = recovered(&file[..len]);
        let damage = result.unwrap().damage;
        assert!(plain.is_empty() && damage.len() == 1, "{len}");
        assert!(matches!(damage[0].error, Error::Truncated { .. }), "{len}: {:?}", damage[0]);
    }
}

/// Six bits a byte of which no model or mixer knows anything, so that a checkpoint comes soon.
fn letters(len: usize) -> Vec<u8> {
    let mut state = 5u64;
    let letter = |_| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[(state >> 58) as usize]
    };
    (0..len).map(letter).collect()
}

fn recover_with(file: &[u8], how: Recover) -> (Vec<u8>, Summary) {
    let options = DecompressOptions { recover: how, ..DecompressOptions::default() };
    let models = crate::codec::BuiltinModels;
    let mut plain = Vec::new();
    let summary = recover(Cursor::new(file), &mut plain, &models, &options, &NoProgress).unwrap();
    (plain, summary)
}

/// What the mixer alone makes of it, in one long frame.
fn mixed_file(plain: &[u8]) -> Vec<u8> {
    let level = crate::codec::Level::Light;
    let (codec, options) = crate::Options { level, ..crate::Options::default() }.codec().unwrap();
    let mut file = Vec::new();
    compress(plain, &mut file, &codec, &options, &NoProgress).unwrap();
    file
}

#[test]
fn damage_within_a_group_costs_what_is_behind_it() {
    // With a repeat that is taken out, whose second place lies before the damage, and one behind.
    let mut plain = letters(200_000);
    plain.extend_from_within(10_000..30_000);
    plain.extend(letters(300_000).split_off(200_000));
    plain.extend_from_within(1000..3000);
    let good = mixed_file(&plain);
    let len = good.len();
    for at in [len / 3, len / 2, len - 45_000] {
        let mut file = good.clone();
        file[at..at + 4].fill(0xA5);
        let (again, summary) = recover_with(&file, Recover::Skip);
        assert!(again.len() > plain.len() * at / len - 50_000, "{} of {at}", again.len());
        assert!(again == without(&plain, &summary.damage));
        let (filled, _) = recover_with(&file, Recover::Fill);
        assert_eq!(filled.len(), plain.len());
        let lost = |i: &usize| {
            let mut lost = summary.damage.iter().flat_map(|damage| damage.lost.iter().flatten());
            lost.any(|range| range.contains(&(*i as u64)))
        };
        assert!((0..plain.len()).all(|i| filled[i] == if lost(&i) { 0 } else { plain[i] }));
        // A file that is cut short there keeps as much.
        let (cut, summary) = recover_with(&good[..at], Recover::Skip);
        assert!(
            cut.len() + 1000 > again.len() && again.starts_with(&cut[..again.len().min(cut.len())])
                || plain.starts_with(&cut)
        );
        assert!(!summary.damage.is_empty());
    }
}

#[test]
fn damage_costs_one_piece_of_stored_bytes() {
    let noise: Vec<u8> = (0..400_000u64)
        .map(|i| {
            (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ i << 40)
                .wrapping_mul(0xD6E8_FEB8_6659_FD93)
                .to_be_bytes()[0]
        })
        .collect();
    let (codec, options) = crate::Options::default().codec().unwrap();
    let mut file = Vec::new();
    compress(&noise[..], &mut file, &codec, &options, &NoProgress).unwrap();
    let is_stored = inspect(&file[..]).unwrap()[0].groups[0].method == Method::Stored;
    assert!(is_stored && file.len() <= noise.len() + 100);
    file[200_000] ^= 1;
    let (again, summary) = recover_with(&file, Recover::Skip);
    assert_eq!(summary.damage[0].lost.as_deref(), Some(std::slice::from_ref(&(131_072..262_144))));
    assert!(again == without(&noise, &summary.damage));
}

#[test]
fn headers_and_trailers_without_number_take_no_longer_than_the_file_is() {
    // Both kinds of magic, heads that could be ones, and trailers that point at them, everywhere.
    let mut file = pack_long(b"at the beginning");
    let header = file[..LongHeader::BYTES as usize].to_vec();
    for i in 0..40_000u32 {
        file.extend_from_slice(&header);
        file.extend_from_slice(&[0xF5, 0x7A, 0x23, 1, 2, 0xFF, 0xFF, 3, 0x80, 0x80, 2]);
        let frame_len = u64::from(i % 100 + 4) * 39;
        file.extend_from_slice(&[&60u32.to_le_bytes()[..], &frame_len.to_le_bytes()[..6]].concat());
        file.extend_from_slice(&[0, 0, 0, 0, 0x5A, 0x4C, 0x4C, 0xF5]);
    }
    let began = std::time::Instant::now();
    let (plain, result) = recovered(&file);
    assert!(plain == b"at the beginning" && !result.unwrap().damage.is_empty());
    // It took minutes when each header searched the whole file.
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}

#[test]
fn a_missing_model_is_no_damage() {
    let options = CompressOptions { full_hashes: true, ..CompressOptions::default() };
    let file = pack_with(&Packer::model(9), &b"plain text ".repeat(90), &options);
    assert!(matches!(recovered(&file).1, Err(Error::MissingModel { .. })));
}
