"""Wraps paragraphs so that the lines are as even as possible.

A greedy wrapper fills each line as far as it goes and leaves the last words to their fate. This one looks at all
ways to break a paragraph and takes the one whose squared gaps at the line ends add up to the least.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import Iterable, Iterator


@dataclass(frozen=True)
class Style:
    width: int = 72
    indent: str = ""
    first_indent: str | None = None

    def prefix(self, line_number: int) -> str:
        if line_number == 0 and self.first_indent is not None:
            return self.first_indent
        return self.indent


def paragraphs(lines: Iterable[str]) -> Iterator[list[str]]:
    """Yields the words of each paragraph; an empty line ends one."""
    words: list[str] = []
    for line in lines:
        found = line.split()
        if found:
            words.extend(found)
        elif words:
            yield words
            words = []
    if words:
        yield words


def best_breaks(words: list[str], style: Style) -> list[int]:
    """The index of the first word of each line, by dynamic programming from the end."""
    n = len(words)
    lengths = [len(word) for word in words]
    cost = [0.0] * (n + 1)
    following = [n] * (n + 1)
    for start in range(n - 1, -1, -1):
        best = float("inf")
        used = len(style.prefix(0 if start == 0 else 1)) - 1
        for end in range(start + 1, n + 1):
            used += lengths[end - 1] + 1
            gap = style.width - used
            if gap < 0 and end > start + 1:
                break
            # The last line may be short; a single word that is too long has to stand anyway.
            penalty = 0.0 if end == n else float(max(gap, 0)) ** 2
            if penalty + cost[end] < best:
                best = penalty + cost[end]
                following[start] = end
        cost[start] = best
    breaks, at = [], 0
    while at < n:
        breaks.append(at)
        at = following[at]
    return breaks


def wrap(words: list[str], style: Style) -> list[str]:
    breaks = best_breaks(words, style) + [len(words)]
    lines = []
    for number, (start, end) in enumerate(zip(breaks, breaks[1:])):
        lines.append(style.prefix(number) + " ".join(words[start:end]))
    return lines


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", help="read these instead of standard input")
    parser.add_argument("-w", "--width", type=int, default=72)
    parser.add_argument("-i", "--indent", default="")
    options = parser.parse_args(arguments)
    if options.width < 1:
        parser.error("the width must be at least 1")
    style = Style(width=options.width, indent=options.indent)
    sources = [open(name, encoding="utf-8") for name in options.files] or [sys.stdin]
    first = True
    for source in sources:
        with source:
            for words in paragraphs(source):
                if not first:
                    print()
                first = False
                print("\n".join(wrap(words, style)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
