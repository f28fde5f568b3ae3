//! What is compressed already, so that there is little left to predict.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// Endings of names, by what such files are.
const ENDINGS: &[(&str, &[&str])] = &[
    (
        "compressed",
        &[
            "gz", "tgz", "xz", "txz", "lzma", "lz", "zst", "tzst", "bz2", "tbz", "tbz2", "lz4",
            "br", "z", "lzo", "sz", "zpaq", "llmz",
        ],
    ),
    (
        "an archive",
        &[
            "zip", "7z", "rar", "jar", "war", "apk", "ipa", "whl", "crate", "deb", "rpm", "cab",
            "msi", "epub", "docx", "xlsx", "pptx", "odt", "ods", "odp", "dmg", "xpi", "vsix",
        ],
    ),
    (
        "a picture",
        &["jpg", "jpeg", "jpe", "png", "gif", "webp", "avif", "heic", "heif", "jxl", "jp2"],
    ),
    ("sound", &["mp3", "m4a", "aac", "ogg", "oga", "opus", "flac", "wma"]),
    (
        "a film",
        &["mp4", "m4v", "mkv", "webm", "mov", "avi", "wmv", "flv", "mpg", "mpeg", "ogv", "3gp"],
    ),
    ("a font", &["woff", "woff2"]),
];

/// First bytes, after so many others, by what such files are.
const BEGINNINGS: &[(usize, &[u8], &str)] = &[
    (0, &[0x1f, 0x8b, 8], "gzip"),
    (0, &[0xfd, b'7', b'z', b'X', b'Z', 0], "xz"),
    (0, &[0x28, 0xb5, 0x2f, 0xfd], "zstd"),
    (0, &[0x04, 0x22, 0x4d, 0x18], "lz4"),
    // "BZh", the level, and the digits of pi; the first three alone may begin a text.
    (4, &[0x31, 0x41, 0x59, 0x26, 0x53, 0x59], "bzip2"),
    (0, b"PK\x03\x04", "zip"),
    (0, &[b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c], "7z"),
    (0, b"Rar!\x1a\x07", "rar"),
    (0, &[0xff, 0xd8, 0xff], "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"GIF87a", "GIF"),
    (0, b"GIF89a", "GIF"),
    (8, b"WEBP", "WebP"),
    (4, b"ftyp", "MP4"),
    (0, &[0x1a, 0x45, 0xdf, 0xa3], "Matroska"),
    (0, b"OggS\0", "Ogg"),
    (0, b"fLaC\0", "FLAC"),
    (0, b"ID3\x03\0", "MP3"),
    (0, b"ID3\x04\0", "MP3"),
    (0, b"wOF2", "a font"),
    (0, &[0xf5, b'L', b'L', b'Z'], "llmzip"),
];

/// As many bytes are looked at.
const LOOK_BYTES: u64 = 16;

/// What a file is, if it is compressed already: by its name, or else by its first bytes. Only regular files are opened.
pub fn kind(path: &Path) -> Option<&'static str> {
    by_name(path).or_else(|| {
        // To open a pipe may wait for ever, and what is read of it is gone.
        let is_file = fs::metadata(path).is_ok_and(|there| there.is_file());
        let mut begun = Vec::new();
        let file = is_file.then(|| File::open(path).ok())??;
        file.take(LOOK_BYTES).read_to_end(&mut begun).ok()?;
        by_beginning(&begun)
    })
}

fn by_name(path: &Path) -> Option<&'static str> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    let has = |endings: &[&str]| endings.contains(&ending.as_str());
    ENDINGS.iter().find(|(_, endings)| has(endings)).map(|(kind, _)| *kind)
}

fn by_beginning(begun: &[u8]) -> Option<&'static str> {
    let fits =
        |at: usize, bytes: &[u8]| begun.get(at..).is_some_and(|rest| rest.starts_with(bytes));
    BEGINNINGS.iter().find(|(at, bytes, _)| fits(*at, bytes)).map(|(_, _, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_in_any_case() {
        assert_eq!(by_name(Path::new("d/a.tar.GZ")), Some("compressed"));
        assert_eq!(by_name(Path::new("a.Jpeg")), Some("a picture"));
        for path in ["a.txt", "gz", ".gz", "a.gz.txt", "a.pdf"] {
            assert_eq!(by_name(Path::new(path)), None, "{path}");
        }
    }

    #[test]
    fn beginnings_tell_and_texts_are_not_taken_for_others() {
        assert_eq!(by_beginning(b"\x1f\x8b\x08\0abc"), Some("gzip"));
        assert_eq!(by_beginning(b"BZh91AY&SY"), Some("bzip2"));
        assert_eq!(by_beginning(b"RIFF\x10\0\0\0WEBPVP8 "), Some("WebP"));
        let fits_in =
            |(at, bytes, _): &(usize, &[u8], &str)| (at + bytes.len()) as u64 <= LOOK_BYTES;
        assert!(BEGINNINGS.iter().all(fits_in));
        for text in ["", "BZh", "BZhello, how are you", "PK", "Rar!", "OggS", "ID3 tags", "7z"] {
            assert_eq!(by_beginning(text.as_bytes()), None, "{text}");
        }
    }
}
