//! Work spread over the threads of the caller's pool, or done in turn where there are none.
//!
//! Results never depend on this module: it only decides when and where things run.

/// Threads that work can be spread over.
pub fn threads() -> usize {
    #[cfg(feature = "threads")]
    return rayon::current_num_threads();
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
