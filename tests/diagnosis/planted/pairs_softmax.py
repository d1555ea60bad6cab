"""Faults in `pairs_softmax.py`: pairs, a free function that walks, a softmax, momentum."""

from __future__ import annotations

from tests.diagnosis.fault import Fault

BASE = "pairs_softmax"
STEP = "        p.value -= 0.2 * velocity[i]"
ZERO = "    for p in params:\n        p.gradient = 0.0\n"

FAULTS = (
    Fault(
        "overwritten", BASE,
        (("below.gradient += local * var.gradient", "below.gradient = local * var.gradient"),),
        "below.gradient = local * var.gradient",
    ),
    Fault(
        "upstream-dropped", BASE,
        (("below.gradient += local * var.gradient", "below.gradient += local"),),
        "below.gradient += local",
    ),
    Fault(
        "wrong-local", BASE,
        (("-self.value / other.value**2", "-self.value / other.value"),),
        "(other, -self.value / other.value)", why="div: a square",
    ),
    Fault(
        "wrong-local", BASE,
        (("(other, -self.value / other.value**2)", "(other, self.value / other.value**2)"),),
        "(other, self.value / other.value**2)",
    ),
    Fault(
        "wrong-local", BASE,
        (("return Var(e, [(a, e)])", "return Var(e, [(a, a.value)])"),),
        "return Var(e, [(a, a.value)])",
    ),
    Fault(
        "wrong-local", BASE,
        (("Var(0.1 * a.value, [(a, 0.1)])", "Var(0.1 * a.value, [(a, 1.0)])"),),
        "Var(0.1 * a.value, [(a, 1.0)])",
    ),
    Fault(
        "operand-skipped", BASE,
        (("[(self, 1.0 / other.value), (other, -self.value / other.value**2)]",
          "[(self, 1.0 / other.value)]"),),
        "[(self, 1.0 / other.value)]", why="the divisor gets nothing",
    ),
    Fault(
        "operand-skipped", BASE,
        (("[(self, 1.0), (other, -1.0)]", "[(self, 1.0)]"),),
        "self.value - other.value, [(self",
    ),
    Fault(
        "visited-early", BASE,
        (("        done.add(id(var))\n",
          "        done.add(id(var))\n        stack.append(var)\n"),
         ("            place(below)\n        stack.append(var)\n", "            place(below)\n"),
         ("        var = stack.pop()\n", "        var = stack.pop(0)\n")),
        "        stack.append(var)",
        also=("var = stack.pop(0)", "below.gradient += local * var.gradient"),
    ),
    Fault(
        "visited-twice", BASE,
        (("    place(result)\n", "    place(result)\n    done.clear()\n    place(result)\n"),),
        "done.clear()", also=("below.gradient += local * var.gradient",),
        why="the whole order stands there twice",
    ),
    Fault(
        "never-visited", BASE,
        (("        for below, _ in var.local_gradients:\n            place(below)\n",
          ("        for below, slope in var.local_gradients:\n"
           "            if slope > 0:\n"
           "                place(below)\n")),),
        "if slope > 0:", also=("below.gradient += local * var.gradient",),
    ),
    Fault("not-seeded", BASE, (("    result.gradient = 1.0\n", ""),), None),
    Fault(
        "not-seeded", BASE,
        (("    result.gradient = 1.0\n", "    result.gradient = 3.0\n"),),
        "result.gradient = 3.0", is_note=True, why="a scale may be meant",
    ),
    Fault(
        "wrong-forward", BASE,
        (("            self.value / other.value,\n", "            self.value * other.value,\n"),),
        "            self.value * other.value,",
    ),
    Fault(
        "detached", BASE,
        (("hidden = [leaky(h) for h in", "hidden = [Var(leaky(h).value) for h in"),),
        "hidden = [Var(leaky(h).value)",
    ),
    Fault(
        "detached", BASE,
        (("norm = add_up(exps)", "norm = Var(sum(e.value for e in exps))"),),
        "norm = Var(sum(", is_note=True, why="all parameters keep another way",
    ),
    Fault("stale-grads", BASE, ((ZERO, ""),), STEP, also=("    backprop(loss)", "velocity[i] = ")),
    Fault(
        "backward-twice", BASE,
        ((ZERO + "    backprop(loss)\n",
          ("    backprop(loss)\n"
           "    for p in params:\n"
           "        p.gradient = 0.0\n"
           "    backprop(loss)  # and now for good\n")),),
        "backprop(loss)  # and now", why="only the parameters were zeroed in between",
    ),
    Fault(
        "update-without-grad", BASE,
        ((ZERO + "    backprop(loss)\n", "    backprop(loss)\n" + ZERO),),
        STEP, also=("p.gradient = 0.0", "    backprop(loss)", "velocity[i] = "),
    ),
    Fault(
        "ascent", BASE,
        ((STEP, "        p.value += 0.2 * velocity[i]"),),
        "p.value += 0.2 * velocity[i]",
    ),
    Fault(
        "ascent", BASE,
        (("velocity[i] = 0.5 * velocity[i] + p.gradient",
          "velocity[i] = 0.5 * velocity[i] - p.gradient"),),
        STEP, also=("velocity[i] = 0.5 * velocity[i] - p.gradient",),
    ),
    Fault(
        "not-updated", BASE,
        (("for row in w1 for p in row] + b1 + [", "for row in w1 for p in row] + ["),),
        "b1 = [Var(0.05)", also=("params = [p for row in w1",),
    ),
    Fault(
        "not-updated", BASE,
        (("params = [p for row in w1 for p in row] + b1 + [", "params = b1 + ["),),
        "w1 = [[Var(", also=("params = b1 + [",),
    ),
    Fault(
        "not-in-graph", BASE,
        (("scores = layer(w2, b2, hidden)", "scores = layer(w2, b1, hidden)"),),
        "b2 = [Var(0.0)", also=("scores = layer(w2, b1, hidden)", STEP),
    ),
    Fault(
        "rebound", BASE,
        ((STEP, "        params[i] = Var(p.value - 0.2 * velocity[i])"),),
        "params[i] = Var(p.value",
    ),
    Fault(
        "rate-too-small", BASE,
        ((STEP, "        p.value -= 2e-8 * velocity[i]"),),
        "p.value -= 2e-8",
    ),
    Fault(
        "symmetric", BASE,
        (("w1 = [[Var(random.uniform(-0.8, 0.8)) for", "w1 = [[Var(0.3) for"),
         ("w2 = [[Var(random.uniform(-0.8, 0.8)) for _ in range(4)] for _ in range(3)]",
          "w2 = [[Var(0.2 * k) for _ in range(4)] for k in range(3)]")),
        "w1 = [[Var(0.3)", also=("w2 = [[Var(0.2 * k)",),
    ),
    Fault(
        "aliased-parameters", BASE,
        (("b1 = [Var(0.05) for _ in range(4)]", "b1 = [Var(0.05)] * 4"),),
        "b1 = [Var(0.05)] * 4",
    ),
    Fault(
        "update-mixed", BASE,
        (("+ p.gradient\n", "+ params[i - 4].gradient\n"),),
        STEP, also=("+ params[i - 4].gradient",),
    ),
    Fault(
        "not-normalised", BASE,
        (("    norm = add_up(exps)\n", "    norm = add_up(exps[:-1])\n"),),
        "norm = add_up(exps[:-1])", also=("return [e / norm for e in exps]",),
    ),
    Fault(
        "softmax-twice", BASE,
        (("    return [e / norm for e in exps]\n",
          ("    again = [exp(e / norm) for e in exps]\n"
           "    norm2 = add_up(again)\n"
           "    return [e / norm2 for e in again]\n")),),
        "again = [exp(e / norm)", also=("return [e / norm2",),
    ),
    Fault(
        "loss-upside-down", BASE,
        (("terms.append(Var(0.0) - log(p[kind]))", "terms.append(log(p[kind]))"),),
        "terms.append(log(p[kind]))",
    ),
    Fault(
        "computed-unused", BASE,
        (("    loss = cross_entropy(flowers)\n",
          ("    loss = cross_entropy(flowers)\n"
           "    size = add_up([p * p for p in params]) * Var(1e-3)\n")),),
        "size = add_up([p * p", is_note=True,
    ),
)  # fmt: skip
