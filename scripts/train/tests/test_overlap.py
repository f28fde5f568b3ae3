"""Text that is measured is found in documents, however it is wrapped; other text is not."""

import random
import textwrap
import unittest

from llmtrain import overlap


def words(seed, n):
    dice = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyz"
    return ["".join(dice.choices(letters, k=dice.randint(2, 9))) for _ in range(n)]


class Overlap(unittest.TestCase):
    def setUp(self):
        self.measured = textwrap.fill(" ".join(words(1, 4000)), 72)
        self.shingles = overlap.Shingles([("a.txt", self.measured.encode())])

    def verdicts(self, *documents):
        findings = overlap.Findings(self.shingles)
        for key, document in enumerate(documents):
            findings.add(key, document.encode())
        return {key: (shared, go) for key, _, shared, go in findings.shared()}

    def test_rolling_hash_depends_on_the_window_only(self):
        values = overlap.condense(self.measured.encode())
        hashes = overlap.window_hashes(values)
        for i in (0, 1, 777, len(values) - overlap.WIDTH):
            alone = overlap.window_hashes(values[i : i + overlap.WIDTH])
            self.assertEqual(hashes[i], alone[0])

    def test_finds_a_paragraph_wrapped_anew_inside_another_document(self):
        part = self.measured.split("\n")[10:40]
        text = " ".join(words(2, 500)) + textwrap.fill(" ".join(part).upper(), 33)
        shared, go = self.verdicts(text)[0]
        self.assertTrue(go)
        self.assertGreater(shared, 0.9 * len("".join(part).replace(" ", "")) - 2 * overlap.WIDTH)

    def test_leaves_other_text_and_short_quotations(self):
        self.assertEqual(self.verdicts(" ".join(words(3, 3000))), {})
        quotation = " ".join(words(4, 300)) + self.measured[1000:1200]
        shared, go = self.verdicts(quotation)[0]
        self.assertGreater(shared, 0)
        self.assertFalse(go)

    def test_a_short_file_counts_by_its_part(self):
        self.shingles = overlap.Shingles([("b.txt", self.measured[:400].encode())])
        self.assertTrue(self.verdicts("x" * 50 + self.measured[:300])[0][1])

    def test_what_many_documents_hold_is_boilerplate(self):
        licence = self.measured[:3000]
        documents = [licence + " ".join(words(10 + i, 50)) for i in range(30)]
        for shared, go in self.verdicts(*documents).values():
            # Where the licence ends, one document may happen to go on as the measured file does.
            self.assertEqual((shared, go), (overlap.STRIDE, False))

    def test_rules_and_padding_say_nothing(self):
        shingles = overlap.Shingles([("c.txt", b"=-" * 5000)])
        self.assertEqual(len(shingles.hashes), 0)

    def test_pieces_of_a_long_document_hold_each_window_once(self):
        long = "".join(words(5, 400_000)).encode()
        values = overlap.condense(long)
        self.assertGreater(len(values), 2 * overlap.PIECE_BYTES)
        n = sum(len(overlap.window_hashes(piece)) for piece in overlap.pieces(values))
        self.assertEqual(n, len(values) - overlap.WIDTH + 1)
        at = overlap.PIECE_BYTES - 30
        shingles = overlap.Shingles([("d.txt", long[at : at + 64])])
        self.assertEqual(len(shingles.found_in(long)), 1)


if __name__ == "__main__":
    unittest.main()
