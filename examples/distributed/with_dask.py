"""Compresses a folder with Dask, gives it back, and reads its lines without giving it back.

    with_dask.py compress FOLDER TARGET     with_dask.py restore TARGET FOLDER     with_dask.py count TARGET WORD

FOLDER and TARGET are anything that fsspec reads and writes. --scheduler ADDRESS is a cluster that is there already;
otherwise there are --workers processes here. Dask does a part again whose worker has died.
"""

import argparse

import dask.bag
import llmzip
import parts
from dask.distributed import Client, LocalCluster, as_completed


def one_thread():
    """Dask has a process for each core; in each, a call takes one."""
    llmzip.set_threads(1)


def compress_part(part, target, options):
    one_thread()
    return parts.compress(part, target, **options)


def compress(client, folder, target, part_bytes=parts.PART_BYTES, **options):
    """Compresses every part of a folder; the list of them."""
    # A part is as pure as a function can be, but its key must name what is written, not only what is read.
    work = [
        client.submit(compress_part, part, target, options, key=f"compress-{target}-{part.name}", retries=3)
        for part in parts.plan(folder, part_bytes)
    ]
    return parts.finish(target, [future.result() for future in as_completed(work)])


def restore(client, folder, target):
    """Writes all files of the original again; their length."""
    work = [
        client.submit(parts.restore, folder, target, name, its, key=f"restore-{target}-{name}", retries=3)
        for name, its in parts.files_of(folder)
    ]
    return sum(client.gather(work))


def lines(folder, range_bytes=parts.PART_BYTES):
    """A dask.bag of all lines, a partition for each range: also parts of hundreds of groups are read by many workers."""
    read = dask.delayed(parts.lines_of)
    return dask.bag.from_delayed([read(folder, *where) for where in parts.ranges(folder, range_bytes)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["compress", "restore", "count"])
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--scheduler")
    parser.add_argument("--level", type=int, default=5)
    parser.add_argument("--part-bytes", type=int, default=parts.PART_BYTES)
    args = parser.parse_args()
    cluster = args.scheduler or LocalCluster(n_workers=args.workers, threads_per_worker=1, dashboard_address=None)
    with Client(cluster) as client:
        if args.what == "compress":
            done = compress(client, args.source, args.target, args.part_bytes, level=args.level)
            plain, stored = (sum(part[key] for part in done) for key in ("plain_bytes", "stored_bytes"))
            print(f"{len(done)} parts: {plain} -> {stored} bytes")
        elif args.what == "restore":
            print(restore(client, args.source, args.target), "bytes")
        else:
            word = args.target.encode()
            print(lines(args.source).filter(lambda line: word in line).count().compute(), "lines")


if __name__ == "__main__":
    main()
