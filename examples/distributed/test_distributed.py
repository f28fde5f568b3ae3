"""The examples on two workers and a small text, also where a worker is killed in the middle of a part.

Each engine's tests are skipped where it is not installed; LLMZIP_TEST_MB makes the text larger.
"""

import hashlib
import os
import pathlib
import signal
import threading
import time

import llmzip
import make_text
import parts
import pytest

MEGABYTES = float(os.environ.get("LLMZIP_TEST_MB", "2"))
LEVEL = 1
# Eight parts or so, each long enough to be killed in.
PART_BYTES = max(int(MEGABYTES * 1e6 / 8), 64 << 10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("text")
    make_text.make(folder, int(MEGABYTES * 1e6), n_files=4)
    return folder


def contents(folder):
    folder = pathlib.Path(folder)
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def same_parts(target, folder, part_bytes):
    """Nothing is missing, doubled or half, and every byte is what one machine alone would have written."""
    plan = parts.plan(str(folder), part_bytes)
    found = contents(target)
    found.pop(parts.LIST)
    assert sorted(found) == sorted(part.name for part in plan)
    for part in plan:
        assert found[part.name] == llmzip.compress(parts.read(part), LEVEL), part.name
    listed = parts.listed(str(target))
    assert [part["name"] for part in listed] == sorted(found)
    assert sum(part["plain_bytes"] for part in listed) == sum(map(len, contents(folder).values()))


class Killer(threading.Thread):
    """Kills a process once it is there and has worked for a moment."""

    def __init__(self, find):
        super().__init__(daemon=True)
        self.find, self.killed = find, None

    def run(self):
        patience = time.monotonic() + 120
        while time.monotonic() < patience:
            pid = self.find()
            if pid:
                os.kill(pid, signal.SIGKILL)
                self.killed = pid
                return
            time.sleep(0.005)


class TestParts:
    def test_parts_are_whole_lines_and_all_of_them(self, folder):
        plan = parts.plan(str(folder), 100_000)
        joined = {}
        for part in plan:
            data = parts.read(part)
            assert data.endswith(b"\n")
            joined[os.path.basename(part.source)] = joined.get(os.path.basename(part.source), b"") + data
        assert joined == contents(folder)

    def test_an_empty_file_is_a_part_too(self, tmp_path):
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "empty").write_bytes(b"")
        plan = parts.plan(str(tmp_path / "in"))
        parts.finish(str(tmp_path / "out"), [parts.compress(part, str(tmp_path / "out")) for part in plan])
        ((name, its),) = parts.files_of(str(tmp_path / "out"))
        assert parts.restore(str(tmp_path / "out"), str(tmp_path / "back"), name, its) == 0
        assert contents(tmp_path / "back") == {"empty": b""}

    def test_a_part_in_the_list_twice_is_refused(self, tmp_path):
        part = {"name": "a.00000.llmz"}
        with pytest.raises(ValueError, match="twice"):
            parts.finish(str(tmp_path), [part, dict(part)])

    def test_lines_of_ranges_are_all_lines_once(self, folder, tmp_path):
        plan = parts.plan(str(folder), 300_000)[:2]
        done = [parts.compress(part, str(tmp_path), level=LEVEL, group_bytes=65536) for part in plan]
        parts.finish(str(tmp_path), done)
        for range_bytes in (1000, 65536, 70001):
            found = [
                line
                for name, start, length in parts.ranges(str(tmp_path), range_bytes)
                for line in parts.lines_of(str(tmp_path), name, start, length)
            ]
            assert b"".join(found) == b"".join(parts.read(part) for part in plan)

    def test_a_part_that_is_another_is_found(self, folder, tmp_path):
        plan = parts.plan(str(folder), 300_000)[:1]
        done = [parts.compress(part, str(tmp_path), level=LEVEL) for part in plan]
        parts.finish(str(tmp_path), done)
        data = parts.read(plan[0])
        (tmp_path / plan[0].name).write_bytes(llmzip.compress(data[:-1] + b"x", LEVEL))
        with pytest.raises(ValueError, match="not what was compressed"):
            parts.restore(str(tmp_path), str(tmp_path / "back"), "x", done)


@pytest.fixture(scope="module")
def client():
    distributed = pytest.importorskip("dask.distributed")
    here = os.path.dirname(__file__)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, preload=[f"import sys; sys.path.insert(0, {here!r})"]
    ) as cluster, distributed.Client(cluster) as client:
        yield client


