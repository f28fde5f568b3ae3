"""A zstd file that takes its name when all is on disk."""

import hashlib
import os
import pathlib

import zstandard


class PackedWriter:
    def __init__(self, path, level=9):
        self.path = pathlib.Path(path)
        self.partial = self.path.with_name(self.path.name + ".partial")
        self.file = open(self.partial, "wb")
        self.stream = zstandard.ZstdCompressor(level=level).stream_writer(self.file, closefd=False)
        self.digest = hashlib.sha256()

    def write(self, data):
        self.stream.write(data)
        self.digest.update(data)

    def close(self):
        """Ends the file; gives its name and the digest of what was written, not of the packed bytes."""
        self.stream.close()
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        os.replace(self.partial, self.path)
        return self.path.name, self.digest.hexdigest()
