"""All that a run needs to go on as if it had not been cut.

The position in the data and in the schedule is the number of the step; no random number is drawn
while training, but the state of the generator is kept all the same, for whoever adds one that is.
"""

import os

import torch

NAME = "checkpoint.pt"


def save(folder, state):
    """Written beside, synced, renamed: a cut leaves the one before."""
    path = folder / NAME
    partial = folder / (NAME + ".partial")
    with open(partial, "wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def load(folder):
    """The state, on the CPU, or None where there is none. Holds tensors and plain values only."""
    path = folder / NAME
    if not path.exists():
        return None
    return torch.load(path, map_location="cpu", weights_only=True)


def random_state(device):
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def set_random_state(state, device):
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)
