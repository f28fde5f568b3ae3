"""Compresses a folder with Spark: binaryFile in, mapInPandas, one .llmz file for each file; and gives it back.

    with_spark.py compress FOLDER TARGET    with_spark.py restore TARGET FOLDER

TARGET is written through fsspec. Spark holds a whole file in memory: those of more than some hundred megabytes had better be
cut before. It does a task again whose worker has died, four times at most.
"""

import argparse
import hashlib
import os
import sys

import pandas
import parts
from pyspark.sql import SparkSession

FIELDS = "name string, plain_bytes long, stored_bytes long, sha256 string"


def session(workers=2, master=None):
    # Workers run this Python, unless somebody says otherwise.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    # Also where all is on one machine, a task may fail four times.
    return (
        SparkSession.builder.master(master or f"local[{workers},4]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "1")
        .config("spark.sql.files.maxPartitionBytes", str(parts.PART_BYTES))
        .config("spark.sql.files.openCostInBytes", str(parts.PART_BYTES))
        .getOrCreate()
    )


def files_in(spark, folder, pattern="*"):
    files = spark.read.format("binaryFile").option("recursiveFileLookup", "true").option("pathGlobFilter", pattern)
    return files.load(folder).select("path", "content")


def name_below(path, root):
    """The name of a file below a folder, both of them as addresses or paths."""
    path, root = (text.split("://", 1)[-1].removeprefix("file:").rstrip("/") for text in (path, root))
    return path[path.index(root) + len(root) :].lstrip("/")


def compress(spark, folder, target, **options):
    """Compresses every file of a folder; the list of them."""

    def work(batches):
        import llmzip

        llmzip.set_threads(1)
        for batch in batches:
            done = []
            for path, data in zip(batch["path"], batch["content"]):
                name = name_below(path, folder) + ".00000.llmz"
                packed = llmzip.compress(data, **options)
                parts.put(parts.join(target, name), packed)
                done.append((name, len(data), len(packed), hashlib.sha256(data).hexdigest()))
            yield pandas.DataFrame(done, columns=["name", "plain_bytes", "stored_bytes", "sha256"])

    done = files_in(spark, folder).mapInPandas(work, FIELDS).collect()
    return parts.finish(target, [row.asDict() for row in done])


def restore(spark, folder, target):
    """Writes all files of the original again; their length."""
    sums = {part["name"]: part["sha256"] for part in parts.listed(folder)}

    def work(batches):
        import llmzip

        llmzip.set_threads(1)
        for batch in batches:
            lengths = []
            for path, packed in zip(batch["path"], batch["content"]):
                name = name_below(path, folder)
                if name not in sums:
                    continue
                data = llmzip.decompress(packed)
                if hashlib.sha256(data).hexdigest() != sums[name]:
                    raise ValueError(f"{name} is not what was compressed")
                parts.put(parts.join(target, name.rsplit(".", 2)[0]), data)
                lengths.append(len(data))
            yield pandas.DataFrame({"plain_bytes": lengths})

    done = files_in(spark, folder, "*.llmz").mapInPandas(work, "plain_bytes long").collect()
    return sum(row["plain_bytes"] for row in done)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["compress", "restore"])
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--master", help="a cluster that is there already")
    parser.add_argument("--level", type=int, default=5)
    args = parser.parse_args()
    spark = session(args.workers, args.master)
    if args.what == "compress":
        done = compress(spark, args.source, args.target, level=args.level)
        plain, stored = (sum(part[key] for part in done) for key in ("plain_bytes", "stored_bytes"))
        print(f"{len(done)} parts: {plain} -> {stored} bytes")
    else:
        print(restore(spark, args.source, args.target), "bytes")


if __name__ == "__main__":
    main()
