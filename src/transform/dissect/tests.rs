use super::*;
use proptest::prelude::*;

/// Whoever has fewer bytes beyond ASCII letters is cheaper: enough to say that text is text.
struct Simple;

impl Judge for Simple {
    fn cost(&self, bytes: &[u8]) -> usize {
        let cheap = |b: &&u8| b.is_ascii_lowercase() || matches!(b, b' ' | b'\n');
        3 * bytes.len() - 2 * bytes.iter().filter(cheap).count()
    }
}

const TEXT: &str = "The ferry was late again, and nobody on the quay seemed to mind.\n";

fn seen(plain: &[u8]) -> String {
    take(plain, &Simple).map(|taken| taken.seen.to_string()).unwrap_or_default()
}

#[test]
fn each_cloth_is_seen_through() {
    let text = TEXT.repeat(4);
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hex: String = text.bytes().map(|b| format!("{b:02x}")).collect();
    let url: String = text
        .bytes()
        .map(|b| match b {
            b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect();
    let json = "{\"name\": \"\\u041f\\u0440\\u0438\\u0432\\u0435\\u0442\"}\n".repeat(5);
    for (plain, expected) in [
        (utf16, "UTF-16LE, 260 B"),
        (hex.into_bytes(), "hexadecimal digits, 260 B"),
        (url.into_bytes(), "URL escapes, 257 B"),
        (text.to_uppercase().into_bytes(), "capitals, 260 B"),
        (text.replace('\n', "\r").into_bytes(), "CR line ends, 260 B"),
        (json.into_bytes(), "JSON escapes, 112 B"),
        (text.into_bytes(), ""),
    ] {
        assert_eq!(seen(&plain), expected, "{:?}", String::from_utf8_lossy(&plain));
    }
}

#[test]
fn clothes_over_clothes_come_off() {
    let text = TEXT.repeat(4).to_uppercase().replace('\n', "\r\n");
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let hex: String = utf16.iter().map(|b| format!("{b:02X}")).collect();
    let plain = format!("blob = '{hex}'\n");
    let taken = take(plain.as_bytes(), &Simple).unwrap();
    let text = String::from_utf8(taken.parts[0].clone()).unwrap();
    assert!(text.contains("The ferry was late again, and nobody"), "{text}");
    assert_eq!(taken.whole, None);
}

/// Lines of letters and digits that are neither hexadecimal digits nor base64.
fn words(n: usize) -> String {
    (0..n).map(|i| format!("{i:026}stream\n")).collect()
}

/// Each of these is tried from every line of a megabyte, and each try could go through to the end.
#[test]
fn what_is_none_is_not_read_from_each_of_its_lines() {
    let line = |line: &str| line.repeat((1 << 20) / line.len());
    let chunk = [&[0, 7, 0, 0][..], b"IDAT"].concat();
    for (name, bytes) in [
        ("words in lines", words(30_000).into_bytes()),
        ("digits in lines", line("00000000000000000000000000000017\n").into_bytes()),
        ("lines that say that they are streams", line("=!stream\n").into_bytes()),
        ("one line of quoted bytes", line("=33").into_bytes()),
        ("cut lines without an end", line("word=\n").into_bytes()),
        ("cut lines that end in none", (line("word=\n") + "=zz\n").into_bytes()),
        ("chunks of pictures", chunk.repeat(1 << 17)),
        ("heads of gzip", b"\x1f\x8b\x08\x18abcdef".repeat(1 << 17)),
        ("offsets", line("ffffff00: ").into_bytes()),
    ] {
        assert!(find(&bytes, &Effort::of_group(bytes.len())).is_empty(), "{name}");
    }
}

#[test]
fn what_stands_behind_lines_of_its_length_is_found() {
    let text = TEXT.repeat(40);
    let hex: String = text.bytes().map(|b| format!("{b:02x}")).collect();
    let lines: String = hex
        .as_bytes()
        .chunks(32)
        .map(|line| String::from_utf8_lossy(line).into_owned() + "\n")
        .collect();
    for n in [1, 2, 3, 50] {
        let taken = take((words(n) + &lines).as_bytes(), &Simple).unwrap();
        let found = String::from_utf8_lossy(&taken.parts[0]).matches("nobody on the quay").count();
        assert!(found >= 38, "{found} of 40 behind {n} lines");
    }
}

proptest! {
    #[test]
    fn anything_comes_back(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        take(&bytes, &Simple);
    }

    #[test]
    fn mixtures_come_back(parts in prop::collection::vec(prop::sample::select(&[
        "%20%2C%C3%A9", "\\u00e9\\u00e8 ", "&eacute;", "=C3=A9=\n", "48656c6c6f2c20776f726c642e20476f6f6420646179",
        "SGVsbG8sIHdvcmxkISBHb29kIGRheSB0byB5b3UsIEJvYi4=", "LOUD WORDS AND MORE OF THEM, ALL DAY LONG. ", "\r\n", "\n",
        "\0", "soft words ", "é", "00000000: 4865 6c6c 6f",
    ][..]), 0..60)) {
        // `take` gives nothing that does not come back.
        take(parts.concat().as_bytes(), &Simple);
    }
}
