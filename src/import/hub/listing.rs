//! What the hub says of a repository: its commit, its files, and their hashes.

use super::place;
use crate::container::hex;
use crate::error::{Error, Result, shown};
use crate::import::registry::is_hex;
use serde::Deserialize;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// A list of files with everything else that the hub says of a model; a repository of thousands of
/// files has one of less than a megabyte.
pub(super) const MAX_LISTING_BYTES: u64 = 16 << 20;

/// A repository at one commit.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) commit: String,
    files: BTreeMap<String, Listed>,
}

/// A file as the hub announces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) bytes: u64,
    pub(super) hash: Hash,
}

/// What the hub knows a file by. It is the file's name in `blobs` of the cache, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    /// Of a file in the store for large ones.
    Sha256(String),
    /// Of a file that lies in git itself: SHA-1 of `blob LENGTH`, a zero byte, and the content.
    Git(String),
}

/// The hub's own words for it. The crate's `RepoInfo` has the names and the commit only.
#[derive(Deserialize)]
struct Info {
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    #[serde(rename = "blobId")]
    blob_id: Option<String>,
    lfs: Option<Large>,
}

#[derive(Deserialize)]
struct Large {
    sha256: String,
    size: u64,
}

impl Listing {
    /// Reads the answer to a request for a model's information with `blobs=true`.
    ///
    /// # Errors
    /// Of serde, which tells an answer that ended early from one that is wrong.
    pub(super) fn parse(json: &[u8]) -> serde_json::Result<Listing> {
        let info: Info = serde_json::from_slice(json)?;
        // Files in folders, and those that have no hash, are none of a model that could be had.
        let files = info.siblings.into_iter().filter_map(|sibling| {
            let listed = match (sibling.lfs, sibling.blob_id) {
                (Some(large), _) => {
                    Listed { bytes: large.size, hash: Hash::sha256(&large.sha256)? }
                }
                (None, Some(id)) => Listed { bytes: sibling.size?, hash: Hash::git(&id)? },
                (None, None) => return None,
            };
            place::is_plain(&sibling.rfilename).then_some((sibling.rfilename, listed))
        });
        Ok(Listing { commit: info.sha, files: files.collect() })
    }

    /// The file of this name, if there is one.
    pub(super) fn get(&self, file: &str) -> Option<&Listed> {
        self.files.get(file)
    }
}

impl Hash {
    fn sha256(digits: &str) -> Option<Hash> {
        is_hex(digits, 64).then(|| Hash::Sha256(digits.to_owned()))
    }

    fn git(digits: &str) -> Option<Hash> {
        is_hex(digits, 40).then(|| Hash::Git(digits.to_owned()))
    }

    /// In hexadecimal digits.
    pub(super) fn digits(&self) -> &str {
        match self {
            Hash::Sha256(digits) | Hash::Git(digits) => digits,
        }
    }

    /// The same of a file that is here.
    fn of(&self, path: &Path) -> Result<Hash> {
        Ok(match self {
            Hash::Sha256(_) => Hash::Sha256(sha256(path)?),
            Hash::Git(_) => {
                let file = File::open(path)?;
                let mut sha1 = Sha1::new();
                sha1.update(format!("blob {}\0", file.metadata()?.len()));
                Hash::Git(digest(file, sha1)?)
            }
        })
    }
}

/// Refuses a file that is not what the hub announced, or not what is known of it beforehand.
///
/// # Errors
/// `Damaged`, or `Io`.
pub(super) fn check(path: &Path, listed: &Hash, known: Option<&str>) -> Result<()> {
    let found = listed.of(path)?;
    if found != *listed {
        let kind = match found {
            Hash::Sha256(_) => "SHA-256",
            Hash::Git(_) => "git's hash",
        };
        return Err(other_hash(kind, found.digits(), listed.digits()));
    }
    match (known, listed) {
        (Some(known), Hash::Sha256(listed)) => check_known(listed, known),
        (Some(known), Hash::Git(_)) => check_known(&sha256(path)?, known),
        (None, _) => Ok(()),
    }
}

