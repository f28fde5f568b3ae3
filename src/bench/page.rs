//! The frame of a page that is one file: nothing is loaded from anywhere, and only its own script may run.

use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("page.css");

/// All up to and with `<body>`, with a style and a script of the page's own.
///
/// The content policy names the script by its hash, so that nothing that a stranger's file brings in could run.
pub fn head(title: &str, style: &str, script: &str) -> String {
    let hash = base64(&Sha256::digest(script.as_bytes()));
    format!(
        "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n<meta name=viewport \
         content=\"width=device-width, initial-scale=1\">\n<meta http-equiv=Content-Security-Policy \
         content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src \
         'sha256-{hash}'\">\n<meta name=color-scheme content=\"light dark\">\n<title>{}</title>\n\
         <style>\n{STYLE}{style}</style>\n<script>{script}</script>\n</head>\n<body>\n",
        escaped(title)
    )
}

/// Text as it stands between tags or in a quoted attribute.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, i| bits << 8 | u32::from(*chunk.get(i).unwrap_or(&0)));
        for i in 0..4 {
            match i <= chunk.len() {
                true => out.push(char::from(DIGITS[(bits >> (18 - 6 * i)) as usize & 63])),
                false => out.push('='),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_64_are_those_of_rfc_4648() {
        let made = [&b""[..], b"f", b"fo", b"foo", b"foobar"].map(base64);
        assert_eq!(made, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYmFy"]);
    }

    #[test]
    fn nothing_escapes() {
        assert_eq!(escaped("<a b='c'>&\""), "&lt;a b=&#39;c&#39;&gt;&amp;&quot;");
    }
}
