//! What a report says, in order, whatever it is printed as. Every figure comes from the record.

mod studies;

use super::charts::{Chart, Curve, Point};
use super::closer::Closer;
use super::report::{Report, Row};
use super::study::Study;

/// Files of at most so many bytes are small.
const SMALL_BYTES: u64 = 16 << 10;
/// As many of the worst files are told of.
pub const WORST: usize = 8;

/// A part of a report.
pub enum Block {
    Heading(String),
    Text(String),
    Table(Grid),
    /// A picture, with what it shows in words.
    Chart(String, Chart),
}

/// A table; its first column is text.
pub struct Grid {
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// Columns of text besides the first.
    pub texts: Vec<usize>,
}

impl Grid {
    fn new(head: &[&str]) -> Grid {
        let head = head.iter().map(|&name| name.to_owned()).collect();
        Grid { head, rows: Vec::new(), texts: Vec::new() }
    }

    fn block(self) -> Block {
        Block::Table(self)
    }
}

/// A number of bytes with commas between thousands.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or("-".into(), |value| format!("{value:.digits$}"))
}

/// Everything that there is to say.
pub fn blocks(report: &Report) -> Vec<Block> {
    let mut out = Vec::new();
    head(report, &mut out);
    by_kind(report, &mut out);
    let times = report.times.as_deref().unwrap_or(report);
    speed(times, report.times.is_some(), &mut out);
    memory(times, &mut out);
    model_pays(report, &mut out);
    files(report, &mut out);
    closer(report, &mut out);
    report.studies.iter().for_each(|study| studies::one(study, report.note.as_deref(), &mut out));
    out
}

fn head(report: &Report, out: &mut Vec<Block>) {
    let machine = &report.machine;
    let mut facts = Grid::new(&["", ""]);
    facts.texts = vec![1];
    let mut fact = |name: &str, value: String| facts.rows.push(vec![name.into(), value]);
    fact("program", format!("llmzip {}", report.version));
    fact("commit", report.commit.clone().unwrap_or_else(|| "unknown".into()));
    fact("command", report.command.clone());
    fact(
        "machine",
        format!(
            "{}, {} threads, {}",
            machine.processor.as_deref().unwrap_or("unknown processor"),
            machine.cores,
            machine.system
        ),
    );
    report.note.iter().for_each(|note| fact("note", note.clone()));
    if let Some(all) = report.ours(&report.all) {
        fact("files", format!("{} of {} bytes", all.files, grouped(all.plain_bytes)));
    }
    out.push(facts.block());
    out.push(Block::Text(
        "Every file went through every compressor and back in a process of its own, and what came \
         back was compared by SHA-256. Sizes are the same on every machine; times are wall clock on \
         this one, without loading the model, and the peers have one thread. bits/byte: compressed \
         bits for each byte of the original, less is better."
            .into(),
    ));
}

