//! `bench`: records, reports, comparisons and studies.

use serde_json::Value;

use crate::sandbox::{Sandbox, code, noise, said, text};

fn corpus() -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path("corpus/text")).unwrap();
    std::fs::create_dir_all(sandbox.path("corpus/data")).unwrap();
    sandbox.write("corpus/text/a", &text()[..6000]);
    sandbox.write("corpus/text/b|<i>&", b"a small one, for the table of small files");
    sandbox.write("corpus/data/noise", &noise(3000));
    sandbox
}

/// The number as a report prints it.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let groups: Vec<String> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| String::from_utf8(group.to_vec()).unwrap())
        .collect();
    groups.join(",")
}

/// What stands in the cells of a page's tables, without markup.
fn cells(page: &str) -> Vec<String> {
    let cells = page
        .split("<td")
        .skip(1)
        .filter_map(|cell| Some(cell.split_once('>')?.1.split_once("</td>")?.0));
    cells
        .map(|cell| {
            cell.replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&#39;", "'")
                .replace("&amp;", "&")
        })
        .collect()
}

#[test]
fn a_report_says_what_the_record_says() {
    let sandbox = corpus();
    let record =
        sandbox.succeed("bench -1 --json --report r.html --study lanes --first 2000 corpus");
    let json: Value = serde_json::from_slice(&record).unwrap();
    sandbox.write("record.json", &record);
    let page = String::from_utf8(sandbox.read("r.html")).unwrap();
    let cells = cells(&page);
    for level in ["files", "kinds", "all"] {
        for row in json[level].as_array().unwrap() {
            let bytes = grouped(row["stored_bytes"].as_u64().unwrap());
            assert!(cells.contains(&bytes), "{level} {}: {bytes}", row["name"]);
            let name = row["name"].as_str().unwrap();
            assert!(level == "all" || cells.iter().any(|cell| cell == name), "{name}");
            if let (true, Some(bits)) = (level == "kinds", row["bits_per_byte"].as_f64()) {
                assert!(cells.contains(&format!("{bits:.3}")), "{bits}");
            }
        }
    }
    for row in json["studies"][0]["rows"].as_array().unwrap() {
        let bits = row["all"]["bits_per_byte"].as_f64().unwrap();
        assert!(cells.contains(&format!("{bits:.4}")), "{bits}");
    }
    // One file, to which no stranger's name can add anything, with pictures that have something in them.
    let body = page.split_once("<body>").unwrap().1;
    assert!(
        !body.contains("<i>&") && !body.contains("NaN") && !page.contains("http-equiv=refresh")
    );
    for outside in ["src=\"", "@import", "url(", "<link"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let pictures: Vec<&str> = page.split("<svg").skip(1).collect();
    assert!(pictures.len() >= 10, "{}", pictures.len());
    for picture in pictures {
        let picture = picture.split_once("</svg>").unwrap().0;
        assert!(picture.contains("class=hit") && picture.contains("var(--s"), "{picture}");
    }
    // The same page comes of the record, and words and tables without pictures.
    sandbox.succeed("bench --from record.json --report again.html");
    let again = String::from_utf8(sandbox.read("again.html")).unwrap();
    assert_eq!(self::cells(&again), cells);
    sandbox.succeed("bench --from record.json --report r.md");
    let words = String::from_utf8(sandbox.read("r.md")).unwrap();
    assert!(
        words.contains("## Bits per byte, by kind") && words.contains("text/b\\|\\<i\\>&"),
        "{words}"
    );
    sandbox.succeed("bench --from record.json --report r.svg");
    let picture = String::from_utf8(sandbox.read("r.svg")).unwrap();
    assert!(picture.starts_with("<svg") && picture.contains("prefers-color-scheme: dark"));
    assert!(picture.contains(">zstd-19</text>") && !picture.contains("class=hit"), "{picture}");
    assert_eq!(code(&sandbox.run("bench --from record.json --report r.pdf")), 1);
}

#[test]
fn a_comparison_fails_past_a_limit() {
    let sandbox = corpus();
    sandbox.write("old.json", &sandbox.succeed("bench -2 --no-peers --json corpus"));
    let same = sandbox.succeed("bench -2 --no-peers --compare old.json corpus");
    assert!(String::from_utf8(same).unwrap().contains("0 not in the old record"));
    let mut record: Value = serde_json::from_slice(&sandbox.read("old.json")).unwrap();
    let size = record["all"][0]["stored_bytes"].as_u64().unwrap();
    record["all"][0]["stored_bytes"] = (size * 100 / 103).into();
    sandbox.write("smaller.json", record.to_string().as_bytes());
    let worse = sandbox.run("bench --from old.json --compare smaller.json");
    assert_eq!(code(&worse), 1);
    assert!(String::from_utf8_lossy(&worse.stdout).contains("worse: all (llmzip -2)"));
    assert!(said(&worse).contains("1 worse than in the old record"), "{}", said(&worse));
    sandbox.succeed("bench --from old.json --compare smaller.json --size-limit 5");
    sandbox.write("nonsense.json", b"{}");
    let output = sandbox.run("bench --from nonsense.json");
    assert!(code(&output) == 1 && said(&output).contains("nonsense.json: not a record of bench"));
    for arguments in ["--from nothing.json", "--from old.json --compare nothing.json"] {
        let said = said(&sandbox.run(&format!("bench {arguments}")));
        assert_eq!(said.matches("nothing.json: ").count(), 1, "{said}");
    }
}

#[test]
fn studies_have_a_row_for_each_variant() {
    let sandbox = corpus();
    let study = |what: &str| -> Value {
        let record =
            sandbox.succeed(&format!("bench --no-peers --json --first 400 --study {what} corpus"));
        serde_json::from_slice::<Value>(&record).unwrap()["studies"][0].clone()
    };
    let levels = study("level");
    let names: Vec<_> =
        levels["rows"].as_array().unwrap().iter().map(|row| row["variant"].clone()).collect();
    assert_eq!(names, ["-1", "-2", "-5", "-7"]);
    assert_eq!(levels["rows"][0]["all"]["plain_bytes"], 400 + 400 + 41);
    let windows = study("window");
    assert_eq!(windows["rows"].as_array().unwrap().len(), 5);
    let output = sandbox.run("bench --no-peers --study bits corpus");
    assert!(code(&output) == 1 && said(&output).contains("--model FILE.gguf"), "{}", said(&output));
}

#[test]
fn studies_of_other_records_say_where_they_were_made() {
    let sandbox = corpus();
    let study = sandbox.succeed(
        "bench -1 --json --first 400 --study level --note other_work_ran_beside corpus/text",
    );
    let record: Value = serde_json::from_slice(&study).unwrap();
    assert_eq!(record["note"], "other_work_ran_beside");
    assert_eq!(record["studies"][0]["zstd"]["all"]["plain_bytes"], 400 + 41);
    sandbox.write("study.json", &study);
    sandbox.write("record.json", &sandbox.succeed("bench -1 --no-peers --json corpus"));
    sandbox.succeed("bench --from record.json --studies study.json --report r.md");
    let words = String::from_utf8(sandbox.read("r.md")).unwrap();
    let (before, of_the_study) = words.split_once("## Study: level").unwrap();
    let said = of_the_study.replace('\\', "");
    assert!(said.contains("--note other_work_ran_beside corpus/text"), "{said}");
    assert!(said.contains("threads. other_work_ran_beside"), "{said}");
    assert!(said.contains("Smallest: ") && !said.contains("kB/s"), "{said}");
    assert!(said.contains("zstd -19 needs") && !before.contains("other_work"), "{words}");
}
