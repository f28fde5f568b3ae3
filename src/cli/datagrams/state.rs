//! A session that is kept in a file, as its messages: they are run through again when it goes on.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use llmzip::message::{Profile, SESSION_BYTES, Session};
use sha2::{Digest, Sha256};

use crate::cli::files::Target;

/// The first bytes, the last of them the version.
const MAGIC: &[u8; 4] = b"\xf5ZS\x01";
/// Of the file, behind all else.
const CHECK: usize = 4;

/// A session with the file that it is kept in.
pub struct State {
    path: PathBuf,
    session: Session,
    /// Since it began.
    messages: Vec<Vec<u8>>,
    profile_hash: [u8; 32],
}

/// What the messages of a session depend on.
fn hash_of(profile: &Profile) -> [u8; 32] {
    let reference = profile.reference.as_ref().map_or([0; 32], |reference| *reference.id());
    let model = profile.model.as_ref().map_or([0; 32], |model| model.id().0);
    let numbers =
        [profile.window.to_le_bytes(), [profile.check_bytes, profile.marked.into(), 0, 0]];
    let hash =
        Sha256::new().chain_update(reference).chain_update(model).chain_update(numbers.concat());
    hash.finalize().into()
}

impl State {
    /// A session of this profile as the file has it, or a new one if there is no file.
    pub fn open(path: &Path, profile: &Profile) -> anyhow::Result<State> {
        let profile_hash = hash_of(profile);
        let messages = match fs::read(path) {
            Ok(file) => read(&file, &profile_hash)
                .with_context(|| format!("--session {}", path.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("--session {}", path.display()));
            }
        };
        let mut session = Session::new(profile)?;
        messages.iter().try_for_each(|message| session.take(message))?;
        Ok(State { path: path.to_owned(), session, messages, profile_hash })
    }

    pub fn compress(&mut self, plain: &[u8]) -> llmzip::Result<Vec<u8>> {
        let packed = self.session.compress(plain)?;
        self.messages.push(plain.to_vec());
        Ok(packed)
    }

    pub fn decompress(&mut self, datagram: &[u8]) -> llmzip::Result<Vec<u8>> {
        let plain = self.session.decompress(datagram)?;
        self.messages.push(plain.clone());
        Ok(plain)
    }

    /// Writes the file; the old one stays until the new one is whole.
    pub fn save(&self) -> anyhow::Result<()> {
        let mut file = MAGIC.to_vec();
        file.extend(self.profile_hash);
        for message in &self.messages {
            file.extend((message.len() as u32).to_le_bytes());
            file.extend(message);
        }
        let check = Sha256::digest(&file);
        file.extend(&check[..CHECK]);
        let mut target = Target::named(&self.path, true, false, true)?;
        target.write_all(&file)?;
        target.commit(None)?;
        Ok(())
    }
}

fn read(file: &[u8], profile_hash: &[u8; 32]) -> anyhow::Result<Vec<Vec<u8>>> {
    let len = file.len().checked_sub(CHECK).context("is no session")?;
    let (body, check) = file.split_at(len);
    let Some(rest) = body.strip_prefix(MAGIC) else {
        bail!("is no session, or one of another version")
    };
    if check != &Sha256::digest(body)[..CHECK] {
        bail!("is damaged");
    }
    let (profile, mut rest) = rest.split_at_checked(32).context("is cut short")?;
    if profile != profile_hash {
        bail!("is a session with another model, reference or flags");
    }
    let mut messages = Vec::new();
    while !rest.is_empty() {
        let (len, behind) = rest.split_first_chunk::<4>().context("is cut short")?;
        let (message, behind) =
            behind.split_at_checked(u32::from_le_bytes(*len) as usize).context("is cut short")?;
        messages.push(message.to_vec());
        rest = behind;
    }
    if messages.iter().map(|m| m.len() + 1).sum::<usize>() > SESSION_BYTES * 64 {
        bail!("is too long");
    }
    Ok(messages)
}
