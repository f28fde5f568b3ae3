//! Whether the corrections of a file are what they are defined as.
//!
//! Some instruction sets multiply by activations without the 128 that was added to them, and need no correction then; all
//! others take off what the file has. They agree where it has 128 times the sums of the weights.

use super::layout::LinearSpan;
use crate::kernels::{Isa, LANES, gemm_u8i8, padded_cols, padded_rows, unpack_nibbles};

/// Whether each correction is 128 times the sum of a row's weights in a group; always where there are steps, since there
/// corrections are made when weights are unpacked.
pub fn are_sums(isa: Isa, span: &LinearSpan, tensors: &[u8]) -> bool {
    if span.step_cols != 0 {
        return true;
    }
    let [weights, _, corrections] = span.sections().map(|section| &tensors[section]);
    let corrections = corrections.as_chunks::<4>().0;
    let (width, height) = (padded_cols(span.cols), padded_rows(span.rows));
    let ones = vec![1; span.group_cols.min(width)];
    let mut unpacked = vec![0; if span.bits == 8 { 0 } else { LANES * width }];
    let panel_bytes = LANES * width / 8 * usize::from(span.bits);
    weights.chunks_exact(panel_bytes).enumerate().all(|(panel, packed)| {
        let packed: &[i8] = match span.bits {
            8 => bytemuck::cast_slice(packed),
            _ => {
                unpack_nibbles(isa, packed, &mut unpacked);
                &unpacked
            }
        };
        (0..width).step_by(ones.len()).enumerate().all(|(group, from)| {
            let cols = ones.len().min(width - from);
            let mut sums = [0; LANES];
            let weights = &packed[from * LANES..];
            let stride = cols * LANES;
            gemm_u8i8(isa, &ones, cols, 1, cols, weights, stride, 1, false, &mut sums, LANES);
            let of_panel = &corrections[group * height + panel * LANES..][..LANES];
            let equals = |(sum, correction): (i32, &[u8; 4])| {
                128 * i64::from(sum) == i64::from(i32::from_le_bytes(*correction))
            };
            sums.into_iter().zip(of_panel).all(equals)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::are_sums;
    use crate::kernels::Isa;
    use crate::model::builtin;
    use crate::model::layout::Layout;

    #[test]
    fn those_of_the_builtin_are_and_no_others() {
        let model = builtin();
        let mut tensors = model.stored_tensors().to_vec();
        for span in [&model.layout.embedding, &model.layout.blocks[0].down] {
            let [weights, _, corrections] = span.sections();
            for isa in Isa::available() {
                assert!(are_sums(isa, span, &tensors), "{}", isa.name());
                for at in [corrections.start, corrections.end - 1, weights.start, weights.end - 1] {
                    tensors[at] ^= 1;
                    assert!(!are_sums(isa, span, &tensors), "{} {at}", isa.name());
                    tensors[at] ^= 1;
                }
            }
        }
    }

    #[test]
    fn weights_of_four_bits_are_summed_where_they_have_no_steps() {
        let mut config = builtin().config.clone();
        (config.weight_bits, config.weight_group) = (4, 64);
        for steps in [0, 32] {
            config.weight_steps = steps;
            let layout = Layout::new(&config);
            let span = &layout.blocks[1].qkv;
            let [weights, _, last] = span.sections();
            let mut tensors = vec![0; layout.len];
            assert!(are_sums(Isa::SCALAR, span, &tensors));
            // A weight of 3 in the first row, the last column of a panel, and so in the last group.
            tensors[weights.start + 8 * span.cols - 32 + 3] = 3;
            assert_eq!(are_sums(Isa::SCALAR, span, &tensors), steps != 0);
            if steps == 0 {
                let groups = span.groups();
                let at = last.start + 4 * (groups - 1) * (span.scale_count() / groups);
                tensors[at..at + 4].copy_from_slice(&(3i32 * 128).to_le_bytes());
                assert!(are_sums(Isa::SCALAR, span, &tensors));
            }
        }
    }
}
