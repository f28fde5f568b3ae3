//! Numbers and paths as a user writes them.

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};

/// The levels there are; the others are kept free for what may come between.
pub const LEVELS: [u8; 5] = [1, 2, 5, 7, 9];

/// Takes any path, an empty one too: that one is said to be missing, and the others are done.
pub fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// Parses a compression level.
pub fn level(text: &str) -> Result<u8, String> {
    match text.parse() {
        Ok(level) if LEVELS.contains(&level) => Ok(level),
        _ => Err("the levels are 1, 2, 5, 7 and 9".to_string()),
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
    fn only_the_named_levels_exist() {
        assert_eq!(level("9"), Ok(9));
        assert!(level("3").is_err() && level("0").is_err() && level("x").is_err());
    }
}
