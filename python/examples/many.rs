//! How long the library itself takes for many short messages: what `scripts/python_overhead.py --many` compares with.
//!
//!     many FILE     messages are the lines of FILE

use std::time::Instant;

fn main() {
    let path = std::env::args_os().nth(1).expect("a file");
    let text = std::fs::read(path).expect("a file that can be read");
    let messages: Vec<&[u8]> = text.split(|&byte| byte == b'\n').collect();
    let options = llmzip::Options::default();
    let begun = Instant::now();
    let packed = llmzip::compress_many(&messages, &options).expect("they can be compressed");
    let compressing = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let plains = llmzip::decompress_many(&packed).expect("they can be decompressed");
    assert!(plains == messages);
    let bytes: usize = packed.iter().map(Vec::len).sum();
    println!("{} {bytes} {compressing} {}", messages.len(), begun.elapsed().as_secs_f64());
}
