//! Numbers and paths as a user writes them.

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};

use clap::ValueEnum;

/// When and how progress is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Show {
    /// On a terminal, unless something else appears there.
    #[default]
    Auto,
    Never,
    Always,
    Json,
}

/// Whether colours are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal that has them, unless NO_COLOR is set.
    #[default]
    Auto,
    Always,
    Never,
}

/// Bytes of an original: from the first to before the second, or to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start: u64,
    pub end: Option<u64>,
}

/// Takes any path, an empty one too: that one is said to be missing, and the others are done.
pub fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// Parses a compression level.
pub fn level(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [digit @ b'1'..=b'9'] => Ok(digit - b'0'),
        _ => Err("the levels are -1 (fastest) to -9 (smallest)".to_string()),
    }
}

/// Parses `A..B`, `A..=B`, `A..`, `..B` or `A+N`.
pub fn span(text: &str) -> Result<Span, String> {
    let number = |text: &str, otherwise| match text {
        "" => Ok(otherwise),
        text => memory_size(text),
    };
    let too_large = || "too large".to_string();
    let (start, end) = if let Some((start, end)) = text.split_once("..=") {
        let end = memory_size(end)?.checked_add(1).ok_or_else(too_large)?;
        (number(start, 0)?, Some(end))
    } else if let Some((start, end)) = text.split_once("..") {
        let end = if end.is_empty() { None } else { Some(memory_size(end)?) };
        (number(start, 0)?, end)
    } else if let Some((start, len)) = text.split_once('+') {
        let start = memory_size(start)?;
        (start, Some(start.checked_add(memory_size(len)?).ok_or_else(too_large)?))
    } else {
        return Err("a range is A..B, A..=B, A.., ..B or A+N, as in 0..100 or 10M+1k".to_string());
    };
    if end.is_some_and(|end| end < start) {
        return Err("the range ends before it begins".to_string());
    }
    Ok(Span { start, end })
}

/// The sizes of groups that can be asked for.
const GROUP_BYTES: std::ops::RangeInclusive<u64> = 64 << 10..=1 << 30;

/// Parses the size of groups.
pub fn group_bytes(text: &str) -> Result<u64, String> {
    let bytes = memory_size(text)?;
    if !GROUP_BYTES.contains(&bytes) {
        return Err("groups have between 64K and 1G".to_string());
    }
    if bytes.is_power_of_two() {
        return Ok(bytes);
    }
    let above = bytes.next_power_of_two();
    let [below, above] = [above / 2, above].map(in_powers);
    Err(format!("a group is a power of two; the nearest are {below} and {above}"))
}

/// A power of two as one writes it: `64K`, `2M`.
fn in_powers(bytes: u64) -> String {
    match bytes.trailing_zeros() {
        30.. => format!("{}G", bytes >> 30),
        20.. => format!("{}M", bytes >> 20),
        _ => format!("{}K", bytes >> 10),
    }
}

/// Parses a context window in tokens.
pub fn window_tokens(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(n_tokens @ 16..=1_048_576) => Ok(n_tokens),
        _ => Err("a window has between 16 and 1048576 tokens".to_string()),
    }
}

/// Parses a size in bytes: `123`, `64k`, `500MB`, `2GiB`.
///
/// One letter, and the same letter with `iB`, count in powers of 1024, as xz does; `kB`, `MB` and
/// `GB` count in powers of 1000.
pub fn memory_size(text: &str) -> Result<u64, String> {
    let n_digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, unit) = text.split_at(n_digits);
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return Err(format!("unknown unit {unit:?}; try 500M or 2GiB")),
    };
    let number: u64 =
        digits.parse().map_err(|_| "a size begins with digits, as in 500M or 2GiB".to_string())?;
    number.checked_mul(factor).ok_or_else(|| "too large".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_decimal_and_binary_units() {
        assert_eq!(memory_size("123"), Ok(123));
        assert_eq!(memory_size("64k"), Ok(65_536));
        assert_eq!(memory_size("500MB"), Ok(500_000_000));
        assert_eq!(memory_size("2GiB"), Ok(2 << 30));
    }

    #[test]
    fn senseless_sizes_are_refused() {
        for text in ["", "M", "-1", "1.5G", "5X", "99999999999T"] {
            assert!(memory_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_level_is_one_digit_but_no_zero() {
        assert_eq!((level("9"), level("3"), level("6")), (Ok(9), Ok(3), Ok(6)));
        for text in ["0", "10", "11", "x", "", "05", "+5", "5 "] {
            assert!(level(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ranges_are_written_in_five_ways() {
        let span = |text| span(text).map(|span| (span.start, span.end));
        assert_eq!(span("3..10"), Ok((3, Some(10))));
        assert_eq!(span("3..=10"), Ok((3, Some(11))));
        assert_eq!(span("1k.."), Ok((1024, None)));
        assert_eq!(span("..10M"), Ok((0, Some(10 << 20))));
        assert_eq!(span("..=9"), Ok((0, Some(10))));
        assert_eq!(span("5+3"), Ok((5, Some(8))));
        assert_eq!(span(".."), Ok((0, None)));
        for text in
            ["", "5", "5..3", "a..b", "5..=", "+3", "1-5", "18446744073709551615+1", "1..2..3"]
        {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn groups_are_powers_of_two_and_the_nearest_are_named() {
        assert_eq!((group_bytes("64K"), group_bytes("1GiB")), (Ok(64 << 10), Ok(1 << 30)));
        let wrong = group_bytes("3M").unwrap_err();
        assert!(wrong.contains("2M and 4M"), "{wrong}");
        assert!(group_bytes("600M").unwrap_err().contains("512M and 1G"));
        assert!(
            group_bytes("32K").is_err() && group_bytes("2G").is_err() && group_bytes("0").is_err()
        );
    }
}
