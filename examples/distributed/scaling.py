"""Measures the engines with one worker and with two, each on one core, beside a plain loop.

    scaling.py MEGABYTES [--level N] [--engines dask,ray,spark] [--files N] [--zstd]

Starting the engine, its workers and the model is not counted: a first small folder goes through before the clock runs. The
same parts are compared in every run.
"""

import argparse
import os
import pathlib
import sys
import tempfile
import time

import llmzip
import make_text
import parts

HERE = os.path.dirname(os.path.abspath(__file__))


def loop(_workers):
    llmzip.set_threads(1)
    return (
        lambda folder, target, part_bytes, **options: parts.finish(
            target, [parts.compress(part, target, **options) for part in parts.plan(folder, part_bytes)]
        ),
        lambda: None,
    )


def dask(workers):
    import with_dask
    from dask.distributed import Client, LocalCluster

    path = f"import sys; sys.path.insert(0, {HERE!r})"
    cluster = LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None, preload=[path])
    client = Client(cluster)

    def close():
        client.close()
        cluster.close()

    return lambda *args, **options: with_dask.compress(client, *args, **options), close


def with_ray(workers):
    import ray
    import with_ray

    ray.init(
        num_cpus=workers, include_dashboard=False, object_store_memory=200 << 20, log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": HERE}},
    )
    ray.data.DataContext.get_current().enable_progress_bars = False

    def compress(folder, target, part_bytes, **options):
        return with_ray.compress(folder, target, workers, part_bytes, **options)

    return compress, ray.shutdown


def spark(workers):
    import with_spark

    os.environ["PYTHONPATH"] = HERE
    session = with_spark.session(workers)
    session.sparkContext.setLogLevel("ERROR")

    def compress(folder, target, _part_bytes, **options):
        return with_spark.compress(session, folder, target, **options)

    return compress, session.stop


ENGINES = {"loop": (loop, [1]), "dask": (dask, [1, 2]), "ray": (with_ray, [1, 2]), "spark": (spark, [1, 2])}


def zstd(folder):
    """One core, level 19, the same parts."""
    import zstandard

    begun, stored = time.perf_counter(), 0
    for path in sorted(pathlib.Path(folder).iterdir()):
        stored += len(zstandard.compress(path.read_bytes(), 19))
    return time.perf_counter() - begun, stored


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("megabytes", type=float)
    parser.add_argument("--level", type=int, default=1)
    parser.add_argument("--files", type=int, default=8)
    parser.add_argument("--engines", default="loop,dask,ray,spark")
    parser.add_argument("--zstd", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        home = pathlib.Path(home)
        make_text.make(home / "small", 200_000, 4)
        make_text.make(home / "text", int(args.megabytes * 1e6), args.files)
        sizes = [path.stat().st_size for path in (home / "text").iterdir()]
        n_bytes = sum(sizes)
        # No file is cut, since Spark cuts none.
        part_bytes = max(sizes)
        seen = {}
        for engine in args.engines.split(","):
            begin, counts = ENGINES[engine]
            for workers in counts:
                compress, close = begin(workers)
                compress(str(home / "small"), str(home / f"warm-{engine}-{workers}"), 50_000, level=args.level)
                target = str(home / f"{engine}-{workers}")
                begun = time.perf_counter()
                done = compress(str(home / "text"), target, part_bytes, level=args.level)
                took = time.perf_counter() - begun
                close()
                sums = {part["sha256"] for part in done}
                stored = sum(part["stored_bytes"] for part in done)
                if seen.setdefault("same", (sums, stored)) != (sums, stored):
                    sys.exit(f"{engine} made something else")
                print(
                    f"{engine:6} {workers} worker(s): {n_bytes} -> {stored} bytes at level {args.level} in {took:.2f} s, "
                    f"{n_bytes / took / 1e3:.0f} kB/s",
                    flush=True,
                )
        if args.zstd:
            took, stored = zstd(home / "text")
            print(f"zstd -19, one core: {n_bytes} -> {stored} bytes in {took:.2f} s, {n_bytes / took / 1e3:.0f} kB/s")


if __name__ == "__main__":
    main()
