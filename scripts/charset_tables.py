#!/usr/bin/env python3
"""Write src/transform/charset/single.bin and double.bin: what the bytes of old character sets stand for.

    scripts/charset_tables.py src/transform/charset

The tables are Python's, and part of the file format: once a version of llmzip was published with them, a line of
them is never changed, only sets are added behind the last one. `--check` compares instead of writing.
"""

import sys
from pathlib import Path

# In the order of their codes in the format.
SINGLE = """
cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 koi8_r koi8_u iso8859_1 iso8859_2 iso8859_3 iso8859_4
iso8859_5 iso8859_6 iso8859_7 iso8859_8 iso8859_9 iso8859_10 iso8859_13 iso8859_14 iso8859_15 iso8859_16 cp437 cp850
cp852 cp866 mac_roman cp037 cp500 cp1140
""".split()
# Name, first and last lead byte, first and last second byte.
DOUBLE = [
    ("cp932", 0x81, 0xFC, 0x40, 0xFC),
    ("euc_jp", 0xA1, 0xFE, 0xA1, 0xFE),
    ("gb18030", 0x81, 0xFE, 0x40, 0xFE),
    ("cp950", 0xA1, 0xF9, 0x40, 0xFE),
    ("cp949", 0x81, 0xFD, 0x41, 0xFE),
]
UNDEFINED = 0xFFFF


def code_point(raw, name):
    """The one character of the basic plane that the bytes stand for."""
    try:
        text = raw.decode(name)
    except UnicodeDecodeError:
        return UNDEFINED
    if len(text) != 1 or ord(text) > 0xFFFD or 0xD800 <= ord(text) < 0xE000:
        return UNDEFINED
    return ord(text)


def little_endian(points):
    return b"".join(point.to_bytes(2, "little") for point in points)


def single():
    return b"".join(little_endian(code_point(bytes([b]), name) for b in range(256)) for name in SINGLE)


def double():
    parts = []
    for name, first, last, low, high in DOUBLE:
        parts.append(little_endian(code_point(bytes([b]), name) for b in range(256)))
        pairs = (bytes([a, b]) for a in range(first, last + 1) for b in range(low, high + 1))
        parts.append(little_endian(code_point(pair, name) for pair in pairs))
    return b"".join(parts)


def main():
    check = sys.argv[1] == "--check"
    folder = Path(sys.argv[-1])
    for name, data in (("single.bin", single()), ("double.bin", double())):
        path = folder / name
        if check:
            assert path.read_bytes() == data, f"{path} is not what this Python has"
        else:
            path.write_bytes(data)
        print(name, len(data), "bytes")


main()
