//! Sums in double precision for those who quantise models; nothing here reaches the coder.
//!
//! Each element is added to in the written order and by itself, so the bits are the same with any
//! instruction set.

use crate::kernels::operands::SUMS;

#[inline(always)]
pub fn add_rows(sums: &mut [f64], factors: &[f64], rows: &[&[f64]]) {
    let n = sums.len();
    let (fours, rest) = rows.as_chunks::<4>();
    let (factor_fours, factor_rest) = factors.as_chunks::<4>();
    for ([a, b, c, d], [fa, fb, fc, fd]) in fours.iter().zip(factor_fours) {
        let (a, b, c, d) = (&a[..n], &b[..n], &c[..n], &d[..n]);
        for (j, sum) in sums.iter_mut().enumerate() {
            // One after the other, as if the rows came alone.
            *sum = (((*sum + fa * a[j]) + fb * b[j]) + fc * c[j]) + fd * d[j];
        }
    }
    for (row, factor) in rest.iter().zip(factor_rest) {
        for (sum, value) in sums.iter_mut().zip(&row[..n]) {
            *sum += factor * value;
        }
    }
}

#[inline(always)]
pub fn weighted_rows(factors: &[f64], rows: &[[f64; SUMS]], out: &mut [f64; SUMS]) {
    let mut sums = [0.0; SUMS];
    for (factor, row) in factors.iter().zip(rows) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += factor * value;
        }
    }
    *out = sums;
}

#[cfg(test)]
mod tests {
    use super::SUMS;
    use crate::kernels::{Isa, add_rows, weighted_rows};

    #[test]
    fn sums_are_the_same_on_every_instruction_set() {
        let number = |i: usize| ((i * 2_654_435_761) % 1009) as f64 / 7.0 - 70.1;
        for n_rows in [0, 1, 3, 4, 5, 8, 11] {
            for len in [0, 1, 7, 8, 33, 64] {
                let rows: Vec<Vec<f64>> =
                    (0..n_rows).map(|r| (0..len).map(|j| number(r * 71 + j)).collect()).collect();
                let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
                let factors: Vec<f64> = (0..n_rows).map(|r| number(r + 5)).collect();
                let mut wanted: Vec<f64> = (0..len).map(number).collect();
                for (row, factor) in rows.iter().zip(&factors) {
                    wanted.iter_mut().zip(*row).for_each(|(sum, value)| *sum += factor * value);
                }
                for isa in Isa::available() {
                    let mut sums: Vec<f64> = (0..len).map(number).collect();
                    add_rows(isa, &mut sums, &factors, &rows);
                    assert_eq!(sums, wanted, "{}, {n_rows} rows of {len}", isa.name());
                }
            }
        }
        let rows: Vec<[f64; SUMS]> =
            (0..9).map(|r| std::array::from_fn(|j| number(r * 40 + j))).collect();
        let factors: Vec<f64> = (0..9).map(|r| number(3 * r)).collect();
        let mut wanted = [0.0; SUMS];
        super::weighted_rows(&factors, &rows, &mut wanted);
        for isa in Isa::available() {
            let mut out = [1.0; SUMS];
            weighted_rows(isa, &factors, &rows, &mut out);
            assert_eq!(out, wanted, "{}", isa.name());
        }
    }
}
