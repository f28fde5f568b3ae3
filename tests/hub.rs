//! Downloads from a stand-in for the hub on this machine, with everything that goes wrong.

#![cfg(feature = "cli")]

#[path = "hub/cache.rs"]
mod cache;
#[path = "hub/patience.rs"]
mod patience;
#[path = "hub/stage.rs"]
mod stage;

use llmzip::import::KnownFile;
use llmzip::import::hub::{Hub, News, Wanted};
use stage::{COMMIT, Manners, Mood, Stage, answer, listen, port, wanted};
use std::collections::HashMap;
use std::sync::Mutex;

#[test]
fn a_branch_becomes_a_commit_and_its_files() {
    let stage = Stage::new(Manners::default());
    let home = tempfile::tempdir().unwrap();
    let mut shown = 0;
    let fetched = stage
        .hub(home.path(), &[])
        .fetch(&wanted(&[], "main"), &mut |news| {
            if let News::Bytes { file: "model.safetensors", done, total } = news {
                (shown, _) = (done, assert_eq!(total, Some(300_000)));
            }
        })
        .unwrap();
    assert_eq!((fetched.commit.as_str(), shown), (COMMIT, 300_000));
    for (name, bytes) in &stage.files {
        assert!(std::fs::read(fetched.dir.join(name)).unwrap() == *bytes, "{name}");
    }
    assert!(fetched.dir.ends_with(format!("hub/models--Owner--Model/snapshots/{COMMIT}")));
    // What is here is not asked for again, and offline the branch is still known.
    let requests = stage.seen().len();
    let offline = stage.hub(home.path(), &[("HF_HUB_OFFLINE", "1")]);
    assert_eq!(offline.fetch(&wanted(&[], "main"), &mut |_| ()).unwrap().commit, COMMIT);
    assert_eq!(stage.seen().len(), requests);
}

#[test]
fn a_cut_connection_is_taken_up_again() {
    for ignores_ranges in [false, true] {
        let manners =
            Manners { cut_after: Some(100_000), cuts: 2, ignores_ranges, ..Manners::default() };
        let stage = Stage::new(manners);
        let home = tempfile::tempdir().unwrap();
        let fetched = stage.hub(home.path(), &[]).fetch(&wanted(&[], COMMIT), &mut |_| ()).unwrap();
        let weights = std::fs::read(fetched.dir.join("model.safetensors")).unwrap();
        assert!(weights == stage.files["model.safetensors"]);
        let ranges: Vec<_> =
            stage.seen().into_iter().filter(|seen| seen.store).map(|seen| seen.range).collect();
        assert_eq!(ranges[0], None);
        assert_eq!(ranges[1].as_deref(), Some("bytes=100000-"));
        if !ignores_ranges {
            assert_eq!(ranges[2].as_deref(), Some("bytes=200000-"));
        }
    }
}

#[test]
fn another_process_goes_on_where_one_stopped() {
    let stage = Stage::new(Manners::default());
    let home = tempfile::tempdir().unwrap();
    let repository = home.path().join("hub/models--Owner--Model");
    let file = repository.join("snapshots").join(COMMIT).join("model.safetensors");
    let blob = repository.join("blobs").join(stage.sha256("model.safetensors"));
    let part = blob.with_extension("llmzip-part");
    std::fs::create_dir_all(repository.join("blobs")).unwrap();
    let weights = &stage.files["model.safetensors"];
    std::fs::write(&part, &weights[..123_456]).unwrap();
    let hub = stage.hub(home.path(), &[]);
    hub.fetch(&wanted(&[], COMMIT), &mut |_| ()).unwrap();
    assert!(std::fs::read(&file).unwrap() == *weights);
    assert!(stage.seen().iter().any(|seen| seen.range.as_deref() == Some("bytes=123456-")));

    // A whole file that was not renamed yet, and one that is too long to be a part of this one.
    for stale in [weights.clone(), [&weights[..], b"more"].concat()] {
        let asked = stage.seen().iter().filter(|seen| seen.store).count();
        std::fs::remove_file(&file).unwrap();
        std::fs::remove_file(&blob).unwrap();
        std::fs::write(&part, &stale).unwrap();
        hub.fetch(&wanted(&[], COMMIT), &mut |_| ()).unwrap();
        assert!(std::fs::read(&file).unwrap() == *weights);
        let more = stage.seen().iter().filter(|seen| seen.store).count() - asked;
        assert_eq!(more, usize::from(stale.len() > weights.len()));
    }
    // The beginning of something else is found out by the hash, and is not gone on from again.
    std::fs::remove_file(&file).unwrap();
    std::fs::remove_file(&blob).unwrap();
    std::fs::write(&part, vec![9; 1000]).unwrap();
    let error = hub.fetch(&wanted(&[], COMMIT), &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("not kept"), "{error}");
    hub.fetch(&wanted(&[], COMMIT), &mut |_| ()).unwrap();
    assert!(std::fs::read(&file).unwrap() == *weights);
}

