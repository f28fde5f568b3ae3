//! What a download reports while it runs: the work is done by one thread, another passes the news on,
//! so that it can also tell when there are none.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// What happens during a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum News<'a> {
    /// Bytes came.
    Bytes {
        /// The file's name.
        file: &'a str,
        /// Bytes of it that are here.
        done: u64,
        /// Bytes in all, if known.
        total: Option<u64>,
    },
    /// A server has said nothing for a while; told once for each silence.
    Waiting {
        /// The server.
        host: &'a str,
        /// For how long.
        silence: Duration,
    },
    /// Something went wrong and is tried again.
    Pausing {
        /// The server.
        host: &'a str,
        /// What went wrong.
        why: &'a str,
        /// When it is tried again.
        pause: Duration,
    },
}

/// Is told what happens.
pub type Watch<'a> = dyn FnMut(News<'_>) + 'a;

/// News on their way.
enum Event {
    Asking { host: String },
    Bytes { file: String, done: u64, total: Option<u64> },
    Pausing { host: String, why: String, pause: Duration },
    Answered,
}

/// News that may be under way at once; a download waits for whoever reads them.
const MOST_EVENTS: usize = 16;

/// The downloading end.
pub(super) struct Talk {
    events: SyncSender<Event>,
}

impl Talk {
    /// A server is asked, and silence is its silence from here on.
    pub(super) fn asking(&self, host: &str) {
        self.tell(Event::Asking { host: host.to_owned() });
    }

    /// Bytes came.
    pub(super) fn bytes(&self, file: &str, done: u64, total: Option<u64>) {
        self.tell(Event::Bytes { file: file.to_owned(), done, total });
    }

    /// Nobody is asked for a while.
    pub(super) fn pausing(&self, host: &str, why: &str, pause: Duration) {
        let (host, why) = (host.to_owned(), why.to_owned());
        self.tell(Event::Pausing { host, why, pause });
    }

    /// All that was asked for came, and silence is our own.
    pub(super) fn answered(&self) {
        self.tell(Event::Answered);
    }

    fn tell(&self, event: Event) {
        // If nobody listens any more, nobody wants to know.
        drop(self.events.send(event));
    }
}

/// Does the work in a thread of its own, and tells `watch`, in this one, what happens, and after
/// `note_after` that nothing does.
pub(super) fn watched<T: Send>(
    note_after: Duration,
    watch: &mut Watch<'_>,
    work: impl FnOnce(&Talk) -> T + Send,
) -> T {
    let (events, news) = sync_channel(MOST_EVENTS);
    std::thread::scope(|scope| {
        let worker = scope.spawn(move || work(&Talk { events }));
        pass_on(&news, note_after, watch);
        worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn pass_on(news: &Receiver<Event>, note_after: Duration, watch: &mut Watch<'_>) {
    // Whom the program waits for, unless that was told already.
    let mut asked: Option<String> = None;
    let mut heard: Option<String> = None;
    let mut last = Instant::now();
    loop {
        let event = match &asked {
            Some(_) => news.recv_timeout(note_after),
            None => news.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match event {
            Ok(Event::Asking { host }) => {
                heard = Some(host.clone());
                asked = Some(host);
            }
            Ok(Event::Bytes { file, done, total }) => {
                asked.clone_from(&heard);
                watch(News::Bytes { file: &file, done, total });
            }
            Ok(Event::Pausing { host, why, pause }) => {
                (asked, heard) = (None, None);
                watch(News::Pausing { host: &host, why: &why, pause });
            }
            Ok(Event::Answered) => (asked, heard) = (None, None),
            Err(RecvTimeoutError::Timeout) => {
                if let Some(host) = asked.take() {
                    watch(News::Waiting { host: &host, silence: last.elapsed() });
                }
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
        last = Instant::now();
    }
}
