"""Faults in `np_mlp.py`: arrays, closures, broadcasting."""

from __future__ import annotations

from tests.diagnosis.fault import Fault

BASE = "np_mlp"
STEP = "        p.data = p.data - 0.1 * velocity[i]"
ZERO = "    for p in params:\n        p.grad = np.zeros(p.data.shape)\n"
ADD = "            other.grad = other.grad + unbroadcast(out.grad, other.data.shape)"

FAULTS = (
    Fault(
        "overwritten", BASE,
        (("other.grad = other.grad + unbroadcast(self.data * out.grad",
          "other.grad = unbroadcast(self.data * out.grad"),),
        "other.grad = unbroadcast(self.data * out.grad",
        why="the square of a difference has it twice",
    ),
    Fault(
        "upstream-dropped", BASE,
        (("(1 - out.data**2) * out.grad", "(1 - out.data**2)"),),
        "self.grad + (1 - out.data**2)",
    ),
    Fault(
        "upstream-dropped", BASE,
        (("(self.data > 0) * out.grad", "(self.data > 0)"),),
        "self.grad + (self.data > 0)",
    ),
    Fault(
        "wrong-local", BASE,
        (("(1 - out.data**2) * out.grad", "(1 - self.data**2) * out.grad"),),
        "(1 - self.data**2) * out.grad",
    ),
    Fault(
        "wrong-local", BASE,
        (("np.full(self.data.shape, 1 / self.data.size)", "np.full(self.data.shape, 1.0)"),),
        "np.full(self.data.shape, 1.0)", why="a mean that is a sum on the way back",
    ),
    Fault(
        "wrong-local", BASE,
        (("(self.data > 0) * out.grad", "np.ones_like(self.data) * out.grad"),),
        "np.ones_like(self.data) * out.grad", why="the mask of the relu",
    ),
    Fault(
        "operand-skipped", BASE,
        (("            other.grad = other.grad + self.data.T @ out.grad\n", ""),),
        "self.grad + out.grad @ other.data.T",
    ),
    Fault(
        "visited-twice", BASE,
        (("        visit(self)\n", "        visit(self)\n        order.append(self)\n"),),
        "        order.append(self)", also=("node._backward()", "for node in reversed(order)"),
    ),
    Fault(
        "never-visited", BASE,
        (("for node in reversed(order):", "for node in order[: len(order) // 2 : -1]:"),),
        "for node in order[: len", also=("node._backward()",),
    ),
    Fault("not-seeded", BASE, (("        self.grad = np.ones(self.data.shape)\n", ""),), None),
    Fault(
        "wrong-forward", BASE,
        (("np.maximum(self.data, 0), (self,)", "np.maximum(self.data, 0.5), (self,)"),),
        "np.maximum(self.data, 0.5)",
    ),
    Fault(
        "wrong-forward", BASE,
        (("Tensor(self.data - other.data, (self, other))",
          "Tensor(other.data - self.data, (self, other))"),),
        "Tensor(other.data - self.data,",
    ),
    Fault(
        "changed-after-use", BASE,
        (("    loss.backward()\n",
          "    w2.data *= 0.9\n    w3.data *= 0.9\n    loss.backward()\n"),),
        "w2.data *= 0.9", also=("w3.data *= 0.9",),
    ),
    Fault(
        "detached", BASE,
        (("first = (inputs @ w1 + b1).relu()", "first = Tensor((inputs @ w1 + b1).relu().data)"),),
        "first = Tensor(",
    ),
    Fault(
        "no-gradient", BASE,
        (("Tensor(np.full(4, 0.2))", "Tensor(np.full(4, -20.0))"),),
        "np.full(4, -20.0)", why="all relus are off",
    ),
    Fault(
        "shape-not-reduced", BASE,
        ((ADD, "            other.grad = other.grad + out.grad"),),
        "other.grad = other.grad + out.grad",
    ),
    Fault(
        "shape-not-reduced", BASE,
        ((("        if size == 1 and grad.shape[axis] != 1:\n"
           "            grad = grad.sum(axis=axis, keepdims=True)\n"),
          ("        if size == 0 and grad.shape[axis] != 1:\n"
           "            grad = grad.sum(axis=axis, keepdims=True)\n")),),
        "other.grad = other.grad + unbroadcast(out.grad, other.data.shape)",
        also=("if size == 0 and",), why="rows of one stay many",
    ),
    Fault(
        "not-repeatable", BASE,
        (("    def mean(self):",
          ("    def dropout(self):\n"
           "        keep = rng.random(self.data.shape) < 0.8\n"
           "        out = Tensor(self.data * keep, (self,))\n"
           "\n"
           "        def _backward():\n"
           "            self.grad = self.grad + keep * out.grad\n"
           "\n"
           "        out._backward = _backward\n"
           "        return out\n"
           "\n"
           "    def mean(self):")),
         ("first = (inputs @ w1 + b1).relu()", "first = (inputs @ w1 + b1).relu().dropout()")),
        "keep = rng.random(self.data.shape) < 0.8", is_note=True, also=(".relu().dropout()",),
    ),
    Fault("stale-grads", BASE, ((ZERO, ""),), STEP, also=("    loss.backward()", "velocity[i] = ")),
    Fault(
        "backward-twice", BASE,
        (("    loss.backward()\n", "    loss.backward()\n    loss.backward()  # again\n"),),
        "loss.backward()  # again",
    ),
    Fault(
        "update-without-grad", BASE,
        ((ZERO + "    loss.backward()\n", "    loss.backward()\n" + ZERO),),
        STEP, also=("    loss.backward()", "velocity[i] = "),
    ),
    Fault(
        "ascent", BASE,
        ((STEP, "        p.data = p.data + 0.1 * velocity[i]"),),
        "p.data + 0.1 * velocity[i]",
    ),
    Fault(
        "not-updated", BASE,
        (("params = [w1, b1, w2, b2, w3, b3]", "params = [w1, b1, w3, b3]"),),
        "w2, b2 = Tensor", also=("params = [w1, b1, w3, b3]",),
    ),
    Fault(
        "not-in-graph", BASE,
        (("return second @ w3 + b3", "return second @ w3 + b2 @ w3"),),
        "w3, b3 = Tensor", also=("return second @ w3 + b2 @ w3", STEP),
    ),
    Fault(
        "rebound", BASE,
        ((STEP, "        params[i] = Tensor(p.data - 0.1 * velocity[i])"),),
        "params[i] = Tensor(",
    ),
    Fault(
        "rebound", BASE,
        ((STEP, "        p = p - Tensor(0.1 * velocity[i])"),),
        "p = p - Tensor(",
    ),
    Fault(
        "rate-too-large", BASE,
        ((STEP, "        p.data = p.data - 2.0 * velocity[i]"),),
        "p.data - 2.0 * velocity[i]",
    ),
    Fault(
        "rate-too-small", BASE,
        ((STEP, "        p.data = p.data - 1e-10 * velocity[i]"),),
        "p.data - 1e-10 * velocity[i]",
    ),
    Fault(
        "updated-twice", BASE,
        (("params = [w1, b1, w2, b2, w3, b3]", "params = [w1, b1, w2, b2, w3, b3, w1]"),),
        STEP, also=("params = [w1, b1, w2, b2, w3, b3, w1]",),
    ),
    Fault(
        "symmetric", BASE,
        (("w1, b1 = Tensor(rng.normal(size=(3, 4)) * 0.6)",
          "w1, b1 = Tensor(np.full((3, 4), 0.3))"),
         ("w2, b2 = Tensor(rng.normal(size=(4, 4)) * 0.6)",
          "w2, b2 = Tensor(np.full((4, 4), 0.3))"),
         ("w3, b3 = Tensor(rng.normal(size=(4, 1)) * 0.6)",
          "w3, b3 = Tensor(np.full((4, 1), 0.3))")),
        "w1, b1 = Tensor(np.full", also=("w2, b2 = Tensor(np.full", "w3, b3 = Tensor(np.full"),
    ),
    Fault(
        "saturated", BASE,
        (("second = (first @ w2 + b2).tanh()",
          "second = (first @ w2 * Tensor(20.0) + b2).tanh()"),),
        "* Tensor(20.0)", is_note=True,
    ),
    Fault(
        "not-finite", BASE,
        (("diff = model(inputs) - wanted", "diff = model(inputs) * Tensor(1e200) - wanted"),),
        "return (diff * diff).mean()", also=("* Tensor(1e200)", "Tensor(self.data * other.data"),
        why="the square of 1e200 is no number",
    ),
    Fault(
        "error", BASE,
        (("    return second @ w3 + b3", "    return second @ w1 + b3"),),
        "Tensor(self.data @ other.data", also=("return second @ w1",), why="shapes that do not fit",
    ),
)  # fmt: skip