#[test]
fn two_processes_do_not_write_the_same_file() {
    let stage = Stage::new(Manners::default());
    let home = tempfile::tempdir().unwrap();
    let blobs = home.path().join("hub/models--Owner--Model/blobs");
    std::fs::create_dir_all(&blobs).unwrap();
    let part = blobs.join(stage.sha256("model.safetensors") + ".llmzip-part");
    let other = std::fs::File::create(&part).unwrap();
    other.lock().unwrap();
    let hub = stage.hub(home.path(), &[]);
    let error = hub.fetch(&wanted(&[], COMMIT), &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("another process downloads model.safetensors"), "{error}");
    assert_eq!(part.metadata().unwrap().len(), 0);
    drop(other);
    hub.fetch(&wanted(&[], COMMIT), &mut |_| ()).unwrap();
}

#[test]
fn a_wrong_hash_is_refused_and_not_kept() {
    let lying = Stage::new(Manners { lies_of: "model.safetensors", ..Manners::default() });
    let honest = Stage::new(Manners::default());
    let pinned = [KnownFile {
        name: "model.safetensors",
        sha256: "f47f71177f32bcd101b7573ec9171e6a57f4f4d31148d38e382306f42996874b",
    }];
    for (stage, files) in [(&lying, &[][..]), (&honest, &pinned[..])] {
        let home = tempfile::tempdir().unwrap();
        let hub = stage.hub(home.path(), &[]);
        let error = hub.fetch(&wanted(files, COMMIT), &mut |_| ()).unwrap_err();
        assert!(error.to_string().contains("not kept"), "{error}");
        let repository = home.path().join("hub/models--Owner--Model");
        let dir = repository.join("snapshots").join(COMMIT);
        assert!(!dir.join("model.safetensors").exists());
        let blobs: Vec<_> = std::fs::read_dir(repository.join("blobs")).unwrap().collect();
        assert_eq!(blobs.len(), 2, "{blobs:?}");
    }
    // What is known to be another file is not even asked for.
    assert!(honest.seen().iter().all(|seen| !seen.store));
    // Small files have hashes as well.
    for file in ["config.json", "tokenizer.json"] {
        let lying = Stage::new(Manners { lies_of: file, ..Manners::default() });
        let home = tempfile::tempdir().unwrap();
        let error = lying.hub(home.path(), &[]).fetch(&wanted(&[], COMMIT), &mut |_| ());
        let error = error.unwrap_err().to_string();
        assert!(error.contains(file) && error.contains("not kept"), "{error}");
        let snapshot = home.path().join("hub/models--Owner--Model/snapshots").join(COMMIT);
        assert!(!snapshot.join(file).exists());
    }
    let right: &'static str = honest.sha256("model.safetensors").leak();
    let files = [KnownFile { name: "model.safetensors", sha256: right }];
    let home = tempfile::tempdir().unwrap();
    let hub = honest.hub(home.path(), &[]);
    let fetched = hub.fetch(&wanted(&files, COMMIT), &mut |_| ()).unwrap();
    // A file that was damaged since is put right.
    std::fs::write(fetched.dir.join("model.safetensors"), b"damaged").unwrap();
    hub.fetch(&wanted(&files, COMMIT), &mut |_| ()).unwrap();
    let again = std::fs::read(fetched.dir.join("model.safetensors")).unwrap();
    assert!(again == honest.files["model.safetensors"]);
}

#[test]
fn offline_says_what_is_missing() {
    let stage = Stage::new(Manners::default());
    let home = tempfile::tempdir().unwrap();
    let hub = stage.hub(home.path(), &[("HF_HUB_OFFLINE", "1")]);
    for revision in ["main", COMMIT] {
        let error = hub.fetch(&wanted(&[], revision), &mut |_| ()).unwrap_err();
        assert!(error.to_string().contains("HF_HUB_OFFLINE"), "{error}");
    }
    assert!(stage.seen().is_empty());
}

#[test]
fn the_token_goes_to_the_hub_and_nowhere_else() {
    let stage = Stage::new(Manners::default());
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("token"), "from-file\n").unwrap();
    stage.hub(home.path(), &[]).fetch(&wanted(&[], "main"), &mut |_| ()).unwrap();
    let other = tempfile::tempdir().unwrap();
    let named = stage.hub(other.path(), &[("HF_TOKEN", "from-variable")]);
    named.fetch(&wanted(&[], "main"), &mut |_| ()).unwrap();
    let seen = stage.seen();
    let tokens = |store: bool| {
        seen.iter().filter(move |seen| seen.store == store).map(|s| s.token.as_deref())
    };
    assert!(tokens(true).all(|token| token.is_none()));
    let first =
        seen.iter().position(|s| s.token.as_deref() == Some("Bearer from-variable")).unwrap();
    assert!(
        first > 0
            && seen[..first]
                .iter()
                .all(|s| s.store || s.token.as_deref() == Some("Bearer from-file"))
    );
    assert!(tokens(false).all(|token| token.is_some()));
}

