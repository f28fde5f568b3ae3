"""Compresses a folder with Ray Data: actors hold the model, so that a large one is opened once for each and not for each part.

    with_ray.py compress FOLDER TARGET      with_ray.py restore TARGET FOLDER

--model NAME is one of `llmzip models list`, or a file that every machine has. Ray starts an actor again that has died, and
gives it its part again.
"""

import argparse

import llmzip
import numpy
import parts
import ray


class Compressor:
    """One of them runs for each core, socket or machine: `threads` is what it may use there."""

    def __init__(self, target, model=None, threads=1, **options):
        llmzip.set_threads(threads)
        self.target, self.options = target, options
        if model is not None:
            self.options["model"] = llmzip.Model(model)

    def __call__(self, batch):
        done = [parts.compress(parts.Part(**part), self.target, **self.options) for part in rows(batch)]
        return {key: numpy.array([part[key] for part in done]) for key in done[0]}


class Restorer:
    def __init__(self, folder, target):
        llmzip.set_threads(1)
        self.folder, self.target = folder, target
        self.files = dict(parts.files_of(folder))

    def __call__(self, batch):
        lengths = [parts.restore(self.folder, self.target, name, self.files[name]) for name in batch["name"]]
        return {"plain_bytes": numpy.array(lengths)}


def rows(batch):
    """A batch is a column for each field."""
    columns = {key: values.tolist() for key, values in batch.items()}
    return [dict(zip(columns, row)) for row in zip(*columns.values())]


def compress(folder, target, workers=2, part_bytes=parts.PART_BYTES, **settings):
    """Compresses every part of a folder; the list of them."""
    work = [vars(part) for part in parts.plan(folder, part_bytes)]
    done = ray.data.from_items(work, override_num_blocks=len(work)).map_batches(
        Compressor,
        fn_constructor_kwargs={"target": target, **settings},
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(size=workers),
        num_cpus=settings.get("threads", 1),
    )
    return parts.finish(target, done.take_all())


def restore(folder, target, workers=2):
    """Writes all files of the original again; their length."""
    work = [{"name": name} for name, _ in parts.files_of(folder)]
    done = ray.data.from_items(work, override_num_blocks=len(work)).map_batches(
        Restorer,
        fn_constructor_kwargs={"folder": folder, "target": target},
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(size=workers),
        num_cpus=1,
    )
    return done.sum("plain_bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["compress", "restore"])
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--address", help="a cluster that is there already")
    parser.add_argument("--level", type=int, default=5)
    parser.add_argument("--model")
    parser.add_argument("--threads", type=int, default=1, help="of each actor")
    parser.add_argument("--part-bytes", type=int, default=parts.PART_BYTES)
    args = parser.parse_args()
    ray.init(address=args.address, include_dashboard=False)
    if args.what == "compress":
        settings = {"level": args.level, "model": args.model, "threads": args.threads}
        done = compress(args.source, args.target, args.workers, args.part_bytes, **settings)
        plain, stored = (sum(part[key] for part in done) for key in ("plain_bytes", "stored_bytes"))
        print(f"{len(done)} parts: {plain} -> {stored} bytes")
    else:
        print(restore(args.source, args.target, args.workers), "bytes")


if __name__ == "__main__":
    main()
