//! Charts as SVG: plotters draws axes and marks, in colours that the page's style fills in for light and dark.

mod logarithmic;

use std::fmt::Write;
use std::ops::Range;

use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

use super::page::escaped;
use logarithmic::Logarithmic;

/// What is drawn.
pub enum Chart {
    /// A row for each name, with a dot for each series.
    Dots { x: String, series: Vec<String>, rows: Vec<(String, Vec<Option<f64>>)> },
    /// Named points on logarithmic scales.
    Scatter { x: String, y: String, points: Vec<Point> },
    /// Many points, of few series, against a logarithmic x.
    Cloud { x: String, y: String, series: Vec<String>, points: Vec<Point> },
    /// Curves, on logarithmic scales or not.
    Lines { x: String, y: String, curves: Vec<Curve>, log: bool },
    /// Curves whose points have names.
    Path { x: String, y: String, curves: Vec<Curve>, names: Vec<String> },
    /// A low curve from 0.
    Along { x: String, curve: Curve },
    /// Bars from the left.
    Bars { unit: String, rows: Vec<(String, f64)> },
}

/// A place in a chart.
pub struct Point {
    pub series: usize,
    pub name: String,
    pub x: f64,
    pub y: f64,
}

/// Points that belong together.
pub struct Curve {
    pub series: usize,
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// Colours that stand for those of the style; nothing else is drawn in them.
const TEXT: RGBColor = RGBColor(1, 1, 1);
const LINE: RGBColor = RGBColor(1, 1, 2);
const SERIES: usize = 10;

fn color(series: usize) -> RGBColor {
    RGBColor(1, 2, (series % SERIES) as u8)
}

/// Marks that say what they are when pointed at, as the browser shows titles.
#[derive(Default)]
struct Titles(String);

impl Titles {
    fn add(&mut self, (x, y): (i32, i32), text: &str) {
        let _ = write!(
            self.0,
            "<circle class=hit cx={x} cy={y} r=9><title>{}</title></circle>",
            escaped(text)
        );
    }
}

/// Plotters takes a size of letters for their height with all that is above and below them.
const FONT: u32 = 15;

type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

impl Chart {
    /// The picture, `width` wide; `None` if there is nothing to draw.
    pub fn svg(&self, width: u32) -> Option<String> {
        let height = match self {
            Chart::Dots { rows, .. } => 60 + 26 * rows.len() as u32,
            Chart::Bars { rows, .. } => 40 + 26 * rows.len() as u32,
            Chart::Along { .. } => 130,
            _ => (width * 6 / 10).max(300),
        };
        let (mut svg, mut titles) = (String::new(), Titles::default());
        {
            let root = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
            self.draw(&root, &mut titles).ok()?;
            root.present().ok()?;
        }
        // The style has the colours and the size.
        for (from, to) in [(TEXT, "text".to_owned()), (LINE, "line".to_owned())]
            .into_iter()
            .chain((0..SERIES).map(|i| (color(i), format!("s{i}"))))
        {
            let from = format!("\"#{:02X}{:02X}{:02X}\"", from.0, from.1, from.2);
            svg = svg.replace(&from, &format!("\"var(--{to})\""));
        }
        svg.replace("</svg>", &format!("{}</svg>", titles.0)).into()
    }

    /// The series, for a legend; empty where there is one, or names stand in front of rows.
    pub fn legend(&self) -> Vec<(usize, &str)> {
        match self {
            Chart::Dots { series, .. } => series.iter().map(String::as_str).enumerate().collect(),
            Chart::Cloud { series, points, .. } => {
                let used = |i: usize| points.iter().any(|point| point.series == i);
                series.iter().map(String::as_str).enumerate().filter(|(i, _)| used(*i)).collect()
            }
            Chart::Scatter { points, .. } => {
                points.iter().map(|point| (point.series, point.name.as_str())).collect()
            }
            Chart::Lines { curves, .. } | Chart::Path { curves, .. } => {
                curves.iter().map(|curve| (curve.series, curve.name.as_str())).collect()
            }
            _ => Vec::new(),
        }
    }