#[test]
fn what_would_lead_elsewhere_is_refused() {
    let plain = Hub::new(|name| match name {
        "HF_ENDPOINT" => Some("http://hub.example.org".into()),
        _ => Some("/nowhere".into()),
    });
    assert!(plain.is_err_and(|error| error.to_string().contains("plain http")));
    let stage = Stage::new(Manners::default());
    let home = tempfile::tempdir().unwrap();
    let hub = stage.hub(home.path(), &[]);
    for repository in ["Model", "a/../b", "../x", "a/b/c", "a/b?c", "", "/b"] {
        let wanted = Wanted { repository, revision: "main", files: &[] };
        assert!(hub.fetch(&wanted, &mut |_| ()).is_err(), "{repository}");
    }
    for revision in ["..", "a/../b", "", "x?y"] {
        let wanted = Wanted { repository: "Owner/Model", revision, files: &[] };
        assert!(hub.fetch(&wanted, &mut |_| ()).is_err(), "{revision}");
    }
    assert!(stage.seen().is_empty());
}

#[test]
fn a_missing_file_is_an_error_that_names_it() {
    let stage = Stage::new(Manners::default());
    let home = tempfile::tempdir().unwrap();
    let wanted = Wanted { repository: "Owner/Model", revision: COMMIT, files: &[] };
    let empty = listen();
    let port = port(&empty);
    std::thread::spawn(move || {
        for stream in empty.incoming().map_while(Result::ok) {
            answer(
                stream,
                &HashMap::from([("README.md", Vec::new())]),
                &Mutex::default(),
                Manners::default(),
                &Mutex::default(),
                false,
                0,
            );
        }
    });
    let endpoint = format!("http://127.0.0.1:{port}");
    let hub = stage.hub(home.path(), &[("HF_ENDPOINT", &endpoint)]);
    let error = hub.fetch(&wanted, &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("no config.json"), "{error}");
}

#[test]
fn a_repository_that_was_renamed_is_found_under_its_new_name() {
    let stage = Stage::new(Manners { renamed: true, ..Manners::default() });
    let home = tempfile::tempdir().unwrap();
    let hub = stage.hub(home.path(), &[("HF_TOKEN", "secret")]);
    let fetched = hub.fetch(&wanted(&[], "main"), &mut |_| ()).unwrap();
    assert!(fetched.dir.ends_with(format!("models--Owner--Model/snapshots/{COMMIT}")));
    let seen = stage.seen();
    assert!(seen.iter().any(|seen| seen.path.starts_with("/api/models/New/Name/revision/main?")));
    assert!(seen.iter().all(|seen| seen.token.is_some() != seen.store), "{seen:?}");
}

#[test]
fn a_redirect_to_plain_http_is_not_followed() {
    for (hub_first, first) in [
        (&[Mood::Says("302 Found\r\nlocation: http://hub.example.org/x")][..], &[][..]),
        (&[], &[Mood::Says("302 Found\r\nlocation: http://hub.example.org/x")]),
    ] {
        let stage = Stage::new(Manners { hub_first, first, ..Manners::default() });
        let home = tempfile::tempdir().unwrap();
        let hub = stage.hub(home.path(), &[("HF_TOKEN", "secret")]);
        let error = hub.fetch(&wanted(&[], "main"), &mut |_| ()).unwrap_err().to_string();
        assert!(error.contains("plain http"), "{error}");
    }
    // Nor is one followed for ever.
    let round = &[Mood::Says("302 Found\r\nlocation: /round"); 9];
    let stage = Stage::new(Manners { hub_first: round, ..Manners::default() });
    let home = tempfile::tempdir().unwrap();
    let error = stage.hub(home.path(), &[]).fetch(&wanted(&[], "main"), &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("too many redirects"), "{error}");
    assert_eq!(stage.seen().len(), 7);
}

#[test]
fn a_hub_that_tells_of_another_commit_is_not_believed() {
    for (commit, asked) in [("fedcba9876543210fedcba9876543210fedcba98", COMMIT), ("..", "main")] {
        let stage = Stage::new(Manners { commit: Some(commit), ..Manners::default() });
        let home = tempfile::tempdir().unwrap();
        let hub = stage.hub(home.path(), &[]);
        let error = hub.fetch(&wanted(&[], asked), &mut |_| ()).unwrap_err().to_string();
        assert!(error.contains("asked for") || error.contains("which commit"), "{error}");
        assert!(!home.path().join("hub").exists());
    }
}
