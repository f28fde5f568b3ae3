//! Work spread over the threads of the caller's pool, or done in turn where there are none.
//!
//! Results never depend on this module: it only decides when and where things run.

#[cfg(feature = "threads")]
use std::cell::Cell;
#[cfg(feature = "threads")]
use std::sync::OnceLock;
#[cfg(feature = "threads")]
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(feature = "threads")]
use std::time::{Duration, Instant};

/// Threads that one group is spread over at most: lanes are mixed one after the other, so more would wait for each other,
/// and each has buffers of its own.
pub const MOST_THREADS: usize = 32;

/// Whether the time can be told here: on bare WebAssembly, whoever asks for it panics.
pub const HAS_CLOCK: bool = !cfg!(all(target_family = "wasm", target_os = "unknown"));

/// Threads a core at most: more of them than cores only take turns, and what waits awake takes turns from what works.
#[cfg(feature = "threads")]
const THREADS_A_CORE: usize = 2;

/// Cores that this process may use.
#[cfg(feature = "threads")]
fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, |n| n.get()))
}

/// Threads that work can be spread over.
pub fn threads() -> usize {
    #[cfg(feature = "threads")]
    return rayon::current_num_threads().min(MOST_THREADS).min(THREADS_A_CORE * cores());
    #[cfg(not(feature = "threads"))]
    1
}

/// Does both, at the same time if possible.
pub fn join<A: Send, B: Send>(
    a: impl FnOnce() -> A + Send,
    b: impl FnOnce() -> B + Send,
) -> (A, B) {
    #[cfg(feature = "threads")]
    return rayon::join(a, b);
    #[cfg(not(feature = "threads"))]
    (a(), b())
}

/// Does `work` while other threads, as many as make `threads` with this one, stay awake for what it shares with them by
/// [`join`]: to wake one takes ten times as long as many a part of a step of a model.
///
/// They wait for the time of `work` only, and give up where nothing is shared for long; there are never more of them than
/// have a core each. Within `work` this does nothing more.
pub fn awake<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    #[cfg(feature = "threads")]
    // Who waits must know when to give up.
    let threads = if HAS_CLOCK { threads.min(cores()) } else { 1 };
    #[cfg(feature = "threads")]
    if threads > 1 && !AWAKE.get() {
        return with_others(threads - 1, || {
            let _awake = Awake::new();
            work()
        });
    }
    let _ = threads;
    work()
}

#[cfg(feature = "threads")]
thread_local! {
    /// Whether others stay awake for this thread already.
    static AWAKE: Cell<bool> = const { Cell::new(false) };
}

/// Says so as long as it lives.
#[cfg(feature = "threads")]
struct Awake;

#[cfg(feature = "threads")]
impl Awake {
    fn new() -> Self {
        AWAKE.set(true);
        Awake
    }
}

#[cfg(feature = "threads")]
impl Drop for Awake {
    fn drop(&mut self) {
        AWAKE.set(false);
    }
}

/// Does `work` while so many others stay awake.
#[cfg(feature = "threads")]
fn with_others<R: Send>(others: usize, work: impl FnOnce() -> R + Send) -> R {
    if others == 0 {
        return work();
    }
    let over = AtomicBool::new(false);
    let both = rayon::join(
        || {
            let _over = Over(&over);
            with_others(others - 1, work)
        },
        || wait_for_work(&over),
    );
    both.0
}

/// How long a thread stays awake without work.
#[cfg(feature = "threads")]
const LONGEST_WAIT: Duration = Duration::from_micros(500);

/// Does what others share until all is over.
#[cfg(feature = "threads")]
fn wait_for_work(over: &AtomicBool) {
    let mut since = Instant::now();
    while !over.load(Ordering::Relaxed) {
        match rayon::yield_now() {
            Some(rayon::Yield::Executed) => since = Instant::now(),
            _ if since.elapsed() > LONGEST_WAIT => return,
            _ => std::hint::spin_loop(),
        }
    }
}

/// Says that all is over, also if it ends in a panic.
#[cfg(feature = "threads")]
struct Over<'a>(&'a AtomicBool);

#[cfg(feature = "threads")]
impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does `work` to each item, several at the same time if possible.
pub fn for_each_mut<T: Send>(items: &mut [T], work: impl Fn(&mut T) + Send + Sync) {
    #[cfg(feature = "threads")]
    {
        use rayon::prelude::*;
        items.par_iter_mut().with_max_len(1).for_each(work);
    }
    #[cfg(not(feature = "threads"))]
    items.iter_mut().for_each(work);
}

/// Does `work` to each item and to each of those that it adds to its list, several at the same time if possible.
///
/// As long as one item leads to one other, nothing is allocated.
pub fn work_off<T: Send>(mut items: Vec<T>, work: impl Fn(T, &mut Vec<T>) + Sync) {
    #[cfg(feature = "threads")]
    {
        fn follow<'s, T: Send + 's>(
            scope: &rayon::Scope<'s>,
            mut items: Vec<T>,
            work: &'s (impl Fn(T, &mut Vec<T>) + Sync),
        ) {
            while let Some(mine) = items.pop() {
                for other in items.drain(..) {
                    scope.spawn(move |scope| follow(scope, vec![other], work));
                }
                work(mine, &mut items);
            }
        }
        let work = &work;
        rayon::scope(move |scope| follow(scope, std::mem::take(&mut items), work));
    }
    #[cfg(not(feature = "threads"))]
    while let Some(item) = items.pop() {
        work(item, &mut items);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn work_is_done_while_others_are_awake() {
        for threads in [0, 1, 2, 5] {
            let (a, b) = awake(threads, || join(|| 1, || awake(threads, || 2)));
            assert_eq!((a, b), (1, 2));
        }
    }

    #[test]
    fn others_do_not_stay_awake_after_a_panic() {
        let ended = std::panic::catch_unwind(|| awake(4, || panic!("as it should")));
        assert!(ended.is_err());
    }

    #[test]
    fn everything_is_worked_off_with_what_comes_of_it() {
        let seen = Mutex::new(Vec::new());
        // Each number leads to two that are half as large.
        work_off(vec![40u32, 7], |n, more| {
            seen.lock().unwrap().push(n);
            if n > 1 {
                more.extend([n / 2, n - n / 2]);
            }
        });
        let seen = seen.into_inner().unwrap();
        assert_eq!(seen.iter().filter(|&&n| n == 1).count(), 47);
        assert_eq!(seen.len(), 2 * 47 - 2);
    }
}