fn by_kind(report: &Report, out: &mut Vec<Block>) {
    out.push(Block::Heading("Bits per byte, by kind".into()));
    let compressors = report.compressors();
    let of = |rows: &'_ [Row], name: &str, compressor: &str| {
        rows.iter().find(|row| row.name == name && row.compressor == compressor).cloned()
    };
    let mut kinds: Vec<&str> = report.kinds.iter().map(|row| row.name.as_str()).collect();
    kinds.dedup();
    let rows: Vec<_> = kinds
        .iter()
        .map(|kind| {
            let values = compressors.iter().map(|c| of(&report.kinds, kind, c)?.bits_per_byte);
            ((*kind).to_owned(), values.collect::<Vec<_>>())
        })
        .collect();
    let series = compressors.iter().map(|&c| c.to_owned()).collect();
    out.push(Block::Chart(
        "Each kind's bits per byte by each compressor; the left is better.".into(),
        Chart::Dots { x: "bits per byte".into(), series, rows },
    ));
    let mut head = vec!["kind", "files", "bytes"];
    head.extend(&compressors);
    head.push("beside zstd-19");
    let mut grid = Grid::new(&head);
    let mut line = |name: &str, rows: &[Row]| {
        let each: Vec<_> = compressors.iter().map(|c| of(rows, name, c)).collect();
        let Some(ours) = each.first().cloned().flatten() else { return };
        let mut cells = vec![name.to_owned(), ours.files.to_string(), grouped(ours.plain_bytes)];
        cells.extend(each.iter().map(|row| number(row.as_ref().and_then(|r| r.bits_per_byte), 3)));
        let zstd = of(rows, name, "zstd-19").filter(|zstd| zstd.stored_bytes > 0);
        cells.push(zstd.map_or("-".into(), |z| format!("{:+.1} %", -gain(&ours, &z))));
        grid.rows.push(cells);
    };
    kinds.iter().for_each(|kind| line(kind, &report.kinds));
    line("all", &report.all);
    out.push(grid.block());
    let mut gains: Vec<(f64, &str)> = kinds
        .iter()
        .filter_map(|kind| {
            let ours = of(&report.kinds, kind, compressors.first()?)?;
            Some((gain(&ours, &of(&report.kinds, kind, "zstd-19")?), *kind))
        })
        .collect();
    gains.sort_by(|a, b| b.0.total_cmp(&a.0));
    if let [most, .., least] = &gains[..] {
        out.push(Block::Text(format!(
            "Over zstd -19, {} gains most ({:.1} % fewer bytes) and {} least ({:.1} %).",
            most.1, most.0, least.1, least.0
        )));
    }
    let mut sizes = Grid::new(&[&["kind"], &compressors[..]].concat());
    let all = kinds.iter().map(|kind| (*kind, &report.kinds)).chain([("all", &report.all)]);
    for (kind, rows) in all {
        let cell = |c: &&str| of(rows, kind, c).map_or("-".into(), |row| grouped(row.stored_bytes));
        sizes.rows.push([vec![kind.to_owned()], compressors.iter().map(cell).collect()].concat());
    }
    out.push(Block::Text("The same in bytes:".into()));
    out.push(sizes.block());
}

/// How many per cent fewer bytes.
fn gain(ours: &Row, other: &Row) -> f64 {
    100.0 * (1.0 - ours.stored_bytes as f64 / other.stored_bytes.max(1) as f64)
}

/// Our rows and the peers', with the levels of a study.
fn all_rows(report: &Report) -> Vec<&Row> {
    let mut rows: Vec<&Row> = report.all.iter().collect();
    // Levels of the first bytes only would stand beside sums over whole files.
    let whole = |study: &&Study| study.name == "level" && study.first_bytes.is_none();
    for study in report.studies.iter().filter(whole) {
        let new = |row: &&Row| report.all.iter().all(|known| known.compressor != row.compressor);
        rows.extend(study.rows.iter().map(|row| &row.all).filter(new));
    }
    rows
}

fn speed(report: &Report, is_other: bool, out: &mut Vec<Block>) {
    out.push(Block::Heading("Ratio against speed".into()));
    if let (true, Some(all)) = (is_other, report.all.first()) {
        out.push(Block::Text(format!(
            "Times and memory were measured by themselves, on {} files of {} bytes: {}",
            all.files,
            grouped(all.plain_bytes),
            report.origin().said()
        )));
    }
    let rows = all_rows(report);
    for (way, name) in ["compressing", "decompressing"].into_iter().enumerate() {
        let points = rows.iter().enumerate().filter_map(|(i, row)| {
            Some(Point {
                series: i,
                name: row.compressor.clone(),
                x: row.speeds()[way] / 1e6,
                y: row.bits_per_byte?,
            })
        });
        out.push(Block::Chart(
            format!("{name}: bits per byte against MB/s (a logarithmic scale) over all files; down and right is better."),
            Chart::Scatter { x: format!("MB/s {name}"), y: "bits per byte".into(), points: points.collect() },
        ));
    }
    let mut grid = Grid::new(&[
        "compressor",
        "bytes",
        "bits/byte",
        "ratio",
        "kB/s in",
        "kB/s out",
        "s in",
        "s out",
    ]);
    for row in rows {
        let [compress, decompress] = row.speeds().map(|speed| format!("{:.0}", speed / 1e3));
        grid.rows.push(vec![
            row.compressor.clone(),
            grouped(row.stored_bytes),
            number(row.bits_per_byte, 3),
            number(row.ratio, 4),
            compress,
            decompress,
            format!("{:.3}", row.compress_seconds),
            format!("{:.3}", row.decompress_seconds),
        ]);
    }
    out.push(grid.block());
}

