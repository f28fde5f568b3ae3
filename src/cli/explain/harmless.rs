//! Bytes of a stranger's file as text that no terminal and no browser obeys.

use std::fmt::Write;

/// Adds a character as it can be shown: what has no look of its own, or would do something, as a picture or a number.
pub fn push(c: char, out: &mut String) {
    match c {
        '\n' => out.push('↵'),
        '\t' => out.push_str("→   "),
        // The pictures of control characters stand in their order.
        '\0'..='\x1f' => out.push(char::from_u32(0x2400 + c as u32).unwrap_or('�')),
        '\x7f' => out.push('␡'),
        c if is_obeyed(c) => _ = write!(out, "\\u{{{:x}}}", c as u32),
        c => out.push(c),
    }
}

/// Adds a byte that is part of no character.
pub fn push_byte(byte: u8, out: &mut String) {
    let _ = write!(out, "\\x{byte:02x}");
}

/// All of `bytes`.
pub fn text(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| push(c, &mut out));
        chunk.invalid().iter().for_each(|&byte| push_byte(byte, &mut out));
    }
    out
}

/// Control characters, and what is invisible, joins, or turns the direction of what follows.
pub fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether the beginning of a file looks like no text.
pub fn is_binary(beginning: &[u8]) -> bool {
    let strange = |chunk: std::str::Utf8Chunk<'_>| {
        let controls =
            chunk.valid().chars().filter(|&c| c.is_control() && !"\t\r\n\x1b\x0c".contains(c));
        chunk.invalid().len() + controls.count()
    };
    // The last character may be cut.
    let strange: usize = beginning.utf8_chunks().map(strange).sum();
    beginning.contains(&0) || strange > 3 + beginning.len() / 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_shown_is_obeyed() {
        let all: Vec<u8> = (0..=255).collect();
        let mut shown = text(&all);
        for c in (0..0x11_0000).filter_map(char::from_u32) {
            push(c, &mut shown);
        }
        assert!(!shown.chars().any(|c| is_obeyed(c) || c == '\u{1b}'));
        assert_eq!(text(b"a\x1b[31m\tb\xff\n"), "a␛[31m→   b\\xff↵");
        assert_eq!(text("\u{202e}\u{9b}".as_bytes()), "\\u{202e}\\u{9b}");
    }

    #[test]
    fn binaries_are_told_from_text() {
        assert!(is_binary(b"\x7fELF\x02\x01\x01\0") && is_binary(&[0x80; 100]));
        assert!(
            !is_binary("Füße, 中文\r\n\tÜ".as_bytes())
                && !is_binary(b"")
                && !is_binary(b"\xe4\xb8")
        );
    }
}
