//! Where deflate streams stand: behind the heads of gzip, zlib and zip.

/// Where the deflate stream begins that is announced at `at`, if one may be.
pub fn stream_at(bytes: &[u8], at: usize) -> Option<usize> {
    let head = &bytes[at..];
    match head {
        [0x1F, 0x8B, 8, flags, ..] => gzip(head, *flags).map(|len| at + len),
        [b'P', b'K', 3, 4, ..] => {
            let number = |i: usize| Some(u16::from_le_bytes(*head.get(i..)?.first_chunk()?));
            let is_deflate = number(8)? == 8;
            let len = 30 + usize::from(number(26)?) + usize::from(number(28)?);
            is_deflate.then_some(at + len)
        }
        // The usual windows and levels, no dictionary.
        [0x78, 0x01 | 0x5E | 0x9C | 0xDA, ..] => Some(at + 2),
        // Of small pictures, windows are small, and in some PDF.
        [0x08 | 0x18 | 0x28 | 0x38 | 0x48 | 0x58 | 0x68, flags, ..]
            if at == 0
                || [&b"stream\n"[..], b"stream\r\n", b"stream\r"]
                    .iter()
                    .any(|word| bytes[..at].ends_with(word)) =>
        {
            let number = u32::from(head[0]) << 8 | u32::from(*flags);
            (number % 31 == 0 && flags & 0x20 == 0).then_some(at + 2)
        }
        _ => None,
    }
}

/// A name or a remark longer than this is none: heads come one after the other in bytes that nobody made.
const MOST_NAME: usize = 1 << 10;

/// The length of the head of a gzip member with these flags.
fn gzip(head: &[u8], flags: u8) -> Option<usize> {
    let mut len = 10;
    if flags & 0xE0 != 0 {
        return None;
    }
    if flags & 4 != 0 {
        let extra = head.get(len..)?.first_chunk()?;
        len += 2 + usize::from(u16::from_le_bytes(*extra));
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            len += head.get(len..)?.iter().take(MOST_NAME).position(|&byte| byte == 0)? + 1;
        }
    }
    Some(len + if flags & 2 != 0 { 2 } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_passed_over() {
        assert_eq!(stream_at(b"\x1f\x8b\x08\0\0\0\0\0\0\x03rest", 0), Some(10));
        assert_eq!(stream_at(b"..\x1f\x8b\x08\x08\0\0\0\0\0\x03name\0rest", 2), Some(17));
        assert_eq!(stream_at(b"\x1f\x8b\x08\x08\0\0\0\0\0\x03name", 0), None);
        let zip =
            b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x04\0\x02\0name..rest";
        assert_eq!(stream_at(zip, 0), Some(36));
        assert_eq!(stream_at(b"x\x9c...", 0), Some(2));
        assert_eq!(stream_at(b"stream\r\nH\x89..", 8), Some(10));
        assert_eq!(stream_at(b"(H\x89..", 1), None);
        assert_eq!(stream_at(b"xyz", 0), None);
        for len in 0..zip.len() {
            for kind in [&zip[..len], &b"\x1f\x8b\x08\xff\0\0\0\0\0\x03\xff\xff"[..len.min(12)]] {
                let _ = kind.first().and_then(|_| stream_at(kind, 0));
            }
        }
    }
}
