//! The line at the end of a file.

use llmzip::stream::{Method, Summary};

use super::figures::{bits_per_byte, bytes, rate, ratio};
use super::names::Name;
use super::together::Share;

/// Which way the bytes went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    In,
    Out,
    /// Out and nowhere.
    Test,
}

/// `a.txt: 152 kB -> 39.9 kB (0.262, 2.098 bits per byte), 2.5 s, 61.2 kB/s, model builtin`
///
/// Of a file that was done together with others, the time is its share.
pub fn line(name: &Name, way: Way, summary: &Summary, share: Share) -> String {
    let Share { elapsed, others } = share;
    let (plain, stored) = (summary.plain_bytes, summary.stored_bytes);
    let sizes = match way {
        Way::In => format!("{} -> {}", bytes(plain), bytes(stored)),
        Way::Out => format!("{} -> {}", bytes(stored), bytes(plain)),
        Way::Test => format!("ok, {} of {}", bytes(stored), bytes(plain)),
    };
    let together = match others {
        0 => String::new(),
        1 => ", together with another file".into(),
        n => format!(", together with {n} other files"),
    };
    let through = match summary.seen.is_empty() {
        true => String::new(),
        false => format!(", through {}", summary.seen),
    };
    format!(
        "{name}: {sizes} ({}, {} bits per byte), {:.2} s, {}, {}{through}{together}",
        ratio(plain, stored),
        bits_per_byte(plain, stored),
        elapsed.as_secs_f64(),
        rate(plain, elapsed),
        methods(summary)
    )
}

/// `model builtin`, or what else the groups are coded with, the commonest first.
fn methods(summary: &Summary) -> String {
    let count = |method: &Method| summary.groups_by_method[usize::from(method.code())];
    let mut used: Vec<Method> = Method::ALL.into_iter().filter(|m| count(m) > 0).collect();
    used.sort_by_key(|method| std::cmp::Reverse(count(method)));
    let named = used.iter().map(|method| match (method, &summary.model_name) {
        (Method::Model, Some(name)) => format!("model {name}"),
        (method, _) => method.name().to_owned(),
    });
    match used.len() {
        0 => "empty".into(),
        _ => named.collect::<Vec<_>>().join(" and "),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_line_names_model_ratio_bits_and_speed() {
        let summary = Summary {
            plain_bytes: 152_089,
            stored_bytes: 38_022,
            groups_by_method: [1, 0, 0, 2],
            model_name: Some("builtin".into()),
            ..Summary::default()
        };
        let share = Share::whole(Duration::from_millis(2500));
        let line = line(&Name::Stdin, Way::In, &summary, share);
        let expected = "(stdin): 152 kB -> 38.0 kB (0.250, 2.000 bits per byte), 2.50 s, \
                        60.8 kB/s, model builtin and stored";
        assert_eq!(line, expected);
    }
}
