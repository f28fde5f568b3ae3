"""Byte-level BPE as llmzip's tokenizer reads it: Qwen's pattern, no normaliser, one special token."""

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

START = "<|endoftext|>"
# Qwen2's and Qwen3's, to the letter: the importer compares it.
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# Longer ones would be runs of rules or spaces, which the mixer predicts anyway.
LONGEST_TOKEN = 24


def train(texts, n_tokens):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=n_tokens,
        special_tokens=[START],
        # All 256 bytes have a token, or some file could not be coded.
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        max_token_length=LONGEST_TOKEN,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def load(path):
    tokenizer = Tokenizer.from_file(str(path))
    # A document may well speak of "<|endoftext|>": that is text, not a start.
    tokenizer.encode_special_tokens = True
    return tokenizer


def start_id(tokenizer):
    return tokenizer.token_to_id(START)


def token_bytes(tokenizer):
    """How many bytes each token stands for; the start token for none."""
    lengths = [len(tokenizer.id_to_token(i)) for i in range(tokenizer.get_vocab_size())]
    lengths[start_id(tokenizer)] = 0
    return lengths