    fn draw(&self, root: &Area<'_>, titles: &mut Titles) -> Drawn {
        match self {
            Chart::Dots { x, series, rows } => dots(root, x, series, rows, titles),
            Chart::Bars { unit, rows } => bars(root, unit, rows, titles),
            Chart::Along { x, curve } => {
                let spans = spans(&[curve], false);
                let frame = Frame { x, y: "", title: None };
                xy(
                    root,
                    frame,
                    spans[0].clone(),
                    0.0..spans[1].end,
                    titles,
                    &[curve],
                    &[],
                    Marks::Line,
                )
            }
            Chart::Lines { x, y, curves, log } => {
                let curves: Vec<&Curve> = curves.iter().collect();
                let frame = Frame { x, y, title: None };
                let [across, up] = spans(&curves, *log);
                match log {
                    true => xy(
                        root,
                        frame,
                        Logarithmic(across),
                        Logarithmic(up),
                        titles,
                        &curves,
                        &[],
                        Marks::Line,
                    ),
                    false => {
                        xy(root, frame, across, 0.0..up.end, titles, &curves, &[], Marks::Line)
                    }
                }
            }
            Chart::Path { x, y, curves, names } => {
                let curves: Vec<&Curve> = curves.iter().collect();
                let ([across, _], [_, up]) = (spans(&curves, true), spans(&curves, false));
                let frame = Frame { x, y, title: Some(names) };
                let room = 0.08 * (up.end - up.start);
                xy(
                    root,
                    frame,
                    Logarithmic(across),
                    up.start - room..up.end,
                    titles,
                    &curves,
                    &[],
                    Marks::Both,
                )
            }
            Chart::Scatter { x, y, points } => {
                let [across, up] = spans_of(points.iter().map(|point| (point.x, point.y)), true);
                let frame = Frame { x, y, title: None };
                xy(
                    root,
                    frame,
                    Logarithmic(across),
                    Logarithmic(up),
                    titles,
                    &[],
                    points,
                    Marks::Named,
                )
            }
            Chart::Cloud { x, y, points, .. } => {
                let [across, up] = spans_of(points.iter().map(|point| (point.x, point.y)), true);
                let frame = Frame { x, y, title: None };
                xy(root, frame, Logarithmic(across), 0.0..up.end, titles, &[], points, Marks::Point)
            }
        }
    }
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

/// What stands at the axes.
struct Frame<'a> {
    x: &'a str,
    y: &'a str,
    /// Names of the points of each curve.
    title: Option<&'a [String]>,
}

#[derive(Clone, Copy, PartialEq)]
enum Marks {
    Line,
    Point,
    /// Points with their names beside them.
    Named,
    Both,
}

fn spans(curves: &[&Curve], log: bool) -> [Range<f64>; 2] {
    spans_of(curves.iter().flat_map(|curve| curve.points.iter().copied()), log)
}

/// The least and the largest, with some room.
fn spans_of(points: impl Iterator<Item = (f64, f64)>, log: bool) -> [Range<f64>; 2] {
    let none = f64::INFINITY..f64::NEG_INFINITY;
    let mut spans = [none.clone(), none];
    for (x, y) in points {
        for (span, value) in spans.iter_mut().zip([x, y]) {
            span.start = span.start.min(value);
            span.end = span.end.max(value);
        }
    }
    spans.map(|span| match log {
        _ if span.start > span.end => 0.1..1.0,
        true => span.start.max(1e-6) / 1.25..span.end.max(1e-6) * 1.25,
        false => span.start..span.start + 1.06 * (span.end - span.start).max(1e-9),
    })
}

/// A number on an axis or in a title: as many digits as say something.
fn short(value: f64) -> String {
    let digits = match value.abs() {
        v if v >= 100.0 || v == 0.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

fn font(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&TEXT)
}

#[allow(clippy::too_many_arguments)]
fn xy<X, Y>(
    root: &Area<'_>,
    frame: Frame<'_>,
    across: X,
    up: Y,
    titles: &mut Titles,
    curves: &[&Curve],
    points: &[Point],
    marks: Marks,
) -> Drawn
where
    X: AsRangedCoord<Value = f64>,
    Y: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    let (width, height) = root.dim_in_pixel();
    let is_low = height < 200;
    let mut chart = ChartBuilder::on(root)
        .margin(8)
        .margin_right(14)
        .x_label_area_size(if is_low { 36 } else { 46 })
        .y_label_area_size(if frame.y.is_empty() { 34 } else { 52 })
        .build_cartesian_2d(across, up)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(LINE)
        .axis_style(LINE)
        .x_labels((width / 90) as usize)
        .y_labels(if is_low { 3 } else { 7 })
        .x_label_formatter(&|value| short(*value))
        .y_label_formatter(&|value| short(*value))
        .x_desc(frame.x)
        .y_desc(frame.y)
        .label_style(font(FONT))
        .axis_desc_style(font(FONT))
        .draw()?;
    for curve in curves {
        let style = color(curve.series).stroke_width(2);
        chart.draw_series(std::iter::once(PathElement::new(curve.points.clone(), style)))?;
        let dots = curve.points.iter().filter(|_| marks == Marks::Both);
        chart.draw_series(dots.map(|&at| Circle::new(at, 4, color(curve.series).filled())))?;
        let every = (curve.points.len() / 40).max(1);
        for (i, &at) in curve.points.iter().enumerate().step_by(every) {
            let name = frame.title.and_then(|names| names.get(i)).unwrap_or(&curve.name);
            let text = format!("{name}: {} {}, {} {}", short(at.0), frame.x, short(at.1), frame.y);
            titles.add(chart.backend_coord(&at), text.trim_end());
        }
    }
    let radius = if marks == Marks::Point { 3 } else { 5 };
    chart.draw_series(
        points.iter().map(|p| Circle::new((p.x, p.y), radius, color(p.series).filled())),
    )?;
    let mut taken: Vec<(i32, i32, i32)> = points
        .iter()
        .map(|point| chart.backend_coord(&(point.x, point.y)))
        .map(|(x, y)| (x - 7, y - 6, x + 7))
        .collect();
    for point in points {
        let at = chart.backend_coord(&(point.x, point.y));
        let text = format!(
            "{}: {} {}, {} {}",
            point.name,
            short(point.x),
            frame.x,
            short(point.y),
            frame.y
        );
        titles.add(at, &text);
        // Where there is no room for names, the legend has them.
        if marks == Marks::Named && width >= 500 {
            // To the left where there is no room at the right; a little lower where another name stands.
            let len = 8 * point.name.len() as i32;
            let x = if at.0 + 10 + len > width as i32 { at.0 - 10 - len } else { at.0 + 9 };
            let mut y = at.1 - 6;
            while taken.iter().any(|&(ox, oy, end)| (oy - y).abs() < 15 && x < end && ox < x + len)
            {
                y += 15;
            }
            taken.push((x, y, x + len));
            root.draw(&Text::new(point.name.clone(), (x, y), font(FONT)))?;
        }
    }
    Ok(())
}

fn dots(
    root: &Area<'_>,
    x: &str,
    series: &[String],
    rows: &[(String, Vec<Option<f64>>)],
    titles: &mut Titles,
) -> Drawn {
    let most = rows.iter().flat_map(|row| row.1.iter().flatten()).fold(0.1f64, |a, &b| a.max(b));
    let mut chart = named_rows(root, x, 0.0..1.05 * most, rows.len(), |i| rows[i].0.clone(), LINE)?;
    for (i, (kind, values)) in rows.iter().enumerate() {
        let y = SegmentValue::CenterOf((rows.len() - 1 - i) as i32);
        // Ours is drawn last, over the others.
        for (number, value) in values.iter().enumerate().rev() {
            let Some(value) = *value else { continue };
            let radius = if number == 0 { 6 } else { 4 };
            let at = (value, y.clone());
            titles.add(
                chart.backend_coord(&at),
                &format!("{kind}, {}: {value:.3} {x}", series[number]),
            );
            chart.draw_series(std::iter::once(Circle::new(at, radius, color(number).filled())))?;
        }
    }
    Ok(())
}

fn bars(root: &Area<'_>, unit: &str, rows: &[(String, f64)], titles: &mut Titles) -> Drawn {
    let most = rows.iter().fold(0.1f64, |a, b| a.max(b.1));
    // No lines: they would strike the numbers out.
    let names = |i: usize| rows[i].0.clone();
    let mut chart = named_rows(root, unit, 0.0..1.18 * most, rows.len(), names, TRANSPARENT)?;
    for (i, (name, value)) in rows.iter().enumerate() {
        let row = (rows.len() - 1 - i) as i32;
        let corners = [(0.0, SegmentValue::Exact(row)), (*value, SegmentValue::Exact(row + 1))];
        let mut bar = Rectangle::new(corners, color(i).filled());
        bar.set_margin(5, 5, 0, 0);
        chart.draw_series(std::iter::once(bar))?;
        let (x, y) = chart.backend_coord(&(*value, SegmentValue::CenterOf(row)));
        titles.add((x, y), &format!("{name}: {} {unit}", short(*value)));
        root.draw(&Text::new(short(*value), (x + 6, y - 8), font(FONT)))?;
    }
    Ok(())
}

type NamedRows<'a> = ChartContext<
    'a,
    SVGBackend<'a>,
    Cartesian2d<
        plotters::coord::types::RangedCoordf64,
        plotters::coord::ranged1d::SegmentedCoord<plotters::coord::types::RangedCoordi32>,
    >,
>;

/// Rows from above with their names at the left.
fn named_rows<'a>(
    root: &Area<'a>,
    x: &str,
    span: Range<f64>,
    n: usize,
    name: impl Fn(usize) -> String,
    lines: impl Into<ShapeStyle>,
) -> Result<NamedRows<'a>, DrawingAreaErrorKind<std::io::Error>> {
    let (width, _) = root.dim_in_pixel();
    let longest = (0..n).map(|i| name(i).len()).max().unwrap_or(0) as u32;
    let mut chart = ChartBuilder::on(root)
        .margin(6)
        .margin_right(14)
        .x_label_area_size(38)
        .y_label_area_size((8 * longest + 14).min(width / 2))
        .build_cartesian_2d(span, (0..(n.max(1) - 1) as i32).into_segmented())?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(lines)
        .axis_style(LINE)
        .x_labels((width / 90) as usize)
        .y_labels(n)
        .x_label_formatter(&|value| short(*value))
        .y_label_formatter(&|value| match value {
            SegmentValue::CenterOf(row) => {
                let row = n as i32 - 1 - row;
                if row >= 0 { name(row as usize) } else { String::new() }
            }
            _ => String::new(),
        })
        .x_desc(x)
        .label_style(font(FONT))
        .axis_desc_style(font(FONT))
        .draw()?;
    Ok(chart)
}
