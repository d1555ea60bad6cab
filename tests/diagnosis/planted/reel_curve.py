"""Faults in `reel_curve.py`: names of its own, pairs of operand and slope, a free walk."""

from __future__ import annotations

from tests.diagnosis.fault import Fault

BASE = "reel_curve"
STEP = "        knob.r -= 0.3 * knob.dr"
ZERO = "    for knob in knobs:\n        knob.dr = 0.0\n"

FAULTS = (
    Fault(
        "overwritten", BASE,
        (("source.dr += slope * node.dr", "source.dr = slope * node.dr"),),
        "source.dr = slope * node.dr",
    ),
    Fault(
        "upstream-dropped", BASE,
        (("source.dr += slope * node.dr", "source.dr += slope"),),
        "source.dr += slope",
    ),
    Fault(
        "wrong-local", BASE,
        (("(other, -quotient / other.r)", "(other, -quotient)"),),
        "(other, -quotient)",
    ),
    Fault(
        "wrong-local", BASE,
        (("(other, -1.0)", "(other, 1.0)"),),
        "self.r - other.r, ((self, 1.0), (other, 1.0))", why="sub: the sign",
    ),
    Fault(
        "wrong-local", BASE,
        (("((self, 2.0 * self.r),)", "((self, self.r),)"),),
        "((self, self.r),)",
    ),
    Fault(
        "operand-skipped", BASE,
        (("((self, 1.0 / other.r), (other, -quotient / other.r))", "((self, 1.0 / other.r),)"),),
        "Reel(quotient, ((self, 1.0 / other.r),))",
    ),
    Fault(
        "visited-early", BASE,
        ((("        if node in seen:\n"
           "            return\n"
           "        seen.add(node)\n"
           "        for source, _ in node.uses:\n"
           "            visit(source)\n"
           "        order.append(node)\n"),
          ("        queue = [node]\n"
           "        for each in queue:\n"
           "            if each not in seen:\n"
           "                seen.add(each)\n"
           "                order.insert(0, each)\n"
           "                queue.extend(source for source, _ in each.uses)\n")),),
        "order.insert(0, each)",
        also=("queue.extend(", "for node in reversed(order)", "source.dr += slope * node.dr"),
        why="breadth first",
    ),
    Fault(
        "visited-twice", BASE,
        (("    for node in reversed(order):\n", "    for node in reversed(order + [top]):\n"),),
        "reversed(order + [top])", also=("source.dr += slope * node.dr",),
    ),
    Fault(
        "never-visited", BASE,
        (("        if node in seen:\n            return\n",
          "        if node in seen or len(order) > 60:\n            return\n"),),
        "or len(order) > 60", also=("source.dr += slope * node.dr",),
    ),
    Fault("not-seeded", BASE, (("    top.dr = 1.0\n", "    top.dr = 0.0\n"),), "top.dr = 0.0"),
    Fault(
        "not-seeded", BASE,
        (("    top.dr = 1.0\n", "    top.dr = 0.5\n"),),
        "top.dr = 0.5", is_note=True, why="another number may be a scale",
    ),
    Fault(
        "wrong-forward", BASE,
        (("Reel(self.r - other.r", "Reel(self.r + other.r"),),
        "Reel(self.r + other.r, ((self, 1.0), (other, -1.0)))",
    ),
    Fault(
        "wrong-forward", BASE,
        (("quotient = self.r / other.r", "quotient = self.r // other.r"),),
        "self.r // other.r",
    ),
    Fault(
        "detached", BASE,
        (("u = reel(t) / stretch", "u = reel(t / stretch.r)"),),
        "u = reel(t / stretch.r)", why="the stretch has no other way to the loss",
    ),
    Fault("stale-grads", BASE, ((ZERO, ""),), STEP, also=("    chain(error)",)),
    Fault(
        "stale-grads", BASE,
        (("        knob.dr = 0.0\n", "        knob.grad = 0.0\n"),),
        STEP, also=("knob.grad = 0.0",), why="an attribute that nobody reads",
    ),
    Fault(
        "update-without-grad", BASE,
        ((ZERO + "    chain(error)\n", "    chain(error)\n" + ZERO),),
        STEP, also=("knob.dr = 0.0", "    chain(error)"),
    ),
    Fault("ascent", BASE, ((STEP, "        knob.r += 0.3 * knob.dr"),), "knob.r += 0.3 * knob.dr"),
    Fault(
        "not-updated", BASE,
        (("knobs = [c0, c1, c2, c3, stretch]", "knobs = [c0, c1, c2, c3]"),),
        "stretch = Reel(1.4)", also=("knobs = [c0, c1, c2, c3]",),
    ),
    Fault(
        "updated-twice", BASE,
        (("knobs = [c0, c1, c2, c3, stretch]", "knobs = [c0, c1, c2, c2, c3, stretch]"),),
        STEP, also=("knobs = [c0, c1, c2, c2, c3, stretch]",),
    ),
    Fault(
        "update-mixed", BASE,
        (("    for knob in knobs:\n" + STEP,
          ("    for knob, other in zip(knobs, reversed(knobs)):\n"
           "        knob.r -= 0.3 * other.dr")),),
        "knob.r -= 0.3 * other.dr",
    ),
    Fault(
        "rebound", BASE,
        (("    for knob in knobs:\n" + STEP,
          "    knobs = [Reel(knob.r - 0.3 * knob.dr) for knob in knobs]"),),
        "knobs = [Reel(knob.r - 0.3 * knob.dr)",
    ),
    Fault(
        "backward-twice", BASE,
        (("    chain(error)\n",
          ("    chain(error)\n"
           "    slopes = [knob.dr for knob in knobs]\n"
           "    if max(map(abs, slopes)) > 1e-9:\n"
           "        chain(error)  # not yet at the bottom\n")),),
        "chain(error)  # not yet",
    ),
    Fault("rate-too-large", BASE, ((STEP, "        knob.r -= 3.0 * knob.dr"),), "knob.r -= 3.0"),
    Fault(
        "rate-too-small", BASE,
        ((STEP, "        knob.r -= 3e-10 * knob.dr"),),
        "knob.r -= 3e-10",
    ),
    Fault(
        "computed-unused", BASE,
        (("    error = misfit()\n",
          "    error = misfit()\n    roughness = c2.squared() + c3.squared()\n"),),
        "roughness = c2.squared()", is_note=True,
    ),
    Fault(
        "error", BASE,
        (("stretch = Reel(1.4)", "stretch = Reel(0.0)"),),
        "quotient = self.r / other.r", also=("stretch = Reel(0.0)",),
        why="a division by zero before any pass",
    ),
)  # fmt: skip
