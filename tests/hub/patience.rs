//! Servers that are slow, busy, or never stop.

use super::stage::{COMMIT, Manners, Mood, Stage, calm, hurry, wanted, weights};
use llmzip::import::hub::{News, Patience};
use std::time::{Duration, Instant};

/// Short times if one of the servers says nothing.
fn patience(moods: &[Mood]) -> Patience {
    match moods.iter().any(|mood| matches!(mood, Mood::Silent | Mood::Stalls(_))) {
        true => hurry(),
        false => calm(),
    }
}

/// What a fetch from a store of these moods gives, the news of the store, and how often it was asked.
fn fetch_from(first: &'static [Mood]) -> (Result<Vec<u8>, String>, Vec<String>, usize) {
    let stage = Stage::new(Manners { first, ..Manners::default() });
    let home = tempfile::tempdir().unwrap();
    let mut news = Vec::new();
    let hub = stage.hub(home.path(), &[]).with_patience(patience(first));
    let fetched = hub.fetch(&wanted(&[], COMMIT), &mut |event| match event {
        News::Waiting { host, .. } if host.starts_with("localhost:") => {
            news.push(format!("waiting for {host}"));
        }
        News::Pausing { host, why, .. } if host.starts_with("localhost:") => {
            news.push(why.to_owned());
        }
        _ => {}
    });
    let weights = fetched
        .map(|fetched| std::fs::read(fetched.dir.join("model.safetensors")).unwrap())
        .map_err(|error| error.to_string());
    (weights, news, stage.seen().iter().filter(|seen| seen.store).count())
}

