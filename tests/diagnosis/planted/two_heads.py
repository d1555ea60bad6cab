"""Faults in `two_heads.py`: a table of rules, one trunk with two losses."""

from __future__ import annotations

from tests.diagnosis.fault import Fault

BASE = "two_heads"
STEP = "        node.value -= 0.25 * node.adj"
ZERO = "    for node in everything:\n        node.adj = 0.0\n"

FAULTS = (
    Fault(
        "overwritten", BASE,
        (("                parent.adj += share", "                parent.adj = share"),),
        "parent.adj = share",
    ),
    Fault(
        "upstream-dropped", BASE,
        (("(math.cos(a.value) * node.adj,)", "(math.cos(a.value),)"),),
        "(math.cos(a.value),)",
    ),
    Fault(
        "upstream-dropped", BASE,
        (("(b.value * node.adj, a.value * node.adj)", "(b.value, a.value)"),),
        "(b.value, a.value)",
    ),
    Fault(
        "wrong-local", BASE,
        (("(math.cos(a.value) * node.adj,)", "(-math.cos(a.value) * node.adj,)"),),
        "-math.cos(a.value)",
    ),
    Fault(
        "wrong-local", BASE,
        (("(math.cos(a.value) * node.adj,)", "(node.value * node.adj,)"),),
        '"sin": lambda node, a: (node.value',
    ),
    Fault(
        "wrong-local", BASE,
        (("(2.0 * a.value * node.adj,)", "(a.value * node.adj,)"),),
        '"square": lambda node, a: (a.value',
    ),
    Fault(
        "wrong-local", BASE,
        (("node.value * (1.0 - node.value) * node.adj", "a.value * (1.0 - a.value) * node.adj"),),
        "a.value * (1.0 - a.value)",
    ),
    Fault(
        "operand-skipped", BASE,
        (("(node.adj, -node.adj)", "(node.adj, 0.0)"),),
        "(node.adj, 0.0)",
    ),
    Fault(
        "visited-early", BASE,
        ((("        for parent in node.parents:\n"
           "            mark(parent)\n"
           "        order.append(node)\n"),
          ("        order.insert(0, node)\n"
           "        for parent in node.parents:\n"
           "            mark(parent)\n")),),
        "order.insert(0, node)", also=("parent.adj += share", "for node in reversed(order)"),
    ),
    Fault(
        "visited-twice", BASE,
        (("        if node in marked:\n            return\n",
          "        if node in marked and not node.parents:\n            return\n"),),
        "if node in marked and not node.parents:",
        also=("parent.adj += share", "for node in reversed(order)"),
    ),
    Fault(
        "never-visited", BASE,
        (("        if node.rule is not None:\n",
          '        if node.rule in ("plus", "minus", "times", "square", "ln"):\n'),),
        "if node.rule in (", also=("parent.adj += share",), why="some rules are not known to it",
    ),
    Fault("not-seeded", BASE, (("    top.adj = 1.0\n", "    top.adj += 0.0\n"),), "top.adj += 0.0"),
    Fault(
        "not-seeded", BASE,
        (("    top.adj = 1.0\n", "    top.adj = top.value\n"),),
        "top.adj = top.value",
    ),
    Fault(
        "wrong-forward", BASE,
        (("Node(math.sin(self.value)", "Node(math.sin(math.radians(self.value))"),),
        "math.sin(math.radians(self.value))",
    ),
    Fault(
        "wrong-forward", BASE,
        (("Node(self.value * other.value, (self, other)",
          "Node(self.value * abs(other.value), (self, other)"),),
        "Node(self.value * abs(other.value)",
    ),
    Fault(
        "changed-after-use", BASE,
        (("    sweep(both)\n",
          ("    for row in trunk:\n"
           "        for node in row:\n"
           "            node.value *= 0.8\n"
           "    sweep(both)\n")),),
        "node.value *= 0.8",
    ),
    Fault(
        "detached", BASE,
        (("        features = shared(point)\n",
          "        features = [Node(f.value) for f in shared(point)]\n"),),
        "features = [Node(f.value)",
    ),
    Fault(
        "detached", BASE,
        (("        guess = sum_of([w * f for w, f in zip(guess_head, features)])\n",
          "        guess = sum_of([w * Node(f.value) for w, f in zip(guess_head, features)])\n"),),
        "guess = sum_of([w * Node(f.value)", is_note=True,
        why="the trunk learns from the other task",
    ),
    Fault("stale-grads", BASE, ((ZERO, ""),), STEP, also=("    sweep(both)",)),
    Fault(
        "backward-twice", BASE,
        (("    sweep(both)\n", "    sweep(guess_loss)\n    sweep(side_loss)\n"),),
        "sweep(side_loss)", also=("sweep(guess_loss)",),
        why="the trunk's nodes still hold what the first left",
    ),
    Fault(
        "backward-twice", BASE,
        (("    sweep(both)\n", "    for top in (both, both):\n        sweep(top)\n"),),
        "        sweep(top)", also=("for top in (both, both):",),
    ),
    Fault(
        "update-without-grad", BASE,
        ((ZERO + "    sweep(both)\n", "    sweep(both)\n" + ZERO),),
        STEP, also=("    sweep(both)", "node.adj = 0.0"),
    ),
    Fault(
        "ascent", BASE,
        ((STEP, "        node.value += 0.25 * node.adj"),),
        "node.value += 0.25 * node.adj",
    ),
    Fault(
        "not-updated", BASE,
        (("+ trunk_bias + guess_head + side_head", "+ guess_head + side_head"),),
        "trunk_bias = drawn(3)", also=("everything = [w for row", "return [Node(random.uniform"),
    ),
    Fault(
        "not-updated", BASE,
        (("+ guess_head + side_head", "+ guess_head"),),
        "guess_head, side_head = drawn(3)",
        also=("everything = [w for row", "return [Node(random.uniform"),
    ),
    Fault(
        "not-in-graph", BASE,
        (("zip(side_head, features)]).logistic()", "zip(guess_head, features)]).logistic()"),),
        "guess_head, side_head = drawn(3)",
        also=("zip(guess_head, features)]).logistic()", STEP, "return [Node(random.uniform"),
    ),
    Fault(
        "rebound", BASE,
        (("    for node in everything:\n" + STEP,
          "    everything = [Node(node.value - 0.25 * node.adj) for node in everything]"),),
        "everything = [Node(node.value",
    ),
    Fault(
        "rate-too-large", BASE,
        ((STEP, "        node.value -= 6.0 * node.adj"),),
        "node.value -= 6.0 * node.adj",
    ),
    Fault(
        "rate-too-small", BASE,
        ((STEP, "        node.value -= 2e-10 * node.adj"),),
        "node.value -= 2e-10 * node.adj",
    ),
    Fault(
        "aliased-parameters", BASE,
        (("trunk = [drawn(2) for _ in range(3)]", "trunk = [drawn(2)] * 3"),),
        "trunk = [drawn(2)] * 3", also=("return [Node(random.uniform",),
    ),
    Fault(
        "updated-twice", BASE,
        (("+ trunk_bias + guess_head + side_head",
          "+ trunk_bias + guess_head + side_head + guess_head"),),
        STEP, also=("everything = [w for row",),
    ),
    Fault(
        "update-mixed", BASE,
        (("    for node in everything:\n" + STEP,
          ("    for node, other in zip(everything, everything[::-1]):\n"
           "        node.value -= 0.25 * other.adj")),),
        "node.value -= 0.25 * other.adj",
    ),
    Fault(
        "computed-unused", BASE,
        (("    both = guess_loss + side_loss\n",
          "    both = guess_loss + side_loss\n    product = guess_loss * side_loss\n"),),
        "product = guess_loss * side_loss", is_note=True,
    ),
    Fault(
        "not-finite", BASE,
        (("        guesses.append((guess - Node(number)).square())\n",
          "        guesses.append((guess * Node(1e160) - Node(number)).square())\n"),),
        "guesses.append((guess * Node(1e160)", also=("Node(self.value * self.value, (self,)",),
    ),
    Fault(
        "error", BASE,
        (("likely = chance if side else Node(1.0) - chance",
          "likely = chance if side else chance - Node(1.0)"),),
        "Node(math.log(self.value)", also=("chance - Node(1.0)",),
    ),
)  # fmt: skip
