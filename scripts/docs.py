#!/usr/bin/env python3
"""Prepares the book's pages, and checks the links of the book: `docs.py prepare TARGET`, `docs.py check BOOK`.

Pages of docs/ that bring in a text from beside the code become that text, and links between such texts become links
between pages; what is in the repository and not in the book is named, not linked."""

import os
import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
INCLUDE = re.compile(r"\{\{#include ([^}]+)\}\}")
# Whichever comes first: code, in which nothing is a link, or a link, whose words may have code in them.
LINK = re.compile(r"^```.*?^```|(!?)\[([^\]]*)\]\(([^)\s]+)\)|`[^`\n]*`", re.M | re.S)


def prepare(target):
    """Copies docs/ with all texts in their places and all links as they are in the book."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(DOCS, target, ignore=shutil.ignore_patterns("*.md", "*.py"))
    pages = sorted(DOCS.glob("*.md"))
    # Texts beside the code by the page that has them.
    texts = {(DOCS / name).resolve(): page.name for page in pages for name in INCLUDE.findall(page.read_text())}
    for page in pages:
        text = relinked(page.read_text(), DOCS, texts)
        found = INCLUDE.search(text)
        if found:
            source = (DOCS / found[1]).resolve()
            # Its title stands in the page already.
            body = re.sub(r"\A# [^\n]*\n", "", source.read_text())
            text = text[: found.start()] + relinked(body, source.parent, texts) + text[found.end() :]
        (target / page.name).write_text(text)


def relinked(text, folder, texts):
    def replace(link):
        picture, words, where = link.groups()
        if where is None:
            return link[0]
        path, _, part = where.partition("#")
        if not path or re.match(r"[a-z]+:", path):
            return link[0]
        there = (folder / path).resolve()
        part = f"#{part}" if part else ""
        if there in texts:
            return f"{picture}[{words}]({texts[there]}{part})"
        if there.is_relative_to(DOCS):
            return f"{picture}[{words}]({there.relative_to(DOCS)}{part})"
        if not there.exists():
            sys.exit(f"docs.py: a link to {there.relative_to(ROOT)}, which is not there")
        return f"{words} (`{there.relative_to(ROOT)}`)" if f"{there.relative_to(ROOT)}" not in words else f"`{words.strip('`')}`"

    return LINK.sub(replace, text)


class Page(HTMLParser):
    """The links of a page, and the places in it."""

    def __init__(self, text):
        super().__init__()
        self.links, self.places = [], set()
        self.feed(text)

    def handle_starttag(self, _tag, attributes):
        found = dict(attributes)
        self.places.update(found[name] for name in ("id", "name") if found.get(name))
        self.links.extend(found[name] for name in ("href", "src") if found.get(name))


def check(book):
    """Fails if a link of the book leads nowhere."""
    pages = {path.resolve(): Page(path.read_text()) for path in book.glob("**/*.html")}
    wrong = []
    for path, page in pages.items():
        if path.name in ("print.html", "toc.html", "404.html"):
            continue
        for link in page.links:
            file, _, part = unquote(link).partition("#")
            if re.match(r"[a-z]+:|//", link):
                continue
            there = (path.parent / file).resolve() if file else path
            if not there.exists():
                wrong.append(f"{path.name}: {link}")
            elif part and there in pages and part not in pages[there].places:
                wrong.append(f"{path.name}: {link}: no such place")
    for line in sorted(set(wrong)):
        print(line, file=sys.stderr)
    if wrong:
        sys.exit(f"docs.py: {len(set(wrong))} links lead nowhere")
    print(f"{len(pages)} pages, all links lead somewhere")


if __name__ == "__main__":
    {"prepare": prepare, "check": check}[sys.argv[1]](Path(sys.argv[2]))
