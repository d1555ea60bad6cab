"""Faults in `np_blobs.py`: arrays under other names, a softmax of its parts, momentum."""

from __future__ import annotations

from tests.diagnosis.fault import Fault

BASE = "np_blobs"
STEP = "        p.vals = p.vals + drift[id(p)]"
PUSH = "        drift[id(p)] = 0.7 * drift[id(p)] - 0.25 * p.sens"
ZERO = "    for p in (embed, weigh, prior):\n        p.sens = np.zeros_like(p.sens)\n"
TAKE = "        self.sens += fit(share, self.vals.shape).astype(self.sens.dtype)"

FAULTS = (
    Fault(
        "overwritten", BASE,
        ((TAKE, "        self.sens = fit(share, self.vals.shape)"),),
        "        self.sens = fit(share",
    ),
    Fault(
        "upstream-dropped", BASE,
        (("self.take(out.sens * out.vals)", "self.take(out.vals)"),),
        "self.take(out.vals)",
    ),
    Fault(
        "upstream-dropped", BASE,
        (("self.take(out.sens / self.vals)", "self.take(1 / self.vals)"),),
        "self.take(1 / self.vals)",
    ),
    Fault(
        "wrong-local", BASE,
        (("other.take(-out.sens * self.vals / other.vals**2)",
          "other.take(out.sens * self.vals / other.vals**2)"),),
        "other.take(out.sens * self.vals / other.vals**2)",
    ),
    Fault(
        "wrong-local", BASE,
        (("self.take(out.sens * out.vals)", "self.take(out.sens * self.vals)"),),
        "self.take(out.sens * self.vals)",
    ),
    Fault(
        "operand-skipped", BASE,
        (("            other.take(-out.sens * self.vals / other.vals**2)\n", ""),),
        "self.take(out.sens / other.vals)",
    ),
    Fault(
        "visited-early", BASE,
        ((("        for parent in blob.parents:\n"
           "            walk(parent)\n"
           "        order.append(blob)\n"),
          ("        order.insert(0, blob)\n"
           "        for parent in blob.parents:\n"
           "            walk(parent)\n")),),
        "order.insert(0, blob)", also=("blob.pull()", "for blob in reversed(order)"),
    ),
    Fault(
        "never-visited", BASE,
        (("if blob.pull is not None:", "if len(blob.parents) == 2:"),),
        "if len(blob.parents) == 2:", also=("blob.pull()",), why="what has one operand is left out",
    ),
    Fault("not-seeded", BASE, (("    top.sens = np.ones(top.vals.shape)\n", ""),), None),
    Fault(
        "wrong-forward", BASE,
        (("Blob(self.vals / other.vals, (self, other))",
          "Blob(other.vals / self.vals, (self, other))"),),
        "Blob(other.vals / self.vals",
    ),
    Fault(
        "integer-gradient", BASE,
        (("        self.sens = np.zeros(self.vals.shape)\n",
          "        self.sens = np.zeros(self.vals.shape, dtype=int)\n"),),
        "np.zeros(self.vals.shape, dtype=int)", also=(TAKE,),
    ),
    Fault(
        "detached", BASE,
        (("scores = Blob(seen).dot(embed).dot(weigh) + prior",
          "scores = Blob(Blob(seen).dot(embed).vals).dot(weigh) + prior"),),
        "scores = Blob(Blob(seen)",
    ),
    Fault("stale-grads", BASE, ((ZERO, ""),), STEP, also=("    differentiate(loss)", PUSH)),
    Fault(
        "backward-twice", BASE,
        ((ZERO + "    differentiate(loss)\n",
          ("    differentiate(loss)\n"
           "    for p in (embed, weigh, prior):\n"
           "        p.sens = np.zeros_like(p.sens)\n"
           "    differentiate(loss)  # for the update\n")),),
        "differentiate(loss)  # for",
    ),
    Fault(
        "update-without-grad", BASE,
        ((ZERO + "    differentiate(loss)\n", "    differentiate(loss)\n" + ZERO),),
        STEP, also=("    differentiate(loss)", PUSH, "p.sens = np.zeros_like"),
    ),
    Fault(
        "ascent", BASE,
        (("drift[id(p)] - 0.25 * p.sens", "drift[id(p)] + 0.25 * p.sens"),),
        STEP, also=("drift[id(p)] + 0.25",),
    ),
    Fault(
        "not-updated", BASE,
        ((("        p.sens = np.zeros_like(p.sens)\n"
           "    differentiate(loss)\n"
           "    for p in (embed, weigh, prior):\n"),
          ("        p.sens = np.zeros_like(p.sens)\n"
           "    differentiate(loss)\n"
           "    for p in (weigh, prior):\n")),),
        "embed = Blob(", also=("    for p in (weigh, prior):",),
    ),
    Fault(
        "rate-too-large", BASE,
        ((PUSH, "        drift[id(p)] = 0.7 * drift[id(p)] - 6.0 * p.sens"),),
        STEP, also=("        drift[id(p)] = 0.7 * drift[id(p)] - 6.0 * p.sens",),
    ),
    Fault(
        "rate-too-small", BASE,
        ((PUSH, "        drift[id(p)] = 0.7 * drift[id(p)] - 1e-9 * p.sens"),),
        STEP, also=("        drift[id(p)] = 0.7 * drift[id(p)] - 1e-9 * p.sens",),
    ),
    Fault(
        "symmetric", BASE,
        (("embed = Blob(rng.normal(size=(len(letters), 3)) * 0.5)",
          "embed = Blob(np.full((len(letters), 3), 0.4))"),
         ("weigh = Blob(rng.normal(size=(3, len(letters))) * 0.5)",
          "weigh = Blob(np.full((3, 1), 1.0) * rng.normal(size=len(letters)))")),
        "embed = Blob(np.full", also=("weigh = Blob(np.full",),
    ),
    Fault(
        "not-normalised", BASE,
        (("odds.total(axis=1)\n", "odds.total(axis=0)\n"),),
        "chances = odds / odds.total(axis=0)", why="over the wrong axis",
    ),
    Fault(
        "loss-upside-down", BASE,
        (("return Blob(0.0) - hits.log()", "return Blob(0.0) + hits.log()"),),
        "return Blob(0.0) + hits.log()",
    ),
    Fault(
        "softmax-twice", BASE,
        (("    hits = (",
          "    odds = chances.exp()\n    chances = odds / odds.total(axis=1)\n    hits = ("),),
        "odds = chances.exp()", also=("hits = (Blob(wanted) * chances)",),
    ),
    Fault(
        "computed-unused", BASE,
        (("    hits = (", "    spread = (chances * chances).total()\n    hits = ("),),
        "spread = (chances * chances)", is_note=True,
    ),
    Fault(
        "target-not-shifted", BASE,
        (("[codes[1:]]", "[codes[:-1]]"),),
        "after = np.eye(len(letters))[codes[:-1]]",
    ),
    Fault(
        "not-finite", BASE,
        (("    odds = scores.exp()\n", "    odds = (scores * Blob(2000.0)).exp()\n"),),
        "odds = (scores * Blob(2000.0)).exp()", also=("out = Blob(np.exp(self.vals)",),
    ),
)  # fmt: skip
