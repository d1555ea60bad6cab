"""Faults in `deep_tanh.py`: closures, a pass that zeroes for itself, a deep stack."""

from __future__ import annotations

from tests.diagnosis.fault import Fault

BASE = "deep_tanh"
STEP = "        v.x -= 0.02 * v.dx / (math.sqrt(mean_squares[i]) + 1e-6)"

FAULTS = (
    Fault(
        "overwritten", BASE,
        (("self.dx += o.x * r.dx", "self.dx = o.x * r.dx"),),
        "self.dx = o.x * r.dx",
    ),
    Fault(
        "overwritten", BASE,
        (("o.dx += self.x * r.dx", "o.dx = self.x * r.dx"),),
        "o.dx = self.x * r.dx",
    ),
    Fault(
        "upstream-dropped", BASE,
        (("math.copysign(1.0, self.x) * r.dx", "math.copysign(1.0, self.x)"),),
        "self.dx += math.copysign(1.0, self.x)",
    ),
    Fault(
        "upstream-dropped", BASE,
        (("o.dx += self.x * r.dx", "o.dx += self.x"),),
        "o.dx += self.x",
    ),
    Fault(
        "wrong-local", BASE,
        (("(1 - r.x**2) * r.dx", "(1 + r.x**2) * r.dx"),),
        "(1 + r.x**2) * r.dx",
    ),
    Fault(
        "wrong-local", BASE,
        (("math.copysign(1.0, self.x) * r.dx", "abs(self.x) * r.dx"),),
        "abs(self.x) * r.dx",
    ),
    Fault(
        "operand-skipped", BASE,
        (("            o.dx += r.dx\n", ""),),
        None, why="add gives its second operand nothing",
    ),
    Fault(
        "visited-early", BASE,
        (("            for k in v.kids:\n                walk(k)\n            order.append(v)\n",
          ("            order.insert(0, v)\n"
           "            for k in v.kids:\n"
           "                walk(k)\n")),),
        "order.insert(0, v)", also=("order.pop()._back()",),
    ),
    Fault(
        "visited-twice", BASE,
        (("        while order:\n            order.pop()._back()\n",
          ("        while order:\n"
           "            v = order.pop()\n"
           "            v._back()\n"
           "            if not order or len(v.kids) == 1:\n"
           "                v._back()\n")),),
        "                v._back()", also=("            v = order.pop()",),
        why="what has one operand is visited twice",
    ),
    Fault(
        "never-visited", BASE,
        (("        while order:\n", "        while len(order) > 90:\n"),),
        "while len(order) > 90:", also=("order.pop()._back()",),
    ),
    Fault(
        "not-seeded", BASE,
        (("        self.dx = 1.0\n", "        self.dx = self.x\n"),),
        "self.dx = self.x",
    ),
    Fault(
        "wrong-forward", BASE,
        (("r = V(abs(self.x), (self,))", "r = V(self.x**2, (self,))"),),
        "r = V(self.x**2, (self,))",
    ),
    Fault(
        "changed-after-use", BASE,
        (("    loss.run_backwards()\n",
          ("    for layer in stack:\n"
           "        for shift, row in zip(layer.shifts, layer.weights):\n"
           "            row[0].x += shift.x\n"
           "    loss.run_backwards()\n")),),
        "row[0].x += shift.x",
    ),
    Fault(
        "detached", BASE,
        (("        xs = layer.forward(xs)\n",
          "        xs = layer.forward([V(x.x) for x in xs])\n"),),
        "layer.forward([V(x.x) for x in xs])",
    ),
    Fault(
        "no-gradient", BASE,
        (("        xs = layer.forward(xs)\n    return xs",
          ("        xs = layer.forward(xs)\n"
           "    return [x - x + V(p) * V(0.9) for x, p in zip(xs, point)]")),),
        "return [x - x + V(p)", why="shares that cancel",
    ),
    Fault(
        "update-without-grad", BASE,
        (("    loss.run_backwards()\n",
          "    loss.run_backwards()\n    for v in numbers:\n        v.dx = 0.0\n"),),
        STEP, also=("    for v in numbers:", "mean_squares[i] = "),
    ),
    Fault(
        "update-without-grad", BASE,
        (("    loss.run_backwards()\n", ""), (STEP + "\n", STEP + "\n    loss.run_backwards()\n")),
        STEP, also=("    loss.run_backwards()", "mean_squares[i] = "),
    ),
    Fault(
        "ascent", BASE,
        ((STEP, "        v.x += 0.02 * v.dx / (math.sqrt(mean_squares[i]) + 1e-6)"),),
        "v.x += 0.02 * v.dx",
    ),
    Fault(
        "not-updated", BASE,
        (("return [w for row in self.weights for w in row] + self.shifts",
          "return [w for row in self.weights for w in row]"),),
        "self.shifts = [V(", also=("return [w for row in self.weights",),
    ),
    Fault(
        "graph-grows", BASE,
        (("for turn in range(6):\n    loss = distance()\n",
          "loss = V(0.0)\nfor turn in range(6):\n    loss = loss * V(0.5) + distance()\n"),),
        "loss = loss * V(0.5) + distance()", also=("    loss.run_backwards()", "loss = V(0.0)"),
        why="an average of losses that keeps them all",
    ),
    Fault(
        "rebound", BASE,
        ((STEP,
          "        numbers[i] = V(v.x - 0.02 * v.dx / (math.sqrt(mean_squares[i]) + 1e-6))"),),
        "numbers[i] = V(v.x",
    ),
    Fault(
        "rate-too-small", BASE,
        ((STEP, "        v.x -= 1e-9 * v.dx / (math.sqrt(mean_squares[i]) + 1e-6)"),),
        "v.x -= 1e-9 * v.dx",
    ),
    Fault(
        "update-mixed", BASE,
        ((STEP,
          "        v.x -= 0.02 * numbers[i - 1].dx / (math.sqrt(mean_squares[i - 1]) + 1e-6)"),),
        "numbers[i - 1].dx",
    ),
    Fault(
        "updated-twice", BASE,
        (("for layer in stack for v in layer.numbers()]",
          "for layer in stack for v in layer.numbers() * 2]"),),
        STEP, also=("layer.numbers() * 2]",),
    ),
    Fault(
        "aliased-parameters", BASE,
        (("self.shifts = [V(generator.uniform(-0.1, 0.1)) for _ in range(size)]",
          "self.shifts = [V(generator.uniform(-0.1, 0.1))] * size"),),
        "self.shifts = [V(generator.uniform(-0.1, 0.1))] * size",
    ),
    Fault(
        "symmetric", BASE,
        (("V(generator.gauss(0, spread)) for", "V(0.6 * spread) for"),
         ("V(generator.uniform(-0.1, 0.1))", "V(0.1)")),
        "V(0.6 * spread)", also=("V(0.1)",),
    ),
    Fault(
        "vanishing", BASE,
        (("Layer(SIZE, 1.0)", "Layer(SIZE, 0.02)"),),
        "Layer(SIZE, 0.02)", also=("V(generator.gauss",),
    ),
    Fault(
        "exploding", BASE,
        (("ys.append(y.tanh())", "ys.append(y * V(20.0))"),),
        "ys.append(y * V(20.0))", is_note=True,
    ),
    Fault(
        "exploding", BASE,
        (("            ys.append(y.tanh())", "            ys.append(y)"),
         ("Layer(SIZE, 1.0)", "Layer(SIZE, 12.0)")),
        "Layer(SIZE, 12.0)", is_note=True, also=("            ys.append(y)", "V(generator.gauss"),
    ),
    Fault(
        "saturated", BASE,
        (("Layer(SIZE, 1.0)", "Layer(SIZE, 9.0)"),),
        "Layer(SIZE, 9.0)", is_note=True, also=("V(generator.gauss",),
    ),
    Fault(
        "computed-unused", BASE,
        (("            ys.append(y.tanh())\n",
          "            size = y.abs()\n            ys.append(y.tanh())\n"),),
        "size = y.abs()", is_note=True,
    ),
    Fault(
        "error", BASE,
        ((STEP, "        v.x -= 0.02 * v.dx / (math.sqrt(-mean_squares[i]) + 1e-6)"),),
        "math.sqrt(-mean_squares[i])",
    ),
)  # fmt: skip