class TestDask:
    def test_there_and_back_and_by_lines(self, client, folder, tmp_path):
        import with_dask

        with_dask.compress(client, str(folder), str(tmp_path / "packed"), PART_BYTES, level=LEVEL)
        same_parts(tmp_path / "packed", folder, PART_BYTES)
        with_dask.restore(client, str(tmp_path / "packed"), str(tmp_path / "back"))
        assert contents(tmp_path / "back") == contents(folder)
        expected = sum(data.count(b"Paris") for data in contents(folder).values())
        lines = with_dask.lines(str(tmp_path / "packed"), 100_000)
        found = lines.map(lambda line: line.count(b"Paris")).sum().compute(scheduler=client)
        assert found == expected > 0

    def test_fsspec_opens_parts_by_name(self, client, folder, tmp_path):
        import dask.bag

        llmzip.register()
        client.run(llmzip.register)
        data = (folder / "part000.jsonl").read_bytes()
        (tmp_path / "a.jsonl.llmz").write_bytes(llmzip.compress(data, LEVEL))
        bag = dask.bag.read_text(str(tmp_path / "*.llmz"), compression="llmzip", blocksize=None)
        assert "".join(bag.compute(scheduler=client)).encode() == data

    def test_a_killed_worker_loses_nothing(self, client, folder, tmp_path):
        import with_dask

        target = tmp_path / "packed"
        workers = list(client.run(os.getpid).values())
        killer = Killer(lambda: workers[0] if list(target.rglob("*.llmz")) else None)
        killer.start()
        with_dask.compress(client, str(folder), str(target), PART_BYTES, level=LEVEL)
        killer.join()
        assert killer.killed
        same_parts(target, folder, PART_BYTES)


@pytest.fixture(scope="module")
def ray():
    ray = pytest.importorskip("ray")
    pytest.importorskip("ray.data")
    here = os.path.dirname(os.path.abspath(__file__))
    # Modules of this folder must be found by the actors.
    ray.init(
        num_cpus=2, include_dashboard=False, object_store_memory=200 << 20, runtime_env={"env_vars": {"PYTHONPATH": here}}
    )
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield ray
    ray.shutdown()


class TestRay:
    def test_there_and_back(self, ray, folder, tmp_path):
        import with_ray

        with_ray.compress(str(folder), str(tmp_path / "packed"), 2, PART_BYTES, level=LEVEL)
        same_parts(tmp_path / "packed", folder, PART_BYTES)
        with_ray.restore(str(tmp_path / "packed"), str(tmp_path / "back"))
        assert contents(tmp_path / "back") == contents(folder)

    def test_a_killed_actor_loses_nothing(self, ray, folder, tmp_path):
        import with_ray

        target = tmp_path / "packed"

        def actor():
            if not list(target.rglob("*.llmz")):
                return None
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    name = pathlib.Path("/proc", pid, "cmdline").read_bytes()
                except OSError:
                    continue
                if name.startswith(b"ray::") and b"MapWorker" in name:
                    return int(pid)
            return None

        killer = Killer(actor)
        killer.start()
        with_ray.compress(str(folder), str(target), 2, PART_BYTES, level=LEVEL)
        killer.join(timeout=5)
        assert killer.killed
        same_parts(target, folder, PART_BYTES)


@pytest.fixture(scope="module")
def spark():
    pytest.importorskip("pyspark")
    import shutil

    import with_spark

    if shutil.which("java") is None:
        pytest.skip("there is no Java")
    here = os.path.dirname(os.path.abspath(__file__))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
    spark = with_spark.session(2)
    yield spark
    spark.stop()


class TestSpark:
    def whole_files(self, folder):
        return max(path.stat().st_size for path in folder.iterdir()) + 1

    def test_there_and_back(self, spark, folder, tmp_path):
        import with_spark

        with_spark.compress(spark, str(folder), str(tmp_path / "packed"), level=LEVEL)
        same_parts(tmp_path / "packed", folder, self.whole_files(folder))
        with_spark.restore(spark, str(tmp_path / "packed"), str(tmp_path / "back"))
        assert contents(tmp_path / "back") == contents(folder)

    def test_a_killed_worker_loses_nothing(self, spark, folder, tmp_path):
        import with_spark

        target = tmp_path / "packed"

        def worker():
            if not list(target.rglob("*.llmz")):
                return None
            # The daemon's children work; it is a child of the machine of Java, which is ours.
            parents = {}
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    stat = pathlib.Path("/proc", pid, "stat").read_text()
                    line = pathlib.Path("/proc", pid, "cmdline").read_bytes()
                except OSError:
                    continue
                parents[int(pid)] = (int(stat.rsplit(")", 1)[1].split()[1]), b"pyspark.daemon" in line)
            for pid, (parent, is_python) in parents.items():
                if is_python and parents.get(parent, (0, False))[1]:
                    return pid
            return None

        killer = Killer(worker)
        killer.start()
        with_spark.compress(spark, str(folder), str(target), level=LEVEL)
        killer.join(timeout=5)
        assert killer.killed
        same_parts(target, folder, self.whole_files(folder))