fn memory(report: &Report, out: &mut Vec<Block>) {
    let rows: Vec<_> =
        all_rows(report).into_iter().filter_map(|row| Some((row, row.peak_bytes?))).collect();
    if rows.is_empty() {
        return;
    }
    out.push(Block::Heading("Memory".into()));
    out.push(Block::Chart(
        "The most memory that a process held, with the program itself, over all files and both directions, in MB.".into(),
        Chart::Bars {
            unit: "MB".into(),
            rows: rows.iter().map(|(row, peak)| (row.compressor.clone(), *peak as f64 / 1e6)).collect(),
        },
    ));
    let mut grid = Grid::new(&["compressor", "peak MB"]);
    grid.rows = rows
        .iter()
        .map(|(row, peak)| vec![row.compressor.clone(), format!("{:.1}", *peak as f64 / 1e6)])
        .collect();
    out.push(grid.block());
}

fn model_pays(report: &Report, out: &mut Vec<Block>) {
    let Some(ours) = report.ours(&report.all).filter(|ours| ours.model_bytes > 0) else { return };
    let peers: Vec<&Row> =
        report.all.iter().filter(|row| row.compressor != ours.compressor).collect();
    if peers.is_empty() {
        return;
    }
    out.push(Block::Heading("When the model's own bytes are paid for".into()));
    out.push(Block::Text(format!(
        "The model has {} bytes, which are inside the program and counted nowhere above. Counted once, they are \
         paid for after as much text as this, of each kind's ratio.",
        grouped(ours.model_bytes)
    )));
    let names: Vec<&str> = peers.iter().map(|row| row.compressor.as_str()).collect();
    let mut grid = Grid::new(&[&["MB of"], &names[..]].concat());
    let mut kinds: Vec<&str> = report.kinds.iter().map(|row| row.name.as_str()).collect();
    kinds.dedup();
    for (kind, rows) in
        kinds.iter().map(|kind| (*kind, &report.kinds)).chain([("all", &report.all)])
    {
        let of = |c: &str| rows.iter().find(|row| row.name == kind && row.compressor == c)?.ratio;
        let mb = |name: &&str| {
            let saved = of(name)? - of(&ours.compressor)?;
            (saved > 0.0).then(|| ours.model_bytes as f64 / saved / 1e6)
        };
        let cell = |name: &&str| mb(name).map_or("never".into(), |mb| format!("{mb:.1}"));
        grid.rows.push([vec![kind.to_owned()], names.iter().map(cell).collect()].concat());
    }
    let sizes: Vec<f64> = (0..=16).map(|i| 10f64.powf(f64::from(i) / 4.0)).collect();
    let curves = report.all.iter().enumerate().filter_map(|(i, row)| {
        let ratio = row.ratio?;
        let at = |&mb: &f64| (mb, mb * ratio + row.model_bytes as f64 / 1e6);
        Some(Curve {
            series: i,
            name: row.compressor.clone(),
            points: sizes.iter().map(at).collect(),
        })
    });
    out.push(Block::Chart(
        "MB to send, the model counted once, against MB of files like all of these together; both scales logarithmic.".into(),
        Chart::Lines { x: "MB of files".into(), y: "MB to send".into(), curves: curves.collect(), log: true },
    ));
    out.push(grid.block());
}

