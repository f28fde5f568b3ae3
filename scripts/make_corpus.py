#!/usr/bin/env python3
"""Makes the generated part of corpus/: logs, JSON, CSV, XML, small messages, binary data.

The same bytes come out of every Python version: the random numbers are our own, no floating-point
number is printed, and no container without an order is walked.

    scripts/make_corpus.py            writes the files
    scripts/make_corpus.py --check    compares them with what is there; exit status 1 if they differ
"""

import json
import pathlib
import sys

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "corpus"


class Dice:
    """SplitMix64, seeded by a name, so that one file's contents do not depend on another's."""

    def __init__(self, name):
        self.state = 0
        for byte in name.encode():
            self.state = (self.state * 0x100000001B3 ^ byte) % 2**64

    def bits(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
        z = self.state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
        return z ^ z >> 31

    def below(self, n):
        return self.bits() % n

    def between(self, low, high):
        return low + self.below(high - low + 1)

    def pick(self, things):
        return things[self.below(len(things))]

    def often(self, things):
        """The first ones far more often than the last ones, as names are in real data."""
        return things[min(self.below(len(things)), self.below(len(things)), self.below(len(things)))]

    def hex(self, n_digits):
        return "".join(f"{self.below(16):x}" for _ in range(n_digits))


class Clock:
    """A time of day in milliseconds, on days of one month of 2025."""

    def __init__(self, dice, step_ms):
        self.dice, self.step_ms, self.now = dice, step_ms, 7 * 3_600_000

    def tick(self):
        self.now += self.dice.below(self.step_ms) + 1
        seconds, ms = divmod(self.now, 1000)
        minutes, s = divmod(seconds, 60)
        hours, m = divmod(minutes, 60)
        day, h = divmod(hours, 24)
        return 3 + day, h, m, s, ms


FIRST = "Ada Bela Chidi Dorte Emil Farah Goran Hana Ines Jonas Kofi Lena Mateo Noor Olga Pavel".split()
LAST = "Ahlgren Bianchi Castro Demir Eriksen Fontaine Grimaldi Haddad Ivanova Jansen Kowalska".split()
TOWNS = "Aarhus Bergen Coimbra Dresden Évora Fribourg Gdańsk Haarlem İzmir Jena Kraków Łódź".split()
GOODS = [
    ("kettle, enamelled", 3490), ("notebook A5", 450), ("pencil HB", 80), ("bicycle lamp", 2299),
    ("wool blanket", 6900), ("tea, 100 g", 790), ("folding rule", 1250), ("rope, 10 m", 1890),
    ("candle", 320), ("teapot \"Nord\"", 4200), ("oilcloth", 1575), ("seed packet", 260),
]
AGENTS = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "curl/8.11.0",
    "feed-reader/2.4 (+https://reader.example/bot)",
]
PATHS = [
    "/", "/style.css", "/garden/", "/garden/plan.svg", "/about", "/garden/roses.html", "/feed.xml",
    "/img/gate-640.jpg", "/img/gate-1280.jpg", "/search?q=pruning", "/contact", "/favicon.ico",
]


def access_log():
    dice = Dice("access.log")
    clock = Clock(dice, 90_000)
    visitors = [f"{dice.between(11, 203)}.{dice.below(256)}.{dice.below(256)}.{dice.below(256)}" for _ in range(24)]
    lines = []
    for _ in range(230):
        day, h, m, s, _ms = clock.tick()
        who, path, agent = dice.often(visitors), dice.often(PATHS), dice.often(AGENTS)
        status = dice.often([200, 200, 200, 304, 301, 404])
        size = 0 if status == 304 else 300 + len(path) * 397 + dice.below(40)
        referer = "-" if dice.below(3) else "https://garden.example" + dice.often(PATHS)
        lines.append(f'{who} - - [{day:02}/Nov/2025:{h:02}:{m:02}:{s:02} +0100] "GET {path} HTTP/1.1" {status} {size} "{referer}" "{agent}"')
    return lines


def service_log():
    dice = Dice("service.log")
    clock = Clock(dice, 4_000)
    lines = []
    for number in range(300):
        day, h, m, s, ms = clock.tick()
        stamp = f"2025-11-{day:02}T{h:02}:{m:02}:{s:02}.{ms:03}Z"
        job = f"job-{1000 + number // 4}"
        kind = dice.below(12)
        if kind < 5:
            text = f"INFO  worker-{dice.below(4)} queue::runner: {job} finished in {dice.between(12, 900)} ms, {dice.between(1, 40)} rows"
        elif kind < 8:
            text = f"DEBUG worker-{dice.below(4)} store::cache: hit key=user:{dice.between(100, 140)} age={dice.below(300)}s"
        elif kind < 10:
            text = f"INFO  http-{dice.below(2)} api::orders: GET /v2/orders/{dice.between(5000, 5200)} 200 {dice.between(2, 60)}ms id={dice.hex(16)}"
        elif kind < 11:
            text = f"WARN  worker-{dice.below(4)} queue::runner: {job} is slow: {dice.between(1, 9)}.{dice.below(10)} s, retrying"
        else:
            text = f"ERROR http-{dice.below(2)} api::orders: upstream timed out after 5000 ms (attempt {dice.between(1, 3)} of 3) id={dice.hex(16)}"
        lines.append(f"{stamp} {text}")
        if kind == 11:
            lines.append("  caused by: connection to db-1.internal:5432 was reset by the peer")
    return lines


