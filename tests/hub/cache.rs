//! The cache is that of other programs: what they got is found, and what we get they find.

use super::stage::{COMMIT, Manners, Mood, Stage, git_hash, wanted};
use llmzip::import::KnownFile;
use std::fs;
use std::path::{Path, PathBuf};

const OLD: &str = "00000000000000000000000000000000000000aa";

/// The cache as huggingface_hub leaves it after a download of these files.
fn as_others_leave_it(home: &Path, stage: &Stage, commit: &str, files: &[&str]) -> PathBuf {
    let repository = home.join("hub/models--Owner--Model");
    let snapshot = repository.join("snapshots").join(commit);
    for folder in [&repository.join("blobs"), &repository.join("refs"), &snapshot] {
        fs::create_dir_all(folder).unwrap();
    }
    fs::write(repository.join("refs/main"), commit).unwrap();
    for &file in files {
        let blob = repository.join("blobs").join(blob_name(stage, file));
        fs::write(&blob, &stage.files[file]).unwrap();
        link(&blob, &snapshot.join(file));
    }
    snapshot
}

#[cfg(unix)]
fn link(blob: &Path, at: &Path) {
    let target = Path::new("../../blobs").join(blob.file_name().unwrap());
    std::os::unix::fs::symlink(target, at).unwrap();
}

#[cfg(not(unix))]
fn link(blob: &Path, at: &Path) {
    fs::copy(blob, at).unwrap();
}

fn blob_name(stage: &Stage, file: &str) -> String {
    match file {
        "model.safetensors" => stage.sha256(file),
        _ => git_hash(&stage.files[file]),
    }
}

const ALL: [&str; 3] = ["config.json", "tokenizer.json", "model.safetensors"];

#[test]
fn a_model_that_another_program_got_is_found_without_a_question() {
    let stage = Stage::new(Manners::default());
    let home = tempfile::tempdir().unwrap();
    let dir = as_others_leave_it(home.path(), &stage, COMMIT, &ALL);
    let online = stage.hub(home.path(), &[]);
    let offline = stage.hub(home.path(), &[("HF_HUB_OFFLINE", "1")]);
    assert_eq!(online.fetch(&wanted(&[], COMMIT), &mut |_| ()).unwrap().dir, dir);
    for revision in [COMMIT, "main"] {
        assert_eq!(offline.fetch(&wanted(&[], revision), &mut |_| ()).unwrap().dir, dir);
        for hub in [&online, &offline] {
            let here = hub.here(&wanted(&[], revision)).unwrap().unwrap();
            assert_eq!((here.dir, &*here.commit), (dir.clone(), COMMIT));
        }
    }
    assert!(online.here(&wanted(&[], "other")).unwrap().is_none());
    assert!(online.here(&wanted(&[], OLD)).unwrap().is_none());
    assert!(stage.seen().is_empty());
    // A branch may have moved on; that is one question.
    assert_eq!(online.fetch(&wanted(&[], "main"), &mut |_| ()).unwrap().dir, dir);
    assert_eq!(stage.seen().len(), 1);
}

#[test]
fn what_is_missing_is_got_and_what_another_commit_has_is_used() {
    let stage = Stage::new(Manners::default());
    for missing in ALL {
        let home = tempfile::tempdir().unwrap();
        let some: Vec<_> = ALL.into_iter().filter(|file| *file != missing).collect();
        let old = as_others_leave_it(home.path(), &stage, OLD, &some);
        let hub = stage.hub(home.path(), &[]);
        assert!(hub.here(&wanted(&[], OLD)).unwrap().is_none());
        let before = stage.seen().len();
        let fetched = hub.fetch(&wanted(&[], "main"), &mut |_| ()).unwrap();
        assert_eq!(fetched.commit, COMMIT);
        let asked: Vec<_> = stage.seen()[before..].iter().map(|seen| seen.path.clone()).collect();
        // The list, the file, and where the file really lies.
        assert_eq!(asked.len(), if missing == "model.safetensors" { 3 } else { 2 });
        assert!(asked[1].ends_with(&format!("/resolve/{COMMIT}/{missing}")), "{asked:?}");
        for file in ALL {
            assert!(fs::read(fetched.dir.join(file)).unwrap() == stage.files[file], "{file}");
        }
        assert_eq!(old.read_dir().unwrap().count(), 2);
    }
}

