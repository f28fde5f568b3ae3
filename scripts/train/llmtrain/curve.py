"""The curve of a run as CSV, a row a step, cut back to a checkpoint when the run goes on from it."""

import os


class Curve:
    def __init__(self, path, columns, steps_done):
        """Keeps the header and the rows of steps up to `steps_done`; the first column is the step."""
        rows = []
        if steps_done and path.exists():
            lines = path.read_text().splitlines()[1:]
            # The last line may be half a line, if the machine stopped while it was written.
            rows = [line for line in lines if line.count(",") == len(columns) - 1]
            rows = [line for line in rows if int(line.split(",")[0]) <= steps_done]
        partial = path.with_suffix(".partial")
        partial.write_text("".join(line + "\n" for line in [",".join(columns), *rows]))
        os.replace(partial, path)
        self.file = open(path, "a", buffering=1)

    def add(self, *values):
        self.file.write(",".join(map(str, values)) + "\n")

    def sync(self):
        """Called before a checkpoint is written, so that the curve is never behind it."""
        self.file.flush()
        os.fsync(self.file.fileno())
