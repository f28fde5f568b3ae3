#!/usr/bin/env python3
"""Breaks off the program in every way that a machine knows, and checks what is left.

After each fault the law is: the source is there unchanged unless a verified result is under its
final name; a final name holds the whole old file or a whole new one; no temporary file is left,
except after SIGKILL; the exit status says so whenever the result is not whole; nothing hangs.
Prints a table of outcomes and ends with 1 if the law was broken.

    scripts/crash_tests.py            300 moments for each signal, as many for all other faults of an operation
    scripts/crash_tests.py --quick    each fault once or twice on a third of the operations, in half a minute

Needs Python 3.10, and for errors of system calls a C compiler; full disks need a user who may mount.
"""

import argparse
import collections
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from crash.faults import SIGNALS, Faults
from crash.operations import all_operations
from crash.sandbox import Sandbox

HERE = pathlib.Path(__file__).resolve().parent


def build_preload(folder):
    """The library that breaks system calls, or None where it cannot be built or loaded."""
    library = os.path.join(folder, "faults.so")
    try:
        subprocess.run(["cc", "-O2", "-Wall", "-shared", "-fPIC", "-o", library,
                        HERE / "crash" / "faults.c", "-ldl"], check=True)
        env = os.environ | {"LD_PRELOAD": library, "CRASH_DENY": "rename"}
        subprocess.run(["true"], env=env, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"skipped: errors of system calls ({error})")
        return None
    return library


def mount_tmpfs(folder):
    """A file system of 4 MB, or None where this user may not mount one."""
    place = os.path.join(folder, "small")
    os.mkdir(place)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "llmzip", place],
                             stderr=subprocess.PIPE, text=True)
    if mounted.returncode:
        print(f"skipped: full disks ({mounted.stderr.strip()})")
        return None
    return place


def measure(program, operations, root):
    """How long each operation takes undisturbed, which must also be right."""
    for operation in operations:
        times = []
        for _ in range(3):
            with Sandbox(operation, root) as box:
                begun = time.monotonic()
                outcome, broken = box.judge(box.end(box.start(program)))
                times.append(time.monotonic() - begun)
                if outcome != "ok, whole" or broken:
                    sys.exit(f"{operation.name}: {outcome} undisturbed: {broken}")
        operation.duration = sorted(times)[1]


def print_table(results):
    rows = [("fault", "operation", "runs", "outcomes", "broken")]
    for (fault, operation), (outcomes, broken) in results.items():
        told = "; ".join(f"{outcome} {n}" for outcome, n in outcomes.most_common())
        rows.append((fault, operation, str(sum(outcomes.values())), told, str(broken or "")))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0])).rstrip())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=HERE.parent / "target/release/llmzip",
                        type=pathlib.Path)
    parser.add_argument("--quick", action="store_true", help="a third of it once")
    parser.add_argument("--moments", type=int, default=300, help="runs of each signal")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after these")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="faults whose names hold this")
    args = parser.parse_args()
    program = str(args.program.resolve())
    # So that a small file system is not left mounted.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = tempfile.mkdtemp(prefix="llmzip-crash-")
    tmpfs = None
    try:
        root = os.path.join(folder, "boxes")
        os.mkdir(root)
        operations = all_operations(program, folder)
        preload, tmpfs = build_preload(folder), mount_tmpfs(folder)
        measure(program, operations, root)
        faults = Faults(program, root, preload, tmpfs, random.Random(args.seed)).all()
        faults = [(name, run) for name, run in faults if args.only in name]
        return run_all(faults, operations, args)
    finally:
        if tmpfs:
            subprocess.run(["umount", tmpfs], check=False)
        shutil.rmtree(folder, ignore_errors=True)


def run_all(faults, operations, args):
    begun = time.monotonic()
    results, examples = {}, collections.OrderedDict()
    rounds = -(-args.moments // len(operations))
    done_rounds = 0
    for number in range(rounds):
        for order, (name, run) in enumerate(faults):
            # Moments are what signals differ in; other faults differ in less.
            if name not in SIGNALS and number % 3:
                continue
            turn = order + number
            for operation in operations:
                if time.monotonic() - begun > args.seconds:
                    break
                if args.quick and turn % 3:
                    turn += 1
                    continue
                judged = run(operation)
                if judged is None:
                    continue
                turn += 1
                outcome, broken = judged
                entry = results.setdefault((name, operation.name), [collections.Counter(), 0])
                entry[0][outcome] += 1
                entry[1] += bool(broken)
                for what in broken:
                    where = examples.setdefault(what, collections.Counter())
                    where[f"{name}, {operation.name}"] += 1
        if time.monotonic() - begun > args.seconds:
            print(f"stopped after {args.seconds:g} seconds: what is missing below was not tried\n")
            break
        done_rounds += 1
        # A second round only where the first was quick.
        if args.quick and time.monotonic() - begun > 20:
            break
    print_table(results)
    runs = sum(sum(outcomes.values()) for outcomes, _ in results.values())
    seconds = time.monotonic() - begun
    print(f"\n{runs} runs, {done_rounds} rounds, {seconds:.0f} s, seed {args.seed}")
    for what, where in examples.items():
        print(f"BROKEN: {what}: {sum(where.values())} times")
        for place, n in where.most_common():
            print(f"    {place}: {n}")
    if not examples:
        print("the law held every time")
    return 1 if examples else 0


if __name__ == "__main__":
    sys.exit(main())
