//! Rows of quantised matrices as the floats that they stand for, whatever form they are stored in.

use super::layout::{LinearSpan, floats};
use super::{Layout, Model};
use crate::kernels::{LANES, STEP_BYTES, STEP_COLS, packed_index, padded_cols, padded_rows};

impl Model {
    /// Where each tensor lies.
    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Floats of a norm or a bias at a place of the layout.
    pub(crate) fn floats(&self, at: usize, len: usize) -> &[f32] {
        self.vector(at, len)
    }

    /// The frequencies of the rotary pairs.
    pub(crate) fn inv_freq(&self) -> &[f64] {
        super::layout::doubles(self.tensors(), self.layout.inv_freq, self.config.head_dim / 2)
    }

    /// Appends row `row` of a matrix as floats, `span.cols` of them, and the scale of each group.
    ///
    /// Whoever quantises the floats to the same bits and groups gets the same weights and scales: the largest of a group
    /// is `scale * limit`, and where `scale` is the quotient of some float and the limit, that product divided by the
    /// limit is `scale` again, though both are rounded. A test tries all of them.
    pub(crate) fn restore_row(
        &self,
        span: &LinearSpan,
        row: usize,
        values: &mut Vec<f32>,
        scales: &mut Vec<f32>,
    ) {
        let tensors = self.tensors();
        let all = floats(tensors, span.sections()[1].start, span.scale_count());
        let (first, height) = (scales.len(), padded_rows(span.rows));
        scales.extend((0..span.groups()).map(|group| all[group * height + row]));
        if span.bits == 8 {
            let at = values.len();
            values.resize(at + span.cols, 0.0);
            return span.dequantise_row(tensors, row, &mut values[at..]);
        }
        let halves = Halves::new(tensors, span, self.config.weight_max);
        let scale = |col: usize| scales[first + col / span.group_cols];
        values.extend((0..span.cols).map(|col| f32::from(halves.weight(row, col)) * scale(col)));
    }
}

/// A matrix of 4 bits where it lies.
struct Halves<'a> {
    width: usize,
    weights: &'a [u8],
    /// Steps and offsets, where there are any.
    steps: &'a [u8],
    step_cols: usize,
    limit: i16,
}

impl<'a> Halves<'a> {
    fn new(tensors: &'a [u8], span: &LinearSpan, weight_max: i8) -> Halves<'a> {
        let [weights, _, last] = span.sections();
        Halves {
            width: padded_cols(span.cols),
            weights: &tensors[weights],
            steps: &tensors[last],
            step_cols: span.step_cols,
            limit: i16::from(weight_max),
        }
    }

    /// The whole number that a product multiplies with.
    fn weight(&self, row: usize, col: usize) -> i16 {
        let at = packed_index(self.width, row, col);
        // 64 halves in 32 bytes: the low ones first.
        let byte = self.weights[at / 64 * 32 + at % 32];
        let half = if at % 64 < 32 { byte & 15 } else { byte >> 4 };
        if self.step_cols == 0 {
            // Four bits in two's complement.
            return i16::from((half << 4) as i8 >> 4);
        }
        let panel = row / LANES * (self.width / STEP_COLS);
        let place = (panel + col / STEP_COLS) * STEP_BYTES + row % LANES;
        let (step, offset) = (self.steps[place], self.steps[place + LANES] as i8);
        let byte = ((i16::from(step) * i16::from(half) + 4) >> 3) + i16::from(offset);
        byte.clamp(-self.limit, self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{Isa, unpack_nibbles, unpack_stepped};

    #[test]
    fn weights_of_four_bits_are_those_that_products_unpack() {
        let (width, limit) = (192, 63);
        let noise = |len: usize| (0..len).map(|i| (i * i * 31 + i * 7) as u8).collect::<Vec<_>>();
        // Two panels.
        let weights = noise(2 * LANES * width / 2);
        let steps = noise(2 * width / STEP_COLS * STEP_BYTES);
        for step_cols in [0, STEP_COLS] {
            let mut unpacked = vec![0i8; 2 * LANES * width];
            let mut sums = vec![0; 2 * LANES * width / STEP_COLS];
            match step_cols {
                0 => unpack_nibbles(Isa::SCALAR, &weights, &mut unpacked),
                _ => unpack_stepped(Isa::SCALAR, &weights, &steps, limit, &mut unpacked, &mut sums),
            }
            let (weights, steps, limit) = (&weights[..], &steps[..], i16::from(limit));
            let halves = Halves { width, weights, steps, step_cols, limit };
            for (row, col) in (0..2 * LANES).flat_map(|row| (0..width).map(move |col| (row, col))) {
                let wanted = i16::from(unpacked[packed_index(width, row, col)]);
                assert_eq!(halves.weight(row, col), wanted, "{step_cols}: {row}, {col}");
            }
        }
    }

    #[test]
    fn the_largest_of_a_group_has_its_scale_again() {
        // All floats from 1 to 2; others differ in the exponent, which no step of this looks at.
        let first = 1.0f32.to_bits();
        for limit in [63.0, 127.0] {
            for float in (first..first + (1 << 23)).map(f32::from_bits) {
                let scale = float / limit;
                assert_eq!(scale * limit / limit, scale, "{float} / {limit}");
            }
        }
    }
}
