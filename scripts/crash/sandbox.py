"""A folder with an operation's files, the program run in it, and the law that holds afterwards."""

import dataclasses
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile

HANG_SECONDS = 60
# A crash of the program itself, whatever was done to it.
CRASHES = {signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE}


@dataclasses.dataclass
class Ended:
    # None for a hang; below 0 for a signal.
    code: int | None
    said: str


class Sandbox:
    def __init__(self, operation, root):
        self.operation = operation
        self.folder = tempfile.mkdtemp(dir=root)
        # Words go where nothing is full or broken.
        self.said = tempfile.NamedTemporaryFile()
        for folder in ("cache", "tmp", "home"):
            os.mkdir(self.path(folder))
        for name, content in operation.files.items():
            os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
            with open(self.path(name), "wb") as out:
                out.write(content)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.said.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        try:
            with open(self.path(name), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def start(self, program, extra_env=None, limits=None, stdout=None):
        """Begins the operation; `limits` are pairs for setrlimit."""
        env = {k: v for k, v in os.environ.items() if not k.startswith("LLMZIP_")}
        env |= {"LLMZIP_CACHE": self.path("cache"), "TMPDIR": self.path("tmp"),
                "HOME": self.path("home"), "XDG_CONFIG_HOME": self.path("home")}
        env |= extra_env or {}

        def before():
            # What our parent had us ignore (nohup, a shell's &) the program would ignore too.
            for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            for which, value in limits or []:
                resource.setrlimit(which, (value, value))

        out = None
        if stdout is None and self.operation.to_stdout:
            stdout = out = open(self.path(self.operation.target), "wb")
        try:
            return subprocess.Popen(
                [program, *self.operation.arguments], cwd=self.folder, env=env,
                stdin=subprocess.DEVNULL, stdout=stdout or subprocess.DEVNULL,
                stderr=self.said, preexec_fn=before)
        finally:
            if out:
                out.close()

    def end(self, child):
        """Waits for the end, not for ever."""
        try:
            code = child.wait(HANG_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            code = None
        self.said.seek(0)
        return Ended(code, self.said.read().decode(errors="replace"))

    def leftovers(self):
        """Names that neither were there before nor are the result."""
        known = set(self.operation.files) | {self.operation.target}
        found = []
        for folder, _, names in os.walk(self.folder):
            for name in names:
                name = os.path.relpath(os.path.join(folder, name), self.folder)
                if name not in known:
                    found.append(name)
        return found

    def state(self):
        """What is under the final name."""
        now = self.read(self.operation.target)
        if now is None:
            return "nothing"
        if now == self.operation.expected:
            return "whole"
        if now == self.operation.old:
            return "old"
        return "a part" if self.operation.to_stdout else "something else"

    def judge(self, ended, killed=False):
        """The outcome in words, and what of the law was broken.

        `killed`: by SIGKILL, after which nobody can clean up.
        """
        broken = self.crashes(ended)
        state = self.state()
        if state == "something else":
            broken.append("a final name holds something else than the old or the new file")
        source = self.read(self.operation.source)
        if source is None:
            if not (self.operation.removes_source and state == "whole"):
                broken.append("the source is gone without a whole result")
        elif source != self.operation.files[self.operation.source]:
            broken.append("the source was changed")
        if self.operation.old is not None and state == "nothing":
            broken.append("the old file is gone")
        broken += self.litter(killed)
        if ended.code == 0 and state != "whole":
            broken.append("exit status 0 without a whole result")
        if ended.code and ended.code > 0 and not ended.said:
            broken.append("an error without a word")
        return f"{how(ended)}, {state}", broken

    def crashes(self, ended):
        if ended.code is None:
            return ["it hangs"]
        if -ended.code in CRASHES or "panicked" in ended.said:
            return [f"it crashes ({how(ended)})"]
        return []

    def litter(self, killed=False):
        left = self.leftovers()
        owned = all(re.fullmatch(r"\..+\.tmp-\w+", os.path.basename(name)) for name in left)
        if not left or killed and owned:
            return []
        return ["temporary files are left" + ("" if owned else ", and nobody sees whose")]


def how(ended):
    if ended.code is None:
        return "hang"
    if ended.code < 0:
        return signal.Signals(-ended.code).name
    return "ok" if ended.code == 0 else "error"
