//! The one unfinished file, which must be gone however the process ends.
//!
//! Only one output is written at a time. Its name is noted here before the file is made and until it has its final
//! name, where signal handlers and a failing allocator can get at it: they may neither wait nor allocate.

pub use noted::{hold, remove, remove_for_good};

#[cfg(unix)]
mod noted {
    use std::cell::UnsafeCell;
    use std::io;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;
    use std::sync::atomic::{AtomicU8, Ordering};
    use std::sync::{Mutex, MutexGuard, PoisonError};

    /// As long as the name of a file can be for the system, with the zero at its end.
    const PATH_BYTES: usize = libc::PATH_MAX as usize;

    /// No name, or one that is being changed.
    const NONE: u8 = 0;
    const NOTED: u8 = 1;
    /// The process is ending and the file removed.
    const REMOVED: u8 = 2;

    struct Noted {
        state: AtomicU8,
        path: UnsafeCell<[u8; PATH_BYTES]>,
    }

    // SAFETY: `path` is only written under `CHANGING` while the state is NONE, and only read by the one that took the
    // state from NOTED to REMOVED, after which nobody writes it any more.
    unsafe impl Sync for Noted {}

    static NOTED_FILE: Noted =
        Noted { state: AtomicU8::new(NONE), path: UnsafeCell::new([0; PATH_BYTES]) };
    static CHANGING: Mutex<()> = Mutex::new(());

    /// While this lives, a file is made, renamed or removed, and a signal that ends the process waits.
    pub struct Hold(#[expect(dead_code, reason = "held, not looked at")] MutexGuard<'static, ()>);

    pub fn hold() -> Hold {
        Hold(CHANGING.lock().unwrap_or_else(PoisonError::into_inner))
    }

    impl Hold {
        /// This file is to be removed if the process ends; it need not be there yet.
        pub fn note(&self, path: &Path) -> io::Result<()> {
            let bytes = path.as_os_str().as_bytes();
            if bytes.len() >= PATH_BYTES {
                return Err(io::Error::from_raw_os_error(libc::ENAMETOOLONG));
            }
            self.forget();
            // SAFETY: the state is NONE and we hold the lock, so nobody else reads or writes.
            let noted = unsafe { &mut *NOTED_FILE.path.get() };
            noted[..bytes.len()].copy_from_slice(bytes);
            noted[bytes.len()] = 0;
            NOTED_FILE.state.store(NOTED, Ordering::Release);
            Ok(())
        }

        /// There is nothing to remove any more.
        pub fn forget(&self) {
            let forgotten =
                NOTED_FILE.state.compare_exchange(NOTED, NONE, Ordering::AcqRel, Ordering::Acquire);
            while forgotten == Err(REMOVED) {
                // Another thread is ending the process: what we would make now would stay.
                std::thread::park();
            }
        }
    }

    /// Removes the file; at any moment, in a signal handler too, right before the process ends.
    pub fn remove() {
        let taken =
            NOTED_FILE.state.compare_exchange(NOTED, REMOVED, Ordering::AcqRel, Ordering::Acquire);
        if taken.is_ok() {
            // SAFETY: the bytes end with a zero and, in this state, are not written any more.
            unsafe { libc::unlink(NOTED_FILE.path.get().cast()) };
        }
    }

    /// Removes the file, once it is not being made or renamed, and sees to it that none is made any more.
    pub fn remove_for_good() {
        let hold = hold();
        remove();
        std::mem::forget(hold);
    }
}

#[cfg(not(unix))]
mod noted {
    use std::io;
    use std::path::{Path, PathBuf};
    use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

    static NOTED: Mutex<Option<PathBuf>> = Mutex::new(None);

    /// While this lives, a file is made, renamed or removed, and a signal that ends the process waits.
    pub struct Hold(std::cell::RefCell<MutexGuard<'static, Option<PathBuf>>>);

    pub fn hold() -> Hold {
        Hold(NOTED.lock().unwrap_or_else(PoisonError::into_inner).into())
    }

    impl Hold {
        /// This file is to be removed if the process ends; it need not be there yet.
        pub fn note(&self, path: &Path) -> io::Result<()> {
            **self.0.borrow_mut() = Some(path.to_owned());
            Ok(())
        }

        /// There is nothing to remove any more.
        pub fn forget(&self) {
            **self.0.borrow_mut() = None;
        }
    }

    /// Removes the file, unless it is being changed right now; right before the process ends.
    pub fn remove() {
        let noted = match NOTED.try_lock() {
            Ok(noted) => noted,
            Err(TryLockError::Poisoned(noted)) => noted.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        if let Some(path) = noted.as_ref() {
            let _ = std::fs::remove_file(path);
        }
    }

    /// Removes the file, once it is not being made or renamed, and sees to it that none is made any more.
    pub fn remove_for_good() {
        let hold = hold();
        if let Some(path) = hold.0.borrow().as_ref() {
            let _ = std::fs::remove_file(path);
        }
        std::mem::forget(hold);
    }
}
