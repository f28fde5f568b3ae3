//! Sizes, speeds and times as people read them.

use std::time::Duration;

/// A size in decimal units: `999 B`, `1.5 kB`, `12.3 MB`.
pub fn bytes(n: u64) -> String {
    scaled(n as f64, "B")
}

/// A speed, by the bytes of the original.
pub fn rate(n_bytes: u64, elapsed: Duration) -> String {
    let per_second = n_bytes as f64 / elapsed.as_secs_f64().max(1e-6);
    scaled(per_second, "B/s")
}

/// A time as on a clock: `0:07`, `12:34`, `1:02:03`.
pub fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// The flag that allows so much memory, as it is typed: `--memory-limit 2300M`.
pub fn memory_flag(n_bytes: u64) -> String {
    let mib = n_bytes.div_ceil(1 << 20);
    let round = if mib > 1000 { 100 } else { 10 };
    format!("--memory-limit {}M", mib.div_ceil(round) * round)
}

/// Compressed size as a part of the original's; `-` where there was nothing to compress.
pub fn ratio(plain: u64, stored: u64) -> String {
    match plain {
        0 => "-".into(),
        _ => format!("{:.3}", stored as f64 / plain as f64),
    }
}

/// Compressed bits for each byte of the original; `-` where there was nothing to compress.
pub fn bits_per_byte(plain: u64, stored: u64) -> String {
    match plain {
        0 => "-".into(),
        _ => format!("{:.3}", 8.0 * stored as f64 / plain as f64),
    }
}

fn scaled(number: f64, unit: &str) -> String {
    let mut number = number;
    // 999.95 and more would be shown as 1000.0.
    for prefix in ["", "k", "M", "G"] {
        if number < 999.5 {
            let digits = if prefix.is_empty() || number >= 99.95 { 0 } else { 1 };
            return format!("{number:.digits$} {prefix}{unit}");
        }
        number /= 1000.0;
    }
    format!("{number:.1} T{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_allows_no_less_than_is_needed() {
        assert_eq!(memory_flag(2_190_000_000), "--memory-limit 2100M");
        assert_eq!(memory_flag((1000 << 20) + 1), "--memory-limit 1100M");
        assert_eq!(memory_flag(1), "--memory-limit 10M");
    }

    #[test]
    fn sizes_keep_three_digits() {
        let shown = [0, 999, 1000, 1500, 99_949, 152_089, 999_499, 999_500, 12_345_678, 5 << 40];
        let shown: Vec<String> = shown.into_iter().map(bytes).collect();
        let expected = [
            "0 B", "999 B", "1.0 kB", "1.5 kB", "99.9 kB", "152 kB", "999 kB", "1.0 MB", "12.3 MB",
            "5.5 TB",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn times_read_like_a_clock() {
        assert_eq!(clock(Duration::from_secs(7)), "0:07");
        assert_eq!(clock(Duration::from_secs(754)), "12:34");
        assert_eq!(clock(Duration::from_secs(3723)), "1:02:03");
    }

    #[test]
    fn nothing_has_no_ratio() {
        assert_eq!((ratio(0, 5), bits_per_byte(0, 5)), ("-".into(), "-".into()));
        assert_eq!((ratio(4, 1), bits_per_byte(4, 1)), ("0.250".into(), "2.000".into()));
    }
}
