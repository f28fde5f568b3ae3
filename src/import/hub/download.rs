//! One file into the cache: resuming, and nothing that is longer than announced.

use super::client::{Client, Reply, header, refuse};
use super::listing::Listed;
use super::patience::Trouble;
use super::talk::Talk;
use crate::error::{Error, Result};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use ureq::Body;
use ureq::http::{Response, StatusCode};

/// A file that is wanted.
pub(super) struct Order<'a> {
    /// Its name.
    pub(super) file: &'a str,
    /// Where the hub has it.
    pub(super) url: &'a str,
    pub(super) listed: &'a Listed,
    /// Where its bytes go until it is whole. The name has the hash in it, so that what lies there is the
    /// beginning of this very file.
    pub(super) part: &'a Path,
}

impl Order<'_> {
    /// Downloads to the part, going on where an earlier try stopped.
    ///
    /// # Errors
    /// `Damaged` for more bytes than were announced, of which none is kept; `Invalid` while another
    /// process gets the same file; `Io`.
    pub(super) fn get(&self, client: &Client<'_>, talk: &Talk) -> Result<()> {
        let open = OpenOptions::new().create(true).write(true).truncate(false).open(self.part);
        let mut out = open?;
        match out.try_lock() {
            Err(TryLockError::WouldBlock) => {
                let file = self.file;
                return Err(Error::invalid(format!("another process downloads {file} just now")));
            }
            // Not every file system has locks.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let len = |file: &File| file.metadata().map_or(0, |metadata| metadata.len());
        if len(&out) > self.listed.bytes {
            out.set_len(0)?;
        }
        let here = out.try_clone()?;
        let got = client.patience.keep_trying(
            talk,
            || len(&here),
            || {
                let start = out.seek(SeekFrom::End(0))?;
                if start == self.listed.bytes {
                    return Ok(());
                }
                let reply = client.get(self.url, start, talk)?;
                let host = reply.host.clone();
                match self.take(client, reply, &mut out, start, talk)? {
                    true => Ok(()),
                    // The server has no such range: let it send all of the file.
                    false => {
                        out.set_len(0)?;
                        let why = "would not go on where it stopped".to_owned();
                        Err(Trouble::Passing { host, why, wait: None })
                    }
                }
            },
        );
        talk.answered();
        // What came was not what was wanted, and is nothing to go on from.
        if let Err(Error::Damaged { .. }) = &got {
            drop(std::fs::remove_file(self.part));
        }
        got?;
        Ok(out.sync_all()?)
    }

    /// Appends a reply's body; `false` for a range that cannot be.
    fn take(
        &self,
        client: &Client<'_>,
        Reply { response, host }: Reply,
        out: &mut File,
        start: u64,
        talk: &Talk,
    ) -> Result<bool, Trouble> {
        let total = self.listed.bytes;
        let mut done = match response.status() {
            StatusCode::RANGE_NOT_SATISFIABLE if start > 0 => return Ok(false),
            StatusCode::PARTIAL_CONTENT => match range_start(&response) {
                Some(from) if from == start => start,
                _ => return Ok(false),
            },
            // Asked for the rest, a server may send the whole.
            _ => {
                refuse(&response, self.file)?;
                0
            }
        };
        out.set_len(done)?;
        out.seek(SeekFrom::Start(done))?;
        let mut body = response.into_body().into_reader();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let len = body
                .read(&mut buffer)
                .map_err(|error| client.trouble(&host, ureq::Error::from(error)))?;
            if len == 0 {
                break;
            }
            done += len as u64;
            if done > total {
                let what = format!("{}: more came than the hub announced", self.file);
                return Err(Error::damaged(what).into());
            }
            out.write_all(&buffer[..len])?;
            talk.bytes(self.file, done, Some(total));
        }
        if done < total {
            let why = "the connection ended early".to_owned();
            return Err(Trouble::Passing { host, why, wait: None });
        }
        talk.answered();
        Ok(true)
    }
}

/// The first byte of a partial reply.
fn range_start(response: &Response<Body>) -> Option<u64> {
    header(response, "content-range")?.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}
