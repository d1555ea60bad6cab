"""Faults in `tape_logistic.py`: a tape, logistic regression, weight decay."""

from __future__ import annotations

from tests.diagnosis.fault import Fault

BASE = "tape_logistic"
STEP = "        p.primal -= rate * (p.adjoint + decay * p.primal)"
ZERO = "    for p in trained:\n        p.adjoint = 0.0\n"

FAULTS = (
    Fault(
        "overwritten", BASE,
        (("each.adjoint += partial * out.adjoint", "each.adjoint = partial * out.adjoint"),),
        "each.adjoint = partial * out.adjoint",
    ),
    Fault(
        "upstream-dropped", BASE,
        (("each.adjoint += partial * out.adjoint", "each.adjoint += partial"),),
        "each.adjoint += partial",
    ),
    Fault(
        "wrong-local", BASE,
        (("(s * (1.0 - s),)", "(s,)"),),
        "(self,), (s,)", also=("s = 1.0 / (1.0",), why="a factor of the logistic's slope missing",
    ),
    Fault(
        "wrong-local", BASE,
        (("(1.0 / self.primal,)", "(1.0 / out.primal,)"),),
        "(1.0 / out.primal,)", why="log: the output for the input",
    ),
    Fault("operand-skipped", BASE, (("(1.0, -1.0)", "(1.0, 0.0)"),), "(self, other), (1.0, 0.0)"),
    Fault(
        "visited-early", BASE,
        (("in reversed(self.records):", "in self.records:"),),
        "in self.records:", also=("each.adjoint += partial * out.adjoint",),
        why="the tape is read forwards",
    ),
    Fault(
        "visited-twice", BASE,
        (("in reversed(self.records):", "in reversed(self.records + self.records[-1:]):"),),
        "reversed(self.records + self.records[-1:])",
        also=("each.adjoint += partial * out.adjoint",),
    ),
    Fault(
        "never-visited", BASE,
        (("in reversed(self.records):", "in reversed(self.records[40:]):"),),
        "reversed(self.records[40:])", also=("each.adjoint += partial * out.adjoint",),
    ),
    Fault(
        "not-seeded", BASE,
        (("        loss.adjoint = 1.0\n", "        loss.adjoint = loss.primal\n"),),
        "loss.adjoint = loss.primal",
    ),
    Fault(
        "wrong-forward", BASE,
        (("s = 1.0 / (1.0 + math.exp(-self.primal))", "s = 1.0 / (1.0 + math.exp(self.primal))"),),
        "math.exp(self.primal))", why="a sigmoid that falls",
    ),
    Fault(
        "detached", BASE,
        (("total = total + w * Number(x)", "total = total + Number(w.primal * x)"),),
        "Number(w.primal * x)",
    ),
    Fault("stale-grads", BASE, ((ZERO, ""),), STEP, also=("    tape.gradient(loss)",)),
    Fault(
        "stale-grads", BASE,
        ((ZERO, "    for p in weights:\n        p.adjoint = 0.0\n"),),
        STEP, also=("for p in weights:",), why="the bias keeps what it had",
    ),
    Fault(
        "update-without-grad", BASE,
        (("    tape.gradient(loss)\n", ""), (STEP + "\n", STEP + "\n    tape.gradient(loss)\n")),
        STEP, also=("    tape.gradient(loss)",),
    ),
    Fault(
        "ascent", BASE,
        ((STEP, "        p.primal += rate * (p.adjoint + decay * p.primal)"),),
        "p.primal += rate",
    ),
    Fault(
        "not-updated", BASE,
        (("trained = [*weights, bias]", "trained = weights"),),
        "bias = Number(0.1)", also=("trained = weights",),
    ),
    Fault(
        "rebound", BASE,
        ((STEP, "        p = Number(p.primal - rate * (p.adjoint + decay * p.primal))"),),
        "p = Number(p.primal - rate",
    ),
    Fault(
        "rate-too-small", BASE,
        (("rate, decay = 0.5, 0.01", "rate, decay = 1e-9, 0.01"),),
        STEP, also=("rate, decay = 1e-9",),
    ),
    Fault(
        "updated-twice", BASE,
        (("trained = [*weights, bias]", "trained = [*weights, bias, *weights]"),),
        STEP, also=("trained = [*weights, bias, *weights]",),
    ),
    Fault(
        "aliased-parameters", BASE,
        (("[Number(rng.uniform(-0.5, 0.5)) for _ in range(3)]",
          "[Number(rng.uniform(-0.5, 0.5))] * 3"),),
        "[Number(rng.uniform(-0.5, 0.5))] * 3",
    ),
    Fault(
        "loss-upside-down", BASE,
        (("nll = nll - p.log()", "nll = nll + p.log()"),
         ("nll = nll - (Number(1.0) - p).log()", "nll = nll + (Number(1.0) - p).log()")),
        "nll = nll + p.log()", also=("nll = nll + (Number(1.0)", "return nll * Number"),
    ),
    Fault(
        "error", BASE,
        (("(Number(1.0) - p).log()", "(p - Number(1.0)).log()"),),
        "Number(math.log(self.primal))", also=("(p - Number(1.0)).log()",),
        why="the logarithm of a negative number",
    ),
)  # fmt: skip