/// Refuses a SHA-256 that is not the known one.
///
/// # Errors
/// `Damaged`.
pub(super) fn check_known(sha256: &str, known: &str) -> Result<()> {
    match sha256.eq_ignore_ascii_case(known) {
        true => Ok(()),
        false => Err(other_hash("SHA-256", sha256, known)),
    }
}

fn other_hash(kind: &str, found: &str, wanted: &str) -> Error {
    Error::damaged(format!("has {kind} {}, not {wanted}; it was not kept", shown(found)))
}

/// SHA-256 of a file in hexadecimal digits.
pub(super) fn sha256(path: &Path) -> Result<String> {
    digest(File::open(path)?, Sha256::new())
}

fn digest(mut file: File, mut hash: impl Digest) -> Result<String> {
    let mut buffer = vec![0; 1 << 18];
    loop {
        let len = file.read(&mut buffer)?;
        if len == 0 {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(&buffer[..len]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_gives_commit_sizes_and_hashes_of_what_can_be_had() {
        let (sha1, sha256) = ("0123456789abcdef0123456789abcdef01234567", "5".repeat(64));
        let text = format!(
            r#"{{"_id":"x","sha":"{sha1}","tags":["a"],"siblings":[
              {{"rfilename":"config.json","size":7,"blobId":"{sha1}"}},
              {{"rfilename":"model.safetensors","size":9,"blobId":"{sha1}",
                "lfs":{{"sha256":"{sha256}","size":9,"pointerSize":134}}}},
              {{"rfilename":"onnx/model.onnx","size":7,"blobId":"{sha1}"}},
              {{"rfilename":"..","size":7,"blobId":"{sha1}"}},
              {{"rfilename":"a","size":7,"blobId":"../../{sha1}"}},
              {{"rfilename":"b","size":7,"blobId":"{sha1}","lfs":{{"sha256":"..","size":7}}}},
              {{"rfilename":"c"}}]}}"#
        );
        let listing = Listing::parse(text.as_bytes()).unwrap();
        assert_eq!(listing.commit, sha1);
        let names: Vec<_> = listing.files.keys().collect();
        assert_eq!(names, ["config.json", "model.safetensors"]);
        let hash = |file| listing.get(file).unwrap().clone();
        assert_eq!(hash("config.json"), Listed { bytes: 7, hash: Hash::Git(sha1.to_owned()) });
        assert_eq!(hash("model.safetensors"), Listed { bytes: 9, hash: Hash::Sha256(sha256) });
        // An answer that was cut can be asked for again; another is wrong.
        for len in 0..text.len() {
            let cut = Listing::parse(&text.as_bytes()[..len]);
            assert!(cut.is_err_and(|error| error.is_eof()), "{len}");
        }
        assert!(Listing::parse(b"<html>").is_err_and(|error| !error.is_eof()));
    }

    #[test]
    fn gits_hash_is_the_one_that_git_computes() {
        let file = std::env::temp_dir().join(format!("llmzip-git-hash-{}", std::process::id()));
        std::fs::write(&file, "hello\n").unwrap();
        // echo hello | git hash-object --stdin
        let right = Hash::Git("ce013625030ba8dba906f756967f9e9ca394464a".to_owned());
        assert_eq!(right.of(&file).unwrap(), right);
        check(&file, &right, None).unwrap();
        let known = sha256(&file).unwrap();
        check(&file, &right, Some(&known.to_uppercase())).unwrap();
        let other = known.replace('a', "b");
        let errors = [
            check(&file, &right, Some(&other)),
            check(&file, &Hash::Git("ce".repeat(20)), None),
            check(&file, &Hash::Sha256(other.clone()), None),
            check(&file, &Hash::Sha256(known.clone()), Some(&other)),
        ];
        std::fs::remove_file(&file).unwrap();
        for error in errors {
            assert!(error.is_err_and(|error| error.to_string().contains("not kept")));
        }
    }
}
