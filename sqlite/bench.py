"""Measures a table of short JSON rows: bytes, and reads a second, beside zstd with a trained dictionary.

    bench.py [ROWS] [zstd|llmzip|prime]...     20,000, and all three, unless told; LLMZIP_SQLITE names the library

Dictionary and prime are made of the same 2,000 rows and are counted. Columns are bytes of all values; reads are of rows one by
one in a random order, and of all of them together.
"""

import os
import pathlib
import random
import sqlite3
import sys
import time

import zstandard

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "tests"))
from rows import rows  # noqa: E402

LIBRARY = os.environ.get("LLMZIP_SQLITE", str(HERE.parent / "target/sqlite/llmzip"))
PRIME_BYTES = 64 << 10
READS = 300


def one(connection, sql, *values):
    return connection.execute(f"SELECT {sql}", values).fetchone()[0]


def reads(connection, call, ids):
    begun = time.perf_counter()
    for id in ids:
        plain, body = connection.execute(f"SELECT {call}, body FROM t WHERE id = ?", (id,)).fetchone()
        assert plain == body
    return len(ids) / (time.perf_counter() - begun)


def report(name, packed, extra, writes, alone, together):
    print(f"{name:28} {packed + extra:10} bytes ({extra} of them once) {writes:9.0f} writes/s {alone:9.0f} reads/s {together:9.0f} together")


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    connection = sqlite3.connect(":memory:")
    connection.enable_load_extension(True)
    connection.load_extension(LIBRARY)
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT, packed BLOB)")
    connection.executemany("INSERT INTO t (body) VALUES (?)", [(row,) for row in rows(count)])
    plain = one(connection, "sum(length(CAST(body AS BLOB))) FROM t")
    print(f"{count} rows, {plain} bytes, {plain / count:.0f} each")
    ids = random.Random(1).sample(range(1, count + 1), min(READS, count))

    wanted = sys.argv[2:] or ["zstd", "llmzip", "prime"]
    samples = [row[0].encode() for row in connection.execute("SELECT body FROM t WHERE id % ? = 0", (max(count // 2000, 1),))]
    for size in (16 << 10, PRIME_BYTES) if "zstd" in wanted else ():
        trained = zstandard.train_dictionary(size, samples)
        packer, unpacker = zstandard.ZstdCompressor(19, trained), zstandard.ZstdDecompressor(trained)
        connection.create_function("zstd_pack", 1, lambda text: packer.compress(text.encode()), deterministic=True)
        connection.create_function("zstd_unpack", 1, lambda data: unpacker.decompress(data).decode(), deterministic=True)
        begun = time.perf_counter()
        connection.execute("UPDATE t SET packed = zstd_pack(body)")
        writes = count / (time.perf_counter() - begun)
        begun = time.perf_counter()
        assert one(connection, "count(*) FROM t WHERE zstd_unpack(packed) = body") == count
        together = count / (time.perf_counter() - begun)
        packed = one(connection, "sum(length(packed)) FROM t")
        report(f"zstd -19, dictionary {size >> 10} KiB", packed, len(trained.as_bytes()), writes,
               reads(connection, "zstd_unpack(packed)", ids), together)

    ways = [("llmzip", None)] if "llmzip" in wanted else []
    if "prime" in wanted:
        select = f"SELECT body FROM t WHERE id % {max(count // 2000, 1)} = 0"
        begun = time.perf_counter()
        prime = one(connection, "llmzip_train(?, ?)", select, PRIME_BYTES)
        one(connection, "llmzip_compress('', ?)", prime)
        print(f"the prime was made and read in {time.perf_counter() - begun:.1f} s")
        ways.append((f"llmzip, prime {PRIME_BYTES >> 10} KiB", prime))
    for name, number in ways:
        begun = time.perf_counter()
        one(connection, "llmzip_compress_rows('SELECT id, body FROM t', 'UPDATE t SET packed = ?2 WHERE id = ?1', ?)", number)
        writes = count / (time.perf_counter() - begun)
        connection.execute("CREATE TEMP TABLE back (id INTEGER PRIMARY KEY, body TEXT)")
        begun = time.perf_counter()
        one(connection, "llmzip_decompress_rows('SELECT id, packed FROM t', 'INSERT INTO back VALUES (?1, ?2)')")
        together = count / (time.perf_counter() - begun)
        assert one(connection, "count(*) FROM t JOIN back USING (id) WHERE t.body = back.body") == count
        connection.execute("DROP TABLE back")
        packed = one(connection, "sum(length(packed)) FROM t")
        extra = one(connection, "length(reference) FROM llmzip_primes WHERE id = ?", number) if number else 0
        report(name, packed, extra, writes, reads(connection, "llmzip_decompress(packed)", ids), together)


if __name__ == "__main__":
    main()
