//! Where the time of compressing one file went, as a table.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use llmzip::bench::Table;
use llmzip::codec::{Profile, Stage};

/// What is noted while a file is compressed.
pub struct Profiling {
    profile: Arc<Profile>,
    /// What other files had taken before.
    before: [Duration; Stage::ALL.len()],
    read_nanos: AtomicU64,
    write_nanos: AtomicU64,
}

impl Profiling {
    pub fn begin(profile: &Arc<Profile>) -> Profiling {
        Profiling {
            profile: profile.clone(),
            before: Stage::ALL.map(|stage| profile.time(stage)),
            read_nanos: AtomicU64::new(0),
            write_nanos: AtomicU64::new(0),
        }
    }

    /// Where nanoseconds of reading are added.
    pub fn reading(&self) -> &AtomicU64 {
        &self.read_nanos
    }

    /// Where nanoseconds of writing are added.
    pub fn writing(&self) -> &AtomicU64 {
        &self.write_nanos
    }

    /// One row a stage: seconds, and their part of all that were noted.
    pub fn table(&self, wall: Duration, threads: usize) -> String {
        let io = |nanos: &AtomicU64| Duration::from_nanos(nanos.load(Ordering::Relaxed));
        let mut rows = vec![("read", io(&self.read_nanos))];
        for (stage, before) in Stage::ALL.into_iter().zip(self.before) {
            let name = match stage {
                Stage::Copies => "transform",
                Stage::Tokenise => "tokenise",
                Stage::Model => "model",
                Stage::Mixer => "mixer",
                Stage::Coder => "coder",
            };
            rows.push((name, self.profile.time(stage).saturating_sub(before)));
        }
        rows.push(("write", io(&self.write_nanos)));
        let all: f64 = rows.iter().map(|(_, time)| time.as_secs_f64()).sum();
        let mut table = Table::new(&["<stage", "seconds", "%"]);
        for (name, time) in rows {
            let seconds = time.as_secs_f64();
            let part = 100.0 * seconds / all.max(1e-9);
            table.row(vec![name.into(), format!("{seconds:.4}"), format!("{part:.1}")]);
        }
        table.row(vec!["sum".into(), format!("{all:.4}"), "100.0".into()]);
        format!(
            "{table}{:.4} s by the clock on {threads} threads, which the stages share\n",
            wall.as_secs_f64()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_has_its_own_times() {
        let profile = Arc::new(Profile::default());
        let profiling = Profiling::begin(&profile);
        profiling.reading().fetch_add(30_000_000, Ordering::Relaxed);
        profiling.writing().fetch_add(10_000_000, Ordering::Relaxed);
        let table = profiling.table(Duration::from_millis(50), 2);
        assert!(table.contains("read        0.0300   75.0\n"), "{table}");
        assert!(table.contains("sum         0.0400  100.0\n"), "{table}");
        let next = Profiling::begin(&profile).table(Duration::ZERO, 2);
        assert!(next.contains("sum         0.0000  100.0\n"), "{next}");
    }
}
