//! An import that is stopped leaves nothing behind.

use super::*;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[cfg(unix)]
#[test]
fn a_signal_during_an_import_leaves_no_half_model() {
    use std::os::unix::process::ExitStatusExt;

    let folder = Folder::new();
    small_model(&folder, small_config("llama"));
    // Long enough to be at work when the signal comes.
    fs::write(folder.path("text"), Random(8).bytes(200_000)).unwrap();
    let cache = folder.path("cache");
    let mut command = Command::new(env!("CARGO_BIN_EXE_llmzip"));
    let mut child = crate::signals::by_default(&mut command)
        .args(["models", "import", ".", "--bits", "4", "--calibrate", "text", "--name", "x"])
        .current_dir(folder.dir())
        .env("LLMZIP_CACHE", &cache)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let files = || fs::read_dir(&cache).map_or(0, |entries| entries.count());
    let patience = Instant::now();
    while files() == 0 {
        assert!(patience.elapsed() < Duration::from_secs(60), "no temporary file came");
        std::thread::sleep(Duration::from_millis(2));
    }
    let killed = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(killed.success());
    assert_eq!(child.wait().unwrap().signal(), Some(15));
    assert_eq!(files(), 0);
}
