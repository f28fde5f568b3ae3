"""Makes a folder of JSON lines and prose that looks like what people keep, as much of it as is wanted.

    make_text.py FOLDER MEGABYTES [--files N] [--seed N]
"""

import argparse
import json
import pathlib
import random

WORDS = (
    "the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one "
    "you were all her she there would their we him been has when who will no more if out so up said what its about than "
    "into them can only other time new some could these two may first then do any like my now over such our man me even "
    "most made after also did many off before must well back through years where much your way down should because long "
    "each just state people those too mr how little good world make very year still see work life men day own get here old"
).split()
PLACES = "Paris Lagos Lima Osaka Oslo Perth Quito Riga Seoul Turin".split()


def sentence(rng):
    words = rng.choices(WORDS, k=rng.randint(6, 18))
    return " ".join(words).capitalize() + rng.choice([".", ".", ".", "?", "!"])


def record(rng, number):
    return json.dumps({
        "id": number,
        "time": f"2024-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:00Z",
        "place": rng.choice(PLACES),
        "price": round(rng.lognormvariate(3, 1), 2),
        "text": " ".join(sentence(rng) for _ in range(rng.randint(1, 5))),
    })


def make(folder, n_bytes, n_files=8, seed=1):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(n_files):
        rng = random.Random(f"{seed} {n}")
        with open(folder / f"part{n:03}.jsonl", "w", encoding="utf-8") as file:
            number = 0
            while file.tell() < n_bytes // n_files:
                # Telling where the file is takes longer than a record.
                file.writelines(record(rng, number + k) + "\n" for k in range(200))
                number += 200


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("megabytes", type=float)
    parser.add_argument("--files", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    make(args.folder, int(args.megabytes * 1e6), args.files, args.seed)


if __name__ == "__main__":
    main()