def system_log():
    dice = Dice("system.log")
    clock = Clock(dice, 200_000)
    lines = []
    for _ in range(210):
        day, h, m, s, _ms = clock.tick()
        pid = dice.between(800, 32000)
        text = dice.pick([
            f"systemd[1]: Started session-{dice.between(10, 99)}.scope - Session of user gardener.",
            f"sshd[{pid}]: Accepted publickey for gardener from 10.0.{dice.below(4)}.{dice.below(256)} port {dice.between(30000, 60999)} ssh2",
            f"sshd[{pid}]: Received disconnect from 10.0.{dice.below(4)}.{dice.below(256)} port {dice.between(30000, 60999)}:11: disconnected by user",
            f"CRON[{pid}]: (root) CMD (test -x /usr/sbin/rotate && /usr/sbin/rotate --quiet)",
            f"kernel: [{dice.between(1000, 99999)}.{dice.between(100000, 999999)}] eth0: link up, 1000 Mbps, full duplex",
            f"ntpd[{pid}]: adjusting local clock by {'-' if dice.below(2) else ''}0.{dice.below(1000):03}s",
        ])
        lines.append(f"Nov {day:2} {h:02}:{m:02}:{s:02} greenhouse {text}")
    return lines


def person(dice):
    first, last = dice.pick(FIRST), dice.pick(LAST)
    return first, last, f"{first}.{last}@mail.example".lower()


def order(dice, number):
    first, last, mail = person(dice)
    items = []
    for _ in range(dice.between(1, 4)):
        name, cents = dice.often(GOODS)
        items.append({"article": name, "quantity": dice.between(1, 5), "cents": cents})
    return {
        "order": number,
        "placed": f"2025-{dice.between(1, 12):02}-{dice.between(1, 28):02}",
        "customer": {"name": f"{first} {last}", "mail": mail, "town": dice.pick(TOWNS)},
        "items": items,
        "total_cents": sum(item["quantity"] * item["cents"] for item in items),
        "paid": dice.below(5) > 0,
        "note": dice.often([None, None, "please ring twice", "leave with the neighbour"]),
    }


def orders_json():
    dice = Dice("orders.json")
    orders = [order(dice, 70_000 + n) for n in range(48)]
    return json.dumps({"version": 3, "orders": orders}, indent=2, ensure_ascii=False).split("\n")


def events_jsonl():
    dice = Dice("events.jsonl")
    clock = Clock(dice, 20_000)
    lines = []
    for number in range(170):
        day, h, m, s, ms = clock.tick()
        event = {
            "ts": f"2025-11-{day:02}T{h:02}:{m:02}:{s:02}.{ms:03}Z",
            "seq": number,
            "type": dice.often(["view", "scroll", "click", "search", "purchase"]),
            "session": dice.hex(8) if dice.below(4) == 0 else "5f3a90c1",
            "page": dice.often(PATHS),
            "ms": dice.between(3, 4000),
        }
        lines.append(json.dumps(event, separators=(",", ":")))
    return lines


def weather_csv():
    dice = Dice("weather.csv")
    lines = ["station,town,date,hour,temperature_c,humidity_pct,pressure_hpa,wind_ms,rain_mm"]
    tenths, pressure = 62, 10132
    for hour in range(540):
        tenths += dice.between(-6, 6) + (3 if 6 <= hour % 24 < 15 else -2)
        pressure += dice.between(-4, 4)
        rain = dice.below(40) if dice.below(7) == 0 else 0
        temperature = f"{'-' if tenths < 0 else ''}{abs(tenths) // 10}.{abs(tenths) % 10}"
        lines.append(
            f"S{hour // 180 + 17},{TOWNS[hour // 180]},2025-03-{hour // 24 % 30 + 1:02},{hour % 24},{temperature},"
            f"{dice.between(48, 97)},{pressure // 10}.{pressure % 10},{dice.below(12)}.{dice.below(10)},{rain // 10}.{rain % 10}"
        )
    return lines


def sales_csv():
    dice = Dice("sales.csv")
    lines = ["id;date;customer;town;article;quantity;price;shipped"]
    for number in range(260):
        first, last, _mail = person(dice)
        name, cents = dice.often(GOODS)
        name = '"' + name.replace('"', '""') + '"' if '"' in name or ";" in name else name
        quantity = dice.between(1, 12)
        total = quantity * cents
        lines.append(
            f"{90_000 + number};{dice.between(1, 28):02}.{dice.between(1, 12):02}.2025;{last}, {first};{dice.pick(TOWNS)};"
            f"{name};{quantity};{total // 100},{total % 100:02};{'yes' if dice.below(4) else 'no'}"
        )
    return lines


