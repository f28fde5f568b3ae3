"""Documents in and out: streams of texts, each ended by one zero byte, in zstd or plain files."""

import hashlib
import io
import pathlib

import zstandard

from llmtrain.packed import PackedWriter

SEPARATOR = b"\0"
# The training text was packed with --long=27; a reader must allow that much window.
MAX_WINDOW_BYTES = 1 << 27
CHUNK_BYTES = 1 << 20


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def file_sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_stream(path):
    """A plain or zstd file as a readable stream of its text."""
    file = open(path, "rb")
    if pathlib.Path(path).suffix != ".zst":
        return file
    reader = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)
    return reader.stream_reader(file, read_across_frames=True, closefd=True)


def read_documents(path):
    """Each document of a stream, as bytes; empty ones are left out."""
    rest = io.BytesIO()
    with open_stream(path) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            first, *more = chunk.split(SEPARATOR)
            rest.write(first)
            for part in more:
                if document := rest.getvalue():
                    yield document
                rest = io.BytesIO()
                rest.write(part)
    if document := rest.getvalue():
        yield document


def read_tree(root):
    """Each file below a folder as (category, bytes): the first folder's name, or "text".

    The order is that of the names, so it is the same everywhere.
    """
    root = pathlib.Path(root)
    files = sorted(path for path in root.rglob("*") if path.is_file())
    for path in files:
        parts = path.relative_to(root).parts
        yield (parts[0] if len(parts) > 1 else "text"), path.read_bytes()


def is_text(document):
    """Whether a document can be trained on: valid UTF-8 without zero bytes, and not empty."""
    if not document or SEPARATOR in document:
        return False
    try:
        document.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


class DocumentWriter:
    """Writes a stream of documents."""

    def __init__(self, path):
        self.file = PackedWriter(path)
        self.n_documents = 0
        self.n_bytes = 0

    def write(self, document):
        self.file.write(document + SEPARATOR)
        self.n_documents += 1
        self.n_bytes += len(document)

    def close(self):
        """Ends the file and says what is in it."""
        name, digest = self.file.close()
        counts = {"documents": self.n_documents, "bytes": self.n_bytes}
        return {"file": name, **counts, "sha256": digest}
