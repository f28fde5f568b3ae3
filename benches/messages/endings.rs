//! Fits the weights that the ends of messages begin with (`src/mixer/ending/values.rs`): logistic regression on all places
//! where training messages could be over, first by the text alone, then by how much is left of the coded bytes.

use llmzip::message::Place;
use std::fmt::Write;

const CLASSES: usize = 12;
const LENGTHS: usize = 6;
const INPUTS: usize = 2;
/// Whole bits left, from which on nothing is decided; fitted with some more, which hold the last ones in place.
const FAR_BITS: usize = 16;
const FITTED_BITS: usize = 20;
/// What the model's own answers are taken for at first, and drawn to where a class has few places.
const USUAL: [f64; INPUTS] = [0.4, 0.1];
const DRAWN: f64 = 3e-5;
/// Steps of the fit by text; the last third are a fifth as large.
const STEPS: usize = 1500;
/// Steps by what is left, and how many places a class of it counts for at least.
const LEFT_STEPS: usize = 3000;
const LEAST_PLACES: f64 = 20.0;
/// What coding loses beside the information, in bits: with it, a message's length in bytes is guessed.
const FLUSH_BITS: f64 = 0.7;

/// A place as it is fitted.
struct Point {
    class: usize,
    length: usize,
    inputs: [f64; INPUTS],
    /// Bits left of the coded bytes.
    left: f64,
    is_end: f64,
}

/// The text of `values.rs`, and what is said of the fit.
pub fn fit(messages: &[Vec<Place>]) -> (String, String) {
    let points: Vec<Point> = messages.iter().flat_map(|places| points_of(places)).collect();
    let each = messages.len() as f64;
    let (weights, biases) = by_text(&points);
    let texts: Vec<f64> = points.iter().map(|p| answer(p, &weights, &biases)).collect();
    let bits = points.iter().zip(&texts).map(|(p, &x)| cost_bits(x, p.is_end)).sum::<f64>();
    let near: Vec<(f64, usize, f64)> = points
        .iter()
        .zip(&texts)
        .filter(|(p, _)| p.left > 0.0 && p.left < FITTED_BITS as f64)
        .map(|(p, &x)| (x, p.left as usize, p.is_end))
        .collect();
    let left = by_left(&near);
    let near_bits =
        near.iter().map(|&(x, at, is_end)| cost_bits(x + left[at], is_end)).sum::<f64>();
    let said = format!(
        "{} messages, {} places: an end costs {:.3} bits by the text, {:.3} with what is left of the bytes",
        messages.len(),
        points.len(),
        bits / each,
        near_bits / each
    );
    (written(&weights, &biases, &left), said)
}

fn points_of(places: &[Place]) -> Vec<Point> {
    let Some(last) = places.last() else { return Vec::new() };
    let coded_bits = 8.0 * ((last.bits + FLUSH_BITS) / 8.0).ceil();
    let point = |(i, place): (usize, &Place)| {
        let (class, length, inputs) = place.sign.parts();
        Point {
            class,
            length,
            inputs: inputs.map(|x| f64::from(x) / 2048.0),
            left: coded_bits - place.bits,
            is_end: if i + 1 == places.len() { 1.0 } else { 0.0 },
        }
    };
    places.iter().enumerate().map(point).collect()
}

type Weights = [[f64; INPUTS]; CLASSES];
type Biases = [[f64; LENGTHS]; CLASSES];

fn answer(point: &Point, weights: &Weights, biases: &Biases) -> f64 {
    let by_inputs = weights[point.class].iter().zip(point.inputs).map(|(w, x)| w * x).sum::<f64>();
    by_inputs + biases[point.class][point.length]
}

