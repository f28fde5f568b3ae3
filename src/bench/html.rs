//! A report as one page: no file beside it, no script needed.

use super::charts::Chart;
use super::document::{Block, Grid, blocks};
use super::page::{escaped, head};
use super::report::Report;

pub(super) const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// Widths of a chart: of these two the style shows the one that fits.
const WIDE: u32 = 760;
const NARROW: u32 = 360;

/// The page of a report.
pub fn html(report: &Report) -> String {
    let title = "llmzip: what it does to these files";
    let mut out = head(title, STYLE, SCRIPT);
    out += &format!("<main>\n<h1>{}</h1>\n", escaped(title));
    for block in blocks(report) {
        match block {
            Block::Heading(text) => out += &format!("<h2>{}</h2>\n", escaped(&text)),
            Block::Text(text) => out += &format!("<p>{}</p>\n", escaped(&text)),
            Block::Table(grid) => out += &table(&grid),
            Block::Chart(caption, chart) => out += &figure(&caption, &chart),
        }
    }
    let json = serde_json::to_string(report).unwrap_or_default();
    // The record itself goes along, so that every figure can be checked. No tag of a file's name can end it.
    out += &format!(
        "<details><summary>The record of this report, as JSON</summary><pre>{}</pre></details>\n",
        escaped(&json)
    );
    out + "</main>\n</body>\n</html>\n"
}

fn figure(caption: &str, chart: &Chart) -> String {
    let [Some(wide), Some(narrow)] = [WIDE, NARROW].map(|width| chart.svg(width)) else {
        return String::new();
    };
    let mut legend = String::new();
    for (series, name) in chart.legend() {
        legend += &format!("<span><b class=s{}></b>{}</span> ", series % 10, escaped(name));
    }
    if !legend.is_empty() {
        legend = format!("<div class=legend>{legend}</div>");
    }
    let class = if matches!(chart, Chart::Along { .. }) { " class=low" } else { "" };
    format!(
        "<figure{class}><figcaption>{}</figcaption>{legend}<div class=wide>{wide}</div>\
         <div class=narrow>{narrow}</div></figure>\n",
        escaped(caption)
    )
}

fn table(grid: &Grid) -> String {
    let has_head = grid.head.iter().any(|name| !name.is_empty());
    let is_text = |column: usize| column == 0 || grid.texts.contains(&column);
    let class = |column: usize| if is_text(column) { " class=t" } else { "" };
    let mut out = String::from(if has_head {
        "<div class=scroll><table>"
    } else {
        "<div class=scroll><table class=facts>"
    });
    if has_head {
        out += "<thead><tr>";
        for (column, name) in grid.head.iter().enumerate() {
            out += &format!("<th{}>{}</th>", class(column), escaped(name));
        }
        out += "</tr></thead>";
    }
    out += "<tbody>\n";
    for row in &grid.rows {
        let sum = if row.first().is_some_and(|name| name == "all") { " class=all" } else { "" };
        out += &format!("<tr{sum}>");
        for (column, cell) in row.iter().enumerate() {
            out += &format!("<td{}>{}</td>", class(column), escaped(cell));
        }
        out += "</tr>\n";
    }
    out + "</tbody></table></div>\n"
}
