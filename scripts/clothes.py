#!/usr/bin/env python3
"""Texts in other encodings and escapes, and what llmzip makes of them beside the texts themselves.

    scripts/clothes.py FOLDER [--texts ../shared/corpora] [--bytes 150000] [--only WORD] [-- LLMZIP FLAGS]

Writes each text into FOLDER as it is (NAME.plain) and in its clothes (NAME), compresses both, and prints a table:
the length in clothes with --no-transform, the length that it becomes, that of the text itself with --no-transform, and how much
more the second is than the third. Every file is decompressed and compared. Without --texts, the texts are those of
corpus/.
"""

import argparse
import base64
import html.entities
import json
import quopri
import subprocess
import sys
import urllib.parse
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
PROGRAM = HERE / "target/release/llmzip"


def texts(folder, limit):
    """One text for each language."""
    if folder is None:
        corpus = HERE / "corpus"
        english = "".join(p.read_text(encoding="utf-8") for p in sorted(corpus.glob("text/*")))
        rest = {name: (corpus / f"languages/{name}.txt").read_text(encoding="utf-8") for name in ("ru", "ja", "zh", "fr", "de")}
        return {"en": english, **rest}
    files = {
        "en": "text_en/sherlock.txt",
        "ru": "multiling/ru_Chekhov_Dama.txt",
        "ja": "multiling/progit_ja_contributing.asc",
        "zh": "multiling/zh_javaguide_rocketmq.md",
        "ko": "multiling/progit_ko_contributing.asc",
        "fr": "multiling/progit_fr_contributing.asc",
        "de": "multiling/progit_de_contributing.asc",
    }
    return {name: (folder / path).read_bytes().decode("utf-8", "ignore").replace("\r\n", "\n") for name, path in files.items()}


def encoded(text, name):
    """The text without what the encoding lacks, twice: as UTF-8 and in the encoding."""
    kept = text.encode(name, "ignore").decode(name)
    return kept.encode(), kept.encode(name)


def wrapped(digits, width):
    return "".join(digits[i : i + width] + "\n" for i in range(0, len(digits), width))


def xxd(data, *flags):
    return subprocess.run(["xxd", *flags], input=data, capture_output=True, check=True).stdout


def clothes(by_language, limit):
    """Name, text, the same in clothes."""

    def cut(language):
        raw = by_language.get(language, "").encode()[:limit]
        return raw.decode("utf-8", "ignore")

    def plain(language, wear):
        text = cut(language)
        return text.encode(), wear(text)

    ascii_en = cut("en").encode("ascii", "ignore").decode()
    english = ascii_en.encode()
    yield "base64 of English", english, base64.b64encode(english)
    yield "base64 of English in lines", english, base64.encodebytes(english)
    yield "base64 in JSON", english, json.dumps({"name": "letter.txt", "data": base64.b64encode(english).decode()}).encode()
    yield "UTF-32LE English", english, ascii_en.encode("utf-32-le")
    yield "UTF-32 English with a mark", english, ascii_en.encode("utf-32")
    yield "hex of English", english, english.hex().encode()
    yield "hex of English in lines", english, xxd(english, "-p")
    yield "hex dump of English", english, xxd(english)
    yield "UTF-16LE English", english, ascii_en.encode("utf-16-le")
    yield "UTF-16BE English", english, ascii_en.encode("utf-16-be")
    yield "UTF-16 English with a mark", english, ascii_en.encode("utf-16")
    yield "JSON escapes, Russian", *plain("ru", lambda t: json.dumps(t, ensure_ascii=True).encode())
    yield "HTML entities, Russian", *plain("ru", lambda t: t.encode("ascii", "xmlcharrefreplace"))
    named = str.maketrans({chr(n): f"&{name};" for n, name in html.entities.codepoint2name.items() if n > 127})
    yield "HTML entities, French", *plain("fr", lambda t: t.translate(named).encode())
    yield "UTF-16 Japanese", *plain("ja", lambda t: t.encode("utf-16"))
    yield "UTF-16 Chinese", *plain("zh", lambda t: t.encode("utf-16-le"))
    yield "URL-encoded English", english, urllib.parse.quote(english).encode()
    yield "form-encoded English", english, urllib.parse.quote_plus(english).encode()
    yield "URL-encoded Russian", *plain("ru", lambda t: urllib.parse.quote(t).encode())
    yield "quoted-printable French", *plain("fr", lambda t: quopri.encodestring(t.encode()))
    yield "UPPER CASE English", english.lower(), english.upper()
    yield "UPPER CASE Russian", cut("ru").lower().encode(), cut("ru").upper().encode()
    for name, language, codec in (
        ("Shift-JIS", "ja", "cp932"),
        ("EUC-JP", "ja", "euc_jp"),
        ("GB18030", "zh", "gb18030"),
        ("Big5", "zh", "cp950"),
        ("EUC-KR", "ko", "cp949"),
        ("CP1251", "ru", "cp1251"),
        ("KOI8-R", "ru", "koi8_r"),
        ("ISO-8859-5", "ru", "iso8859_5"),
        ("IBM866", "ru", "cp866"),
        ("CP1252", "fr", "cp1252"),
        ("ISO-8859-1", "de", "iso8859_1"),
        ("EBCDIC 037", "en", "cp037"),
        ("EBCDIC 500", "en", "cp500"),
    ):
        if by_language.get(language):
            yield name, *encoded(cut(language), codec)
    yield "CR line ends", english, english.replace(b"\n", b"\r")
    yield "NUL line ends", english, english.replace(b"\n", b"\0")
    yield "CRLF line ends", english, english.replace(b"\n", b"\r\n")


def size(path, flags):
    packed = path.with_suffix(".llmz")
    command = [PROGRAM, *flags, "-f", "-q", str(path), "-o", str(packed)]
    subprocess.run(command, check=True)
    back = subprocess.run([PROGRAM, "-d", "-c", str(packed)], capture_output=True, check=True).stdout
    assert back == path.read_bytes(), path
    return packed.stat().st_size


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--bytes", type=int, default=150_000)
    parser.add_argument("--only", default="")
    parser.add_argument("flags", nargs="*")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    print("| kind | bytes | as it is | seen through | the text | more |\n|---|---|---|---|---|---|")
    for name, text, clothed in clothes(texts(args.texts, args.bytes), args.bytes):
        if args.only.lower() not in name.lower():
            continue
        stem = name.replace(" ", "-").replace(",", "")
        # With one suffix, so that the results get names of their own.
        paths = [args.folder / f"{stem}.clothed", args.folder / f"{stem}-text.plain"]
        for path, data in zip(paths, (clothed, text)):
            path.write_bytes(data)
        as_is = size(paths[0], [*args.flags, "--no-transform"])
        through = size(paths[0], args.flags)
        itself = size(paths[1], [*args.flags, "--no-transform"])
        more = 100 * (through / itself - 1)
        print(f"| {name} | {len(clothed):,} | {as_is:,} | {through:,} | {itself:,} | {more:+.1f} % |", flush=True)


main()
