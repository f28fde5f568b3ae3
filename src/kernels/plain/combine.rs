//! Weighted sums of values to numbers.

#[inline(always)]
pub fn combine_values(sums: &[i32], factor: f32, out: &mut [f32]) {
    assert!(sums.len() == out.len(), "different lengths");
    for (out, &sum) in out.iter_mut().zip(sums) {
        *out = sum as f32 * factor;
    }
}

#[inline(always)]
pub fn combine_fine_values(high: &[i32], low: &[i32], factor: f32, out: &mut [f32]) {
    assert!(high.len() == out.len() && low.len() == out.len(), "different lengths");
    for ((out, &high), &low) in out.iter_mut().zip(high).zip(low) {
        // Below 2^40, so exact in double precision, where vectors convert faster than from i64.
        let sum = 256.0 * f64::from(high) + f64::from(low);
        *out = sum as f32 * factor;
    }
}
