"""Faults in `scalar_module.py`: functions with a context, modules, an optimizer."""

from __future__ import annotations

from tests.diagnosis.fault import Fault

BASE = "scalar_module"
STEP = "                p.data -= self.lr * p.derivative"
RUN = (
    "    optim.zero_grad()\n"
    "    loss = binary_cross_entropy(net)\n"
    "    backpropagate(loss, 1.0)\n"
    "    optim.step()\n"
)

FAULTS = (
    Fault(
        "overwritten", BASE,
        (("self.derivative += d", "self.derivative = d"),),
        "self.derivative = d",
    ),
    Fault("upstream-dropped", BASE, (("return b * d, a * d", "return b, a"),), "return b, a"),
    Fault(
        "upstream-dropped", BASE,
        (("return (out * (1.0 - out) * d,)", "return (out * (1.0 - out),)"),),
        "return (out * (1.0 - out),)",
    ),
    Fault(
        "wrong-local", BASE,
        (("return b * d, a * d", "return b * d, b * d"),),
        "return b * d, b * d", why="one operand for the other",
    ),
    Fault("wrong-local", BASE, (("return (-d,)", "return (d,)"),), "return (d,)"),
    Fault(
        "wrong-local", BASE,
        (("return (d / (a + 1e-9),)", "return (d * (a + 1e-9),)"),),
        "return (d * (a + 1e-9),)",
    ),
    Fault(
        "wrong-local", BASE,
        (("        ctx.save(out)\n        return out\n",
          "        ctx.save(a)\n        return out\n"),),
        "return (out * (1.0 - out) * d,)", why="the input was kept, the output is needed",
    ),
    Fault(
        "operand-skipped", BASE,
        (("return b * d, a * d", "return b * d, 0.0"),),
        "return b * d, 0.0",
    ),
    Fault(
        "visited-early", BASE,
        ((("        for each in s.history.inputs:\n"
           "            visit(each)\n"
           "        order.insert(0, s)\n"),
          ("        order.append(s)\n"
           "        for each in s.history.inputs:\n"
           "            visit(each)\n")),),
        "order.append(s)", also=("each.accumulate(d)", "for s in topological_sort(scalar):"),
    ),
    Fault(
        "visited-twice", BASE,
        (("        if id(s) in seen:\n            return\n        seen.add(id(s))\n",
          ("        if id(s) in seen and s.history.last_fn is None:\n"
           "            return\n"
           "        seen.add(id(s))\n")),),
        "if id(s) in seen and", also=("each.accumulate(d)", "for s in topological_sort(scalar):"),
    ),
    Fault(
        "never-visited", BASE,
        (("        if id(s) in seen:\n            return\n        seen.add(id(s))\n",
          "        if s.data in seen:\n            return\n        seen.add(s.data)\n"),),
        "if s.data in seen:",
        also=("seen.add(s.data)", "each.accumulate(d)", "for s in topological_sort(scalar):"),
        why="two relus that are off are equal numbers",
    ),
    Fault(
        "not-seeded", BASE,
        (("    backpropagate(loss, 1.0)\n", "    backpropagate(loss, 0.0)\n"),),
        "backpropagate(loss, 0.0)", also=("    scalar.accumulate(deriv)",),
    ),
    Fault(
        "not-seeded", BASE,
        (("    backpropagate(loss, 1.0)\n", "    backpropagate(loss, loss.data)\n"),),
        "backpropagate(loss, loss.data)", also=("    scalar.accumulate(deriv)",),
    ),
    Fault(
        "wrong-forward", BASE,
        (("        ctx.save(a)\n        return a if a > 0 else 0.0\n",
          "        ctx.save(a)\n        return min(a, 0.0)\n"),),
        "return min(a, 0.0)", why="relu keeps what is negative",
    ),
    Fault(
        "wrong-forward", BASE,
        (("        return a * b\n", "        return a * b + 0.01\n"),),
        "return a * b + 0.01",
    ),
    Fault(
        "detached", BASE,
        (("end = [h.relu() for h in self.layer2(middle)]",
          "end = [Scalar(h.data).relu() for h in self.layer2(middle)]"),),
        "Scalar(h.data).relu()",
    ),
    Fault(
        "stale-grads", BASE,
        (("    optim.zero_grad()\n", ""),),
        STEP, also=("backpropagate(loss, 1.0)", "    optim.step()"),
    ),
    Fault(
        "stale-grads", BASE,
        (("            p.derivative = None\n\n", "            p.derivative_ = None\n\n"),),
        STEP, also=("p.derivative_ = None",), why="zeroes what nobody reads",
    ),
    Fault(
        "backward-twice", BASE,
        (("    backpropagate(loss, 1.0)\n",
          ("    backpropagate(loss, 1.0)\n"
           "    half = Scalar(0.5) * loss\n"
           "    optim.zero_grad()\n"
           "    backpropagate(half, 1.0)\n")),),
        "backpropagate(half, 1.0)", also=("half = Scalar(0.5) * loss",),
        why="a second root over the same graph, inside as the first left it",
    ),
    Fault(
        "update-without-grad", BASE,
        ((RUN,
          ("    loss = binary_cross_entropy(net)\n"
           "    optim.step()\n"
           "    optim.zero_grad()\n"
           "    backpropagate(loss, 1.0)\n")),),
        STEP, also=("    optim.step()", "backpropagate(loss, 1.0)"),
    ),
    Fault(
        "ascent", BASE,
        ((STEP, "                p.data += self.lr * p.derivative"),),
        "p.data += self.lr",
    ),
    Fault(
        "not-updated", BASE,
        (("        yield from self.biases\n", ""),),
        "self.biases = [", also=("            yield from row",),
    ),
    Fault(
        "not-updated", BASE,
        (("for layer in (self.layer1, self.layer2, self.layer3):",
          "for layer in (self.layer2, self.layer3):"),),
        "self.layer1 = Linear(2, 5)",
        also=("for layer in (self.layer2, self.layer3):", "self.weights = [", "self.biases = ["),
    ),
    Fault(
        "not-in-graph", BASE,
        (("end = [h.relu() for h in self.layer2(middle)]", "end = middle[:3]"),),
        "self.layer2 = Linear(5, 3)",
        also=("end = middle[:3]", STEP, "self.weights = [", "self.biases = ["),
    ),
    Fault(
        "rebound", BASE,
        (("        for p in self.parameters:\n            if p.derivative is not None:\n" + STEP,
          ("        self.parameters = [\n"
           "            Scalar(p.data - self.lr * (p.derivative or 0.0)) for p in "
           "self.parameters\n"
           "        ]")),),
        "Scalar(p.data - self.lr", also=("self.parameters = [",),
    ),
    Fault(
        "updated-twice", BASE,
        (("for layer in (self.layer1, self.layer2, self.layer3):",
          "for layer in (self.layer1, self.layer2, self.layer3, self.layer2):"),),
        STEP, also=("for layer in (self.layer1,",),
    ),
    Fault(
        "aliased-parameters", BASE,
        (("self.biases = [Scalar(random.uniform(-0.2, 0.3)) for _ in range(n_out)]",
          "self.biases = [Scalar(random.uniform(-0.2, 0.3))] * n_out"),),
        "self.biases = [Scalar(random.uniform(-0.2, 0.3))] * n_out",
    ),
    Fault(
        "symmetric", BASE,
        (("[[Scalar(random.uniform(-1, 1)) for _ in range(n_in)] for _ in range(n_out)]",
          "[[Scalar(0.2) for _ in range(n_in)] for _ in range(n_out)]"),
         ("Scalar(random.uniform(-0.2, 0.3))", "Scalar(0.1)")),
        "[[Scalar(0.2) for _", also=("Scalar(0.1)",),
    ),
    Fault("rate-too-large", BASE, (("lr=0.5", "lr=10.0"),), STEP, also=("lr=10.0",)),
    Fault("rate-too-small", BASE, (("lr=0.5", "lr=1e-9"),), STEP, also=("lr=1e-9",)),
    Fault(
        "loss-upside-down", BASE,
        (("total = total - (p.log() if", "total = total + (p.log() if"),),
        "total = total + (p.log()",
    ),
    Fault(
        "error", BASE,
        ((STEP, "                p.data -= self.rate * p.derivative"),),
        "p.data -= self.rate", why="an attribute that is not there",
    ),
)  # fmt: skip
