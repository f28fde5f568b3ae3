//! The threads that work is spread over.
//!
//! They are rayon's own pool, as in the program: in it the library tells the verified beginning of a group before its end is
//! known. A process that was forked has none of that pool's threads and cannot make it again, and a number of threads that
//! is asked for later comes too late for it: then there is a pool of ours.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::errors::invalid;

/// The most threads that can be asked for, as on the command line.
const MOST_THREADS: i64 = 1024;

struct State {
    /// The process whose threads rayon's own pool has.
    home: Option<u32>,
    /// How many threads were asked for; 0 for one a core.
    asked: usize,
    /// A pool of ours, and the process that it is of.
    own: Option<(u32, Arc<ThreadPool>)>,
}

static STATE: Mutex<State> = Mutex::new(State { home: None, asked: 0, own: None });

/// Nothing is done while it is held that takes time, so that hardly any fork finds it held.
fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does `work` where it finds the threads of this process.
pub fn with_threads<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let process = std::process::id();
    let asked = {
        let mut state = state();
        match &state.own {
            Some((of, pool)) if *of == process => {
                let pool = pool.clone();
                drop(state);
                return pool.install(work);
            }
            _ => {}
        }
        if state.asked == 0 && *state.home.get_or_insert(process) == process {
            drop(state);
            return work();
        }
        state.asked
    };
    let Ok(pool) = ThreadPoolBuilder::new().num_threads(asked).build() else {
        // Without threads of its own the work takes longer.
        return work();
    };
    let pool = Arc::new(pool);
    let others = state().own.replace((process, pool.clone()));
    // That of the process before has no threads here, and would wait for them.
    std::mem::forget(others.filter(|(of, _)| *of != process));
    pool.install(work)
}

/// Sets how many threads each call spreads its work over, and they share; 0 for as many as there are cores.
///
/// What is compressed does not depend on it.
#[pyfunction]
pub fn set_threads(py: Python<'_>, threads: i64) -> PyResult<()> {
    if !(0..=MOST_THREADS).contains(&threads) {
        return Err(invalid(
            py,
            format!("{threads} threads; 0 to {MOST_THREADS} can be asked for"),
        ));
    }
    let before = {
        let mut state = state();
        state.asked = threads as usize;
        state.own.take()
    };
    std::mem::forget(before.filter(|(of, _)| *of != std::process::id()));
    Ok(())
}