fn squash(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn cost_bits(x: f64, is_end: f64) -> f64 {
    -(is_end * squash(x).log2() + (1.0 - is_end) * squash(-x).log2())
}

/// One number that a gradient moves, by Adam's rule (Kingma and Ba, 2015) with means of 10 and 100 steps.
#[derive(Clone, Copy, Default)]
struct Moved {
    mean: f64,
    square: f64,
}

impl Moved {
    fn step(&mut self, value: &mut f64, gradient: f64, rate: f64) {
        self.mean += 0.1 * (gradient - self.mean);
        self.square += 0.01 * (gradient * gradient - self.square);
        *value -= rate * self.mean / (self.square.sqrt() + 1e-8);
    }
}

/// Weights and biases by the text alone.
fn by_text(points: &[Point]) -> (Weights, Biases) {
    let mut weights = [[0.5, 0.1]; CLASSES];
    let mut biases = [[0.0; LENGTHS]; CLASSES];
    let mut moved_weights = [[Moved::default(); INPUTS]; CLASSES];
    let mut moved_biases = [[Moved::default(); LENGTHS]; CLASSES];
    let n = points.len() as f64;
    for step in 0..STEPS {
        let mean_bias = biases.as_flattened().iter().sum::<f64>() / (CLASSES * LENGTHS) as f64;
        let mut by_weight = weights.map(|row| std::array::from_fn(|i| DRAWN * (row[i] - USUAL[i])));
        let mut by_bias = biases.map(|row| row.map(|bias| DRAWN * (bias - mean_bias)));
        for point in points {
            let error = (squash(answer(point, &weights, &biases)) - point.is_end) / n;
            by_bias[point.class][point.length] += error;
            let row: &mut [f64; INPUTS] = &mut by_weight[point.class];
            row.iter_mut().zip(point.inputs).for_each(|(sum, x)| *sum += error * x);
        }
        let scale = if step < STEPS / 3 * 2 { 1.0 } else { 0.2 };
        let all = moved_weights.as_flattened_mut().iter_mut().zip(weights.as_flattened_mut());
        all.zip(by_weight.as_flattened()).for_each(|((m, w), &g)| m.step(w, g, 0.03 * scale));
        let all = moved_biases.as_flattened_mut().iter_mut().zip(biases.as_flattened_mut());
        all.zip(by_bias.as_flattened()).for_each(|((m, b), &g)| m.step(b, g, 0.06 * scale));
    }
    (weights, biases)
}

/// What speaks for an end by the whole bits that are left, besides the text.
fn by_left(points: &[(f64, usize, f64)]) -> [f64; FITTED_BITS] {
    let mut left = [0.0; FITTED_BITS];
    for _ in 0..LEFT_STEPS {
        let (mut errors, mut places) = ([0.0; FITTED_BITS], [0.0; FITTED_BITS]);
        for &(x, at, is_end) in points {
            errors[at] += squash(x + left[at]) - is_end;
            places[at] += 1.0;
        }
        for ((left, error), places) in left.iter_mut().zip(errors).zip(places) {
            *left -= error / f64::max(places, LEAST_PLACES);
        }
    }
    left
}

fn written(weights: &Weights, biases: &Biases, left: &[f64; FITTED_BITS]) -> String {
    let mut text = String::from(
        "//! The weights that `Ending` begins with, as `scripts/learn_message_values.sh` fitted them.\n\n\
         use super::{CLASSES, FAR_BITS, INPUTS, LENGTHS};\n\n\
         /// By class of the message's end so far.\n\
         pub const WEIGHTS: [[i32; INPUTS]; CLASSES] = [\n",
    );
    let row = |numbers: &[f64], unit: f64| -> String {
        let whole = |x: &f64| ((x * unit).round() as i32).to_string();
        numbers.iter().map(whole).collect::<Vec<_>>().join(", ")
    };
    for weights in weights {
        writeln!(text, "    [{}],", row(weights, 65_536.0)).expect("a string");
    }
    text += "];\n\n/// By that class and the class of the length.\n\
             pub const BIASES: [[i32; LENGTHS]; CLASSES] = [\n";
    for biases in biases {
        writeln!(text, "    [{}],", row(biases, 2048.0)).expect("a string");
    }
    let left: Vec<f64> = left[..FAR_BITS].iter().map(|x| x.clamp(-7.8, 7.8)).collect();
    write!(
        text,
        "];\n\n/// What speaks for an end where so many whole bits are left of the coded bytes.\n\
         pub const LEFT: [i32; FAR_BITS] = [\n    {},\n];\n",
        row(&left, 2048.0)
    )
    .expect("a string");
    text
}
