"""Documents, tokenizer and packed tokens."""

import pathlib
import tempfile
import unittest

from llmtrain import bpe, documents
from llmtrain.tokens import TokenWriter, unpack


class Documents(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)

    def test_streams_come_back_whatever_the_chunks_are(self):
        texts = [b"a", b"b" * (documents.CHUNK_BYTES - 3), b"cd", b"e" * 2 * documents.CHUNK_BYTES, b"f\n"]
        writer = documents.DocumentWriter(self.dir / "x.zst")
        for text in texts:
            writer.write(text)
        report = writer.close()
        self.assertEqual(list(documents.read_documents(self.dir / "x.zst")), texts)
        self.assertEqual((report["documents"], report["bytes"]), (5, sum(map(len, texts))))
        # The last zero byte may be missing, and empty documents are none.
        (self.dir / "plain").write_bytes(b"\0one\0\0two")
        self.assertEqual(list(documents.read_documents(self.dir / "plain")), [b"one", b"two"])
        self.assertEqual([p.name for p in sorted(self.dir.iterdir())], ["plain", "x.zst"])

    def test_only_utf8_without_zeros_is_text(self):
        for document, good in ((b"x", 1), ("ä\r\n".encode(), 1), (b"", 0), (b"\xff", 0), (b"a\0", 0)):
            self.assertEqual(documents.is_text(document), bool(good))

    def test_listed_documents_and_duplicates_are_left_out(self):
        import prepare

        listing = self.dir / "list.tsv"
        listing.write_text(f"category\tbytes\tsha256\nx\t3\t{documents.sha256(b'bad')}\n")
        sieve = prepare.Sieve(prepare.excluded([listing]))
        stream = [("train", "x", text) for text in (b"good", b"bad", b"good", b"\xff", b"fine")]
        kept = [text for _, _, text, _ in sieve.pass_through(stream)]
        self.assertEqual(kept, [b"good", b"fine"])
        reasons = {reason: count["documents"] for reason, count in sieve.dropped.items()}
        self.assertEqual(reasons, {"listed": 1, "duplicate": 1, "not text": 1})

    def test_tokens_know_their_bytes_and_text_never_holds_the_start(self):
        text = "Let us say <|endoftext|> ten times, naïvely: 日本\r\n\tx  \n" * 30
        path = self.dir / "t.json"
        bpe.train([text], 300).save(str(path))
        tokenizer = bpe.load(path)
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        self.assertNotIn(bpe.start_id(tokenizer), ids)
        lengths = bpe.token_bytes(tokenizer)
        self.assertEqual(sum(lengths[i] for i in ids), len(text.encode()))
        self.assertEqual(tokenizer.decode(ids), text)

    def test_packed_tokens_are_checked(self):
        writer = TokenWriter(self.dir / "a.u16.zst")
        writer.write([0, 1, 65535])
        writer.write([0])
        report = writer.close()
        plain = unpack(self.dir / "a.u16.zst", report)
        self.assertEqual(plain.read_bytes(), b"\0\0\1\0\xff\xff\0\0")
        plain.unlink()
        with self.assertRaises(SystemExit):
            unpack(self.dir / "a.u16.zst", report | {"sha256": "0" * 64})
        self.assertFalse(plain.exists())


if __name__ == "__main__":
    unittest.main()
