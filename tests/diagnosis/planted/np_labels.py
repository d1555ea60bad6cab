"""Faults in `np_labels.py`: arrays, functions with a context, gradients that begin as None."""

from __future__ import annotations

from tests.diagnosis.fault import Fault

BASE = "np_labels"
STEP = "            a.data = a.data - 0.8 * a.grad"
ZERO = "    for a in learnt:\n        a.grad = None\n"

FAULTS = (
    Fault(
        "overwritten", BASE,
        (("                    parent.grad += share",
          "                    parent.grad[...] = share"),),
        "parent.grad[...] = share",
    ),
    Fault(
        "upstream-dropped", BASE,
        (("return ((1 - out * out) * g,)", "return (1 - out * out,)"),),
        "return (1 - out * out,)",
    ),
    Fault(
        "wrong-local", BASE,
        (("return (g - np.exp(out) * g.sum(axis=1, keepdims=True),)",
          "return (g - np.exp(out),)"),),
        "return (g - np.exp(out),)",
    ),
    Fault(
        "wrong-local", BASE,
        (("return ((1 - out * out) * g,)", "return ((1 - out) * g,)"),),
        "return ((1 - out) * g,)",
    ),
    Fault(
        "wrong-local", BASE,
        (("return y * g, x * g", "return y * g, -x * g"),),
        "return y * g, -x * g",
    ),
    Fault(
        "operand-skipped", BASE,
        (("return g, (g.sum(axis=0) if x != y else g)", "return g, np.zeros(y)"),),
        "return g, np.zeros(y)",
    ),
    Fault(
        "operand-skipped", BASE,
        (("return g @ y.T, x.T @ g", "return np.zeros(x.shape), x.T @ g"),),
        "return np.zeros(x.shape), x.T @ g",
    ),
    Fault(
        "visited-early", BASE,
        ((("                if a.ctx is not None:\n"
           "                    for parent in a.ctx.parents:\n"
           "                        build(parent)\n"
           "                    tape.append(a)\n"),
          ("                if a.ctx is not None:\n"
           "                    tape.insert(0, a)\n"
           "                    for parent in a.ctx.parents:\n"
           "                        build(parent)\n")),),
        "tape.insert(0, a)",
        also=("for a in reversed(tape)", "parent.grad += share", "parent.grad = share.copy()"),
    ),
    Fault(
        "visited-twice", BASE,
        (("for a in reversed(tape):", "for a in reversed(tape + tape[-1:]):"),),
        "for a in reversed(tape + tape[-1:]):", also=("parent.grad += share",),
    ),
    Fault(
        "not-seeded", BASE,
        (("        self.grad = np.ones_like(self.data)\n",
          "        self.grad = self.data * 1.0\n"),),
        "self.grad = self.data * 1.0",
    ),
    Fault(
        "wrong-forward", BASE,
        (("        return x + y\n", "        return x + 2 * y\n"),),
        "return x + 2 * y",
    ),
    Fault(
        "aliased", BASE,
        (("parent.grad = share.copy()", "parent.grad = share"),),
        "                    parent.grad = share", also=("return g, (g.sum",),
        why="both operands of a sum hold the same array",
    ),
    Fault(
        "shape-not-reduced", BASE,
        (("return g, (g.sum(axis=0) if x != y else g)", "return g, g"),),
        "return g, g",
    ),
    Fault(
        "integer-gradient", BASE,
        (("parent.grad = share.copy()", "parent.grad = share.astype(int)"),
         ("parent.grad += share", "parent.grad += share.astype(int)")),
        "parent.grad = share.astype(int)", also=("parent.grad += share.astype(int)",),
    ),
    Fault(
        "detached", BASE,
        (("hidden = ((letters + places) @ mix + lift).tanh()",
          "hidden = Array(np.tanh(((letters + places) @ mix + lift).data))"),),
        "hidden = Array(np.tanh(",
    ),
    Fault("stale-grads", BASE, ((ZERO, ""),), STEP, also=("    loss.backward()",)),
    Fault(
        "backward-twice", BASE,
        (("    loss.backward()\n",
          "    loss.backward()\n    if turn:\n        loss.backward()  # and again\n"),),
        "loss.backward()  # and",
    ),
    Fault(
        "ascent", BASE,
        ((STEP, "            a.data = a.data + 0.8 * a.grad"),),
        "a.data + 0.8 * a.grad",
    ),
    Fault(
        "not-updated", BASE,
        (("learnt = [table, places, mix, lift, out, shift]",
          "learnt = [table, mix, lift, out, shift]"),),
        "places = Array(", also=("learnt = [table, mix",), why="nor is its gradient zeroed",
    ),
    Fault(
        "rebound", BASE,
        ((STEP, "            a = Array(a.data - 0.8 * a.grad)"),),
        "a = Array(a.data",
    ),
    Fault(
        "rate-too-large", BASE,
        ((STEP, "            a.data = a.data - 7.0 * a.grad"),),
        "a.data - 7.0 * a.grad",
    ),
    Fault(
        "rate-too-small", BASE,
        ((STEP, "            a.data = a.data - 2e-9 * a.grad"),),
        "a.data - 2e-9 * a.grad",
    ),
    Fault(
        "updated-twice", BASE,
        (("learnt = [table, places, mix, lift, out, shift]",
          "learnt = [table, places, mix, lift, out, shift, table]"),),
        STEP, also=("learnt = [table, places",),
    ),
    Fault(
        "computed-unused", BASE,
        (("    scores = hidden @ out + shift\n",
          "    scores = hidden @ out + shift\n    margin = (scores * scores).sum()\n"),),
        "margin = (scores * scores)", is_note=True,
    ),
    Fault(
        "not-finite", BASE,
        (("np.log(np.exp(x - top).sum(", "np.log(np.exp((x - top) * 1e3 - 800).sum("),),
        "np.log(np.exp((x - top) * 1e3 - 800).sum(", why="the logarithm of 0",
    ),
    Fault(
        "error", BASE,
        (('LETTERS.index(c) for c in "banit."', 'LETTERS.index(c) for c in "banit!"'),),
        '"banit!"',
    ),
)  # fmt: skip
