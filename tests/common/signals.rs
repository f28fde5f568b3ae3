//! Children that meet signals as the system's own defaults have it.
//!
//! What a process ignores or holds back, its children do too: under `nohup` or a shell's `&`, a test that sends SIGINT
//! to the program would wait for ever, since the program rightly goes on ignoring it.

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Lets a child begin with no signal ignored or held back, whatever our own parent wanted of us.
pub fn by_default(command: &mut Command) -> &mut Command {
    let reset = || {
        let last = if cfg!(target_os = "linux") { 64 } else { 31 };
        // SAFETY: all three calls are allowed between fork and exec. Numbers that are no signal, or that cannot be
        // changed, are refused without harm; the set is filled before it is used.
        unsafe {
            for signal in 1..=last {
                libc::signal(signal, libc::SIG_DFL);
            }
            let mut none = std::mem::zeroed();
            libc::sigemptyset(&mut none);
            libc::sigprocmask(libc::SIG_SETMASK, &none, std::ptr::null_mut());
        }
        Ok(())
    };
    // SAFETY: `reset` allocates nothing and takes no lock.
    unsafe { command.pre_exec(reset) }
}
