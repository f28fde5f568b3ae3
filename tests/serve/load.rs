//! Many clients at the same time.

use std::io::{BufReader, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::client::{ask, connect, head, post, read};
use crate::service::{Service, text};

#[test]
fn many_at_once_share_the_model_and_each_has_its_own_answer() {
    let service = Service::start("--cache 0");
    let texts: Vec<Vec<u8>> = (0..40).map(|n| text(200 + 17 * n)[n..].to_vec()).collect();
    std::thread::scope(|scope| {
        for plain in &texts {
            let address = service.address;
            scope.spawn(move || {
                let packed = post(address, "/compress", plain).good();
                let alone = llmzip::compress(plain, &llmzip::Options::default()).unwrap();
                assert_eq!(packed, alone);
                assert_eq!(&post(address, "/decompress", &packed).good(), plain);
            });
        }
    });
    let batches = service.metric("llmzip_batch_requests_count ");
    let requests = service.metric("llmzip_batch_requests_sum ");
    assert_eq!(requests, 80.0);
    assert!(batches < 40.0, "{batches} batches");
}

#[test]
fn beyond_the_queue_others_are_told_to_come_back() {
    let service = Service::start("--queue 1 --cache 0");
    let (good, busy) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for n in 0..30 {
            let (address, good, busy) = (service.address, &good, &busy);
            scope.spawn(move || {
                let plain = text(3000 + n);
                let answer = post(address, "/compress", &plain);
                if answer.status == 429 {
                    assert_eq!(answer.fault(429), "Busy");
                    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
                    assert!((1..=600).contains(&seconds));
                    busy.fetch_add(1, Ordering::Relaxed);
                } else {
                    assert_eq!(llmzip::decompress(&answer.good()).unwrap(), plain);
                    good.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let (good, busy) = (good.into_inner(), busy.into_inner());
    assert!(good > 0 && busy > 0 && good + busy == 30, "{good} and {busy}");
}

#[test]
fn a_thousand_connections_take_little_memory_and_keep_nobody_out() {
    let service = Service::start("--connections 1100 --cache 0 --idle 600");
    post(service.address, "/compress", &text(500)).good();
    let before = service.metric("process_resident_memory_bytes ");
    // Each has said the beginning of a question.
    let begun: Vec<_> = (0..1000)
        .map(|_| {
            let mut stream = connect(service.address);
            let lines = "Content-Length: 300\r\nConnection: close\r\n";
            stream.write_all(head("POST", "/compress", lines).as_bytes()).unwrap();
            stream.write_all(&text(200)).unwrap();
            stream
        })
        .collect();
    service.until("a thousand connections", |s| s.metric("llmzip_connections ") >= 1000.0);
    assert_eq!(ask(service.address, "GET", "/ready", b"").status, 200);
    let held = service.metric("process_resident_memory_bytes ") - before;
    assert!(held < 64e6, "{held} bytes");
    // And ends it: each is answered, now or later.
    let plain = text(300);
    let mut answered = 0;
    for mut stream in begun {
        stream.write_all(&plain[200..]).unwrap();
        let answer = read(&mut BufReader::new(stream)).unwrap();
        match answer.status {
            429 => assert_eq!(answer.fault(429), "Busy"),
            _ => assert_eq!(llmzip::decompress(&answer.good()).unwrap(), plain),
        }
        answered += 1;
    }
    assert_eq!(answered, 1000);
}

#[test]
fn memory_is_flat_however_much_goes_through() {
    let service = Service::start("--cache 0");
    let round = || {
        for n in 0..2 {
            let plain = text((1 << 20) + n);
            let packed = post(service.address, "/compress?level=1", &plain).good();
            assert!(post(service.address, "/decompress", &packed).good() == plain);
        }
        service.metric("process_resident_memory_bytes ")
    };
    round();
    let early = round();
    let late = (0..3).map(|_| round()).fold(0.0, f64::max);
    assert!(late < 1.3 * early + 32e6, "{early} and {late}");
}
