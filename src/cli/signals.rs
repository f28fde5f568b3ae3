//! The end by a signal, which must leave no half file.
//!
//! The process dies of the signal itself, so that a shell sees 130 for SIGINT and 143 for SIGTERM, and stops a loop
//! that it runs us in. Signals that the parent had us ignore (`nohup`) stay ignored.

#[cfg(unix)]
pub use unix::{die_of, install, is_ignored, own_stack};

#[cfg(unix)]
mod unix {
    use std::io;
    use std::ptr;
    use std::sync::OnceLock;

    use libc::{c_int, c_void, sigaction, siginfo_t};

    use super::super::{exit, leftover};

    /// What another process sends, or the system when a time or a limit is over.
    const SENT: &[c_int] = &[
        libc::SIGHUP,
        libc::SIGINT,
        libc::SIGQUIT,
        libc::SIGTERM,
        libc::SIGUSR1,
        libc::SIGUSR2,
        libc::SIGALRM,
        libc::SIGVTALRM,
        libc::SIGPROF,
        libc::SIGXCPU,
        #[cfg(any(target_os = "linux", target_os = "android"))]
        libc::SIGIO,
        #[cfg(any(target_os = "linux", target_os = "android"))]
        libc::SIGPWR,
        #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
        libc::SIGSTKFLT,
    ];

    /// What an instruction of our own brings about, on the thread that ran it.
    const FAULTS: [c_int; 7] = [
        libc::SIGABRT,
        libc::SIGBUS,
        libc::SIGSEGV,
        libc::SIGILL,
        libc::SIGFPE,
        libc::SIGTRAP,
        libc::SIGSYS,
    ];

    /// What each fault did before, so that a stack that overflowed is still told as such.
    static BEFORE: [OnceLock<sigaction>; FAULTS.len()] = [const { OnceLock::new() }; FAULTS.len()];

    /// Bytes that handlers have, ours and those that were there before us.
    const HANDLER_BYTES: usize = 64 << 10;

    /// Gives this thread a stack of its own for handlers, for as long as the process lives.
    ///
    /// Rust's runtime has one for each thread, as small as the system allows. Where a processor has AMX, the registers that
    /// the system saves there leave no room for a handler, which then faults itself.
    pub fn own_stack() -> io::Result<()> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let saved_bytes = {
            /// AT_MINSIGSTKSZ: what the system saves there at most. It is 0 where the kernel does not say.
            const SAVED_AT_MOST: libc::c_ulong = 51;
            // SAFETY: the call takes a number and changes nothing.
            let saved = unsafe { libc::getauxval(SAVED_AT_MOST) } as usize;
            saved.max(libc::MINSIGSTKSZ)
        };
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let saved_bytes = libc::MINSIGSTKSZ;
        let stack = vec![0u8; saved_bytes + HANDLER_BYTES].leak();
        // SAFETY: the memory is this thread's alone, and never given back.
        unsafe {
            let mut own: libc::stack_t = std::mem::zeroed();
            own.ss_sp = stack.as_mut_ptr().cast();
            own.ss_size = stack.len();
            match libc::sigaltstack(&own, ptr::null_mut()) {
                0 => Ok(()),
                _ => Err(io::Error::last_os_error()),
            }
        }
    }

    /// From now on, signals that end the process clean up first.
    pub fn install() -> io::Result<()> {
        own_stack()?;
        // A file that grows beyond its limit is an error of writing, which says what was written.
        // SAFETY: nobody relies on what this signal did.
        unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
        for (signal, before) in FAULTS.into_iter().zip(&BEFORE) {
            if !is_ignored(signal) {
                let _ = before.set(action(signal));
                handle(signal)?;
            }
        }
        let mut sent = SENT.to_vec();
        #[cfg(any(target_os = "linux", target_os = "android"))]
        sent.extend(libc::SIGRTMIN()..=libc::SIGRTMAX());
        sent.retain(|&signal| !is_ignored(signal));
        // A thread of its own can wait until a file that is being renamed has its name.
        let mut signals = signal_hook::iterator::Signals::new(sent)?;
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            if let Some(signal) = signals.forever().next() {
                leftover::remove_for_good();
                die_of(signal);
            }
        })?;
        Ok(())
    }

    /// Ends the process by the signal, whatever is done about it.
    pub fn die_of(signal: c_int) -> ! {
        // SAFETY: these calls change what becomes of one signal, on the way out.
        unsafe {
            libc::signal(signal, libc::SIG_DFL);
            let mut set = std::mem::zeroed();
            libc::sigemptyset(&mut set);
            libc::sigaddset(&mut set, signal);
            libc::pthread_sigmask(libc::SIG_UNBLOCK, &set, ptr::null_mut());
            libc::raise(signal);
            libc::_exit(128 + signal)
        }
    }

    /// Whether nothing happens at this signal.
    pub fn is_ignored(signal: c_int) -> bool {
        action(signal).sa_sigaction == libc::SIG_IGN
    }

    fn action(signal: c_int) -> sigaction {
        // SAFETY: all zeros are an action; the call only writes to it.
        unsafe {
            let mut now = std::mem::zeroed();
            libc::sigaction(signal, ptr::null(), &mut now);
            now
        }
    }

    fn handle(signal: c_int) -> io::Result<()> {
        // SAFETY: `fault` does only what is allowed in a signal handler.
        unsafe {
            let mut new: sigaction = std::mem::zeroed();
            new.sa_sigaction = fault as *const () as usize;
            new.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigemptyset(&mut new.sa_mask);
            match libc::sigaction(signal, &new, ptr::null_mut()) {
                0 => Ok(()),
                _ => Err(io::Error::last_os_error()),
            }
        }
    }

    extern "C" fn fault(signal: c_int, info: *mut siginfo_t, _context: *mut c_void) {
        // SAFETY: the system gives a valid pointer.
        let code = unsafe { (*info).si_code };
        // Nothing lies behind this address of a mapped file: someone has cut it short, or its disk is gone.
        if signal == libc::SIGBUS && code == libc::BUS_ADRERR {
            exit::at_once(&["the model's file was cut short or cannot be read any more"]);
        }
        leftover::remove();
        // SAFETY: the calls are allowed here, and the actions are valid ones.
        unsafe {
            match FAULTS.iter().position(|&known| known == signal).map(|at| BEFORE[at].get()) {
                // The instruction is run again, and its fault is met by who met it before.
                Some(Some(before)) if code > 0 => {
                    libc::sigaction(signal, before, ptr::null_mut());
                }
                _ => {
                    libc::signal(signal, libc::SIG_DFL);
                    libc::raise(signal);
                }
            }
        }
    }
}

/// Faults have no handlers here.
#[cfg(not(unix))]
pub fn own_stack() -> std::io::Result<()> {
    Ok(())
}

/// From now on, an interrupt cleans up before it ends the process.
#[cfg(not(unix))]
pub fn install() -> std::io::Result<()> {
    let handler = || {
        super::leftover::remove_for_good();
        std::process::exit(130);
    };
    ctrlc::set_handler(handler).map_err(std::io::Error::other)
}
