"""Faults in `slots_adam.py`: a dataclass with slots, closures, an optimizer of its own."""

from __future__ import annotations

from tests.diagnosis.fault import Fault

BASE = "slots_adam"
STEP = "            w.val -= self.lr * mean / (math.sqrt(spread) + 1e-8)"
RUN = "    adam.zero()\n    cost.go()\n    adam.update()\n"

FAULTS = (
    Fault(
        "overwritten", BASE,
        (("self.grad += out.grad * other.val", "self.grad = out.grad * other.val"),),
        "self.grad = out.grad * other.val",
    ),
    Fault(
        "overwritten", BASE,
        (("other.grad += out.grad * self.val", "other.grad = out.grad * self.val"),),
        "other.grad = out.grad * self.val", why="a unit feeds four others",
    ),
    Fault(
        "upstream-dropped", BASE,
        (("y * (1 - y) * out.grad", "y * (1 - y)"),),
        "self.grad += y * (1 - y)",
    ),
    Fault(
        "upstream-dropped", BASE,
        (("                self.grad += out.grad\n", "                self.grad += 1.0\n"),),
        "self.grad += 1.0",
    ),
    Fault(
        "wrong-local", BASE,
        (("y * (1 - y) * out.grad", "y * (y - 1) * out.grad"),),
        "y * (y - 1) * out.grad", why="the sign",
    ),
    Fault(
        "wrong-local", BASE,
        (("2 * self.val * out.grad", "2 * out.val * out.grad"),),
        "2 * out.val * out.grad", why="output for input",
    ),
    Fault(
        "wrong-local", BASE,
        (("            if self.val > 0:\n", "            if self.val < 0:\n"),),
        "if self.val < 0:", also=("                self.grad += out.grad",),
        why="the mask upside down",
    ),
    Fault(
        "wrong-local", BASE,
        (("            self.grad += out.grad\n            other.grad += out.grad\n",
          "            self.grad += 2 * out.grad\n            other.grad += 2 * out.grad\n"),),
        "            self.grad += 2 * out.grad", also=("other.grad += 2 * out.grad",),
        why="sums give twice",
    ),
    Fault(
        "operand-skipped", BASE,
        (("            self.grad += out.grad * other.val\n", ""),),
        "other.grad += out.grad * self.val", why="the weights get nothing",
    ),
    Fault(
        "visited-early", BASE,
        ((("            if ready:\n"
           "                order.append(s)\n"
           "            elif s not in seen:\n"
           "                seen.add(s)\n"
           "                todo.append((s, True))\n"),
          ("            if s not in seen:\n"
           "                seen.add(s)\n"
           "                order.insert(0, s)\n")),
         ("            s, ready = todo.pop()\n", "            s, _ = todo.pop()\n")),
        "order.insert(0, s)", also=("todo.extend(", "s.back()", "for s in reversed(order)"),
        why="in the order of a first sight",
    ),
    Fault(
        "visited-twice", BASE,
        (("                seen.add(s)\n", ""),),
        "elif s not in seen:", also=("s.back()", "todo.append((s, True))", "order.append(s)"),
        why="what was seen is not noted",
    ),
    Fault(
        "never-visited", BASE,
        (("for each in s.srcs)", "for each in s.srcs if each.val > 0)"),),
        "for each in s.srcs if each.val > 0)", also=("s.back()",),
    ),
    Fault(
        "not-seeded", BASE,
        (("        self.grad = 1.0\n", "        self.grad += self.grad\n"),),
        "self.grad += self.grad",
    ),
    Fault(
        "wrong-forward", BASE,
        (("y = 1 / (1 + math.exp(-self.val))", "y = 1 / (1 + math.exp(-2 * self.val))"),),
        "math.exp(-2 * self.val)",
    ),
    Fault(
        "wrong-forward", BASE,
        (("self.val if self.val > 0 else 0.0", "self.val if self.val > 0 else -self.val"),),
        "else -self.val", why="relu gives the size",
    ),
    Fault(
        "changed-after-use", BASE,
        ((RUN,
          ("    adam.zero()\n"
           "    for w in weights:\n"
           "        w.val = max(-0.5, min(0.5, w.val))\n"
           "    cost.go()\n"
           "    adam.update()\n")),),
        "w.val = max(-0.5, min(0.5, w.val))",
    ),
    Fault(
        "detached", BASE,
        (("x = [h.relu() for h in each(x)]", "x = [Scalar.leaf(max(h.val, 0)) for h in each(x)]"),),
        "Scalar.leaf(max(h.val, 0))", also=("return Scalar(float(x)",),
    ),
    Fault(
        "no-gradient", BASE,
        (("self.offset = [Scalar.leaf(0.1) for",
          "self.offset = [Scalar.leaf(0.1 if n_out == 1 else -9.0) for"),),
        "else -9.0)", why="all relus are off",
    ),
    Fault(
        "stale-grads", BASE,
        ((RUN, "    cost.go()\n    adam.update()\n"),),
        STEP,
        also=("    cost.go()", "    adam.update()", "self.first[n] = self", "self.second[n] = s"),
    ),
    Fault(
        "update-without-grad", BASE,
        ((RUN, "    cost.go()\n    adam.zero()\n    adam.update()\n"),),
        STEP, also=("    adam.zero()", "    adam.update()", "w.grad = 0.0"),
    ),
    Fault(
        "update-without-grad", BASE,
        ((RUN, "    adam.update()\n    adam.zero()\n    cost.go()\n"),),
        STEP, also=("    adam.zero()", "    adam.update()", "    cost.go()"),
        why="always the gradients of the pass before",
    ),
    Fault(
        "ascent", BASE,
        ((STEP, "            w.val += self.lr * mean / (math.sqrt(spread) + 1e-8)"),),
        "w.val += self.lr",
    ),
    Fault(
        "not-updated", BASE,
        (("for w in each.weights()]\nadam",
          "for w in each.weights()]\nweights = weights[12:]\nadam"),),
        None, also=("weights = weights[12:]", "[Scalar.leaf(rand", "[Scalar.leaf(0.1)"),
        why="the first layer is cut off",
    ),
    Fault(
        "not-updated", BASE,
        (("return [k for row in self.kernel for k in row] + self.offset",
          "return [k for row in self.kernel for k in row]"),),
        "self.offset = [Scalar.leaf(0.1)", also=("return [k for row in self.kernel",),
    ),
    Fault(
        "rebound", BASE,
        ((STEP,
          ("            self.weights[n] = Scalar.leaf(w.val - self.lr * mean / "
           "(math.sqrt(spread) + 1e-8))")),),
        "self.weights[n] = Scalar.leaf(", also=("return Scalar(float(x)",),
    ),
    Fault(
        "updated-twice", BASE,
        (("for each in layers for w in each", "for each in layers + layers[:1] for w in each"),),
        STEP, also=("for each in layers + layers[:1]",),
    ),
    Fault(
        "adam-wrong", BASE,
        (("        self.count += 1\n", ""),
         ("        for n, w in enumerate(self.weights):\n            self.first",
          ("        for n, w in enumerate(self.weights):\n"
           "            self.count += 1\n"
           "            self.first"))),
        STEP, also=("self.count += 1", "mean = self.first[n] /", "spread = self.second[n] /"),
        why="steps are counted once a parameter",
    ),
    Fault(
        "adam-wrong", BASE,
        (("/ (math.sqrt(spread) + 1e-8)", "/ (spread + 1e-8)"),),
        "mean / (spread + 1e-8)",
    ),
    Fault(
        "adam-wrong", BASE,
        (("self.first[n] = self.b1 * self.first[n] + (1 - self.b1) * w.grad",
          "self.first[n] = (1 - self.b1) * w.grad"),),
        STEP, is_note=True, also=("self.first[n] = (1 - self.b1)",),
        why="moments that are not kept",
    ),
    Fault(
        "update-mixed", BASE,
        (("mean = self.first[n] /", "mean = self.first[0] /"),
         ("spread = self.second[n] /", "spread = self.second[0] /")),
        STEP, also=("mean = self.first[0]", "spread = self.second[0]"),
        why="everybody moves like the first",
    ),
    Fault(
        "symmetric", BASE,
        (("Scalar.leaf(rand.uniform(-spread, spread)) for", "Scalar.leaf(spread / 3) for"),),
        "Scalar.leaf(spread / 3)",
    ),
    Fault(
        "aliased-parameters", BASE,
        (("[Scalar.leaf(0.1) for _ in range(n_out)]", "[Scalar.leaf(0.1)] * n_out"),),
        "[Scalar.leaf(0.1)] * n_out", also=("return Scalar(float(x)",),
    ),
    Fault("rate-too-small", BASE, (("lr=0.03", "lr=3e-9"),), STEP, also=("lr=3e-9",)),
    Fault(
        "dead-units", BASE,
        (("[Scalar.leaf(0.1) for _ in range(n_out)]",
          "[Scalar.leaf(0.4 if n_out == 1 or i % 2 else -6.0) for i in range(n_out)]"),),
        "else -6.0) for i in range(n_out)]", is_note=True,
    ),
    Fault(
        "error", BASE,
        (("(predict(inputs) - Scalar.leaf(wanted))", "(predict(inputs) - wanted)"),),
        "Scalar(self.val - other.val", also=("(predict(inputs) - wanted)",),
        why="a number that is no node",
    ),
)  # fmt: skip
