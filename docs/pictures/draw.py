#!/usr/bin/env python3
"""Draws the eight pictures of architecture.md: `docs/pictures/draw.py` writes them beside itself."""

from html import escape
from pathlib import Path

WIDTH = 760
STYLE = """
text { font: 14px system-ui, sans-serif; fill: #1d1d1b; } .m { font-family: ui-monospace, monospace; } .f { fill: #6d6d66; font-size: 12px; }
rect, path, line { fill: none; stroke: #6d6d66; stroke-width: 1.3; } .a { fill: #e6eefb; } .b { fill: #fdecd2; } .c { fill: #e2f3e6; } .d { fill: #f6e3ee; }
.arrow { marker-end: url(#tip); }
@media (prefers-color-scheme: dark) {
  text { fill: #e9e9e4; } .f { fill: #9d9d95; } rect, path, line { stroke: #9d9d95; }
  .a { fill: #22344f; } .b { fill: #4d3a1c; } .c { fill: #1f4029; } .d { fill: #4a2439; }
}
"""


class Picture:
    def __init__(self, height):
        self.height, self.parts = height, []

    def box(self, x, y, w, h, text="", kind="a", mono=False, note=""):
        self.parts.append(f'<rect class="{kind}" x="{x}" y="{y}" width="{w}" height="{h}" rx="4"/>')
        if text:
            self.text(x + w / 2, y + h / 2 + (0 if note else 5), text, "m" if mono else "")
        if note:
            self.text(x + w / 2, y + h / 2 + 17, note, "f")

    def text(self, x, y, text, kind="", anchor="middle"):
        self.parts.append(f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>')

    def arrow(self, x1, y1, x2, y2):
        self.parts.append(f'<line class="arrow" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>')

    def save(self, name, title):
        svg = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" width="{WIDTH}" height="{self.height}" '
               f'role="img"><title>{escape(title)}</title><style>{STYLE}</style><defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" '
               'markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" style="fill:#8a8a82;stroke:none"/></marker></defs>'
               + "\n".join(self.parts) + "</svg>\n")
        (Path(__file__).parent / name).write_text(svg)


def groups():
    p = Picture(170)
    p.box(20, 20, 720, 36, "a file of 40 MB, or a stream of any length", "c")
    for i, (x, w, text) in enumerate([(20, 290, "group 0: 16 MiB"), (310, 290, "group 1: 16 MiB"), (600, 140, "the rest")]):
        p.arrow(x + w / 2, 58, x + w / 2, 88)
        p.box(x + 3, 90, w - 6, 36, text)
    p.text(380, 154, "each with its length, its method, its check: damage and ranges stay within a group", "f")
    p.save("1-groups.svg", "A file is cut into groups")


def copies():
    p = Picture(180)
    p.box(20, 20, 200, 34, "text", "a")
    p.box(220, 20, 160, 34, "a long passage", "b")
    p.box(380, 20, 160, 34, "more text", "a")
    p.box(540, 20, 160, 34, "the same passage", "d")
    p.parts.append('<path class="arrow" d="M620 58 C 560 105, 380 105, 305 60"/>')
    p.text(460, 112, "a copy: position, distance, length; about ten bytes", "f")
    p.box(20, 128, 200, 34, "text", "a")
    p.box(220, 128, 160, 34, "a long passage", "b")
    p.box(380, 128, 160, 34, "more text", "a")
    p.text(560, 150, "the rest is what is coded", "f", "start")
    p.save("2-copies.svg", "Repeats of 512 bytes and more are taken out")


def lanes():
    p = Picture(220)
    p.text(20, 24, "The rest, cut where lanes end together:", "", "start")
    for i in range(4):
        x = 20 + 180 * i
        p.box(x, 36, 174, 30, f"lane {i}", "abcd"[i])
    for i in range(4):
        y = 92 + 28 * i
        p.text(64, y + 15, f"lane {i}", "f", "end")
        for step in range(8):
            p.box(78 + 78 * step, y, 70, 22, f"token {step}", "abcd"[i])
    p.text(78 + 35, 216, "step 0", "f")
    p.text(78 + 78 + 35, 216, "step 1", "f")
    p.text(740, 216, "in each step the model reads its weights once, for all lanes", "f", "end")
    p.save("3-lanes.svg", "A group is cut into lanes that run in lockstep")