def catalogue_xml():
    dice = Dice("catalogue.xml")
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<catalogue currency="EUR" updated="2025-11-03">']
    for number in range(85):
        name, cents = dice.pick(GOODS)
        name = name.replace('"', "&quot;")
        lines += [
            f'  <article id="A{number + 400}" stock="{dice.below(90)}">',
            f"    <name>{name}</name>",
            f"    <price>{cents // 100}.{cents % 100:02}</price>",
            f'    <weight unit="g">{dice.between(2, 160) * 10}</weight>',
        ]
        for _ in range(dice.below(3)):
            first, last, _mail = person(dice)
            text = dice.pick(["as described", "arrived late but well packed", "would buy again", "smaller than I thought"])
            lines.append(f'    <review by="{first} {last[0]}." stars="{dice.between(2, 5)}">{text}</review>')
        lines.append("  </article>")
    return lines + ["</catalogue>"]


def messages():
    """Small files of a kind, as they go over an expensive link one by one."""
    dice = Dice("messages")
    clock = Clock(dice, 600_000)
    files = {}
    for number in range(8):
        day, h, m, s, _ms = clock.tick()
        reading = {
            "device": f"buoy-{dice.between(1, 5)}", "at": f"2025-11-{day:02}T{h:02}:{m:02}:{s:02}Z",
            "position": [59_000_000 + dice.below(90_000), 10_500_000 + dice.below(90_000)],
            "wave_cm": dice.between(20, 240), "water_c10": dice.between(31, 96), "battery_mv": dice.between(3500, 4150),
        }
        files[f"small/telemetry-{number}.json"] = [json.dumps(reading)]
    for number in range(8):
        one = order(dice, 71_000 + number)
        lines = [f"Dear {one['customer']['name']},", "", f"thank you for your order no. {one['order']} of {one['placed']}:", ""]
        lines += [f"  {item['quantity']} x {item['article']}" for item in one["items"]]
        total = one["total_cents"]
        lines += ["", f"Total: EUR {total // 100}.{total % 100:02}. We send it to {one['customer']['town']} tomorrow.", "", "With kind regards", "Your shop at the bridge"]
        files[f"small/mail-{number}.txt"] = lines
    for number in range(6):
        first, last, mail = person(dice)
        query = f"id={dice.hex(8)}&user={first.lower()}&lang={dice.pick(['en', 'de', 'pl', 'tr'])}"
        files[f"small/request-{number}.http"] = [
            f"GET /v2/orders?{query} HTTP/1.1\r", "Host: api.shop.example\r", "Accept: application/json\r",
            f"X-Request-Id: {dice.hex(32)}\r", f"User-Agent: {dice.often(AGENTS)}\r", "\r",
        ]
    return files


def picture():
    """A grey picture (PGM) of rings, with a little noise."""
    dice = Dice("rings.pgm")
    side = 112
    pixels = bytearray()
    for y in range(side):
        for x in range(side):
            far = (x - 40) ** 2 + (y - 60) ** 2
            pixels.append((far // 23 % 200) + dice.below(4))
    return b"P5\n%d %d\n255\n" % (side, side) + bytes(pixels)


def tone():
    """Half a second of two triangle waves as 16-bit samples at 8 kHz, in a WAV file."""
    samples = bytearray()
    for n in range(4000):
        low, high = n * 220 % 8000, n * 330 % 8000
        level = abs(low - 4000) * 3 + abs(high - 4000) * 2 - 10_000
        samples += level.to_bytes(2, "little", signed=True)
    header = b"RIFF" + (36 + len(samples)).to_bytes(4, "little") + b"WAVEfmt "
    header += (16).to_bytes(4, "little") + b"\x01\x00\x01\x00"
    header += (8000).to_bytes(4, "little") + (16000).to_bytes(4, "little") + b"\x02\x00\x10\x00"
    return header + b"data" + len(samples).to_bytes(4, "little") + bytes(samples)


def noise():
    """What nothing can compress."""
    dice = Dice("noise.bin")
    return b"".join(dice.bits().to_bytes(8, "little") for _ in range(512))


def everything():
    texts = {
        "log/access.log": access_log(), "log/service.log": service_log(), "log/system.log": system_log(),
        "json/orders.json": orders_json(), "json/events.jsonl": events_jsonl(),
        "csv/weather.csv": weather_csv(), "csv/sales.csv": sales_csv(),
        "xml/catalogue.xml": catalogue_xml(),
        **messages(),
    }
    files = {name: ("\n".join(lines) + "\n").encode() for name, lines in texts.items()}
    files |= {"binary/rings.pgm": picture(), "binary/tone.wav": tone(), "binary/noise.bin": noise()}
    return files


def main():
    files = everything()
    if sys.argv[1:] == ["--check"]:
        there = {name: (CORPUS / name).read_bytes() if (CORPUS / name).exists() else None for name in files}
        wrong = [name for name in files if there[name] != files[name]]
        for name in wrong:
            print(f"{name} is not what the generator makes", file=sys.stderr)
        sys.exit(1 if wrong else 0)
    if sys.argv[1:]:
        sys.exit(__doc__)
    for name, content in files.items():
        path = CORPUS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    print(f"{len(files)} files, {sum(map(len, files.values()))} bytes")


if __name__ == "__main__":
    main()
