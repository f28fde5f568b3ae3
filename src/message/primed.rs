//! Files that were made with a reference: a small frame of their own around the coded bytes.

use super::{Datagrams, Profile};
use crate::container::{PRIMED_MAGIC, hex, refuse_other_version};
use crate::error::{Error, Result};
use sha2::{Digest, Sha256};

/// The format version stands in the three highest bits; bit 0 says that the reference is named by its whole hash.
const VERSION: u8 = 1;
const VERSION_SHIFT: u32 = 5;
const FLAGS: u8 = VERSION << VERSION_SHIFT;
const WHOLE_HASH: u8 = 1;
/// Bytes that name the model, bytes that name the reference, and of the check.
const MODEL: usize = 2;
const SHORT: usize = 2;
const CHECK: usize = 4;

/// What a primed file begins with.
struct Head<'f> {
    model: &'f [u8],
    reference: &'f [u8],
    len: usize,
}

fn head(file: &[u8]) -> Result<Head<'_>> {
    let rest = file.strip_prefix(&PRIMED_MAGIC).ok_or(Error::NotLlmzip)?;
    let (&flags, rest) = rest.split_first().ok_or_else(|| Error::truncated("the flags"))?;
    refuse_other_version(flags >> VERSION_SHIFT, VERSION)?;
    if flags & !FLAGS & !WHOLE_HASH != 0 {
        return Err(Error::damaged("reserved flags are set"));
    }
    let n = if flags & WHOLE_HASH == 0 { SHORT } else { 32 };
    if rest.len() < MODEL + n + CHECK {
        return Err(Error::truncated("the end of the head"));
    }
    let (model, reference) = (&rest[..MODEL], &rest[MODEL..MODEL + n]);
    Ok(Head { model, reference, len: PRIMED_MAGIC.len() + 1 + MODEL + n })
}

/// The beginning of the SHA-256 of the reference that a primed file was made with.
///
/// # Errors
/// `NotLlmzip` if it is none, and as [`decompress_primed`].
pub fn reference_of(file: &[u8]) -> Result<&[u8]> {
    Ok(head(file)?.reference)
}

fn check(head: &[u8], plain: &[u8]) -> [u8; CHECK] {
    let hash = Sha256::new().chain_update(head).chain_update(plain).finalize();
    *hash.first_chunk().expect("a hash is longer")
}

/// A file of up to 65,536 bytes, coded as a message of a profile with a reference; `datagrams` is that of the profile,
/// without check and mark.
///
/// # Errors
/// `Invalid` for a longer file, or a profile without a reference.
pub fn compress_primed(
    plain: &[u8],
    profile: &Profile,
    datagrams: &Datagrams,
    full_hashes: bool,
) -> Result<Vec<u8>> {
    let reference = profile.reference.as_ref().ok_or_else(|| Error::invalid("no reference"))?;
    let mut file = PRIMED_MAGIC.to_vec();
    file.push(FLAGS | if full_hashes { WHOLE_HASH } else { 0 });
    file.extend(&profile.model().id().0[..MODEL]);
    file.extend(&reference.id()[..if full_hashes { 32 } else { SHORT }]);
    let check = check(&file, plain);
    file.extend(datagrams.compress(plain)?);
    file.extend(check);
    Ok(file)
}

/// The original of a file that [`compress_primed`] made with an equal profile.
///
/// # Errors
/// `MissingReference` if the profile has not the one that is needed, `MissingModel` for another model, `Truncated`,
/// `Unsupported` or `Damaged` as the bytes deserve.
pub fn decompress_primed(file: &[u8], profile: &Profile, datagrams: &Datagrams) -> Result<Vec<u8>> {
    let head = head(file)?;
    let has = |id: &[u8; 32]| id.starts_with(head.reference);
    if !profile.reference.as_ref().is_some_and(|reference| has(reference.id())) {
        return Err(Error::MissingReference { identity: hex(head.reference) });
    }
    if !profile.model().id().0.starts_with(head.model) {
        let hint = format!("the one that was given is {}", profile.name());
        return Err(Error::MissingModel { identity: hex(head.model), hint });
    }
    let (front, rest) = file.split_at(head.len);
    let (coded, found) = rest.split_at(rest.len() - CHECK);
    let plain = datagrams.decompress(coded)?;
    match found == check(front, &plain) {
        true => Ok(plain),
        false => Err(Error::damaged("the original does not match its check")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Reference;
    use super::*;

    #[test]
    fn a_primed_file_names_its_reference_and_is_checked() {
        let text = b"{\"user\":\"anna\",\"action\":\"login\",\"ok\":true}\n".repeat(3);
        let reference = Reference::new(&text[..]).unwrap();
        let profile = Profile { reference: Some(reference.clone()), ..Profile::default() };
        let datagrams = Datagrams::new(&profile).unwrap();
        let plain = b"{\"user\":\"ben\",\"action\":\"logout\",\"ok\":true}\n";
        for full in [false, true] {
            let file = compress_primed(plain, &profile, &datagrams, full).unwrap();
            assert!(file.len() < if full { 56 } else { 26 }, "{}", file.len());
            assert_eq!(decompress_primed(&file, &profile, &datagrams).unwrap(), plain);
            assert!(reference.id().starts_with(reference_of(&file).unwrap()));
            let none = Profile::default();
            match decompress_primed(&file, &none, &datagrams) {
                Err(Error::MissingReference { identity }) => {
                    assert!(hex(reference.id()).starts_with(&identity));
                }
                unexpected => panic!("{unexpected:?}"),
            }
            for len in 0..file.len() {
                assert!(decompress_primed(&file[..len], &profile, &datagrams).is_err(), "{len}");
            }
            for bit in 0..8 * file.len() {
                let mut changed = file.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                // The last bits that are coded may say more than is asked of them.
                if let Ok(found) = decompress_primed(&changed, &profile, &datagrams) {
                    assert_eq!(found, plain, "bit {bit}");
                    assert!(bit / 8 + CHECK + 1 == file.len(), "bit {bit} of {}", file.len());
                }
            }
        }
    }
}
