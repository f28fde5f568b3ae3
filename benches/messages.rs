//! What messages become, and how many there are a second in both directions.
//!
//! `cargo bench --bench messages -- FILE [--reference FILE] [--each] [--session]`: FILE has a message a line, or with zero bytes
//! between them if it has any. Every datagram is decoded and compared. `--learn VALUES` learns what the mixer begins with from
//! these messages, `--learn-ends VALUES` fits the weights of their ends; `scripts/learn_message_values.sh` runs both.

#[path = "messages/endings.rs"]
mod endings;

use llmzip::message::{Datagrams, Profile, Reference, Session};
use std::time::Instant;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|a| a != "--bench");
    let mut profile = Profile::default();
    let mut messages = Vec::new();
    let (mut each, mut session) = (false, false);
    let (mut learn, mut learn_ends) = (None, None);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--reference" => {
                let bytes = std::fs::read(arguments.next().expect("a file")).expect("readable");
                profile.reference = Some(Reference::new(bytes).expect("a reference"));
            }
            "--each" => each = true,
            "--session" => session = true,
            "--learn" => learn = arguments.next(),
            "--learn-ends" => learn_ends = arguments.next(),
            file => {
                let text = std::fs::read(file).expect("a file that can be read");
                let between = if text.contains(&0) { 0 } else { b'\n' };
                let lines = text.split(|&byte| byte == between).filter(|line| !line.is_empty());
                messages.extend(lines.map(<[u8]>::to_vec));
            }
        }
    }
    if let Some(file) = learn {
        let values = llmzip::message::learn_start_values(&profile, &messages, 4).expect("values");
        std::fs::write(file, values.to_bytes()).expect("a file that can be written");
        return;
    }
    if let Some(file) = learn_ends {
        let places = llmzip::message::places_of_ends(&profile, &messages).expect("places");
        let (values, said) = endings::fit(&places);
        println!("{said}");
        std::fs::write(file, values).expect("a file that can be written");
        return;
    }
    if session {
        let [mut here, mut there] = [(); 2].map(|()| Session::new(&profile).expect("a profile"));
        let mut coded = 0;
        for message in &messages {
            let packed = here.compress(message).expect("a message");
            coded += packed.len();
            assert_eq!(&there.decompress(&packed).expect("what was packed"), message);
        }
        let plain: usize = messages.iter().map(Vec::len).sum();
        println!(
            "a session of {} messages, {plain} bytes, {coded} coded ({:.3} each)",
            messages.len(),
            coded as f64 / messages.len() as f64
        );
        return;
    }
    let begun = Instant::now();
    let datagrams = Datagrams::new(&profile).expect("a profile that can be");
    let prepared = begun.elapsed();
    let begun = Instant::now();
    let packed = datagrams.compress_many(&messages).expect("messages");
    let there = begun.elapsed();
    let begun = Instant::now();
    let back = datagrams.decompress_many(&packed);
    let and_back = begun.elapsed();
    let mut longest = 0isize;
    for ((message, packed), back) in messages.iter().zip(&packed).zip(back) {
        assert_eq!(&back.expect("what was packed"), message);
        longest = longest.max(packed.len() as isize - message.len() as isize);
        if each {
            println!("{} {} {}", message.len(), packed.len(), String::from_utf8_lossy(message));
        }
    }
    let plain: usize = messages.iter().map(Vec::len).sum();
    let coded: usize = packed.iter().map(Vec::len).sum();
    let n = messages.len() as f64;
    println!(
        "{} messages, {plain} bytes ({:.2} each), {coded} coded ({:.3} each, {:.4} bits per byte), at most {longest} more",
        messages.len(),
        plain as f64 / n,
        coded as f64 / n,
        8.0 * coded as f64 / plain as f64
    );
    println!(
        "prepared in {:.3} s, in {:.0}/s ({:.1} kB/s), out {:.0}/s ({:.1} kB/s)",
        prepared.as_secs_f64(),
        n / there.as_secs_f64(),
        plain as f64 / 1e3 / there.as_secs_f64(),
        n / and_back.as_secs_f64(),
        plain as f64 / 1e3 / and_back.as_secs_f64()
    );
}
