#!/usr/bin/env python3
"""Documents, archives and pictures, and what llmzip makes of them beside zstd and xz.

    scripts/containers.py FOLDER [--texts ../shared/corpora] [-- LLMZIP FLAGS]

Makes files with whatever of these programs is there: gzip, zopfli, libdeflate-gzip, git, jar, java, go, pandoc, optipng, Ghostscript,
and Python's packages pillow, reportlab, deflate (libdeflate, where the program is not) and zlib_ng. Every file is decompressed and compared. LLMZIP names another program than target/release/llmzip.
Files that are put into FOLDER/extra are measured too.
"""

import argparse
import base64
import email.message
import importlib.util
import io
import json
import os
import shutil
import subprocess
import tarfile
import textwrap
import zipfile
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("LLMZIP", HERE / "target/release/llmzip")
GO = """package main
import ("compress/gzip"; "io"; "os")
func main() { w, _ := gzip.NewWriterLevel(os.Stdout, 6); io.Copy(w, os.Stdin); w.Close() }
"""

JAVA = """import java.util.zip.GZIPOutputStream;
public class Pack { public static void main(String[] a) throws Exception {
    GZIPOutputStream out = new GZIPOutputStream(System.out); System.in.transferTo(out); out.finish(); } }
"""


def run(*command, data=None, cwd=None):
    return subprocess.run(command, input=data, capture_output=True, check=True, cwd=cwd).stdout


def importable(name):
    return importlib.util.find_spec(name) is not None


def paged(text, is_text):
    """A paper of one typeface, as programs write reports, with or without letters around what deflate has made."""
    from reportlab import rl_config
    from reportlab.pdfgen.canvas import Canvas

    rl_config.useA85 = is_text
    out = io.BytesIO()
    canvas = Canvas(out, pageCompression=1, invariant=1)
    lines = [line for part in text.splitlines() for line in textwrap.wrap(part, 90) or [""]]
    for begin in range(0, len(lines), 60):
        page = canvas.beginText(50, 790)
        page.setFont("Times-Roman", 11)
        page.textLines(lines[begin : begin + 60])
        canvas.drawText(page)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


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
    if shutil.which("java"):
        (folder / "Pack.java").write_text(JAVA)
        yield "log.gz (Java)", run("java", str(folder / "Pack.java"), data=log)
    if shutil.which("libdeflate-gzip"):
        for level in ("6", "12"):
            yield f"log.gz (libdeflate -{level})", run("libdeflate-gzip", f"-{level}", "-c", data=log)
    elif importable("deflate"):
        import deflate

        for level in (6, 12):
            yield f"log.gz (libdeflate -{level})", deflate.gzip_compress(log, level)
    if importable("zlib_ng"):
        from zlib_ng import zlib_ng

        packer = zlib_ng.compressobj(6, zlib.DEFLATED, 31)
        yield "log.gz (zlib-ng -6)", packer.compress(log) + packer.flush()
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
    if importable("reportlab"):
        part = english[:60_000].decode("utf-8", "ignore")
        yield "pdf (reportlab, in ASCII85)", paged(part, True)
        paper = paged(part, False)
        yield "pdf (reportlab)", paper
        if shutil.which("gs"):
            (folder / "paper.pdf").write_bytes(paper)
            yield "pdf (Ghostscript)", run("gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pdfwrite", "-o", "-", str(folder / "paper.pdf"))
    if importable("PIL"):
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
