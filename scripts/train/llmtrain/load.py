"""A model to be read from: of a run's checkpoint, or of a folder in the Hugging Face layout."""

from llmtrain import attention, hugging_face
from llmtrain.model import Transformer
from llmtrain.quantise import FakeQuantiser
from llmtrain.run_folder import RunFolder


def load_run(root, device, quantised):
    folder = RunFolder(root)
    config, state = folder.read_config(), folder.load()
    if state is None:
        raise SystemExit(f"{root}: no checkpoint yet")
    quantiser = None
    if quantised:
        if not config.quantise.bits:
            raise SystemExit(f"{root}: this run does not quantise")
        quantiser = FakeQuantiser(config.quantise)
        quantiser.on = True
    attend = attention.choose("auto", device, config.shape.windows(), config.data.sequence)
    model = Transformer(config.shape, "float32", attend, quantiser)
    model.load_state_dict(state["model"])
    if quantiser:
        # As the importer will choose them from the final weights, not as the run last did.
        quantiser.search(model.matrices())
        quantiser.parts = {name: parts.to(device) for name, parts in quantiser.parts.items()}
    return model.to(device), config.data.sequence


def load_published(root, device):
    shape, _ = hugging_face.read_shape(root)
    attend = attention.choose("auto", device, shape.windows(), shape.window)
    model = Transformer(shape, "float32", attend)
    hugging_face.read_weights(model, root)
    return model.to(device), shape.window


def load_model(root, device, quantised=False):
    """The model in float32, and the length of sequences that it was made for."""
    if (root / "model.safetensors").exists():
        return load_published(root, device)
    return load_run(root, device, quantised)
