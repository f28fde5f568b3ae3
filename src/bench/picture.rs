//! The chart of kinds as a picture of its own, for pages that can show one and no more.

use std::fmt::Write;

use super::charts::Chart;
use super::document::{Block, blocks};
use super::page::escaped;
use super::report::Report;

const WIDTH: u32 = 760;
/// Of the legend above the chart.
const LEGEND: u32 = 30;

/// An SVG with bits per byte by kind, in colours for light and dark; `None` if there is nothing to draw.
pub fn picture(report: &Report) -> Option<String> {
    let chart = blocks(report).into_iter().find_map(|block| match block {
        Block::Chart(_, chart @ Chart::Dots { .. }) => Some(chart),
        _ => None,
    })?;
    let svg = chart.svg(WIDTH)?;
    let height: u32 = svg.split_once("height=\"")?.1.split_once('"')?.0.parse().ok()?;
    // Marks that say what they are when pointed at are nothing in a picture.
    let mut chart_alone = svg.get(svg.find('>')? + 1..svg.rfind("</svg>")?)?.to_owned();
    if let Some(marks) = chart_alone.find("<circle class=hit") {
        chart_alone.truncate(marks);
    }
    let colors = |scheme: &str| {
        let part = super::html::STYLE.split_once(scheme)?.1;
        Some(part.split_once("--s0")?.1.split_once('}')?.0)
    };
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {total}\" width=\"{WIDTH}\" height=\"{total}\" \
         role=\"img\"><title>Bits per byte by kind; less is better</title>\n<style>:root {{ --text: #1d1d1b; --line: #dcdcd5; --s0{} }}\n\
         @media (prefers-color-scheme: dark) {{ :root {{ --text: #e9e9e4; --line: #3a3a37; --s0{} }} }}</style>\n",
        colors(":root")?,
        colors("dark")?,
        total = height + LEGEND
    );
    let mut x = 16;
    for (series, name) in chart.legend() {
        let _ = writeln!(
            out,
            "<circle cx=\"{x}\" cy=\"16\" r=\"5\" fill=\"var(--s{})\"/><text x=\"{}\" y=\"21\" fill=\"var(--text)\" \
             font-family=\"sans-serif\" font-size=\"13\">{}</text>",
            series % 10,
            x + 10,
            escaped(name)
        );
        x += 34 + 7 * name.len();
    }
    let _ = writeln!(out, "<g transform=\"translate(0 {LEGEND})\">{chart_alone}</g></svg>");
    Some(out)
}
