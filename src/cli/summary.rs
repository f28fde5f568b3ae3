//! The line at the end of a file.

use std::time::Duration;

use llmzip::stream::{Method, Summary};

use super::figures::{bits_per_byte, bytes, rate, ratio};
use super::names::Name;

/// Which way the bytes went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    In,
    Out,
    /// Out and nowhere.
    Test,
}

/// `a.txt: 152 kB -> 39.9 kB (0.262, 2.098 bits per byte), 2.5 s, 61.2 kB/s, model builtin`
pub fn line(name: &Name, way: Way, summary: &Summary, elapsed: Duration) -> String {
    let (plain, stored) = (summary.plain_bytes, summary.stored_bytes);
    let sizes = match way {
        Way::In => format!("{} -> {}", bytes(plain), bytes(stored)),
        Way::Out => format!("{} -> {}", bytes(stored), bytes(plain)),
        Way::Test => format!("ok, {} of {}", bytes(stored), bytes(plain)),
    };
    format!(
        "{name}: {sizes} ({}, {} bits per byte), {:.2} s, {}, {}",
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
        let line = line(&Name::Stdin, Way::In, &summary, Duration::from_millis(2500));
        let expected = "(stdin): 152 kB -> 38.0 kB (0.250, 2.000 bits per byte), 2.50 s, \
                        60.8 kB/s, model builtin and stored";
        assert_eq!(line, expected);
    }
}
