"""Short JSON rows that look like those of a web shop."""

import json
import random

NAMES = "Anna Bela Chen Dina Eryk Fatma Goran Hana Ivan Jana Kofi Lena Mika Nora Omar Petra Quinn Rosa Sven Tuva".split()
TOWNS = "Paris Lagos Lima Osaka Oslo Perth Quito Riga Seoul Turin".split()
THINGS = "lamp chair table kettle blanket clock mirror shelf basket pillow".split()


def rows(count, seed=1):
    rng = random.Random(seed)
    for number in range(count):
        yield json.dumps({
            "order": 100000 + number,
            "name": f"{rng.choice(NAMES)} {rng.choice(NAMES)}",
            "town": rng.choice(TOWNS),
            "items": [
                {"what": rng.choice(THINGS), "price": round(rng.lognormvariate(3, 1), 2), "count": rng.randint(1, 4)}
                for _ in range(rng.randint(1, 3))
            ],
            "paid": rng.random() < 0.9,
            "note": rng.choice(["", "", "Please ring twice.", "Leave it with the neighbour.", "Call before delivery."]),
        })
