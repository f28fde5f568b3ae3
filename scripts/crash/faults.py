"""What goes wrong: each fault is a function that runs one operation under it and judges the end."""

import errno
import os
import resource
import signal
import subprocess
import time

from .sandbox import Sandbox

SIGNALS = ["SIGKILL", "SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP", "SIGXCPU"]


class Faults:
    def __init__(self, program, root, preload, tmpfs, rng):
        self.program, self.root, self.preload = program, root, preload
        self.tmpfs, self.rng = tmpfs, rng

    def all(self):
        """Names and functions; the same fault at another moment each time."""
        faults = [(name, self.signal(getattr(signal, name))) for name in SIGNALS]
        if self.preload:
            for call, number in [("read", errno.EIO), ("write", errno.EIO),
                                 ("write", errno.ENOSPC)]:
                name = f"{call}: {errno.errorcode[number]} after N bytes"
                faults.append((name, self.broken_call(call, number)))
            faults.append(("close: EIO", self.broken_call("close", errno.EIO)))
            for call in ("read", "write"):
                for kind in ("eintr", "short"):
                    faults.append((f"{call}: {kind}", self.harmless_call(call, kind)))
            for call, number in [("fsync", errno.EIO), ("rename", errno.EIO)]:
                faults.append((f"{call}: {errno.errorcode[number]}", self.denied(call, number)))
        if self.tmpfs:
            faults.append(("full disk (tmpfs)", self.full_disk))
        faults += [("RLIMIT_FSIZE", self.limit_file_size), ("RLIMIT_AS", self.limit_memory),
                   ("RLIMIT_NOFILE", self.limit_files), ("closed pipe", self.closed_pipe)]
        faults += [(f"source {what}", self.changing(what))
                   for what in ("grows", "shrinks", "is replaced", "is rewritten")]
        return faults

    def moment(self, operation):
        return self.rng.uniform(0, 1.15 * operation.duration)

    def signal(self, number):
        def run(operation):
            with Sandbox(operation, self.root) as box:
                child = box.start(self.program)
                time.sleep(self.moment(operation))
                child.send_signal(number)
                return box.judge(box.end(child), killed=number == signal.SIGKILL)
        return run

    def preloaded(self, operation, settings):
        with Sandbox(operation, self.root) as box:
            path = {"CRASH_PATH": box.folder + "/", "LD_PRELOAD": self.preload}
            # Only the source is unreadable: nobody promised to start without libraries.
            if settings.get("CRASH_CALL") == "read":
                path["CRASH_PATH"] = box.path(operation.source)
            ended = box.end(box.start(self.program, settings | path))
            if ended.code == 77:
                return None
            outcome, broken = box.judge(ended)
            if settings.get("CRASH_HOW", "error") != "error" and ended.code != 0:
                broken.append("it gives up where it should have tried again")
            return outcome, broken

    def broken_call(self, call, number):
        def run(operation):
            most = {"read": len(operation.files[operation.source]), "close": 4}
            after = self.rng.randrange(most.get(call, len(operation.expected)))
            return self.preloaded(operation, {"CRASH_CALL": call, "CRASH_ERRNO": str(number),
                                              "CRASH_AFTER": str(after)})
        return run

    def harmless_call(self, call, kind):
        return lambda operation: self.preloaded(operation, {"CRASH_CALL": call, "CRASH_HOW": kind})

    def denied(self, call, number):
        settings = {"CRASH_DENY": call, "CRASH_ERRNO": str(number)}
        return lambda operation: self.preloaded(operation, settings)

    def full_disk(self, operation):
        with Sandbox(operation, self.tmpfs) as box:
            space = os.statvfs(self.tmpfs)
            free = space.f_bavail * space.f_frsize
            kept = self.rng.randrange(len(operation.expected) * 5 // 4)
            fill = max(0, free - kept) // 4096 * 4096
            filler = os.path.join(self.tmpfs, "filler")
            with open(filler, "wb") as out:
                os.posix_fallocate(out.fileno(), 0, max(fill, 1))
            try:
                return box.judge(box.end(box.start(self.program)))
            finally:
                os.remove(filler)

    def limited(self, operation, limits):
        with Sandbox(operation, self.root) as box:
            return box.judge(box.end(box.start(self.program, limits=limits)))

    def limit_file_size(self, operation):
        most = self.rng.randrange(len(operation.expected))
        return self.limited(operation, [(resource.RLIMIT_FSIZE, most)])

    def limit_memory(self, operation):
        # With less the kernel cannot even load the program; with more there is enough.
        most = self.rng.randrange(26 << 20, 130 << 20)
        return self.limited(operation, [(resource.RLIMIT_AS, most)])

    def limit_files(self, operation):
        return self.limited(operation, [(resource.RLIMIT_NOFILE, self.rng.randrange(3, 14))])

    def closed_pipe(self, operation):
        if not operation.to_stdout:
            return None
        with Sandbox(operation, self.root) as box:
            child = box.start(self.program, stdout=subprocess.PIPE)
            if self.rng.random() < 0.5:
                child.stdout.read(1)
            else:
                time.sleep(self.moment(operation))
            child.stdout.close()
            ended = box.end(child)
            broken = box.crashes(ended) + box.litter()
            # What fits into the pipe was written, whoever reads it.
            if ended.code == 0 and len(operation.expected) > 65536:
                broken.append("exit status 0 without a whole result")
            if box.read(operation.source) != operation.files[operation.source]:
                broken.append("the source was changed")
            return f"{'ok' if ended.code == 0 else 'not ok'}, nobody reads", broken

    def changing(self, what):
        def run(operation):
            if operation.name == "models import":
                return None
            with Sandbox(operation, self.root) as box:
                return self.while_changing(what, operation, box)
        return run

    def while_changing(self, what, operation, box):
        before = operation.files[operation.source]
        path = box.path(operation.source)
        other = before[::-1]
        child = box.start(self.program)
        if what == "grows":
            # Not for ever: the program may well wait for the end.
            latest = before
            for _ in range(50):
                if child.poll() is not None:
                    break
                with open(path, "ab") as out:
                    out.write(before[:1024])
                latest += before[:1024]
                time.sleep(operation.duration / 50)
        else:
            time.sleep(self.moment(operation))
            # It may be gone already, where it is removed at the end.
            if not os.path.exists(path):
                latest = None
            elif what == "shrinks":
                latest = before[:self.rng.randrange(len(before))]
                os.truncate(path, len(latest))
            elif what == "is replaced":
                latest = other
                with open(path + ".new", "wb") as out:
                    out.write(other)
                os.rename(path + ".new", path)
            else:
                latest = other
                with open(path, "r+b") as out:
                    out.write(other)
        ended = box.end(child)
        return self.judge_changed(what, operation, box, ended, before, latest)

    def judge_changed(self, what, operation, box, ended, before, latest):
        broken = box.crashes(ended) + box.litter()
        state = box.state()
        compresses = operation.arguments[0] != "-d"
        result = box.read(operation.target)
        plain = None
        if result is not None and (ended.code == 0 or not operation.to_stdout):
            if state == "old":
                pass
            elif compresses:
                plain = self.decoded(result)
                state = "unreadable" if plain is None else "readable"
                fits = plain is not None and {
                    "grows": len(plain) >= len(before) and latest is not None
                    and latest.startswith(plain),
                    "shrinks": before.startswith(plain),
                    "is replaced": plain in (before, latest),
                    "is rewritten": True,
                }[what]
                if not fits:
                    broken.append(f"the result is {state}, and not what was there at any time")
            elif state != "whole":
                broken.append("a final name holds something else than the old or the new file")
        now = box.read(operation.source)
        if now is None and latest is not None and plain != latest:
            # Of an archive only the beginning counts; what was added behind it was nobody's.
            if compresses or what != "grows" or state != "whole":
                broken.append("the source is gone, but not its latest content in the result")
        elif now is not None and now != latest:
            broken.append("the source was changed by the program")
        if ended.code == 0 and result is None:
            broken.append("exit status 0 without a whole result")
        return f"{'ok' if ended.code == 0 else 'not ok'}, {state}", broken

    def decoded(self, packed):
        done = subprocess.run([self.program, "-dc"], input=packed, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
        return done.stdout if done.returncode == 0 else None
