#!/usr/bin/env python3
"""Write src/tokenizer/unicode/tables.rs: the code points of \\p{L}, \\p{N} and \\s.

    scripts/unicode_tables.py PATH/TO/regex-syntax/src/unicode_tables | rustfmt > src/tokenizer/unicode/tables.rs

The source is the regex-syntax crate, because the `tokenizers` crate splits text with it: only its edition of Unicode
gives the token ids that the models were trained with. Where a text is cut does not decide whether it can be
decoded, so a newer table changes the size of a file and nothing else.
"""

import re
import sys
from pathlib import Path

CHAR = r"'(\\u\{[0-9a-fA-F]+\}|\\.|[^'\\])'"
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "'": "'", '"': '"', "\\": "\\"}


def code_point(literal):
    """The number behind the inside of a Rust character literal."""
    if literal.startswith("\\u"):
        return int(literal[3:-1], 16)
    if literal.startswith("\\"):
        return ord(ESCAPES[literal[1]])
    return ord(literal)


def ranges(text, name):
    """The inclusive ranges of one table, ascending, neighbours joined."""
    body = re.search(rf"pub const {name}: &'static \[\(char, char\)\] = &\[(.*?)\n?\];", text, re.S).group(1)
    found = []
    for first, last in re.findall(rf"\(\s*{CHAR},\s*{CHAR}\s*\)", body):
        first, last = code_point(first), code_point(last)
        assert first <= last and (not found or first > found[-1][1])
        if found and first == found[-1][1] + 1:
            found[-1][1] = last
        else:
            found.append([first, last])
    assert len(found) == body.count("(") - body.count("'('"), name
    return found


def table(name, meaning, found):
    """One flat Rust array; flat, because rustfmt gives every tuple a line of its own."""
    numbers = [f"{number:#x}" for pair in found for number in pair]
    lines = [f"/// {meaning}; first and last code point of each range in turn."]
    lines.append(f"pub(super) const {name}: [u32; {len(numbers)}] = [")
    line = "   "
    for number in numbers:
        if len(line) + len(number) + 2 > 100:
            lines.append(line)
            line = "   "
        line += f" {number},"
    lines += [line, "];"]
    return "\n".join(lines)


def main():
    folder = Path(sys.argv[1])
    categories = (folder / "general_category.rs").read_text(encoding="utf-8")
    properties = (folder / "property_bool.rs").read_text(encoding="utf-8")
    version = re.search(r"Unicode version: ([0-9.]+[0-9])", categories).group(1)
    assert version in properties
    print(f"//! The letters, numbers and white space of Unicode {version}.")
    print("//!")
    print("//! Written by scripts/unicode_tables.py from the tables of the regex-syntax crate; do not edit.")
    print()
    print(table("LETTERS", "`\\p{L}`", ranges(categories, "LETTER")))
    print()
    print(table("NUMBERS", "`\\p{N}`", ranges(categories, "NUMBER")))
    print()
    print(table("WHITE_SPACE", "`\\s`", ranges(properties, "WHITE_SPACE")))


if __name__ == "__main__":
    main()
