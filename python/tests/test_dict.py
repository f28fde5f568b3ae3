"""Messages with a dictionary."""

import pickle
import threading

import llmzip
import pytest

SAMPLES = [f'{{"order": {n}, "town": "{"Paris Oslo Lima".split()[n % 3]}", "paid": true}}'.encode() for n in range(200)]


@pytest.fixture(scope="module")
def trained():
    return llmzip.train_dict(SAMPLES[:100], 3000)


def test_messages_come_back_and_are_much_smaller(trained):
    assert 0 < len(trained) <= 3000
    for message in [b"", b"\0\xff", *SAMPLES[150:155], b"something else entirely"]:
        packed = trained.compress(message)
        assert len(packed) <= len(message) + 2
        assert trained.decompress(packed) == message
    alone = sum(len(llmzip.compress(message)) for message in SAMPLES[150:160])
    assert sum(len(trained.compress(message)) for message in SAMPLES[150:160]) < 0.5 * alone


def test_many_are_each_what_it_is_alone(trained):
    packed = trained.compress_many(iter(SAMPLES))
    assert packed[::40] == [trained.compress(message) for message in SAMPLES[::40]]
    assert trained.decompress_many(packed) == SAMPLES
    assert trained.compress_many([]) == trained.decompress_many([]) == []


def test_another_dictionary_is_found(trained):
    other = llmzip.LlmzipDict(b"a text of another kind\n", check_bytes=2)
    packed = [trained.compress(message) for message in SAMPLES[:20]]
    refused = 0
    for one in packed:
        try:
            other.decompress(one)
        except llmzip.LlmzipError:
            refused += 1
    assert refused == 20
    with pytest.raises(llmzip.LlmzipError):
        trained.decompress_many([*packed, packed[0] + b"more"])


def test_it_is_pickled_and_shared(trained):
    again = pickle.loads(pickle.dumps(trained))
    assert again.dict_id == trained.dict_id and again.dict_content == trained.dict_content
    assert again.compress(SAMPLES[7]) == trained.compress(SAMPLES[7])
    assert trained.dict_id[:12] in repr(trained) and trained.model is None and trained.check_bytes == 1
    done = []
    threads = [
        threading.Thread(target=lambda n=n: done.append(trained.decompress(trained.compress(SAMPLES[n])) == SAMPLES[n]))
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [True] * 4


def test_what_cannot_be_is_refused():
    with pytest.raises(llmzip.InvalidError):
        llmzip.LlmzipDict(b"")
    with pytest.raises(llmzip.InvalidError):
        llmzip.LlmzipDict(b"x", check_bytes=3)
    with pytest.raises(llmzip.InvalidError):
        llmzip.train_dict(SAMPLES, 1 << 30)
    with pytest.raises(TypeError):
        llmzip.LlmzipDict("text")
    with pytest.raises(llmzip.InvalidError):
        llmzip.LlmzipDict(b"x").compress(bytes(70_000))
