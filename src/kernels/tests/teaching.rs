//! Rows that learn, against a plain reading of what is specified.

use super::Numbers;
use crate::kernels::*;

/// `EXACTNESS.md`, word by word, for one column; returns the fine weight and the one that products see.
fn column(fine: i32, pushes: &[(i16, u8)], col: usize, from: i8, most: i8) -> (i32, i8) {
    let pushed = pushes.iter().fold(i64::from(fine), |sum, &(step, state)| {
        sum + i64::from(step) * (i64::from(state) - 128)
    });
    let fine = i64::from(pushed as i32).clamp(-(64 << 20), 64 << 20);
    let dither = ((col as u64 + 1) * 2_654_435_769 % (1 << 32)) >> 12;
    let moved = (fine + dither as i64).div_euclid(1 << 20);
    let most = i64::from(most);
    (fine as i32, (i64::from(from) + moved).clamp(-most, most) as i8)
}

#[test]
fn rows_learn_as_specified_on_every_instruction_set() {
    for isa in Isa::available() {
        for (width, n_pushes, loud) in
            [(64, 0, false), (64, 1, true), (128, 5, false), (256, 9, true), (320, 3000, true)]
        {
            let mut numbers = Numbers::new(width as u64 + n_pushes);
            for (row, most) in [(0, 63), (5, 127), (15, 1)] {
                let mut weights = vec![0i8; 16 * width];
                weights.fill_with(|| (numbers.byte() as i8).clamp(-most, most));
                let packed = pack(16, width, &weights);
                let n_states = 7;
                let states: Vec<u8> = (0..n_states * width)
                    .map(|i| if loud && i % 3 == 0 { 255 } else { numbers.byte() })
                    .collect();
                let mut fine: Vec<i32> = (0..width)
                    .map(|_| (numbers.next() as i32).clamp(-(64 << 20), 64 << 20))
                    .collect();
                let mut push = || {
                    let step = if loud { i16::MAX } else { numbers.next() as i16 };
                    Push { state: numbers.next() as u32 % n_states as u32, step }
                };
                let pushes: Vec<_> = (0..n_pushes).map(|_| push()).collect();
                let wanted: Vec<_> = (0..width)
                    .map(|col| {
                        let state = |push: &Push| states[push.state as usize * width + col];
                        let pushes: Vec<_> =
                            pushes.iter().map(|push| (push.step, state(push))).collect();
                        column(fine[col], &pushes, col, weights[row * width + col], most)
                    })
                    .collect();
                let mut out = vec![99i8; packed.len()];
                let at = packed_index(width, row, 0);
                let to = &mut out[at..];
                let sum = teach_row(isa, &mut fine, &pushes, &states, &packed[at..], to, most);
                for (col, &wanted) in wanted.iter().enumerate() {
                    let found = (fine[col], out[packed_index(width, row, col)]);
                    assert_eq!(found, wanted, "{} {width} {row} {col}", isa.name());
                }
                assert_eq!(sum, wanted.iter().map(|(_, weight)| i32::from(*weight)).sum::<i32>());
                // Other rows of the panel are nobody's business.
                let others = (0..16).filter(|&other| other != row);
                let mut places = others.flat_map(|row| (0..width).map(move |col| (row, col)));
                assert!(places.all(|(row, col)| out[packed_index(width, row, col)] == 99));
            }
        }
    }
}

#[test]
fn a_row_that_moved_by_less_than_half_a_step_is_already_seen_to_have_moved() {
    let width = 256;
    let from = vec![0i8; 16 * width];
    for parts in [1, 4, 16] {
        // A parts-th of a step everywhere.
        let mut fine = vec![(1 << FINE_BITS) / parts; width];
        let mut to = from.clone();
        let sum = teach_row(Isa::SCALAR, &mut fine, &[], &[], &from, &mut to, 63);
        let wanted = width as i32 / parts;
        assert!((sum - wanted).abs() <= 1, "{sum} of {wanted}");
    }
}
