//! Messages: datagrams, lines, sessions, references, text in the place of bytes.

use crate::sandbox::{Sandbox, code, said};

const MESSAGE: &[u8] = b"Running late, see you at ten.";
const LINES: &[u8] = b"ok\n\nRunning late, see you at ten.\nbattery 81% at camp 2\n";

#[test]
fn a_datagram_is_the_coded_message_and_nothing_else() {
    let sandbox = Sandbox::with("m", MESSAGE);
    let bare = sandbox.succeed("--datagram -c m");
    assert!(bare.len() <= 12, "{} bytes", bare.len());
    let marked = sandbox.succeed("--datagram=marked --check 1 -c m");
    assert_eq!(marked.len(), bare.len() + 2);
    for (flags, packed) in [("--datagram", bare), ("--datagram=marked --check 1", marked)] {
        let back = sandbox.pipe(&format!("-d {flags}"), &packed);
        assert_eq!((&back.stdout[..], code(&back)), (MESSAGE, 0), "{}", said(&back));
    }
    sandbox.succeed("--datagram m");
    sandbox.write("m", b"another");
    sandbox.succeed("-d -f --datagram m.llmz");
    assert_eq!(sandbox.read("m"), MESSAGE);
}

#[test]
fn a_line_in_is_a_line_out_and_back() {
    let sandbox = Sandbox::with("lines", LINES);
    for armor in ["", "--armor base91", "--armor base32768"] {
        let packed = sandbox.succeed(&format!("--each-line {armor} lines"));
        assert_eq!(packed.iter().filter(|&&byte| byte == b'\n').count(), 4);
        let back = sandbox.pipe("-d --each-line", &packed);
        assert_eq!((&back.stdout[..], code(&back)), (LINES, 0), "{armor}: {}", said(&back));
    }
    let packed = sandbox.succeed("--each-line --check 2 lines");
    let text = String::from_utf8(packed).unwrap();
    let spoilt: String = text
        .lines()
        .map(|line| if line.len() > 9 { "AAAA\n".into() } else { format!("{line}\n") })
        .collect();
    let back = sandbox.pipe("-d --each-line --check 2", spoilt.as_bytes());
    assert_eq!((&back.stdout[..], code(&back)), (&b"ok\n\n\n\n"[..], 1));
    assert!(
        said(&back).contains(", line 3: damaged: the message does not match its check"),
        "{}",
        said(&back)
    );
}

#[test]
fn armor_is_found_by_itself() {
    let sandbox = Sandbox::with("f", &LINES.repeat(9));
    for armor in ["base64", "base91", "base32768"] {
        let text = sandbox.succeed(&format!("--armor {armor} -c f"));
        assert!(std::str::from_utf8(&text).is_ok());
        // As a mail program would break it.
        let broken: String =
            String::from_utf8(text).unwrap().chars().flat_map(|c| [c, '\n', ' ']).collect();
        let back = sandbox.pipe("-d", broken.as_bytes());
        assert_eq!((code(&back), &back.stdout), (0, &LINES.repeat(9)), "{armor}");
        sandbox.write("t.llmz", broken.as_bytes());
        assert_eq!(sandbox.succeed("-d -c t.llmz"), LINES.repeat(9));
    }
    let other = sandbox.pipe("-d", b"just some text");
    assert_eq!((code(&other), &other.stdout[..]), (1, &b""[..]));
    assert!(said(&other).ends_with("not an llmzip file\n"), "{}", said(&other));
}

#[test]
fn a_reference_is_named_where_it_is_missing() {
    let sandbox = Sandbox::with("samples", include_bytes!("../../corpus/messages/others.txt"));
    let told = said(&sandbox.run("prime build samples --size 4K -o reference"));
    assert!(sandbox.read("reference").len() <= 4096);
    sandbox.write("m", b"Weather relay-a: 12.1C 1009hPa wind SW 14km/h hum 71%");
    sandbox.write("other", b"another reference");
    let usual = sandbox.succeed("-c m");
    let primed = sandbox.succeed("--prime reference -c m");
    assert!(primed.len() < usual.len(), "{} {}", primed.len(), usual.len());
    sandbox.write("m.llmz", &primed);
    assert_eq!(sandbox.succeed("-d -c --prime reference m.llmz"), sandbox.read("m"));
    for flags in ["", "--prime other"] {
        let refused = sandbox.run(&format!("-d -c {flags} m.llmz"));
        assert_eq!((code(&refused), &refused.stdout[..]), (1, &b""[..]));
        assert!(
            said(&refused).contains("reference") && said(&refused).contains("--prime"),
            "{told}{}",
            said(&refused)
        );
    }
    let again = sandbox.run("prime build samples --size 4K -o reference");
    assert_eq!(code(&again), 1);
}

#[test]
fn a_session_goes_on_from_its_file() {
    let sandbox = Sandbox::new();
    let mut lens = Vec::new();
    for n in 1..4 {
        sandbox.write("m", format!("battery at {n}0%, moving to camp {n}").as_bytes());
        let packed = sandbox.succeed("--session here -c m");
        lens.push(packed.len());
        let back = sandbox.pipe("-d --session there", &packed);
        assert_eq!((code(&back), &back.stdout), (0, &sandbox.read("m")), "{}", said(&back));
    }
    assert!(lens[2] < lens[0] / 2, "{lens:?}");
    sandbox.succeed("--session here -c m");
    let next = sandbox.succeed("--session here -c m");
    let state = sandbox.read("there");
    let early = sandbox.pipe("-d --session there", &next);
    assert_eq!((code(&early), &early.stdout[..]), (1, &b""[..]));
    assert_eq!(sandbox.read("there"), state);
    let other = sandbox.run("--session here --check 2 -c m");
    assert!(said(&other).contains("another model, reference or flags"), "{}", said(&other));
}

#[test]
fn what_means_nothing_together_is_refused() {
    let sandbox = Sandbox::with("m", MESSAGE);
    for flags in [
        "--session s --each-line",
        "--check 1",
        "--datagram --rm",
        "--datagram -1",
        "--datagram --window 100",
    ] {
        let refused = sandbox.run(&format!("{flags} -c m"));
        assert_eq!((code(&refused), &refused.stdout[..]), (1, &b""[..]), "{flags}");
        assert_eq!(said(&refused).lines().count(), 1, "{flags}: {}", said(&refused));
    }
}