#[test]
fn what_we_get_lies_where_others_look_for_it() {
    let stage = Stage::new(Manners::default());
    let home = tempfile::tempdir().unwrap();
    let fetched = stage.hub(home.path(), &[]).fetch(&wanted(&[], "main"), &mut |_| ()).unwrap();
    let repository = home.path().join("hub/models--Owner--Model");
    assert_eq!(fetched.dir, repository.join("snapshots").join(COMMIT));
    assert_eq!(fs::read_to_string(repository.join("refs/main")).unwrap(), COMMIT);
    let names = |dir: &Path| {
        let names = dir.read_dir().unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    };
    let mut files = ALL.map(str::to_owned);
    files.sort();
    assert_eq!(names(&fetched.dir), files);
    #[cfg(unix)]
    {
        let mut blobs = ALL.map(|file| blob_name(&stage, file));
        blobs.sort();
        assert_eq!(names(&repository.join("blobs")), blobs);
        for file in ALL {
            let target = Path::new("../../blobs").join(blob_name(&stage, file));
            assert_eq!(fs::read_link(fetched.dir.join(file)).unwrap(), target);
        }
    }
}

#[test]
fn damage_in_the_cache_is_put_right_where_it_can_be_seen() {
    let stage = Stage::new(Manners::default());
    let home = tempfile::tempdir().unwrap();
    // Another commit's blob with a wrong bit, and a link to nothing.
    let old = as_others_leave_it(home.path(), &stage, OLD, &ALL);
    let mut weights = stage.files["model.safetensors"].clone();
    weights[7] ^= 1;
    fs::write(old.join("model.safetensors"), &weights).unwrap();
    let hub = stage.hub(home.path(), &[]);
    let fetched = hub.fetch(&wanted(&[], COMMIT), &mut |_| ()).unwrap();
    let file = fetched.dir.join("model.safetensors");
    assert!(fs::read(&file).unwrap() == stage.files["model.safetensors"]);
    fs::remove_file(file.canonicalize().unwrap()).unwrap();
    hub.fetch(&wanted(&[], COMMIT), &mut |_| ()).unwrap();
    assert!(fs::read(&file).unwrap() == stage.files["model.safetensors"]);
    // What is known beforehand is looked at each time; the rest has its length.
    let known =
        [KnownFile { name: "model.safetensors", sha256: stage.sha256("model.safetensors").leak() }];
    fs::write(&file, &weights).unwrap();
    let offline = stage.hub(home.path(), &[("HF_HUB_OFFLINE", "1")]);
    let error = offline.fetch(&wanted(&known, COMMIT), &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("another hash"), "{error}");
    hub.fetch(&wanted(&known, COMMIT), &mut |_| ()).unwrap();
    assert!(fs::read(&file).unwrap() == stage.files["model.safetensors"]);
    fs::write(&file, &weights[..9]).unwrap();
    hub.fetch(&wanted(&[], "main"), &mut |_| ()).unwrap();
    assert!(fs::read(&file).unwrap() == stage.files["model.safetensors"]);
    // A branch that leads out of the cache.
    fs::create_dir_all(home.path().join("hub/config.json")).unwrap();
    for lie in ["../..", "..", "/", ""] {
        fs::write(home.path().join("hub/models--Owner--Model/refs/main"), lie).unwrap();
        assert!(offline.fetch(&wanted(&[], "main"), &mut |_| ()).is_err(), "{lie}");
    }
}

#[test]
fn a_download_that_failed_leaves_the_branch_where_it_was() {
    let lying = Manners { lies_of: "model.safetensors", ..Manners::default() };
    let busy = Manners { first: &[Mood::Says("503 Busy"); 9], ..Manners::default() };
    for manners in [lying, busy] {
        let stage = Stage::new(manners);
        let home = tempfile::tempdir().unwrap();
        let repository = home.path().join("hub/models--Owner--Model");
        let old = as_others_leave_it(home.path(), &stage, OLD, &ALL);
        // The weights that the branch has now are others.
        let blob = fs::canonicalize(old.join("model.safetensors")).unwrap();
        fs::rename(&blob, repository.join("blobs/other")).unwrap();
        fs::remove_file(old.join("model.safetensors")).unwrap();
        link(&repository.join("blobs/other"), &old.join("model.safetensors"));
        assert!(stage.hub(home.path(), &[]).fetch(&wanted(&[], "main"), &mut |_| ()).is_err());
        let offline = stage.hub(home.path(), &[("HF_HUB_OFFLINE", "1")]);
        assert_eq!(offline.fetch(&wanted(&[], "main"), &mut |_| ()).unwrap().dir, old);
    }
}
