//! A report as Markdown: the tables and the words; pictures are for the page.

use super::document::{Block, Grid, blocks};
use super::report::Report;

/// The report as Markdown.
pub fn markdown(report: &Report) -> String {
    let mut out = String::from("# What llmzip does to these files\n\n");
    for block in blocks(report) {
        match block {
            Block::Heading(text) => out += &format!("## {}\n\n", escaped(&text)),
            Block::Text(text) => out += &format!("{}\n\n", escaped(&text)),
            Block::Table(grid) => out += &table(&grid),
            Block::Chart(..) => {}
        }
    }
    out
}

fn table(grid: &Grid) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| escaped(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut out = line(&grid.head);
    let rule: Vec<&str> = (0..grid.head.len())
        .map(|column| if column == 0 || grid.texts.contains(&column) { "---" } else { "---:" })
        .collect();
    out += &format!("| {} |\n", rule.join(" | "));
    grid.rows.iter().for_each(|row| out += &line(row));
    out + "\n"
}

/// Text in which nothing is markup, also of a file's name.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '|' | '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '#' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
