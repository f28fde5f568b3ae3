//! Archives of tar: heads and files in turn.
//!
//! Nothing is transformed here; files are only told from what is between them, so that each is seen through by itself and goes to
//! the part that suits it.

use std::ops::Range;

const BLOCK: usize = 512;

/// Where the files of an archive lie, if it is one.
pub fn files(bytes: &[u8]) -> Option<Vec<Range<usize>>> {
    let mut files = Vec::new();
    let mut at = 0;
    while let Some(head) = bytes.get(at..at + BLOCK) {
        if head.iter().all(|&byte| byte == 0) {
            break;
        }
        let Some(len) = file_len(head) else { break };
        let file = at + BLOCK..(at + BLOCK).checked_add(len)?.min(bytes.len());
        at = file.start.checked_add(len.next_multiple_of(BLOCK))?;
        if !file.is_empty() {
            files.push(file);
        }
        if at >= bytes.len() {
            break;
        }
    }
    (!files.is_empty()).then_some(files)
}

/// The length of the file behind a head; `None` where it is none.
fn file_len(head: &[u8]) -> Option<usize> {
    if &head[257..262] != b"ustar" {
        return None;
    }
    let digits = head[124..136].split(|&byte| byte == 0 || byte == b' ').next()?;
    let text = std::str::from_utf8(digits).ok()?;
    let len = u64::from_str_radix(text, 8).ok().filter(|&len| len < 1 << 40)?;
    // No group is as long, so that it ends with this file, on processors of 32 bits too.
    usize::try_from(len.min(1 << 31)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found() {
        let entry = |len: &str, content: &[u8]| {
            let mut bytes = vec![0; BLOCK];
            bytes[124..124 + len.len()].copy_from_slice(len.as_bytes());
            bytes[257..262].copy_from_slice(b"ustar");
            bytes.extend_from_slice(content);
            bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
            bytes
        };
        let archive = [
            entry("00000000000", b""),
            entry("00000000005 ", b"Hello"),
            entry("00000001130", &[b'x'; 600]),
            vec![0; 2 * BLOCK],
        ]
        .concat();
        let expected = vec![2 * BLOCK..2 * BLOCK + 5, 4 * BLOCK..4 * BLOCK + 600];
        assert_eq!(files(&archive), Some(expected));
        for len in 0..archive.len() {
            for file in files(&archive[..len]).into_iter().flatten() {
                assert!(file.start < file.end && file.end <= len);
            }
        }
        assert_eq!(files(&[0; 2000]), None);
        assert_eq!(files(&entry("77777777777", b"")), None);
    }
}
