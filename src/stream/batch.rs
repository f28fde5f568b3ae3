//! Several groups at the same time, their results in order.

/// Does `work` for every job and gives the results in the jobs' order.
#[cfg(feature = "threads")]
pub(super) fn in_order<T: Send, U: Send>(
    jobs: Vec<T>,
    work: impl Fn(T) -> U + Send + Sync,
) -> Vec<U> {
    use rayon::prelude::*;
    if jobs.len() == 1 {
        // Alone: stay on this thread and leave the pool to the codec.
        return jobs.into_iter().map(work).collect();
    }
    jobs.into_par_iter().map(&work).collect()
}

/// Does `work` for every job and gives the results in the jobs' order.
#[cfg(not(feature = "threads"))]
pub(super) fn in_order<T: Send, U: Send>(
    jobs: Vec<T>,
    work: impl Fn(T) -> U + Send + Sync,
) -> Vec<U> {
    jobs.into_iter().map(work).collect()
}

/// The groups to take at once when the caller asked for `threads`, 0 meaning all there are.
pub(super) fn at_once(threads: usize) -> usize {
    #[cfg(feature = "threads")]
    let available = rayon::current_num_threads();
    #[cfg(not(feature = "threads"))]
    let available = 1;
    if threads == 0 { available } else { threads.min(available) }
}
