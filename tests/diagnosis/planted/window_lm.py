"""Faults in `window_lm.py`: a parameter is a subclass; embeddings, warm-up, clipping."""

from __future__ import annotations

from tests.diagnosis.fault import Fault

BASE = "window_lm"
STEP = "        p.data -= rate * p.grad_"
ZERO = "    for p in parameters:\n        p.grad_ = 0.0\n"
CLIP = "    for p in parameters:\n        p.grad_ = max(-0.3, min(0.3, p.grad_))\n"

FAULTS = (
    Fault(
        "overwritten", BASE,
        (("each.grad_ += local * node.grad_", "each.grad_ = local * node.grad_"),),
        "each.grad_ = local * node.grad_",
    ),
    Fault(
        "upstream-dropped", BASE,
        (("each.grad_ += local * node.grad_", "each.grad_ += local"),),
        "each.grad_ += local",
    ),
    Fault(
        "wrong-local", BASE,
        (("e / (1.0 + e)", "1.0 / (1.0 + e)"),),
        "1.0 / (1.0 + e)", why="softplus: the slope on the other side",
    ),
    Fault(
        "wrong-local", BASE,
        (("((self, 1.0 / self.data),)", "((self, 1.0 / self.data**2),)"),),
        "1.0 / self.data**2",
    ),
    Fault("wrong-local", BASE, (("((self, factor),)", "((self, 1.0),)"),), "((self, 1.0),)"),
    Fault(
        "operand-skipped", BASE,
        (("((self, 1.0), (other, -1.0))", "((self, 1.0), (other, 0.0))"),),
        "((self, 1.0), (other, 0.0))",
    ),
    Fault(
        "visited-early", BASE,
        ((("                seen.add(node)\n"
           "                for each, _ in node.inputs:\n"
           "                    visit(each)\n"
           "                order.append(node)\n"),
          ("                seen.add(node)\n"
           "                order.insert(0, node)\n"
           "                for each, _ in node.inputs:\n"
           "                    visit(each)\n")),),
        "order.insert(0, node)",
        also=("each.grad_ += local * node.grad_", "for node in reversed(order)"),
    ),
    Fault(
        "visited-twice", BASE,
        (("                order.append(node)\n", "            order.append(node)\n"),),
        "            order.append(node)",
        also=("each.grad_ += local * node.grad_", "for node in reversed(order)"),
    ),
    Fault(
        "never-visited", BASE,
        (("            if node not in seen:\n",
          ("            if node not in seen and not isinstance(node, Parameter) and "
           "len(seen) < 80:\n")),),
        "and len(seen) < 80:", also=("each.grad_ += local * node.grad_",),
    ),
    Fault(
        "not-seeded", BASE,
        (("        self.grad_ = 1.0\n", "        self.grad_ = 0.0 * self.data\n"),),
        "self.grad_ = 0.0 * self.data",
    ),
    Fault(
        "wrong-forward", BASE,
        (("return Base(math.log(1.0 + e)", "return Base(math.log1p(1.0 + e)"),),
        "math.log1p(1.0 + e)",
    ),
    Fault(
        "wrong-forward", BASE,
        (("return Base(self.data - other.data,", "return Base(other.data - self.data,"),),
        "return Base(other.data - self.data,",
    ),
    Fault(
        "detached", BASE,
        (("hidden = [weighted(row, xs, b).softplus() for",
          "hidden = [Base(weighted(row, xs, b).softplus().data) for"),),
        "hidden = [Base(weighted(",
    ),
    Fault(
        "detached", BASE,
        (("        term = partition.log() - scores[wanted]\n",
          "        term = Base(math.log(partition.data)) - scores[wanted]\n"),),
        "term = Base(math.log(partition.data))", is_note=True,
    ),
    Fault(
        "not-repeatable", BASE,
        (("    def flow(self):",
          ("    def jitter(self):\n"
           "        return Base(self.data + random.gauss(0.0, 0.05), ((self, 1.0),))\n"
           "\n"
           "    def flow(self):")),
         ("weighted(row, xs, b).softplus() for", "weighted(row, xs, b).softplus().jitter() for")),
        "random.gauss(0.0, 0.05)", is_note=True, also=(".softplus().jitter()",),
    ),
    Fault("stale-grads", BASE, ((ZERO, ""), (CLIP, "")), STEP, also=("    loss.flow()",)),
    Fault(
        "update-without-grad", BASE,
        ((ZERO + "    loss.flow()\n", "    loss.flow()\n" + ZERO),),
        STEP, also=("    loss.flow()", "p.grad_ = 0.0"),
    ),
    Fault(
        "ascent", BASE,
        ((STEP, "        p.data += rate * p.grad_"),),
        "p.data += rate * p.grad_",
    ),
    Fault(
        "not-updated", BASE,
        ((" for row in rows for p in row] + inner_bias", " for row in rows for p in row]"),),
        "inner_bias = [Parameter(", also=("parameters = [p for rows",),
    ),
    Fault(
        "not-updated", BASE,
        (("for rows in (letter_table, inner, outer)", "for rows in (inner, outer)"),),
        "letter_table = grid(", also=("for rows in (inner, outer)", "[Parameter(random.gauss"),
    ),
    Fault(
        "not-in-graph", BASE,
        (("return [weighted(row, hidden) for row in outer]",
          "return [weighted(row, hidden) for row in [*inner, *inner][:6]]"),),
        "outer = grid(", also=("for row in [*inner, *inner][:6]]", STEP, "[Parameter(random.gauss"),
    ),
    Fault(
        "rebound", BASE,
        ((STEP, "        p = Parameter(p.data - rate * p.grad_, p.name)"),),
        "p = Parameter(p.data - rate",
    ),
    Fault(
        "rate-too-small", BASE,
        (("    rate = 0.5 * min", "    rate = 1e-8 * min"),),
        STEP, also=("rate = 1e-8 * min",),
    ),
    Fault(
        "clip-misplaced", BASE,
        ((("    for p in parameters:\n"
           "        p.grad_ = 0.0\n"
           "    loss.flow()\n"
           "    for p in parameters:\n"
           "        p.grad_ = max(-0.3, min(0.3, p.grad_))\n"),
          CLIP + "    for p in parameters:\n        p.grad_ = 0.0\n    loss.flow()\n"),),
        "p.grad_ = max(-0.3",
    ),
    Fault(
        "clip-misplaced", BASE,
        ((CLIP, ""),
         (STEP + "\n",
          STEP + "\n    for p in parameters:\n        p.grad_ = max(-0.3, min(0.3, p.grad_))\n")),
        "p.grad_ = max(-0.3",
    ),
    Fault(
        "aliased-parameters", BASE,
        (('inner_bias = [Parameter(0.1, f"bias{i}") for i in range(HIDDEN)]',
          'inner_bias = [Parameter(0.1, "bias")] * HIDDEN'),),
        'inner_bias = [Parameter(0.1, "bias")] * HIDDEN',
    ),
    Fault(
        "updated-twice", BASE,
        (("for rows in (letter_table, inner, outer)",
          "for rows in (letter_table, inner, outer, inner)"),),
        STEP, also=("for rows in (letter_table, inner, outer, inner)",),
    ),
    Fault(
        "update-mixed", BASE,
        (("    for p in parameters:\n" + STEP,
          "    for p, q in zip(parameters, parameters[1:]):\n        p.data -= rate * q.grad_"),),
        "p.data -= rate * q.grad_",
    ),
    Fault(
        "softmax-twice", BASE,
        (("    return [weighted(row, hidden) for row in outer]",
          ("    raw = [weighted(row, hidden).exp() for row in outer]\n"
           "    share = weighted(raw, [Base(1.0)] * len(raw)).log().times(-1.0).exp()\n"
           "    return [r * share for r in raw]")),),
        "return [r * share for r in raw]",
        also=("partition = scores[0].exp()", "partition = partition + score.exp()"),
    ),
    Fault(
        "output-unused", BASE,
        (("        total = term if total is None else total + term\n",
          "        if wanted:\n            total = term if total is None else total + term\n"),),
        "if wanted:", is_note=True, why="the end of a name is not scored",
    ),
    Fault(
        "loss-upside-down", BASE,
        (("term = partition.log() - scores[wanted]", "term = scores[wanted] - partition.log()"),),
        "term = scores[wanted] - partition.log()",
    ),
    Fault(
        "overflow-ahead", BASE,
        (("return [weighted(row, hidden) for row in outer]",
          "return [weighted(row, hidden, Base(690.0)) for row in outer]"),),
        "return Base(e, ((self, e),))", is_note=True, also=("Base(690.0)",),
    ),
    Fault(
        "error", BASE,
        (("return [weighted(row, hidden) for row in outer]",
          "return [weighted(row, hidden).times(1000.0) for row in outer]"),),
        "weighted(row, hidden).times(1000.0)", why="exp of more than 709",
    ),
)  # fmt: skip
