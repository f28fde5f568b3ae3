//! A logarithmic axis with numbers on it however short it is: plotters' own knows powers of ten alone, and an axis that has none
//! of them stayed bare.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// An axis from one positive number to a larger one.
pub struct Logarithmic(pub Range<f64>);

/// What stands on an axis in each power of ten, from many to few.
const LADDERS: [&[f64]; 4] =
    [&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0], &[1.0, 2.0, 5.0], &[1.0, 3.0], &[1.0]];

/// A number of some power of ten, as near as can be: 24 tenths are 2.4, and 24 times 0.1 are a little more.
fn decimal(number: f64, power: i32) -> f64 {
    match power < 0 {
        true => number / 10f64.powi(-power),
        false => number * 10f64.powi(power),
    }
}

impl Logarithmic {
    /// At most so many numbers, as many of them as there is a ladder for.
    fn numbers(&self, most: usize) -> Vec<f64> {
        let Range { start, end } = self.0;
        let fits = |numbers: &Vec<f64>| numbers.len() <= most.max(1);
        // On a short axis places are nearly even, and so are the numbers.
        if end / start < 4.0 {
            let power = (end - start).log10().floor() as i32 - 1;
            let even = |step: f64| -> Vec<f64> {
                let place = |value: f64| value / decimal(step, power);
                let (first, last) = (place(start).ceil() as i64, place(end).floor() as i64);
                (first..=last).map(|i| decimal(i as f64 * step, power).clamp(start, end)).collect()
            };
            let steps = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0];
            return steps.into_iter().map(even).find(fits).unwrap_or_default();
        }
        let (lowest, highest) = (start.log10().floor() as i32, end.log10().ceil() as i32);
        let ladder = |ladder: &[f64], every: usize| -> Vec<f64> {
            (lowest..=highest)
                .step_by(every)
                .flat_map(|power| ladder.iter().map(move |&step| decimal(step, power)))
                .filter(|number| (start..=end).contains(number))
                .collect()
        };
        let fine = LADDERS.iter().map(|steps| ladder(steps, 1));
        let coarse = (2..8).map(|every| ladder(&[1.0], every));
        fine.chain(coarse).find(fits).unwrap_or_default()
    }
}

impl Ranged for Logarithmic {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let Range { start, end } = self.0;
        let part = (value.max(f64::MIN_POSITIVE) / start).ln() / (end / start).ln();
        limit.0 + (f64::from(limit.1 - limit.0) * part).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        self.numbers(hint.bold_points())
    }

    fn range(&self) -> Range<f64> {
        self.0.clone()
    }
}

impl ValueFormatter<f64> for Logarithmic {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_axis_has_numbers_on_it_and_not_too_many() {
        for (start, end) in [
            (1.6, 2.6),
            (0.78, 0.83),
            (31.0, 75.0),
            (0.3, 80.0),
            (1.0, 1e4),
            (1e-6, 1e6),
            (3.1, 3.2),
        ] {
            for most in [3, 4, 7] {
                let numbers = Logarithmic(start..end).numbers(most);
                assert!((1..=most).contains(&numbers.len()), "{start}..{end}: {numbers:?}");
                assert!(most < 4 || numbers.len() > 1, "{start}..{end}: {numbers:?}");
                assert!(numbers.iter().all(|number| (start..=end).contains(number)));
            }
        }
        assert_eq!(Logarithmic(0.9..11.0).numbers(4), [1.0, 2.0, 5.0, 10.0]);
        assert_eq!(Logarithmic(1.5..2.6).numbers(7), [1.6, 1.8, 2.0, 2.2, 2.4, 2.6]);
    }
}