#[test]
fn a_server_that_takes_the_connection_and_says_nothing_is_given_up() {
    let start = Instant::now();
    let (result, news, asked) = fetch_from(&[Mood::Silent; 9]);
    let error = result.unwrap_err();
    assert!(error.contains("localhost:") && error.contains("0.3 s"), "{error}");
    assert!(error.contains("given up after 4 tries"), "{error}");
    assert_eq!(asked, 4);
    // Each silence is told once, each new try as well.
    let waits = news.iter().filter(|news| news.starts_with("waiting for localhost:")).count();
    assert_eq!((waits, news.len()), (4, 7), "{news:?}");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn a_body_that_stalls_is_taken_up_where_it_stopped() {
    let (result, news, asked) = fetch_from(&[Mood::Stalls(70_000)]);
    assert!(result.unwrap() == weights());
    assert_eq!(asked, 2);
    assert!(news.iter().any(|news| news == "sent nothing for 0.3 s"), "{news:?}");
    // One that brings a little each time is given up all the same.
    let (result, _, asked) = fetch_from(&[Mood::Stalls(10); 9]);
    let error = result.unwrap_err();
    assert!(error.contains("sent nothing for 0.3 s") && asked == 4, "{asked}: {error}");
}

#[test]
fn a_busy_server_is_asked_again_and_not_for_ever() {
    let (result, news, asked) = fetch_from(&[Mood::Says("429 Too Many Requests")]);
    assert!(result.unwrap() == weights());
    let pauses: Vec<_> = news.iter().filter(|news| !news.starts_with("waiting for")).collect();
    assert_eq!((asked, pauses), (2, vec![&"says 429 Too Many Requests".to_owned()]));
    let (result, _, asked) = fetch_from(&[Mood::Says("503 Service Unavailable"); 3]);
    assert!(result.unwrap() == weights());
    assert_eq!(asked, 4);
    for status in ["500 Internal Server Error", "502 Bad Gateway", "504 Gateway Timeout"] {
        let first: &'static [Mood] = vec![Mood::Says(status); 5].leak();
        let (result, _, asked) = fetch_from(first);
        let error = result.unwrap_err();
        assert!(error.contains(&status[..3]) && asked == 4, "{error}");
    }
    // What will not pass is not asked again.
    let (result, _, asked) = fetch_from(&[Mood::Says("410 Gone"); 5]);
    assert!(result.unwrap_err().contains("410") && asked == 1);
}

#[test]
fn a_server_is_left_alone_as_long_as_it_asks_and_no_longer_than_makes_sense() {
    let start = Instant::now();
    let (result, _, asked) = fetch_from(&[Mood::Says("429 Too Many Requests\r\nretry-after: 1")]);
    assert!(result.is_ok() && asked == 2);
    assert!(start.elapsed() >= Duration::from_secs(1));
    let date = "503 Busy\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
                retry-after: Sun, 06 Nov 1994 09:49:37 GMT";
    for (says, seconds) in [
        ("429 Too Many Requests\r\nretry-after: 86400", "86400 s"),
        ("429 Too Many Requests\r\nretry-after: 18446744073709551615", "18446744073709551615 s"),
        (date, "3600 s"),
    ] {
        let (result, _, asked) = fetch_from(vec![Mood::Says(says)].leak());
        let error = result.unwrap_err();
        assert!(error.contains(seconds) && error.contains("try again later"), "{error}");
        assert_eq!(asked, 1);
    }
    // A date that means nothing is no reason to wait or to give up.
    let (result, _, asked) = fetch_from(&[Mood::Says("503 Busy\r\nretry-after: soon")]);
    assert!(result.is_ok() && asked == 2);
}

#[test]
fn more_bytes_than_the_hub_announced_are_not_taken() {
    let (result, _, asked) = fetch_from(&[Mood::Floods; 5]);
    let error = result.unwrap_err();
    assert!(error.contains("more came than the hub announced") && asked == 1, "{error}");
}

#[test]
fn the_hub_itself_is_waited_for_no_longer_than_the_store() {
    let fetch = |hub_first: &'static [Mood]| {
        let stage = Stage::new(Manners { hub_first, ..Manners::default() });
        let home = tempfile::tempdir().unwrap();
        let mut pauses = 0;
        let hub = stage.hub(home.path(), &[]).with_patience(patience(hub_first));
        let fetched = hub.fetch(&wanted(&[], "main"), &mut |news| {
            pauses += usize::from(matches!(news, News::Pausing { .. }));
        });
        (fetched.map(|fetched| fetched.commit).map_err(|error| error.to_string()), pauses)
    };
    let start = Instant::now();
    let (result, pauses) = fetch(&[Mood::Silent; 9]);
    let error = result.unwrap_err();
    assert!(error.contains("127.0.0.1:") && error.contains("given up after 4 tries"), "{error}");
    assert_eq!(pauses, 3);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    for first in
        [Mood::Silent, Mood::Stalls(0), Mood::Says("429 Slow down"), Mood::Says("503 Busy")]
    {
        let (result, pauses) = fetch(vec![first; 3].leak());
        assert!(result.as_deref() == Ok(COMMIT) && pauses >= 3, "{pauses}: {result:?}");
    }
    // A list of files that ends early is asked for again; another kind of answer is not.
    let (result, pauses) = fetch(&[Mood::Says("200 OK")]);
    assert_eq!((result.as_deref(), pauses), (Ok(COMMIT), 1));
    let (result, pauses) = fetch(&[Mood::Says("404 Not Found"); 2]);
    assert!(result.unwrap_err().contains("the hub has no Owner/Model at main") && pauses == 0);
    let (result, pauses) = fetch(&[Mood::Says("401 Unauthorized"); 2]);
    assert!(result.unwrap_err().contains("HF_TOKEN") && pauses == 0);
}

#[test]
fn lists_and_files_without_end_are_not_taken() {
    let home = tempfile::tempdir().unwrap();
    let stage = Stage::new(Manners { hub_first: &[Mood::Floods], ..Manners::default() });
    let hub = stage.hub(home.path(), &[]);
    let error = hub.fetch(&wanted(&[], COMMIT), &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("a list of files of more than 16777216 bytes"), "{error}");
    // A configuration that is announced too large is not asked for.
    let stage = Stage::new(Manners { announces_more: 3 << 20, ..Manners::default() });
    let hub = stage.hub(home.path(), &[]);
    let error = hub.fetch(&wanted(&[], COMMIT), &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("config.json") && error.contains("at most"), "{error}");
    assert_eq!(stage.seen().len(), 1);
    // One that is shorter than announced is asked for again.
    let stage = Stage::new(Manners { announces_more: 1, ..Manners::default() });
    let hub = stage.hub(home.path(), &[]);
    let error = hub.fetch(&wanted(&[], COMMIT), &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("given up after 4 tries"), "{error}");
}
