//! The table of functions that an instruction set fills in.
//!
//! Some are written for each set: products, and what else a set has instructions for. Everything else is written once, as
//! plain Rust in a fixed order, and compiled for each set with its instructions allowed: the bits stay equal, because
//! IEEE 754 operations give the same result in a vector as alone, and no set is allowed to fuse a multiplication with
//! an addition, since Rust never asks for that. A set may still put a function of its own in the place of a compiled one.
//!
//! A new function is a line in `every_function` and a body in a file of `plain`.

#[cfg(feature = "import")]
use super::operands::SUMS;
use super::operands::{
    FineQuery, Heads, LayerPart, Operands, Push, QuantPart, Raw, Scaled, StepQueries, Strided,
};

/// Lists what is written once: what it promises, who may call it, and the file of `plain` that has its body, which is
/// `#[inline(always)]` so that it takes on the instructions of the function that it is compiled into.
///
/// The list goes to the macro `$then`, behind what else that is given.
macro_rules! every_function {
    ($then:ident $($given:tt)*) => {
        $then! {
            $($given)*

            /// Divides a row by its root mean square, then multiplies it by `weight`.
            ///
            /// The squares are summed in 16 lanes (element `i` in lane `i % 16`), the lanes in a fixed
            /// tree; `mean = sum / n`, `r = 1 / sqrt(mean + eps)`, `out = (x * r) * weight`.
            ///
            /// Panics when the lengths differ.
            pub fn rms_norm(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) = elementwise;

            /// Computes `out = (gate / (1 + exp(-gate))) * up`, with our own exponential.
            ///
            /// Panics when the lengths differ.
            pub fn silu_mul(gate: &[f32], up: &[f32], out: &mut [f32]) = elementwise;

            /// Adds `y` to `x`.
            ///
            /// Panics when the lengths differ.
            pub fn add_assign(x: &mut [f32], y: &[f32]) = elementwise;

            /// Rotates the pairs (`head[i]`, `head[i + half]`), where `half` is the length of `cos`.
            ///
            /// `(a, b)` becomes `(a * cos - b * sin, b * cos + a * sin)`.
            ///
            /// Panics unless `sin` is as long as `cos` and `head` twice as long.
            pub fn rope(head: &mut [f32], cos: &[f32], sin: &[f32]) = rope;

            /// Quantises rows of `cols` numbers at `x_stride`: as many as `out` has.
            ///
            /// Of each group the largest magnitude becomes 127: `scale = largest / 127`,
            /// `q = round_even(x * (127 / largest))`. A group whose largest magnitude is below 2^-60, or
            /// that holds an infinity or NaN, becomes all zeros with scale 0.
            ///
            /// Panics when `x` is too short or `out` has fewer columns.
            pub fn quantise_part(
                x: &[f32],
                x_stride: usize,
                cols: usize,
                out: QuantPart<'_>,
            ) = quantise;

            /// Adds `added` to the rows of `x`, where there is any, and quantises their norms.
            ///
            /// The rows of `x` are as long as `weight` and lie end to end; `buffer` has room for one.
            ///
            /// Panics when `added` or `buffer` is too short, or `out` does not fit.
            pub fn norm_quantised(
                x: &mut [f32],
                added: Option<Strided<'_>>,
                weight: &[f32],
                eps: f32,
                buffer: &mut [f32],
                out: QuantPart<'_>,
            ) = fused;

            /// Quantises the gated activations of rows, each `width` gates and then as many others.
            ///
            /// `buffer` has room for `width` numbers.
            ///
            /// Panics when `both` or `buffer` is too short, or `out` does not fit.
            pub fn gated_quantised(
                both: Strided<'_>,
                width: usize,
                buffer: &mut [f32],
                out: QuantPart<'_>,
            ) = fused;

            /// Quantises each head of each row by itself, those of queries and keys normed and rotated first.
            ///
            /// Each row of `projected` is heads end to end; `cos` and `sin` are `[row][head_dim / 2]`. Row
            /// `r * (queries + 2 * keys) + h` of `out` is head `h` of row `r`.
            ///
            /// Panics when lengths do not fit.
            pub fn heads_quantised(
                projected: Strided<'_>,
                cos: &[f32],
                sin: &[f32],
                heads: &Heads<'_>,
                out: QuantPart<'_>,
            ) = fused;

            /// Makes weights of 8 bits from the raw scores of queries.
            pub(crate) fn weigh_in_steps(queries: &mut StepQueries<'_>) = steps;

            /// Makes weights of 15 bits from the raw scores of a query, and gives its factor.
            pub(crate) fn weigh_finely(query: &mut FineQuery<'_>) -> f32 = fine;

            /// Computes `out = f32(sum) * factor`.
            ///
            /// Panics when the lengths differ.
            pub fn combine_values(sums: &[i32], factor: f32, out: &mut [f32]) = combine;

            /// Computes `out = f32(256 * high + low) * factor`, the integer exact.
            ///
            /// Panics when the lengths differ.
            pub fn combine_fine_values(
                high: &[i32],
                low: &[i32],
                factor: f32,
                out: &mut [f32],
            ) = combine;

            /// Turns logits into frequencies, sums them before each block of 16, and gives the first of the largest.
            ///
            /// `freq = 1 + 65,280 * 2^13 * exp(logit - max)`, to one part in 5,000: `EXACTNESS.md` has the steps.
            /// `block_prefix[b]` is the sum of all frequencies before `16 * b`; its last element is the sum of all.
            ///
            /// Panics unless `freqs` is as long as `logits`, and `block_prefix` has one element for each begun block of
            /// 16 and one more.
            pub fn frequencies(
                logits: &[f32],
                freqs: &mut [u32],
                block_prefix: &mut [u64],
            ) -> usize = frequencies;

            /// Unpacks blocks of 64 weights from 32 bytes each.
            ///
            /// Weight `i` of a block is the low half of byte `i` for `i` below 32, and the high half of byte
            /// `i - 32` above; a half is a number from -8 to 7 in two's complement. The weights come out in
            /// the order in which [`pack`](super::pack) would have put them.
            ///
            /// Panics unless `packed` is whole blocks and `out` is twice as long.
            pub fn unpack_nibbles(packed: &[u8], out: &mut [i8]) = nibbles;

            /// Unpacks blocks of 64 weights from 32 bytes each, by a step and an offset for each row and 32 columns.
            ///
            /// Halves lie as in [`unpack_nibbles`], and are numbers `q` from 0 to 15. Every 8 blocks, 32 columns of a panel, have
            /// 16 steps, u8, and then 16 offsets, i8, in `steps`. A weight is `((step * q + 4) >> 3) + offset`, within +-`limit`,
            /// which is 127 or less. `sums` gets the sums of the weights of each row and 32 columns.
            ///
            /// Panics unless all are as long as each other say.
            pub fn unpack_stepped(
                packed: &[u8], steps: &[u8], limit: i8, out: &mut [i8], sums: &mut [i32],
            ) = nibbles;

            /// Adds the pushes to a row's fine weights and rounds these to what a product sees.
            ///
            /// `fine[col] += step * (states[state][col] - 128)` for all pushes, modulo 2^32, then limited to 64 steps
            /// either way; `to[col] = from[col] + ((fine[col] + dither(col)) >> 20)`, limited to `most` either way.
            /// `from` and `to` begin at the row's first byte in packed matrices of as many columns as `fine` has, a
            /// multiple of 64. Returns the sum of the row in `to`.
            ///
            /// Panics where a slice is too short.
            pub fn teach_row(
                fine: &mut [i32],
                pushes: &[Push],
                states: &[u8],
                from: &[i8],
                to: &mut [i8],
                most: i8,
            ) -> i32 = teaching;

            /// Adds `factors[i] * rows[i][j]` to each `sums[j]`, for `i` in ascending order.
            ///
            /// Panics where a row is shorter than `sums`.
            pub fn add_rows(
                sums: &mut [f64],
                factors: &[f64],
                rows: &[&[f64]],
            ) = double [feature = "import"];

            /// Gives the sum of `factors[i] * rows[i]` for `i` in ascending order, beginning at 0.
            pub fn weighted_rows(
                factors: &[f64],
                rows: &[[f64; SUMS]],
                out: &mut [f64; SUMS],
            ) = double [feature = "import"];
        }
    };
}

/// Makes the table's type.
macro_rules! table {
    ($(
        $(#[$doc:meta])*
        $vis:vis fn $name:ident($($arg:ident: $kind:ty),* $(,)?) $(-> $result:ty)?
            = $file:ident $([$($only:tt)*])?;
    )*) => {
        /// What an instruction set does.
        ///
        /// # Safety
        /// Whoever calls one of the functions knows that the CPU has the set's instructions. The products ask for more.
        pub struct Kernels {
            /// The name that `LLMZIP_ISA` uses for it.
            pub name: &'static str,
            /// Products whose sums stay as they are.
            ///
            /// # Safety
            /// [`Operands::check`] has seen the operands; the sink takes every row and panel.
            pub product_raw: unsafe fn(&Operands<'_>, &mut Raw),
            /// Products whose sums become numbers.
            ///
            /// # Safety
            /// As for `product_raw`.
            pub product_scaled: unsafe fn(&Operands<'_>, &mut Scaled),
            /// Products of a layer of several scale groups; without one, they are made group by group by
            /// `product_scaled`.
            ///
            /// # Safety
            /// All that the part speaks of is there, as `linear` checks.
            pub grouped: Option<unsafe fn(&LayerPart<'_>)>,
            /// Products of one scale group and fewer rows than this ask for what is awaited.
            pub asks_below: usize,
            $(
                $(#[cfg($($only)*)])?
                #[doc = concat!("[`", stringify!($name), "`](super::doors::", stringify!($name), ")")]
                pub $name: unsafe fn($($kind),*) $(-> $result)?,
            )*
        }
    };
}
every_function! { table }

/// Compiles every function with an attribute, and makes a table of them and of the fields that are given.
macro_rules! compile {
    (
        $table:ident #[$with:meta] { $($field:tt)* }
        $(
            $(#[$doc:meta])*
            $vis:vis fn $name:ident($($arg:ident: $kind:ty),* $(,)?) $(-> $result:ty)?
                = $file:ident $([$($only:tt)*])?;
        )*
    ) => {
        $(
            $(#[cfg($($only)*)])?
            #[$with]
            fn $name($($arg: $kind),*) $(-> $result)? {
                $crate::kernels::plain::$file::$name($($arg),*)
            }
        )*

        /// The functions of plain code, compiled for this set.
        pub const $table: $crate::kernels::table::Kernels = $crate::kernels::table::Kernels {
            $($(#[cfg($($only)*)])? $name,)*
            $($field)*
        };
    };
}
