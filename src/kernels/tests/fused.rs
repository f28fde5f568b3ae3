//! The fused functions against those that they put together, on every instruction set.

use super::Numbers;
use crate::kernels::*;

fn same(a: &QuantRows, b: &QuantRows) -> bool {
    let scales = |rows: &QuantRows| rows.scales.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    (a.rows, a.cols_padded, a.group_cols) == (b.rows, b.cols_padded, b.group_cols)
        && a.data == b.data
        && scales(a) == scales(b)
}

#[test]
fn norms_of_sums_are_quantised_as_one_by_one() {
    for isa in Isa::available() {
        for (cols, group) in [(1, 64), (63, 64), (64, 64), (100, 64), (256, 256), (320, 128)] {
            let mut numbers = Numbers::new(cols as u64);
            for wild in [false, true] {
                let (rows, stride) = (3, cols + 5);
                let mut draw =
                    |n: usize| if wild { numbers.wild(n) } else { numbers.floats(n, 9.0) };
                let (x, added, weight) = (draw(rows * cols), draw(rows * stride), draw(cols));
                for adds in [false, true] {
                    let (mut sums, mut normed) = (x.clone(), vec![0.0; rows * cols]);
                    for (i, sum) in sums.chunks_exact_mut(cols).enumerate() {
                        if adds {
                            add_assign(Isa::SCALAR, sum, &added[i * stride..][..cols]);
                        }
                        let out = &mut normed[i * cols..][..cols];
                        rms_norm(Isa::SCALAR, sum, &weight, 1e-6, out);
                    }
                    let mut wanted = QuantRows::default();
                    quantise_rows(Isa::SCALAR, &normed, cols, rows, cols, group, &mut wanted);
                    let (mut found, mut out) = (x.clone(), QuantRows::default());
                    let added = adds.then_some(Strided { values: &added, stride });
                    let mut buffer = vec![7.0; cols + 1];
                    let to = out.shaped(rows, cols, group);
                    norm_quantised(isa, &mut found, added, &weight, 1e-6, &mut buffer, to);
                    assert!(same(&out, &wanted), "{} {cols} {wild} {adds}", isa.name());
                    assert_eq!(super::bits(&found), super::bits(&sums));
                }
            }
        }
    }
}

#[test]
fn gated_rows_are_quantised_as_one_by_one() {
    for isa in Isa::available() {
        for (width, group) in [(1, 64), (64, 64), (100, 64), (192, 128), (768, 768)] {
            let mut numbers = Numbers::new(width as u64);
            for wild in [false, true] {
                let (rows, stride) = (2, 2 * width + 3);
                let n = rows * stride;
                let both = if wild { numbers.wild(n) } else { numbers.floats(n, 30.0) };
                let mut gated = vec![0.0; rows * width];
                for (i, out) in gated.chunks_exact_mut(width).enumerate() {
                    let (gate, up) = both[i * stride..][..2 * width].split_at(width);
                    silu_mul(Isa::SCALAR, gate, up, out);
                }
                let (mut wanted, mut out) = (QuantRows::default(), QuantRows::default());
                quantise_rows(Isa::SCALAR, &gated, width, rows, width, group, &mut wanted);
                let both = Strided { values: &both, stride };
                let mut buffer = vec![7.0; width];
                gated_quantised(isa, both, width, &mut buffer, out.shaped(rows, width, group));
                assert!(same(&out, &wanted), "{} {width} {wild}", isa.name());
            }
        }
    }
}

#[test]
fn heads_are_turned_and_quantised_as_one_by_one() {
    for isa in Isa::available() {
        for (queries, keys, dim) in [(1, 1, 64), (4, 2, 64), (3, 1, 128), (2, 2, 256)] {
            let in_row = queries + 2 * keys;
            let mut numbers = Numbers::new(dim as u64 + queries as u64);
            let rows = 2;
            let projected = numbers.floats(rows * in_row * dim, 4.0);
            let (cos, sin) =
                (numbers.floats(rows * dim / 2, 1.0), numbers.floats(rows * dim / 2, 1.0));
            let (bias, q_norm, k_norm) = (
                numbers.floats(in_row * dim, 1.0),
                numbers.floats(dim, 2.0),
                numbers.floats(dim, 2.0),
            );
            for (biased, normed) in [(false, false), (true, false), (false, true), (true, true)] {
                let mut values = projected.clone();
                for (i, head) in values.chunks_exact_mut(dim).enumerate() {
                    let (row, h) = (i / in_row, i % in_row);
                    if biased {
                        add_assign(Isa::SCALAR, head, &bias[h * dim..][..dim]);
                    }
                    if h >= queries + keys {
                        continue;
                    }
                    if normed {
                        let weight = if h < queries { &q_norm } else { &k_norm };
                        let before = head.to_vec();
                        rms_norm(Isa::SCALAR, &before, weight, 1e-6, head);
                    }
                    let angles = row * dim / 2..(row + 1) * dim / 2;
                    rope(Isa::SCALAR, head, &cos[angles.clone()], &sin[angles]);
                }
                let (mut wanted, mut out) = (QuantRows::default(), QuantRows::default());
                quantise_rows(Isa::SCALAR, &values, dim, rows * in_row, dim, dim, &mut wanted);
                let heads = Heads {
                    queries,
                    keys,
                    head_dim: dim,
                    bias: biased.then_some(&bias[..]),
                    norms: normed.then_some([&q_norm[..], &k_norm]),
                    eps: 1e-6,
                };
                let projected = Strided { values: &projected, stride: in_row * dim };
                let to = out.shaped(rows * in_row, dim, dim);
                heads_quantised(isa, projected, &cos, &sin, &heads, to);
                assert!(same(&out, &wanted), "{} {queries} {dim} {biased} {normed}", isa.name());
            }
        }
    }
}

#[test]
fn rows_in_parts_are_those_of_the_whole() {
    for (rows, cols, group) in [(5, 100, 64), (3, 256, 256), (1, 64, 64)] {
        let both = Numbers::new(5).floats(rows * 2 * cols, 9.0);
        let at = |row: usize| Strided { values: &both[row * 2 * cols..], stride: 2 * cols };
        let (mut wanted, mut out) = (QuantRows::default(), QuantRows::default());
        let mut buffer = vec![0.0; cols];
        let isa = Isa::SCALAR;
        gated_quantised(isa, at(0), cols, &mut buffer, wanted.shaped(rows, cols, group));
        for first in 0..=rows {
            let (part, rest) = out.shaped(rows, cols, group).split_at(first);
            assert_eq!((part.rows(), rest.rows()), (first, rows - first));
            gated_quantised(isa, at(0), cols, &mut buffer, part);
            gated_quantised(isa, at(first), cols, &mut buffer, rest);
            assert!(same(&out, &wanted));
        }
    }
}
