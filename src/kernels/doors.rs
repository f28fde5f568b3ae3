//! What is written once, for callers: each function runs as it was compiled for the instruction set that is given first.

use super::isa::Isa;
#[cfg(feature = "import")]
use super::operands::SUMS;
use super::operands::{FineQuery, Heads, Push, QuantPart, QuantRows, StepQueries, Strided};

/// Makes a function that callers see of each that the table has.
macro_rules! doors {
    ($(
        $(#[$doc:meta])*
        $vis:vis fn $name:ident($($arg:ident: $kind:ty),* $(,)?) $(-> $result:ty)?
            = $file:ident $([$($only:tt)*])?;
    )*) => {
        $(
            $(#[$doc])*
            $(#[cfg($($only)*)])?
            #[allow(clippy::too_many_arguments)]
            $vis fn $name(isa: Isa, $($arg: $kind),*) $(-> $result)? {
                // SAFETY: a value of `Isa` exists only where the CPU has its instructions; these functions ask for no more.
                unsafe { (isa.kernels().$name)($($arg),*) }
            }
        )*
    };
}
every_function! { doors }

/// Makes `out` the quantised `rows` rows of `cols` numbers at `x_stride`, as [`quantise_part`] does.
///
/// Panics when `x` is too short, there are no columns, or `group_cols` is neither a multiple of 64 nor at least `cols`.
pub fn quantise_rows(
    isa: Isa,
    x: &[f32],
    x_stride: usize,
    rows: usize,
    cols: usize,
    group_cols: usize,
    out: &mut QuantRows,
) {
    quantise_part(isa, x, x_stride, cols, out.shaped(rows, cols, group_cols));
}