fn files(report: &Report, out: &mut Vec<Block>) {
    out.push(Block::Heading("Single files".into()));
    let compressors = report.compressors();
    let ours = compressors.first().copied().unwrap_or_default();
    let points =
        report.files.iter().filter(|row| row.compressor == ours || row.compressor == "zstd-19");
    let points = points.filter_map(|row| {
        let series = compressors.iter().position(|&c| c == row.compressor)?;
        let y = row.bits_per_byte.filter(|&bits| bits > 0.0)?;
        Some(Point { series, name: row.name.clone(), x: row.plain_bytes as f64 / 1e3, y })
    });
    out.push(Block::Chart(
        format!("Each file: bits per byte against its size, by {ours} and zstd-19."),
        Chart::Cloud {
            x: "kB".into(),
            y: "bits per byte".into(),
            series: compressors.iter().map(|&c| c.to_owned()).collect(),
            points: points.collect(),
        },
    ));
    let (mut small, mut large) = (Vec::new(), Vec::new());
    for file in report.files.iter().filter(|row| row.compressor == ours) {
        match file.plain_bytes <= SMALL_BYTES {
            true => small.push(file),
            false => large.push(file),
        }
    }
    for (title, some) in [("Larger files", large), ("Small files, of up to 16 KiB", small)] {
        if some.is_empty() {
            continue;
        }
        out.push(Block::Text(format!("{title}, in bytes:")));
        let mut grid =
            Grid::new(&[&["file", "method", "bytes"], &compressors[..], &["bits/byte"]].concat());
        grid.texts = vec![1];
        for file in some {
            let size = |c: &&str| {
                let row =
                    report.files.iter().find(|row| row.name == file.name && row.compressor == *c);
                row.map_or("-".into(), |row| grouped(row.stored_bytes))
            };
            let mut cells = vec![file.name.clone(), file.methods(), grouped(file.plain_bytes)];
            cells.extend(compressors.iter().map(size));
            cells.push(number(file.bits_per_byte, 3));
            grid.rows.push(cells);
        }
        out.push(grid.block());
    }
}

/// The files that compress worst, by our bits per byte.
pub fn worst(report: &Report) -> Vec<&Row> {
    let mut rows: Vec<&Row> = report
        .files
        .iter()
        .filter(|row| row.compressor.starts_with("llmzip") && row.plain_bytes > 0)
        .collect();
    rows.sort_by(|a, b| b.bits_per_byte.unwrap_or(0.0).total_cmp(&a.bits_per_byte.unwrap_or(0.0)));
    rows.truncate(WORST);
    rows
}

/// Why a file costs what it costs; of a small one also what its frame takes.
fn why(closer: &Closer, row: &Row) -> String {
    let coded = closer.bits_per_byte * closer.plain_bytes as f64 / 8.0;
    let frame = 1.0 - coded / row.stored_bytes.max(1) as f64;
    match closer.plain_bytes == row.plain_bytes && frame > 0.2 {
        true => format!("{}; header and check are {:.0} % of it", closer.why(), 100.0 * frame),
        false => closer.why(),
    }
}

fn closer(report: &Report, out: &mut Vec<Block>) {
    let find = |name: &str| report.closer.iter().find(|closer| closer.file == name);
    let worst = worst(report);
    if worst.iter().any(|row| find(&row.name).is_some()) {
        out.push(Block::Heading("The worst files, and why".into()));
        let mut grid =
            Grid::new(&["file", "bytes", "bits/byte", "method", "why", "best of the others"]);
        grid.texts = vec![3, 4, 5];
        for row in worst {
            let others = report
                .files
                .iter()
                .filter(|other| other.name == row.name && other.compressor != row.compressor);
            let best = others.min_by_key(|other| other.stored_bytes);
            grid.rows.push(vec![
                row.name.clone(),
                grouped(row.plain_bytes),
                number(row.bits_per_byte, 3),
                row.methods(),
                find(&row.name).map_or(String::new(), |closer| why(closer, row)),
                best.map_or("-".into(), |best| {
                    format!("{} {}", best.compressor, number(best.bits_per_byte, 3))
                }),
            ]);
        }
        out.push(grid.block());
    }
    let mut seen = Vec::new();
    let first_of_kind: Vec<&Closer> = report
        .closer
        .iter()
        .filter(|closer| {
            closer.along.len() > 4 && !seen.contains(&&closer.kind) && {
                seen.push(&closer.kind);
                true
            }
        })
        .collect();
    if first_of_kind.is_empty() {
        return;
    }
    out.push(Block::Heading("Where a file surprises".into()));
    out.push(Block::Text(
        "Bits per byte along one file of each kind, its first 256 KiB at most, coded as one group: what the mixer learns makes curves \
         fall, and peaks are where nobody could know what comes."
            .into(),
    ));
    for closer in first_of_kind {
        let point =
            |(i, &bits): (usize, &f64)| ((i as f64 + 0.5) * closer.step_bytes as f64 / 1e3, bits);
        let points = closer.along.iter().enumerate().map(point).collect();
        let name = closer.file.clone();
        out.push(Block::Chart(
            format!("{name}: {:.3} bits per byte, by {}", closer.bits_per_byte, closer.method),
            Chart::Along { x: "kB".into(), curve: Curve { series: 0, name, points } },
        ));
    }
}
