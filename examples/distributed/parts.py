"""A folder of text as parts that machines can work on one by one, wherever fsspec finds it.

A part is a run of whole lines of one file, and becomes one .llmz file. What a part becomes depends on its bytes alone, it
is written under another name first and then renamed: so an engine may do a part again, or twice at the same time, and no
part is ever lost, half or doubled.
"""

import dataclasses
import hashlib
import json
import os
import uuid

import fsspec
import llmzip

# Bytes of a part, about. A group of llmzip's has 16 MiB: smaller parts are cut into fewer lanes, larger ones into more groups.
PART_BYTES = 16 << 20

# What a folder of parts says of itself.
LIST = "parts.json"


@dataclasses.dataclass(frozen=True)
class Part:
    """Bytes of a file, and the name that they have when compressed."""

    source: str
    start: int
    length: int
    name: str


def join(folder, name):
    return f"{folder.rstrip('/')}/{name}"


def plan(folder, part_bytes=PART_BYTES):
    """The parts of all files in a folder and below, cut where lines end, in the order of their names."""
    files, root = fsspec.core.url_to_fs(folder)
    parts = []
    for path in sorted(files.find(root)):
        size, start, number = files.size(path), 0, 0
        with files.open(path, "rb") as file:
            while start < size or number == 0:
                end = min(start + part_bytes, size)
                if end < size:
                    file.seek(end)
                    end += len(file.readline())
                name = f"{os.path.relpath(path, root)}.{number:05}.llmz"
                parts.append(Part(files.unstrip_protocol(path), start, end - start, name))
                start, number = end, number + 1
    return parts


def read(part):
    """The bytes of a part."""
    with fsspec.open(part.source, "rb") as file:
        file.seek(part.start)
        data = file.read(part.length)
    if len(data) != part.length:
        raise OSError(f"{part.source} has become shorter")
    return data


def put(url, data):
    """Writes a file as a whole or not at all."""
    files, path = fsspec.core.url_to_fs(url)
    files.makedirs(os.path.dirname(path), exist_ok=True)
    unfinished = f"{path}.{uuid.uuid4().hex}.tmp"
    try:
        with files.open(unfinished, "wb") as file:
            file.write(data)
        files.mv(unfinished, path)
    except BaseException:
        if files.exists(unfinished):
            files.rm(unfinished)
        raise


def compress(part, target, **options):
    """Compresses a part into the folder `target`; what the list says of it."""
    data = read(part)
    packed = llmzip.compress(data, **options)
    put(join(target, part.name), packed)
    return {
        "name": part.name,
        "plain_bytes": len(data),
        "stored_bytes": len(packed),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def finish(target, done):
    """Writes the list of all parts, in their order; files without a list are parts that nobody has finished."""
    done = sorted(done, key=lambda part: part["name"])
    names = [part["name"] for part in done]
    if len(set(names)) != len(names):
        raise ValueError("a part was done twice and is in the list twice")
    put(join(target, LIST), json.dumps(done, indent=1).encode())
    return done


def listed(folder):
    """What `finish` wrote."""
    with fsspec.open(join(folder, LIST), "rb") as file:
        return json.load(file)


def files_of(folder):
    """The original's files, each with its parts in their order."""
    files = {}
    for part in listed(folder):
        files.setdefault(part["name"].rsplit(".", 2)[0], []).append(part)
    return sorted(files.items())


def restore(folder, target, name, parts):
    """Writes a file of the original again; its length."""
    data = []
    for part in parts:
        with fsspec.open(join(folder, part["name"]), "rb") as file:
            data.append(llmzip.decompress(file.read(), max_output=part["plain_bytes"]))
        if hashlib.sha256(data[-1]).hexdigest() != part["sha256"]:
            raise ValueError(f"{part['name']} is not what was compressed")
    put(join(target, name), b"".join(data))
    return sum(map(len, data))


def ranges(folder, range_bytes):
    """Every part cut into ranges of about so many bytes: what can be read without the rest of its part."""
    for part in listed(folder):
        for start in range(0, part["plain_bytes"], range_bytes):
            yield part["name"], start, min(range_bytes, part["plain_bytes"] - start)


def lines_of(folder, name, start, length):
    """The lines that begin in a range of a part. Only the groups that hold them are decoded."""
    with fsspec.open(join(folder, name), "rb") as file:
        with llmzip.open(file, "rb") as plain:
            if start > 0:
                # A line that begins right here belongs to us, and one that began before does not.
                plain.seek(start - 1)
                plain.readline()
            lines = []
            while plain.tell() < start + length and (line := plain.readline()):
                lines.append(line)
            return lines
