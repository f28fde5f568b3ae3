//! The table of tests/files/README.md: what each file that is refused must be called.

/// Names and messages of the files that are bad or unsupported, in the order of the table.
///
/// A message that ends in three dots is the beginning of what is said.
pub fn refused() -> Vec<(&'static str, &'static str)> {
    include_str!("../files/README.md")
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> =
                line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
            match cells[..] {
                [name, _, message]
                    if name.starts_with("bad-") || name.starts_with("unsupported-") =>
                {
                    Some((name, message))
                }
                _ => None,
            }
        })
        .collect()
}

/// Whether a file was refused as the table says.
pub fn says(message: &str, expected: &str) -> bool {
    match expected.strip_suffix("...") {
        Some(beginning) => message.starts_with(beginning),
        None => message == expected,
    }
}