def tokens():
    p = Picture(150)
    p.text(20, 24, "Bytes:", "", "start")
    for i, c in enumerate("the harbour office"):
        p.box(90 + 34 * i, 8, 32, 26, c if c != " " else "␣", "c", True)
    p.text(20, 84, "Tokens:", "", "start")
    x = 90
    for token in ["the", "␣h", "arb", "our", "␣office"]:
        w = 34 * len(token) - 2
        p.box(x, 66, w, 28, token, "a", True)
        x += w + 2
    p.text(380, 128, "a vocabulary as a parser over bytes: nothing is normalised, every byte has a token, what it gives is checked", "f")
    p.save("4-tokens.svg", "Bytes become tokens")


def model():
    p = Picture(198)
    p.box(20, 60, 150, 44, "tokens so far", "a", False, "the window")
    p.arrow(172, 82, 208, 82)
    p.box(210, 30, 230, 104, "", "b")
    p.text(325, 62, "transformer")
    p.text(325, 84, "8-bit products, exact sums", "f")
    p.text(325, 104, "output layer learns the file", "f")
    p.arrow(442, 82, 478, 82)
    for i, (token, h) in enumerate([("␣office", 70), ("␣master", 46), ("s", 24), ("␣was", 16), ("…", 8)]):
        p.box(482 + 54 * i, 130 - h, 40, h, "", "c")
        p.text(502 + 54 * i, 148 + 14 * (i % 2), token, "m f")
    p.text(612, 30, "an integer for each token that may come", "f")
    p.text(380, 186, "the same integers on every machine, for any number of threads: EXACTNESS.md says each step", "f")
    p.save("5-model.svg", "The model says how likely each next token is")


def bits():
    p = Picture(210)
    p.text(20, 24, "All tokens, sorted by their bytes:", "", "start")
    p.box(20, 36, 720, 28, "0 … 8191", "c")
    p.box(20, 84, 300, 26, "next bit 0", "a")
    p.box(320, 84, 420, 26, "next bit 1", "b")
    p.box(320, 130, 180, 26, "0", "a")
    p.box(500, 130, 240, 26, "1", "b")
    p.arrow(200, 66, 170, 82)
    p.arrow(520, 66, 530, 82)
    p.arrow(430, 112, 410, 128)
    p.arrow(610, 112, 620, 128)
    p.text(380, 184, "tokens that agree so far are neighbours, so a bit's probability is one sum over another", "f")
    p.text(380, 202, "where one may end and others go on, \"the token ends here\" is a decision like a bit", "f")
    p.save("6-bits.svg", "A token becomes decisions")


def mixer():
    p = Picture(220)
    names = ["the model's bit", "order 1 to 6", "words", "columns of tables", "the last long match"]
    for i, name in enumerate(names):
        p.box(20, 14 + 38 * i, 190, 30, name, "b" if i == 0 else "a")
        p.arrow(212, 29 + 38 * i, 308, 100)
    p.box(310, 70, 150, 60, "weighed", "d", False, "by what was right lately")
    p.arrow(462, 100, 508, 100)
    p.box(510, 70, 130, 60, "corrected", "d", False, "probability maps")
    p.arrow(642, 100, 688, 100)
    p.text(724, 105, "p", "m")
    p.text(380, 212, "everything learns from the bit that came; integers only", "f")
    p.save("7-mixer.svg", "The mixer corrects each probability with what the file has shown")


def coder():
    p = Picture(190)
    p.text(20, 24, "An interval of numbers, cut in the ratio of the probabilities:", "", "start")
    p.box(20, 36, 430, 28, "bit 1, p", "a")
    p.box(450, 36, 290, 28, "bit 0, 1 - p", "b")
    p.box(20, 84, 150, 28, "1", "a")
    p.box(170, 84, 280, 28, "0", "b")
    p.arrow(235, 66, 235, 82)
    p.arrow(310, 114, 310, 138)
    p.box(150, 140, 320, 30, "7a f3 09 …", "c", True)
    p.text(490, 160, "as many bits as the surprise", "f", "start")
    p.save("8-coder.svg", "The arithmetic coder writes down what really came")


for draw in [groups, copies, lanes, tokens, model, bits, mixer, coder]:
    draw()
