"""Faults in `xor_closures.py`: closures, descent."""

from __future__ import annotations

from tests.diagnosis.fault import Fault

BASE = "xor_closures"
ZERO = "    for p in model.parameters():\n        p.grad = 0.0\n"
STEP = "        p.data -= 0.3 * p.grad"

FAULTS = (
    Fault(
        "overwritten", BASE,
        (("self.grad += other.data * out.grad", "self.grad = other.data * out.grad"),),
        "self.grad = other.data * out.grad",
    ),
    Fault(
        "overwritten", BASE,
        (('"+")\n\n        def _backward():\n            self.grad += out.grad',
          '"+")\n\n        def _backward():\n            self.grad = out.grad'),),
        "self.grad = out.grad", why="a bias is the first operand of four sums",
    ),
    Fault(
        "upstream-dropped", BASE,
        (("(1 - t * t) * out.grad", "1 - t * t"),),
        "self.grad += 1 - t * t",
    ),
    Fault(
        "wrong-local", BASE,
        (("n * self.data ** (n - 1)", "self.data ** (n - 1)"),),
        "self.data ** (n - 1)",
    ),
    Fault("wrong-local", BASE, (("(1 - t * t)", "(1 - t)"),), "(1 - t) * out.grad"),
    Fault(
        "wrong-local", BASE,
        (("self.grad += other.data * out.grad", "self.grad += self.data * out.grad"),
         ("other.grad += self.data * out.grad", "other.grad += other.data * out.grad")),
        "            self.grad += self.data * out.grad",
        also=("other.grad += other.data * out.grad",), why="operands swapped",
    ),
    Fault(
        "operand-skipped", BASE,
        (("            other.grad += out.grad\n", ""),),
        "self.grad += out.grad",
    ),
    Fault(
        "never-visited", BASE,
        (("if v not in visited:\n                visited.add(v)",
          "if v.data not in visited:\n                visited.add(v.data)"),),
        "if v.data not in visited", also=("visited.add(v.data)", "v._backward()"),
        why="nodes of equal numbers pass for one",
    ),
    Fault(
        "visited-twice", BASE,
        (("        build_topo(self)\n", "        build_topo(self)\n        topo.append(self)\n"),),
        "topo.append(self)", also=("v._backward()", "for v in reversed(topo)"),
        why="the root stands in the order twice",
    ),
    Fault("not-seeded", BASE, (("        self.grad = 1.0\n", ""),), None),
    Fault(
        "wrong-forward", BASE,
        (("return self + (-other)", "return self + other"),),
        "return self + other",
    ),
    Fault(
        "wrong-forward", BASE,
        (("t = math.tanh(self.data)",
          "t = (math.exp(self.data) - 1) / (math.exp(self.data) + 1)"),),
        "t = (math.exp(self.data) - 1)", why="tanh has exp(2 x)",
    ),
    Fault(
        "changed-after-use", BASE,
        (("        p.grad = 0.0\n", "        p.grad = 0.0\n        p.data *= 0.9\n"),),
        "p.data *= 0.9", why="decay between forward and backward",
    ),
    Fault(
        "detached", BASE,
        (("act.tanh() if self.nonlin", "Value(act.tanh().data) if self.nonlin"),),
        "Value(act.tanh().data)",
    ),
    Fault("stale-grads", BASE, ((ZERO, ""),), STEP, also=("loss.backward()",)),
    Fault(
        "backward-twice", BASE,
        (("    loss.backward()\n", "    loss.backward()\n    loss.backward()  # once more\n"),),
        "loss.backward()  # once more",
    ),
    Fault(
        "update-without-grad", BASE,
        ((ZERO + "    loss.backward()\n", "    loss.backward()\n" + ZERO),),
        STEP, also=("p.grad = 0.0", "    loss.backward()"),
    ),
    Fault("ascent", BASE, ((STEP, "        p.data += 0.3 * p.grad"),), "p.data += 0.3 * p.grad"),
    Fault(
        "not-updated", BASE,
        (("return self.w + [self.b]", "return self.w"),),
        "self.b = Value(", also=("return self.w",),
    ),
    Fault(
        "rebound", BASE,
        ((STEP, "        p = Value(p.data - 0.3 * p.grad)"),),
        "p = Value(p.data - 0.3 * p.grad)",
    ),
    Fault(
        "rebound", BASE,
        ((STEP, "        p = p - 0.3 * p.grad"),),
        "p = p - 0.3 * p.grad", why="a node more, and the parameter stays as it was",
    ),
    Fault("rate-too-large", BASE, ((STEP, "        p.data -= 1.6 * p.grad"),), "p.data -= 1.6"),
    Fault("rate-too-small", BASE, ((STEP, "        p.data -= 3e-9 * p.grad"),), "p.data -= 3e-9"),
    Fault(
        "symmetric", BASE,
        (("Value(random.uniform(-1, 1)) for", "Value(0.5) for"),
         ("Value(random.uniform(-0.1, 0.1))", "Value(0.0)")),
        "[Value(0.5) for", also=("self.b = Value(0.0)",),
    ),
    Fault(
        "aliased-parameters", BASE,
        (("[Value(random.uniform(-1, 1)) for _ in range(n_in)]",
          "[Value(random.uniform(-1, 1))] * n_in"),),
        "[Value(random.uniform(-1, 1))] * n_in",
    ),
    Fault(
        "updated-twice", BASE,
        (("[p for unit in self.hidden for p", "[p for unit in [self.head, *self.hidden] for p"),),
        STEP, also=("[self.head, *self.hidden]",),
    ),
    Fault(
        "update-mixed", BASE,
        (("    for p in model.parameters():\n" + STEP,
          ("    weights = model.parameters()\n"
           "    for i, p in enumerate(weights):\n"
           "        p.data -= 0.3 * weights[i - 1].grad")),),
        "p.data -= 0.3 * weights[i - 1].grad",
    ),
    Fault(
        "not-in-graph", BASE,
        (("        self.head = Neuron(n_hidden, nonlin=False)\n",
          ("        self.head = Neuron(n_hidden, nonlin=False)\n"
           "        self.gate = Neuron(n_hidden)\n")),
         ("+ self.head.parameters()", "+ self.head.parameters() + self.gate.parameters()")),
        "self.gate = Neuron(n_hidden)",
        also=("self.w = [Value(", "self.head([unit(x)", "+ self.gate.parameters()", STEP),
    ),
    Fault(
        "computed-unused", BASE,
        (("    loss = loss_of(model)\n",
          ("    loss = loss_of(model)\n"
           "    decay = sum(p * p for p in model.parameters()) * 0.01\n")),),
        "decay = sum(", is_note=True,
    ),
    Fault(
        "saturated", BASE,
        (("Value(random.uniform(-1, 1)) for", "Value(random.uniform(-1, 1) * 90) for"),),
        "* 90) for", is_note=True,
    ),
    Fault(
        "error", BASE,
        ((STEP, "        p.data -= 0.9 / (3 - step) * p.grad"),),
        "0.9 / (3 - step)", why="division by zero in the fourth step",
    ),
)  # fmt: skip
