//! Prints what this machine makes of the golden files and of a sample, a fact a line, so that `scripts/portable.sh` can
//! compare it with what others make.
//!
//! `llmzip-portable isas` prints the names of the instruction sets that are here. `llmzip-portable facts FOLDER BYTES
//! THREADS [short|sample]` reads the files of tests/files in FOLDER, and compresses so many BYTES of the corpus at four levels, at
//! level 5 on one to so many THREADS; `short` leaves out the files that take plain code in an emulator minutes, `sample` all.

#[path = "../../golden/good.rs"]
mod good;
#[path = "../../golden/table.rs"]
mod table;

use llmzip::codec::Level;
use llmzip::container::hex;
use llmzip::kernels::Isa;
use llmzip::model::{builtin, known_answer};
use llmzip::{compress, decompress};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::process::ExitCode;

/// The levels, as the command line calls them.
const LEVELS: [(&str, Level); 4] =
    [("-1", Level::Light), ("-2", Level::Mixer), ("-5", Level::Default), ("-7", Level::Full)];

/// The files that take plain code in an emulator ten seconds and more: thousands of bytes for the model, tens of thousands for
/// the mixer.
const SLOW: [&str; 12] = [
    "good-transformed-parts",
    "good-transformed-groups",
    "good-text-default",
    "good-text-full",
    "good-text-lanes",
    "good-text-groups",
    "good-numbers",
    "good-copies",
    "good-checkpoint",
    "good-mixture-mixer",
    "good-mixture-default",
    "good-mixture-full",
];

/// Which of the golden files are read and written.
#[derive(Clone, Copy, PartialEq)]
enum Golden {
    All,
    Short,
    None,
}

impl Golden {
    fn of(words: &[&str]) -> Option<Golden> {
        match words {
            [] => Some(Golden::All),
            ["short"] => Some(Golden::Short),
            ["sample"] => Some(Golden::None),
            _ => None,
        }
    }

    fn has(self, name: &str) -> bool {
        match self {
            Golden::All => true,
            Golden::Short => !SLOW.contains(&name),
            Golden::None => false,
        }
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["isas"] => {
            Isa::available().iter().for_each(|isa| println!("{}", isa.name()));
            return ExitCode::SUCCESS;
        }
        ["facts", folder, bytes, threads, ref rest @ ..] => {
            if let (Ok(bytes), Ok(threads), Some(golden)) =
                (bytes.parse(), threads.parse(), Golden::of(rest))
            {
                facts(Path::new(folder), bytes, threads, golden);
                return ExitCode::SUCCESS;
            }
        }
        _ => {}
    }
    eprintln!("llmzip-portable: isas, or facts FOLDER BYTES THREADS [short|sample]");
    ExitCode::FAILURE
}

/// A fact is printed as soon as it is known: in an emulator the next one takes a while.
fn fact(name: &str, value: &str) {
    println!("{name}\t{value}");
}

fn facts(folder: &Path, bytes: usize, threads: usize, golden: Golden) {
    match Isa::choose() {
        Ok(isa) => fact("isa", isa.name()),
        Err(error) => return fact("isa", &error.to_string()),
    }
    read(folder, golden);
    written(folder, golden);
    fact("model", &builtin().id().to_string());
    let expected = *builtin().expected_answer();
    let answer = known_answer(&builtin()).map(|answer| match answer == expected {
        true => hex(&answer),
        false => format!("{} where {} is expected", hex(&answer), hex(&expected)),
    });
    fact("known answer", &answer.unwrap_or_else(|error| error.to_string()));
    let sample = sample(bytes);
    let mut one = String::new();
    for (name, level) in LEVELS {
        let hash = in_threads(1, || packed(&sample, level));
        fact(name, &hash);
        if level == Level::Default {
            one = hash;
        }
    }
    let other = (2..=threads).find(|&n| in_threads(n, || packed(&sample, Level::Default)) != one);
    let said =
        other.map_or_else(|| format!("1 to {threads}"), |n| format!("{n} make another file"));
    fact("threads", &said);
}

fn file(folder: &Path, name: &str) -> Vec<u8> {
    let path = folder.join(format!("{name}.llmz"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files that are read or refused as they should be, or the first that is not.
fn read(folder: &Path, golden: Golden) {
    let (good, refused) = (good::good(), table::refused());
    let n_all = good.len() + refused.len();
    let mut n_files = 0;
    for good in good.iter().filter(|good| golden.has(good.name)) {
        match decompress(&file(folder, good.name)) {
            Ok(plain) if plain == good.plain => n_files += 1,
            Ok(_) => return fact("read", &format!("{}: other bytes", good.name)),
            Err(error) => return fact("read", &format!("{}: {error}", good.name)),
        }
    }
    for (name, expected) in refused.into_iter().filter(|(name, _)| golden.has(name)) {
        match decompress(&file(folder, name)) {
            Err(error) if table::says(&error.to_string(), expected) => n_files += 1,
            Err(error) => return fact("read", &format!("{name}: {error}")),
            Ok(_) => return fact("read", &format!("{name}: was read")),
        }
    }
    fact("read", &format!("{n_files} of {n_all}"));
}

/// The good files that are written as ever, or the first that is not.
fn written(folder: &Path, golden: Golden) {
    let (good, mut n_files) = (good::good(), 0);
    for good in good.iter().filter(|good| golden.has(good.name)) {
        if good.packed() != file(folder, good.name) {
            return fact("written", &format!("{}: other bytes", good.name));
        }
        n_files += 1;
    }
    fact("written", &format!("{n_files} of {}", good.len()));
}

/// Prose, programs and tables of our own, over and over.
fn sample(bytes: usize) -> Vec<u8> {
    let all = [
        &include_bytes!("../../../corpus/text/lighthouse.txt")[..],
        include_bytes!("../../../corpus/code/wrap.py"),
        include_bytes!("../../../corpus/languages/ru.txt"),
        include_bytes!("../../../corpus/csv/weather.csv"),
        include_bytes!("../../../corpus/json/orders.json"),
    ]
    .concat();
    all.into_iter().cycle().take(bytes).collect()
}

fn in_threads<R: Send>(n: usize, work: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(n).build().expect("threads").install(work)
}

/// The hash of the compressed sample.
fn packed(plain: &[u8], level: Level) -> String {
    let packed = compress(plain, &good::at(level));
    packed.map_or_else(|error| error.to_string(), |packed| hex(&Sha256::digest(packed)))
}
