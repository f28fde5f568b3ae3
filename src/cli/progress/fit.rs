//! Texts in the columns of a terminal, where a letter may take two or none.

use unicode_width::UnicodeWidthChar;

/// What stands for what was cut out; plain letters, for terminals that know no others.
const CUT: &str = "...";
/// Of a name, so much is shown before figures are left out for it.
const NAME_COLUMNS: usize = 12;
/// Between two figures.
const GAP: &str = "   ";

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

fn char_width(c: char) -> usize {
    match c {
        // It makes a picture, of two columns, of the letter before.
        '\u{fe0f}' => 1,
        c => c.width().unwrap_or(0),
    }
}

/// The text in at most so many columns, its middle left out if need be.
pub fn cut_middle(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let left = columns.saturating_sub(CUT.len());
    if left < 2 {
        return prefix(text, columns).to_owned();
    }
    // Names often differ at their end.
    let begin = prefix(text, left / 2);
    let end = suffix(text, left - width(begin));
    format!("{begin}{CUT}{end}")
}

fn prefix(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    let too_wide = |(_, c): &(usize, char)| {
        taken += char_width(*c);
        taken > columns
    };
    text.char_indices().find(too_wide).map_or(text, |(at, _)| &text[..at])
}

fn suffix(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    let mut from = text.len();
    for (at, c) in text.char_indices().rev() {
        taken += char_width(c);
        if taken > columns {
            break;
        }
        // An accent without its letter would go to the dots.
        if char_width(c) > 0 {
            from = at;
        }
    }
    &text[from..]
}

/// `name   figure   figure` in at most so many columns; figures come with their rank, of which the highest goes first
/// where there is no room for all.
pub fn line(name: &str, mut figures: Vec<(u8, String)>, columns: usize) -> String {
    let name_columns = width(name).min(NAME_COLUMNS);
    let needed = |figures: &[(u8, String)]| -> usize {
        figures.iter().map(|(_, figure)| GAP.len() + width(figure)).sum()
    };
    while figures.len() > 1 && name_columns + needed(&figures) > columns {
        let last = figures.iter().map(|(rank, _)| *rank).max().unwrap_or(0);
        figures.retain(|(rank, _)| *rank != last);
    }
    let room = columns.saturating_sub(needed(&figures));
    let mut line = cut_middle(name, room);
    for (_, figure) in &figures {
        if !line.is_empty() {
            line.push_str(GAP);
        }
        line.push_str(figure);
    }
    prefix(&line, columns).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_in_the_middle_by_columns() {
        assert_eq!(cut_middle("short", 5), "short");
        assert_eq!(cut_middle("a-rather-long-name.txt", 12), "a-ra...e.txt".to_owned());
        let wide = cut_middle("数据文件的名字很长.txt", 12);
        assert!(width(&wide) <= 12 && wide.ends_with(".txt") && wide.starts_with('数'), "{wide}");
        let accents = cut_middle(&"e\u{301}".repeat(40), 10);
        assert!(width(&accents) <= 10 && accents.contains("...e"), "{accents}");
    }

    #[test]
    fn a_line_never_has_more_columns_than_there_are() {
        let figures = || {
            let figures = ["42.0 %", "4.2 MB of 10.0 MB", "61 kB/s", "0:07 left"];
            (0u8..).zip(figures.map(str::to_owned)).collect::<Vec<_>>()
        };
        for name in ["a", "数据".repeat(100).as_str(), "n".repeat(200).as_str(), ""] {
            for columns in 1..120 {
                let line = line(name, figures(), columns);
                assert!(width(&line) <= columns, "{columns}: {line}");
                assert!(columns < 25 || line.contains("42.0 %"), "{columns}: {line}");
                assert!(columns < 65 || line.ends_with("0:07 left"), "{columns}: {line}");
            }
        }
    }
}
