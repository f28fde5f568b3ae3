"""Forward and backward pass of one batch as one CUDA graph.

A small model's kernels are short: launched one by one from Python they take longer to launch than to
run (28 ms a step of 65,536 tokens on an H100, of which 20 on the device).
"""

import torch

# Passes before the recording: compiled parts are compiled, and libraries have their work space.
WARM_UP = 3


class Graphed:
    """`loss(ids)` gives the mean loss of a batch and leaves its gradients in the weights' `grad`.

    What is recorded is the model as it is: with another state of its quantiser, record anew.
    """

    def __init__(self, model, ids):
        self.model, self.ids = model, ids.to(next(model.parameters()).device)
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                self.pass_through()
        torch.cuda.current_stream().wait_stream(side)
        # Gradients that are not there yet are made by the recording, and written by each replay.
        self.model.zero_grad(set_to_none=True)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.result = self.pass_through()

    def pass_through(self):
        self.model.zero_grad(set_to_none=True)
        loss = self.model.loss(self.ids[:, :-1], self.ids[:, 1:])
        loss.backward()
        return loss.detach()

    def loss(self, ids):
        self.ids.copy_(ids, non_blocking=True)
        self.graph.replay()
        return self.result.clone()
