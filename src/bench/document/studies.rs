//! Studies in a report.

use super::{Block, Grid, grouped, number};
use crate::bench::charts::{Chart, Curve};
use crate::bench::study::{Study, StudyRow, paragraphs, question};

/// A study: what it answers, a curve, and its table.
///
/// `note` is what disturbed the times of the report that has it.
pub fn one(study: &Study, note: Option<&str>, out: &mut Vec<Block>) {
    let has_times = study.disturbed(note).is_none();
    let model = study.model.as_ref().map_or(String::new(), |model| format!(" ({model})"));
    out.push(Block::Heading(format!("Study: {}{model}", study.name)));
    out.extend(question(&study.name).map(|text| Block::Text(text.into())));
    let first = study.first_bytes.map(|n| format!("Of each file the first {} bytes.", grouped(n)));
    let origin = study.origin.as_ref().map(|origin| format!("Measured by {}", origin.said()));
    let how: Vec<String> = first.into_iter().chain(origin).collect();
    if !how.is_empty() {
        out.push(Block::Text(how.join(" ")));
    }
    out.extend(paragraphs(study, has_times).into_iter().map(Block::Text));
    out.push(if has_times { against_speed(study) } else { alone(study) });
    let kinds: Vec<&str> = study
        .rows
        .first()
        .map_or(Vec::new(), |row| row.kinds.iter().map(|kind| kind.name.as_str()).collect());
    let speeds = if has_times { &["kB/s in", "kB/s out"][..] } else { &[] };
    let mut grid = Grid::new(
        &[&["variant", "bits/byte", "bytes"], speeds, &["peak MB", "model MB"], &kinds[..]]
            .concat(),
    );
    for row in study.rows.iter().chain(&study.zstd) {
        let all = &row.all;
        let speeds = all.speeds().map(|speed| {
            let kilobytes = speed / 1e3;
            format!("{kilobytes:.*}", 1 + usize::from(kilobytes < 1.0))
        });
        let mut cells =
            vec![row.variant.clone(), number(all.bits_per_byte, 4), grouped(all.stored_bytes)];
        cells.extend(speeds.into_iter().filter(|_| has_times));
        cells.push(number(all.peak_bytes.map(|bytes| bytes as f64 / 1e6), 1));
        cells.push(format!("{:.1}", all.model_bytes as f64 / 1e6));
        cells.extend(kinds.iter().map(|name| {
            number(
                row.kinds
                    .iter()
                    .find(|kind| kind.name == *name)
                    .and_then(|kind| kind.bits_per_byte),
                3,
            )
        }));
        grid.rows.push(cells);
    }
    out.push(grid.block());
    errors(study, out);
}

fn against_speed(study: &Study) -> Block {
    let curves = [("kB/s in", 0), ("kB/s out", 1)].map(|(name, way)| Curve {
        series: way,
        name: name.into(),
        points: study
            .rows
            .iter()
            .filter_map(|row| Some((row.all.speeds()[way] / 1e3, row.all.bits_per_byte?)))
            .collect(),
    });
    Block::Chart(
        "Bits per byte of each variant against its speed, in the order of the table.".into(),
        Chart::Path {
            x: "kB/s".into(),
            y: "bits per byte".into(),
            curves: curves.into(),
            names: study.rows.iter().map(|row| row.variant.clone()).collect(),
        },
    )
}

/// The same where times do not count.
fn alone(study: &Study) -> Block {
    let bar = |row: &StudyRow| Some((row.variant.clone(), row.all.bits_per_byte?));
    Block::Chart(
        "Bits per byte of each variant.".into(),
        Chart::Bars {
            unit: "bits per byte".into(),
            rows: study.rows.iter().chain(&study.zstd).filter_map(bar).collect(),
        },
    )
}

/// What quantisation does, by type of parameter, and by block.
fn errors(study: &Study, out: &mut Vec<Block>) {
    if study.errors.is_empty() {
        return;
    }
    out.push(Block::Text(
        "What rounding the weights does: errors over the root of the mean square of the weights, and the memory that each \
         type of parameter takes. Columns of shares: weights whose error is below so much of it."
            .into(),
    ));
    let mut grid = Grid::new(&[
        "variant",
        "parameters",
        "block",
        "weights",
        "bytes",
        "rms, %",
        "<1/256, %",
        "<1/64, %",
        "<1/16, %",
        "<1/4, %",
    ]);
    grid.texts = vec![1];
    let mut sums: Vec<(String, String, u64, u64)> = Vec::new();
    for error in &study.errors {
        let below = |place: usize| {
            let some: u64 = error.histogram.iter().take(place + 1).sum();
            format!("{:.1}", 100.0 * some as f64 / error.weights.max(1) as f64)
        };
        grid.rows.push(vec![
            error.variant.clone(),
            error.part.clone(),
            error.block.map_or("-".into(), |block| block.to_string()),
            grouped(error.weights),
            grouped(error.bytes),
            format!("{:.3}", 100.0 * error.relative_rms),
            below(2),
            below(4),
            below(6),
            below(8),
        ]);
        match sums.iter_mut().find(|sum| sum.0 == error.variant && sum.1 == error.part) {
            Some(sum) => (sum.2, sum.3) = (sum.2 + error.weights, sum.3 + error.bytes),
            None => {
                sums.push((error.variant.clone(), error.part.clone(), error.weights, error.bytes))
            }
        }
    }
    let mut memory = Grid::new(&["variant", "parameters", "weights", "bytes", "bits a weight"]);
    memory.texts = vec![1];
    for (variant, part, weights, bytes) in sums {
        let each = 8.0 * bytes as f64 / weights.max(1) as f64;
        memory.rows.push(vec![
            variant,
            part,
            grouped(weights),
            grouped(bytes),
            format!("{each:.2}"),
        ]);
    }
    out.push(memory.block());
    let variants = {
        let mut names: Vec<&str> =
            study.errors.iter().map(|error| error.variant.as_str()).collect();
        names.dedup();
        names
    };
    let curves = variants.iter().enumerate().map(|(i, variant)| {
        let mut total = [0u64; 12];
        for error in study.errors.iter().filter(|error| error.variant == *variant) {
            error.histogram.iter().zip(&mut total).for_each(|(count, sum)| *sum += count);
        }
        let all = total.iter().sum::<u64>().max(1) as f64;
        let point =
            |(place, &count): (usize, &u64)| (place as f64 - 10.0, 100.0 * count as f64 / all);
        Curve {
            series: i,
            name: (*variant).to_owned(),
            points: total.iter().enumerate().map(point).collect(),
        }
    });
    out.push(Block::Chart(
        "Histogram of the errors of all weights: the part of them, in per cent, whose error is below 2 to the power of x (and not below half of that) of the root of their mean square.".into(),
        Chart::Lines { x: "log2 of the relative error".into(), y: "% of the weights".into(), curves: curves.collect(), log: false },
    ));
    out.push(Block::Text("Layer by layer:".into()));
    out.push(grid.block());
}
