"""Models other than the builtin, by reference."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import LIGHTHOUSE, write_tiny_model

import llmzip

TEXT = LIGHTHOUSE[:1500]


def test_the_builtin_is_what_the_files_name():
    model = llmzip.Model()
    assert (model.reference, model.name) == ("builtin", "builtin") and model == llmzip.Model("builtin")
    packed = llmzip.compress(LIGHTHOUSE, full_hashes=True)
    frame = llmzip.get_frame_info(packed)
    assert (frame.model_id, frame.model_name) == (model.id, "builtin")
    assert llmzip.compress(LIGHTHOUSE, model=model, full_hashes=True) == packed
    assert model.vocabulary_size == model.config["coded"] and model.window == model.config["window"]
    assert 8_000_000 < model.stored_bytes < 10_000_000
    assert len({model, llmzip.Model()}) == 1 and model != "builtin"


def test_tokens_are_the_bytes(tiny):
    for model in (llmzip.Model(), llmzip.Model(tiny)):
        for data in (TEXT, b"", bytes(range(256)), "früher 早い".encode()):
            tokens = model.encode(data)
            assert model.decode(tokens) == data and all(token < model.vocabulary_size for token in tokens)
        with pytest.raises(llmzip.InvalidError, match="of a vocabulary of"):
            model.decode([model.vocabulary_size])
        with pytest.raises(OverflowError):
            model.decode([-1])


@pytest.mark.parametrize("as_what", [Path, str])
def test_a_directory_becomes_a_model_once(tiny, as_what):
    model = llmzip.Model(as_what(tiny))
    assert model.reference == str(tiny) and model != llmzip.Model()
    assert llmzip.Model(tiny).id == model.id
    kept = sorted(Path(os.environ["LLMZIP_CACHE"]).glob("tiny-*.llmw"))
    assert len(kept) == 1 and not list(Path(os.environ["LLMZIP_CACHE"]).glob(".*tmp*"))
    for level in (5, 7):
        for full_hashes in (False, True):
            packed = llmzip.compress(TEXT, level, model=model, full_hashes=full_hashes, verify=True)
            assert llmzip.decompress(packed, model=model) == TEXT
            # That of the cache is found by its identity.
            assert llmzip.decompress(packed) == TEXT
    # By its file, its name and the beginning of its identity.
    assert llmzip.Model(kept[0]) == llmzip.Model("tiny") == llmzip.Model(model.id[:10]) == model
    assert llmzip.decompress(b"".join(llmzip.compress_many([TEXT], model=model))) == TEXT


def test_a_missing_model_is_a_hard_error(tiny, tmp_path, monkeypatch):
    model = llmzip.Model(tiny)
    short = llmzip.compress(TEXT, model=model)
    long = llmzip.compress(TEXT, model=model, full_hashes=True)
    assert {llmzip.get_frame_info(packed).groups[0].method for packed in (short, long)} == {"model"}
    monkeypatch.setenv("LLMZIP_CACHE", str(tmp_path / "empty"))
    other = llmzip.Model(write_tiny_model(tmp_path / "other", 2))
    monkeypatch.setenv("LLMZIP_CACHE", str(tmp_path / "nothing"))
    assert other != model
    for packed in (short, long):
        for given in ({}, {"model": other}):
            calls = [
                lambda: llmzip.decompress(packed, **given),  # noqa: B023
                lambda: llmzip.decompress_many([packed], **given),  # noqa: B023
                lambda: llmzip.LlmzipDecompressor(**given).decompress(packed),  # noqa: B023
                lambda: llmzip.read_range(packed, 0, 10, **given),  # noqa: B023
            ]
            for call in calls:
                with pytest.raises(llmzip.MissingModelError) as caught:
                    call()
                assert model.id.startswith(caught.value.identity) and caught.value.identity
        assert llmzip.decompress(packed, model=model) == TEXT


def test_references_that_lead_nowhere(tmp_path):
    with pytest.raises(llmzip.InvalidError, match="no model 'nobody'|no model \"nobody\""):
        llmzip.Model("nobody")
    with pytest.raises(FileNotFoundError):
        llmzip.Model(tmp_path / "nobody")
    with pytest.raises(TypeError):
        llmzip.Model(5)
    for name, error in (("x.llmw", llmzip.NotLlmzipError), ("x.gguf", llmzip.LlmzipError)):
        (tmp_path / name).write_bytes(b"no model" * 100)
        with pytest.raises(error):
            llmzip.Model(tmp_path / name)
    with pytest.raises((llmzip.LlmzipError, OSError)):
        llmzip.Model(tmp_path)


def use(model):
    return model.id, llmzip.compress(TEXT, model=model)


def test_models_are_pickled_by_their_reference(tiny):
    for model in (llmzip.Model(), llmzip.Model(tiny)):
        pickled = pickle.dumps(model)
        assert len(pickled) < 400
        assert pickle.loads(pickled) == copy.deepcopy(model) == model
        assert pickle.loads(pickled).reference == model.reference
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        models = [llmzip.Model(), llmzip.Model(tiny)]
        assert pool.map(use, models) == [use(model) for model in models]


def test_another_model_at_the_same_place_is_no_stand_in(tmp_path):
    folder = write_tiny_model(tmp_path / "m", 3)
    pickled = pickle.dumps(llmzip.Model(folder))
    shutil.rmtree(folder)
    write_tiny_model(folder, 4)
    with pytest.raises(llmzip.MissingModelError, match="is another one here"):
        pickle.loads(pickled)


def test_the_lists_of_numbers_and_the_files_agree(tiny):
    """What the model alone says is about what a file costs whose mixer has learned nothing yet."""
    for model in (llmzip.Model(), llmzip.Model(tiny)):
        tokens = llmzip.bits_per_token(TEXT, model=model)
        assert b"".join(token for token, _ in tokens) == TEXT
        assert [token for token, _ in tokens] == [model.decode([number]) for number in model.encode(TEXT)]
        assert all(0 < bits < 40 for _, bits in tokens)
        for place in (0, 1, 7, len(tokens) // 2, len(tokens) - 1):
            before = b"".join(token for token, _ in tokens[:place])
            # Where the cut is one that the tokenizer makes as well.
            if model.encode(before) != model.encode(TEXT)[:place]:
                continue
            log_probs = llmzip.next_log_probs(before, model=model)
            assert len(log_probs) == model.vocabulary_size
            import math

            assert math.isclose(sum(map(math.exp, log_probs)), 1, abs_tol=1e-9)
            bits = -log_probs[model.encode(TEXT)[place]] / math.log(2)
            assert math.isclose(bits, tokens[place][1], rel_tol=1e-12)
    assert sum(bits for _, bits in llmzip.bits_per_token(LIGHTHOUSE)) / 8 > len(llmzip.compress(LIGHTHOUSE)) / 2
    assert llmzip.bits_per_token("früh") == llmzip.bits_per_token("früh".encode())
    assert llmzip.bits_per_token(b"") == []


def test_without_numpy_there_is_a_list():
    code = "import sys; sys.modules['numpy'] = None; import llmzip; print(type(llmzip.next_log_probs('a')))"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said == "<class 'list'>\n"
    numpy = pytest.importorskip("numpy")
    log_probs = llmzip.next_log_probs("a")
    assert isinstance(log_probs, numpy.ndarray) and log_probs.dtype == numpy.float64
