//! What was seen through, for people.

use std::fmt;

use serde::Serialize;

/// Transforms by name, each with its stretches and the bytes within them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Seen {
    list: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Entry {
    transform: &'static str,
    stretches: u64,
    bytes: u64,
}

impl Seen {
    /// Adds stretches of a transform.
    pub fn add(&mut self, name: &'static str, stretches: u64, bytes: u64) {
        match self.list.iter_mut().find(|entry| entry.transform == name) {
            Some(entry) => {
                entry.stretches += stretches;
                entry.bytes = entry.bytes.saturating_add(bytes);
            }
            None => self.list.push(Entry { transform: name, stretches, bytes }),
        }
    }

    /// Adds all of another.
    pub fn add_all(&mut self, other: &Seen) {
        other.list.iter().for_each(|entry| self.add(entry.transform, entry.stretches, entry.bytes));
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl fmt::Display for Seen {
    /// `UTF-16LE, 12 kB; base64, 3 stretches, 1.2 MB`, the most bytes first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list: Vec<&Entry> = self.list.iter().collect();
        list.sort_by_key(|entry| std::cmp::Reverse(entry.bytes));
        for (i, entry) in list.into_iter().enumerate() {
            let between = if i > 0 { "; " } else { "" };
            write!(f, "{between}{}", entry.transform)?;
            if entry.stretches > 1 {
                write!(f, ", {} stretches", entry.stretches)?;
            }
            let bytes = entry.bytes;
            match bytes {
                0..1_000 => write!(f, ", {bytes} B")?,
                1_000..1_000_000 => write!(f, ", {}.{} kB", bytes / 1_000, bytes / 100 % 10)?,
                _ => write!(f, ", {}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)?,
            }
        }
        Ok(())
    }
}
