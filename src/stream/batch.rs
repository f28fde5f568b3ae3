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

/// The same for work that can tell something of the first job before it is done; `hear` is told, on this thread.
///
/// On a thread of the pool, which has work to do, nothing is told.
#[cfg(feature = "threads")]
pub(super) fn in_order_telling<T: Send, U: Send, S: Send>(
    jobs: Vec<T>,
    work: impl Fn(T, &(dyn Fn(S) -> bool + Sync)) -> U + Send + Sync,
    mut hear: impl FnMut(S) -> bool,
) -> Vec<U> {
    use std::sync::mpsc::sync_channel;
    /// What is told and not yet heard; whoever tells more waits.
    const UNHEARD: usize = 1;
    if rayon::current_thread_index().is_some() {
        return in_order(jobs, |job| work(job, &|_| true));
    }
    let mut results: Vec<Option<U>> = jobs.iter().map(|_| None).collect();
    let (tell, told) = sync_channel(UNHEARD);
    let mut tell = Some(tell);
    rayon::in_place_scope(|scope| {
        for (job, result) in jobs.into_iter().zip(&mut results) {
            let (tell, work) = (tell.take(), &work);
            scope.spawn(move |_| {
                let tell = |news| tell.as_ref().is_none_or(|tell| tell.send(news).is_ok());
                *result = Some(work(job, &tell));
            });
        }
        // Without jobs nobody tells anything.
        drop(tell);
        // It ends when the first job has ended, or with a refusal, which closes the channel.
        let _ = told.into_iter().all(&mut hear);
    });
    results.into_iter().flatten().collect()
}

/// The same for work that can tell something of the first job before it is done: here nobody hears it.
#[cfg(not(feature = "threads"))]
pub(super) fn in_order_telling<T: Send, U: Send, S: Send>(
    jobs: Vec<T>,
    work: impl Fn(T, &(dyn Fn(S) -> bool + Sync)) -> U + Send + Sync,
    _hear: impl FnMut(S) -> bool,
) -> Vec<U> {
    in_order(jobs, |job| work(job, &|_| true))
}

/// The groups to take at once when the caller asked for `threads`, 0 meaning all there are.
pub(super) fn at_once(threads: usize) -> usize {
    #[cfg(feature = "threads")]
    let available = rayon::current_num_threads();
    #[cfg(not(feature = "threads"))]
    let available = 1;
    if threads == 0 { available } else { threads.min(available) }
}
