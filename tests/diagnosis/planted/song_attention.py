"""Faults in `song_attention.py`: a tape of closures, attention over whole sequences, a mask."""

from __future__ import annotations

from tests.diagnosis.fault import Fault

BASE = "song_attention"
STEP = "        cell.v -= 0.05 * momentum[k]"
ATTEND = (
    "        change = attend(block, stream)\n"
    "        stream = [[s + c for s, c in zip(row, new)] for row, new in zip(stream, change)]\n"
)
THINK = (
    "        change = think(block, stream)\n"
    "        stream = [[s + c for s, c in zip(row, new)] for row, new in zip(stream, change)]\n"
)

FAULTS = (
    Fault(
        "overwritten", BASE,
        (("            self.bar += other.v * out.bar",
          "            self.bar = other.v * out.bar"),),
        "self.bar = other.v * out.bar",
    ),
    Fault(
        "overwritten", BASE,
        (("            other.bar += self.v * out.bar",
          "            other.bar = self.v * out.bar"),),
        "other.bar = self.v * out.bar",
    ),
    Fault(
        "upstream-dropped", BASE,
        (("self.bar += (s + out.v * (1.0 - s)) * out.bar", "self.bar += s + out.v * (1.0 - s)"),),
        "self.bar += s + out.v * (1.0 - s)",
    ),
    Fault(
        "wrong-local", BASE,
        (("self.bar += -0.5 * out.v**3 * out.bar", "self.bar += -0.5 * out.v**2 * out.bar"),),
        "-0.5 * out.v**2 * out.bar", why="a root",
    ),
    Fault(
        "wrong-local", BASE,
        (("(s + out.v * (1.0 - s)) * out.bar", "(s + self.v * (1.0 - s)) * out.bar"),),
        "(s + self.v * (1.0 - s)) * out.bar",
    ),
    Fault(
        "wrong-local", BASE,
        (("self.bar -= out.v * out.v * out.bar", "self.bar += out.v * out.v * out.bar"),),
        "self.bar += out.v * out.v * out.bar",
    ),
    Fault(
        "wrong-local", BASE,
        (("            self.bar += factor * out.bar",
          "            self.bar += abs(factor) * out.bar"),),
        "abs(factor) * out.bar",
    ),
    Fault(
        "operand-skipped", BASE,
        (("            other.bar += self.v * out.bar\n", ""),),
        "self.bar += other.v * out.bar",
    ),
    Fault(
        "visited-early", BASE,
        (("        steps.pop()()\n", "        steps.pop(0)()\n"),),
        "steps.pop(0)()", why="the oldest first",
    ),
    Fault(
        "visited-twice", BASE,
        (("            self.bar += out.v * out.bar\n\n        steps.append(step)",
          "            self.bar += out.v * out.bar\n\n        steps.extend((step, step))"),),
        "steps.extend((step, step))", also=("steps.pop()()",), why="exp stands in the tape twice",
    ),
    Fault(
        "never-visited", BASE,
        (("    while steps:\n", "    while len(steps) > 100:\n"),),
        "while len(steps) > 100:", also=("steps.pop()()",),
    ),
    Fault(
        "not-seeded", BASE,
        (("    loss.bar = 1.0\n", "    loss.bar *= 1.0\n"),),
        "loss.bar *= 1.0",
    ),
    Fault(
        "wrong-forward", BASE,
        (("out = Cell(self.v**-0.5)", "out = Cell(self.v**0.5)"),),
        "out = Cell(self.v**0.5)", why="the root, and not its inverse",
    ),
    Fault(
        "changed-after-use", BASE,
        (("    backprop(loss)\n",
          ("    for cell in trained:\n"
           "        cell.v = max(-0.4, min(0.4, cell.v))\n"
           "    backprop(loss)\n")),),
        "cell.v = max(-0.4, min(0.4, cell.v))",
    ),
    Fault(
        "detached", BASE,
        (("shares = softmax(masked)\n", "shares = [Cell(s.v) for s in softmax(masked)]\n"),),
        "Cell(s.v) for s in softmax(masked)",
    ),
    Fault(
        "detached", BASE,
        (("    share = total(exps).reciprocal()\n",
          "    share = Cell(1.0 / sum(e.v for e in exps))\n"),),
        "share = Cell(1.0 / sum(", is_note=True, why="each parameter keeps a way to the loss",
    ),
    Fault(
        "no-gradient", BASE,
        (("s if j <= at else s + minus_infinity for j",
          "s if j == at else s + minus_infinity for j"),),
        "s if j == at else", why="one source alone: queries and keys have no effect",
    ),
    Fault(
        "stale-grads", BASE,
        (("    for cell in trained:\n        cell.bar = 0.0\n", ""),),
        STEP, also=("    backprop(loss)", "momentum[k] = "),
    ),
    Fault(
        "update-without-grad", BASE,
        (("    backprop(loss)\n", ""),
         ("    for cell in trained:\n        cell.bar = 0.0\n",
          "    backprop(loss)\n    for cell in trained:\n        cell.bar = 0.0\n")),
        STEP, also=("    backprop(loss)", "cell.bar = 0.0", "momentum[k] = "),
    ),
    Fault(
        "ascent", BASE,
        ((STEP, "        cell.v += 0.05 * momentum[k]"),),
        "cell.v += 0.05 * momentum[k]",
    ),
    Fault(
        "not-updated", BASE,
        (("for matrix in (note_table, place_table, out_table):", "for matrix in (out_table,):"),),
        "note_table, place_table = table(", also=("for matrix in (out_table,):", "[Cell(rng.gauss"),
    ),
    Fault(
        "not-updated", BASE,
        (("for block in blocks for matrix in", "for block in blocks[1:] for matrix in"),),
        "{name: table(WIDTH, WIDTH)", also=("for block in blocks[1:] for", "[Cell(rng.gauss"),
    ),
    Fault(
        "not-in-graph", BASE,
        (('apply(block["down"], wide)', 'apply(block["up"], wide)'),),
        "{name: table(WIDTH, WIDTH)", also=('apply(block["up"], wide)', STEP, "[Cell(rng.gauss"),
    ),
    Fault(
        "rebound", BASE,
        ((STEP, "        trained[k] = Cell(cell.v - 0.05 * momentum[k])"),),
        "trained[k] = Cell(cell.v",
    ),
    Fault(
        "update-mixed", BASE,
        ((STEP, "        cell.v -= 0.05 * momentum[k - 1]"),),
        "momentum[k - 1]",
    ),
    Fault(
        "rate-too-small", BASE,
        ((STEP, "        cell.v -= 1e-9 * momentum[k]"),),
        "cell.v -= 1e-9",
    ),
    Fault(
        "aliased-parameters", BASE,
        ((('    {name: table(WIDTH, WIDTH) for name in ("query", "key", "value", "mix", '
           '"up", "down")}\n'
           "    for _ in range(LAYERS)\n"
           "]"),
          ('    {name: table(WIDTH, WIDTH) for name in ("query", "key", "value", "mix", '
           '"up", "down")}\n'
           "] * LAYERS")),),
        "] * LAYERS", also=("{name: table(WIDTH", "[Cell(rng.gauss"), why="both layers are one",
    ),
    Fault(
        "future-leak", BASE,
        (("s if j <= at else s + minus_infinity for j",
          "s if j <= at + 1 else s + minus_infinity for j"),),
        "s if j <= at + 1 else",
    ),
    Fault(
        "future-leak", BASE,
        (("masked = [s if j <= at else s + minus_infinity for j, s in enumerate(scores)]",
          "masked = scores"),),
        "masked = scores", why="no mask",
    ),
    Fault(
        "future-leak", BASE,
        (("minus_infinity = Cell(-math.inf)", "minus_infinity = Cell(-3.0)"),),
        "minus_infinity = Cell(-3.0)", also=("s if j <= at else s + minus",),
        why="a mask that lets through",
    ),
    Fault(
        "future-leak", BASE,
        (("s if j <= at else s + minus_infinity for j",
          "s if j >= at else s + minus_infinity for j"),),
        "s if j >= at else", why="the mask the wrong way round",
    ),
    Fault(
        "target-not-shifted", BASE,
        (("inputs, nexts = song[:-1], song[1:]", "inputs, nexts = song[:-1], song[:-1]"),),
        "inputs, nexts = song[:-1], song[:-1]", also=("terms.append(shares[note]",),
    ),
    Fault(
        "position-unused", BASE,
        (("zip(note_table[note], place_table[at])", "zip(note_table[note], place_table[-1])"),),
        "place_table[-1]",
    ),
    Fault(
        "not-normalised", BASE,
        (("    exps = [(each + Cell(-top)).exp() for each in row]\n    share = total(exps)",
          ("    exps = [(each + Cell(-top)).exp() for each in row]\n"
           "    share = (total(exps) + exps[0])")),),
        "share = (total(exps) + exps[0])", also=("return [e * share",),
    ),
    Fault(
        "not-normalised", BASE,
        (("        shares = softmax(masked)\n",
          "        shares = [s.scale(0.9) for s in softmax(masked)]\n"),),
        "s.scale(0.9) for s in", is_note=True, why="weights of attention that do not add up to 1",
    ),
    Fault(
        "softmax-twice", BASE,
        (("        shares = softmax(scores)\n", "        shares = softmax(softmax(scores))\n"),),
        "softmax(softmax(scores))", also=("exps = [(each",),
    ),
    Fault(
        "unscaled", BASE,
        (("dot(query, key).scale(WIDTH**-0.5)", "dot(query, key)"),),
        "[dot(query, key) for key", is_note=True,
    ),
    Fault(
        "no-residual", BASE,
        ((THINK, "        stream = think(block, stream)\n"),),
        "stream = think(block, stream)", is_note=True,
    ),
    Fault(
        "no-residual", BASE,
        ((ATTEND,
          ("        change = attend(block, stream)\n"
           "        stream = [[s + s + c for s, c in zip(row, new)] for row, new in "
           "zip(stream, change)]\n")),),
        "s + s + c for s, c", is_note=True, why="slope 2 where the others have 1",
    ),
    Fault(
        "output-unused", BASE,
        (("zip(listen(inputs), nexts):", "zip(listen(inputs), nexts[:-1]):"),),
        "zip(listen(inputs), nexts[:-1]):", is_note=True,
    ),
    Fault(
        "loss-upside-down", BASE,
        (("terms.append(shares[note].ln().scale(-1.0))", "terms.append(shares[note].ln())"),),
        "terms.append(shares[note].ln())",
    ),
    Fault(
        "not-finite", BASE,
        (("s if j <= at else s + minus_infinity for j",
          "s if j < at else s + minus_infinity for j"),),
        "s if j < at else", also=("exps = [(each",),
        why="the first row is masked altogether: -inf less -inf",
    ),
    Fault(
        "vanishing", BASE,
        (("change = think(block, stream)\n        stream = [[s + c for s, c in zip(row, new)]",
          ("change = think(block, stream)\n"
           "        stream = [[s.scale(1e-5) + c.scale(1e-5) for s, c in zip(row, new)]")),),
        "s.scale(1e-5)",
    ),
)  # fmt: skip
