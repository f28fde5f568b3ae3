#!/usr/bin/env python3
"""Documents, archives and pictures, and what llmzip makes of them beside zstd and xz.

    scripts/containers.py FOLDER [--texts ../shared/corpora] [-- LLMZIP FLAGS]

Makes files with whatever of these programs is there: gzip, zopfli, git, jar, go, pandoc, optipng, and Python's packages pillow,
deflate (libdeflate) and zlib_ng. Every file is decompressed and compared. LLMZIP names another program than target/release/llmzip.
Files that are put into FOLDER/extra are measured too.
"""

import argparse
import base64
import email.message
import gzip
import io
import json
import os
import shutil
import subprocess
import tarfile
import zipfile
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("LLMZIP", HERE / "target/release/llmzip")
GO = """package main
import ("compress/gzip"; "io"; "os")
func main() { w, _ := gzip.NewWriterLevel(os.Stdout, 6); io.Copy(w, os.Stdin); w.Close() }
"""


def run(*command, data=None, cwd=None):
    return subprocess.run(command, input=data, capture_output=True, check=True, cwd=cwd).stdout


def picture():
    """A chart as programs draw them: few colours, letters, lines."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (640, 400), "white")
    draw = ImageDraw.Draw(image)
    for i in range(60):
        high = 40 + (i * i * 7919) % 260
        draw.rectangle((20 + 10 * i, 380 - high, 27 + 10 * i, 380), fill=(40 + 3 * i, 90, 200 - 2 * i))
        if i % 6 == 0:
            draw.text((20 + 10 * i, 385), str(i), fill="black")
    draw.text((240, 10), "Arrivals by hour, ferry and tide", fill="black")
    return image


def files(folder, english, log, sources):
    """Name and bytes of each."""
    text = english[:120_000]
    yield "log.gz (gzip -6)", run("gzip", "-6", "-n", "-c", data=log)
    yield "log.gz (gzip -9)", run("gzip", "-9", "-n", "-c", data=log)
    if shutil.which("zopfli"):
        (folder / "log").write_bytes(log[:150_000])
        yield "log.gz (zopfli)", run("zopfli", "-c", str(folder / "log"))
    if shutil.which("go"):
        (folder / "pack.go").write_text(GO)
        yield "log.gz (Go)", run("go", "run", str(folder / "pack.go"), data=log)
    try:
        import deflate

        yield "log.gz (libdeflate -6)", deflate.gzip_compress(log, 6)
        yield "log.gz (libdeflate -12)", deflate.gzip_compress(log, 12)
    except ImportError:
        pass
    try:
        from zlib_ng import zlib_ng

        packer = zlib_ng.compressobj(6, zlib.DEFLATED, 31)
        yield "log.gz (zlib-ng -6)", packer.compress(log) + packer.flush()
    except ImportError:
        pass
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for path in sources:
            tar.add(path, path.relative_to(HERE))
    yield "sources.tar.gz", archive.getvalue()
    blob = b"blob %d\0" % len(text[:30_000]) + text[:30_000]
    yield "git object", zlib.compress(blob, 1)
    if shutil.which("git"):
        tree = folder / "repository"
        shutil.rmtree(tree, ignore_errors=True)
        tree.mkdir()
        run("git", "init", "-q", cwd=tree)
        for path in sources:
            shutil.copy(path, tree / path.name)
        who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "gc.auto=0")
        run("git", "add", ".", cwd=tree)
        run("git", *who, "commit", "-q", "-m", "All", cwd=tree)
        loose = sorted(p for p in (tree / ".git/objects").glob("??/*"))
        yield "git loose objects, joined", b"".join(p.read_bytes() for p in loose)
        run("git", "gc", "-q", cwd=tree)
        yield "git packfile", next((tree / ".git/objects/pack").glob("*.pack")).read_bytes()
    if shutil.which("pandoc"):
        (folder / "text.md").write_bytes(b"# A study\n\n" + text)
        for kind in ("docx", "odt", "epub"):
            run("pandoc", str(folder / "text.md"), "--metadata", "title=A study", "-o", str(folder / f"text.{kind}"))
            yield kind, (folder / f"text.{kind}").read_bytes()
    sheet = io.BytesIO()
    with zipfile.ZipFile(sheet, "w", zipfile.ZIP_DEFLATED) as book:
        rows = (HERE / "corpus/csv/weather.csv").read_text().splitlines()
        cells = lambda line: "".join(f"<c t=\"inlineStr\"><is><t>{c}</t></is></c>" for c in line.split(","))
        body = "".join(f'<row r="{i + 1}">{cells(line)}</row>' for i, line in enumerate(rows))
        book.writestr("xl/worksheets/sheet1.xml", f"<worksheet><sheetData>{body}</sheetData></worksheet>")
        book.writestr("[Content_Types].xml", "<Types><Default Extension=\"xml\" ContentType=\"application/xml\"/></Types>")
    yield "xlsx (its sheet in a zip)", sheet.getvalue()
    if shutil.which("jar"):
        run("jar", "cf", str(folder / "a.jar"), "-C", str(HERE), "src/stream", "-C", str(HERE), "corpus/text")
        yield "jar of sources", (folder / "a.jar").read_bytes()
    mail = email.message.EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "The report", "a@example.org", "b@example.org"
    mail.set_content(english[:8_000].decode("utf-8", "ignore"))
    mail.add_attachment(text[20_000:60_000], maintype="text", subtype="plain", filename="report.txt")
    mail.add_attachment(sheet.getvalue(), maintype="application", subtype="zip", filename="table.xlsx")
    yield "mbox with attachments", b"From a@example.org Thu Jan  1 00:00:00 2026\n" + bytes(mail)
    try:
        image = picture()
        png = io.BytesIO()
        image.save(png, "png")
        yield "png (zlib)", png.getvalue()
        if shutil.which("optipng"):
            (folder / "chart.png").write_bytes(png.getvalue())
            run("optipng", "-quiet", "-o5", str(folder / "chart.png"))
            yield "png (optipng)", (folder / "chart.png").read_bytes()
        code = [line + "\n" for line in (HERE / "corpus/code/wrap.py").read_text().splitlines()]
        encoded = base64.b64encode(png.getvalue()).decode() + "\n"
        output = {"output_type": "display_data", "data": {"image/png": encoded}, "metadata": {}}
        cells = [{"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [output], "source": code}]
        book = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        yield "notebook with a picture", json.dumps(book, indent=1).encode()
    except ImportError:
        pass
    for path in sorted((folder / "extra").glob("*")):
        yield path.name, path.read_bytes()


def size(folder, data, flags):
    path, packed = folder / "plain", folder / "packed"
    path.write_bytes(data)
    run(PROGRAM, *flags, "-f", "-q", str(path), "-o", str(packed))
    assert run(PROGRAM, "-d", "-c", str(packed)) == data
    return packed.stat().st_size


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--texts", type=Path)
    parser.add_argument("flags", nargs="*")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    corpus = HERE / "corpus"
    english = b"".join(path.read_bytes() for path in sorted(corpus.glob("text/*")))
    log = b"".join(path.read_bytes() for path in sorted(corpus.glob("log/*")))
    if args.texts:
        english = (args.texts / "text_en/sherlock.txt").read_bytes()
        log = b"".join(path.read_bytes() for path in sorted((args.texts / "log").glob("*")))[:500_000]
    sources = sorted(HERE.glob("src/stream/*.rs"))
    print("| file | bytes | zstd -19 | xz -9e | --no-transform | llmzip | of xz |\n|---|---|---|---|---|---|---|")
    for name, data in files(args.folder, english, log, sources):
        zstd = len(run("zstd", "-19", "-c", data=data))
        xz = len(run("xz", "-9e", "-c", data=data))
        as_is, through = (size(args.folder, data, [*args.flags, *more]) for more in (["--no-transform"], []))
        row = (len(data), zstd, xz, as_is, through)
        print(f"| {name} |", " | ".join(f"{n:,}" for n in row), f"| {100 * through / xz:.0f} % |", flush=True)


main()
