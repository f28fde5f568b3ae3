//! The most memory that this process has held, as the system counts it.

use std::fs;

/// Begins a new count, where the system lets us (Linux); the old one goes on otherwise.
pub(super) fn reset_peak() {
    // 5 resets the high-water mark and nothing else; see proc(5).
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// The most bytes that were resident since the count began; `None` where the system does not tell.
pub(super) fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_large_vector_raises_the_peak() {
        reset_peak();
        let before = peak().unwrap();
        let large = std::hint::black_box(vec![1u8; 64 << 20]);
        // Other tests run in the same process and may give memory back meanwhile.
        assert!(peak().unwrap() > before + (32 << 20), "{before}");
        drop(large);
    }
}
