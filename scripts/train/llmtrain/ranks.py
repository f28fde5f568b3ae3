"""Several processes that average their gradients; one alone needs none of it.

On CPUs, processes of one thread each beat one process of many threads: the element-wise half of the
work runs in parallel without waiting at every operation for the slowest thread.
"""

import os
import signal
import subprocess
import sys
import tempfile

import torch
import torch.distributed as dist

# Exit status of a sitting that ended before the run did.
NOT_DONE = 3


class Ranks:
    """This process among its fellows."""

    def __init__(self):
        self.rank = int(os.environ.get("RANK", 0))
        self.world = int(os.environ.get("WORLD_SIZE", 1))
        self.parent = os.getppid()
        if self.world > 1:
            meeting = os.environ["LLMTRAIN_MEETING"]
            dist.init_process_group(
                "gloo", init_method=f"file://{meeting}", rank=self.rank, world_size=self.world
            )

    @property
    def first(self):
        return self.rank == 0

    def check_parent(self):
        """Ends a rank whose launcher was killed: nobody would stop it, or know of it."""
        if self.world > 1 and os.getppid() != self.parent:
            raise SystemExit("the process that started this one is gone")

    def average(self, tensors, extra):
        """Averages tensors in place over all processes, and a list of numbers with them."""
        if self.world == 1:
            return extra
        tail = torch.tensor(extra, dtype=torch.float32)
        flat = torch.cat([*(tensor.flatten() for tensor in tensors), tail])
        dist.all_reduce(flat)
        flat /= self.world
        at = 0
        for tensor in tensors:
            tensor.copy_(flat[at : at + tensor.numel()].view_as(tensor))
            at += tensor.numel()
        return flat[at:].tolist()

    def wait(self):
        if self.world > 1:
            dist.barrier()

    def end(self):
        if self.world > 1:
            dist.destroy_process_group()


def launch(n, argv):
    """Runs this program n times as ranks, passes signals on, and gives the worst exit status."""
    with tempfile.TemporaryDirectory() as folder:
        common = os.environ | {
            "WORLD_SIZE": str(n),
            "LLMTRAIN_MEETING": os.path.join(folder, "meeting"),
        }
        if sys.platform == "linux":
            # All are on this machine: its name need not resolve.
            common.setdefault("GLOO_SOCKET_IFNAME", "lo")
        command = [sys.executable, *argv]
        ranks = [subprocess.Popen(command, env=common | {"RANK": str(i)}) for i in range(n)]

        def pass_on(number, frame):
            for process in ranks:
                process.send_signal(number)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, pass_on)
        # One that fails takes the others with it: they would wait for it for ever.
        waiting = list(ranks)
        while waiting:
            for process in list(waiting):
                try:
                    code = process.wait(timeout=0.2)
                except subprocess.TimeoutExpired:
                    continue
                waiting.remove(process)
                if code not in (0, NOT_DONE):
                    for other in waiting:
                        other.kill()
        return max(abs(process.returncode) for process in ranks)


def settle(device, threads):
    """Threads of this process; with several ranks on a CPU, each keeps to a core of its own."""
    if device.type != "cpu":
        return
    torch.set_num_threads(threads)
    world = int(os.environ.get("WORLD_SIZE", 1))
    if world > 1 and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        mine = cores[int(os.environ["RANK"]) :: world]
        if len(cores) >= world * threads:
            os.sched_setaffinity(0, mine)
