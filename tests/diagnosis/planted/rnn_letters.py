"""Faults in `rnn_letters.py`: a subclass for each op, a recurrent net, clipped gradients."""

from __future__ import annotations

from tests.diagnosis.fault import Fault

BASE = "rnn_letters"
STEP = "        t.val -= 0.3 * t.d"
ZERO = "    for t in every:\n        t.d = 0.0\n"
CLIP = (
    "    size = math.sqrt(sum(t.d * t.d for t in every))\n"
    "    if size > LIMIT:\n"
    "        for t in every:\n"
    "            t.d *= LIMIT / size\n"
)

FAULTS = (
    Fault(
        "overwritten", BASE,
        (("            kid.d += self.d", "            kid.d = self.d"),),
        "            kid.d = self.d",
    ),
    Fault(
        "overwritten", BASE,
        (("a.d += b.val * self.d", "a.d = b.val * self.d"),),
        "a.d = b.val * self.d",
    ),
    Fault(
        "overwritten", BASE,
        (("x.d += self.val * self.d", "x.d = self.val * self.d"),),
        "x.d = self.val * self.d", why="the score of the letter wanted is used twice",
    ),
    Fault(
        "upstream-dropped", BASE,
        (("(1.0 - self.val * self.val) * self.d", "1.0 - self.val * self.val"),),
        "x.d += 1.0 - self.val * self.val",
    ),
    Fault(
        "upstream-dropped", BASE,
        (("x.d += self.val * self.d", "x.d += self.val"),),
        "x.d += self.val",
    ),
    Fault(
        "wrong-local", BASE,
        (("(1.0 - self.val * self.val) * self.d", "(1.0 + self.val * self.val) * self.d"),),
        "(1.0 + self.val * self.val) * self.d", why="another sign inside",
    ),
    Fault(
        "wrong-local", BASE,
        (("x.d += self.d / x.val", "x.d += self.d / self.val"),),
        "x.d += self.d / self.val",
    ),
    Fault(
        "wrong-local", BASE,
        (("        subtrahend.d -= self.d", "        subtrahend.d += self.d"),),
        "subtrahend.d += self.d",
    ),
    Fault(
        "operand-skipped", BASE,
        (("        b.d += a.val * self.d\n", ""),),
        "a.d += b.val * self.d",
    ),
    Fault(
        "operand-skipped", BASE,
        (("for kid in self.kids:\n            kid.d",
          "for kid in self.kids[:1]:\n            kid.d"),),
        "for kid in self.kids[:1]:", also=("            kid.d += self.d",),
    ),
    Fault(
        "visited-early", BASE,
        ((("                seen.add(id(t))\n"
           "                for kid in t.kids:\n"
           "                    sort(kid)\n"
           "                order.append(t)\n"),
          ("                seen.add(id(t))\n"
           "                order.insert(0, t)\n"
           "                for kid in t.kids:\n"
           "                    sort(kid)\n")),),
        "order.insert(0, t)", also=("            t.push()", "for t in reversed(order)"),
    ),
    Fault(
        "visited-twice", BASE,
        (("                order.append(t)\n", "            order.append(t)\n"),),
        "            order.append(t)", also=("            t.push()", "for t in reversed(order)"),
        why="placed at every sight",
    ),
    Fault(
        "never-visited", BASE,
        (("        for t in reversed(order):\n",
          "        for t in reversed(order[len(order) // 2 :]):\n"),),
        "order[len(order) // 2 :]", also=("            t.push()",), why="the first half is cut off",
    ),
    Fault("not-seeded", BASE, (("        self.d = 1.0\n", ""),), None),
    Fault(
        "wrong-forward", BASE,
        (("return Product(self.val * other.val, self, other)",
          "return Product(self.val * self.val, self, other)"),),
        "return Product(self.val * self.val",
    ),
    Fault(
        "changed-after-use", BASE,
        (("    cost.differentiate()\n",
          "    for t in every:\n        t.val -= 0.1 * t.val\n    cost.differentiate()\n"),),
        "t.val -= 0.1 * t.val",
    ),
    Fault(
        "detached", BASE,
        (("new.append((letter_in[letter][i] + pull + lean[i]).tanh())",
          "new.append(Term(math.tanh((letter_in[letter][i] + pull + lean[i]).val)))"),),
        "new.append(Term(math.tanh(",
    ),
    Fault(
        "detached", BASE,
        (("        state = advance(state, now)\n",
          "        state = advance([Term(s.val) for s in state], now)\n"),),
        "advance([Term(s.val) for s in state], now)", is_note=True,
        why="cut after every letter: each parameter keeps a way",
    ),
    Fault(
        "backward-twice", BASE,
        (("    cost.differentiate()\n",
          "    cost.differentiate()\n    cost.differentiate()  # the clip needs it\n"),),
        "cost.differentiate()  # the clip",
    ),
    Fault(
        "update-without-grad", BASE,
        ((ZERO + "    cost.differentiate()\n", "    cost.differentiate()\n"),
         ("    for t in every:\n" + STEP,
          "    for t in every:\n        t.d = 0.0\n    for t in every:\n" + STEP)),
        STEP, also=("        t.d = 0.0", "    cost.differentiate()"),
    ),
    Fault("ascent", BASE, ((STEP, "        t.val += 0.3 * t.d"),), "t.val += 0.3 * t.d"),
    Fault(
        "not-updated", BASE,
        (("every += lean + out_lean", "every += lean"),),
        "out_lean = [Term(0.0)", also=("every += lean",),
    ),
    Fault(
        "not-updated", BASE,
        (("for grid in (letter_in, carry, letter_out)", "for grid in (letter_in, letter_out)"),),
        "carry = fresh(SIZE, SIZE)",
        also=("for grid in (letter_in, letter_out)", "[Term(random.gauss"),
    ),
    Fault(
        "graph-grows", BASE,
        (("    state = [Term(0.0) for _ in range(SIZE)]\n    cost = Term(0.0)\n",
          "    cost = Term(0.0)\n"),
         ("        state = advance(state, now)\n",
          "        memory[:] = state = advance(memory, now)\n"),
         ("def spell(word):\n",
          "memory = [Term(0.0) for _ in range(SIZE)]\n\n\ndef spell(word):\n"),
         ("        self.d = 1.0\n",
          "        for t in order:\n            t.d = 0.0\n        self.d = 1.0\n")),
        "memory[:] = state = advance(memory, now)", also=("    cost.differentiate()",),
        why="the state is carried from word to word with all its history",
    ),
    Fault(
        "rebound", BASE,
        (("    for t in every:\n" + STEP, "    every = [Term(t.val - 0.3 * t.d) for t in every]"),),
        "every = [Term(t.val - 0.3 * t.d)",
    ),
    Fault(
        "clip-misplaced", BASE,
        ((CLIP + "    for t in every:\n        t.val -= 0.3 * t.d\n",
          "    for t in every:\n        t.val -= 0.3 * t.d\n" + CLIP),),
        "t.d *= LIMIT / size", why="after the update",
    ),
    Fault(
        "clip-misplaced", BASE,
        ((("    for t in every:\n"
           "        t.d = 0.0\n"
           "    cost.differentiate()\n"
           "    size = math.sqrt(sum(t.d * t.d for t in every))\n"
           "    if size > LIMIT:\n"
           "        for t in every:\n"
           "            t.d *= LIMIT / size\n"),
          CLIP + "    for t in every:\n        t.d = 0.0\n    cost.differentiate()\n"),),
        "t.d *= LIMIT / size", why="before the pass, and before they are zeroed",
    ),
    Fault(
        "updated-twice", BASE,
        (("every += lean + out_lean", "every += lean + out_lean + letter_in[0]"),),
        STEP, also=("every += lean + out_lean + letter_in[0]",),
    ),
    Fault(
        "aliased-parameters", BASE,
        (("[[Term(random.gauss(0, 0.6)) for _ in range(n_cols)] for _ in range(n_rows)]",
          "[[Term(random.gauss(0, 0.6))] * n_cols for _ in range(n_rows)]"),),
        "[[Term(random.gauss(0, 0.6))] * n_cols",
    ),
    Fault(
        "symmetric", BASE,
        (("[[Term(random.gauss(0, 0.6)) for _ in range(n_cols)] for _ in range(n_rows)]",
          "[[Term(0.1 * k + 0.1) for _ in range(n_cols)] for k in range(n_rows)]"),
         ("carry = fresh(SIZE, SIZE)",
          "carry = [[Term(0.3) for _ in range(SIZE)] for _ in range(SIZE)]"),
         ("Term(0.02 * i)", "Term(0.02)")),
        "Term(0.1 * k + 0.1)", also=("carry = [[Term(0.3)", "Term(0.02)"),
        why="all units of the state are alike",
    ),
    Fault("rate-too-small", BASE, ((STEP, "        t.val -= 3e-9 * t.d"),), "t.val -= 3e-9 * t.d"),
    Fault(
        "target-not-shifted", BASE,
        (("zip(codes, codes[1:])", "zip(codes[1:], codes[1:])"),),
        "zip(codes[1:], codes[1:])", also=("cost = cost - log_share(state, then)",),
        why="scores the letter it was given",
    ),
    Fault(
        "output-unused", BASE,
        (("        cost = cost - log_share(state, then)\n",
          "        step = log_share(state, then)\n    cost = cost - step\n"),),
        "    cost = cost - step", is_note=True, why="the last letter alone is scored",
    ),
    Fault(
        "overflow-ahead", BASE,
        (("out_lean = [Term(0.0) for _ in LETTERS]", "out_lean = [Term(700.0) for _ in LETTERS]"),),
        "Exp(math.exp(self.val)", is_note=True,
        also=("out_lean = [Term(700.0)", "[r.exp() for r in raw]"),
    ),
    Fault(
        "saturated", BASE,
        (("        new.append((letter_in[letter][i] + pull + lean[i]).tanh())",
          "        new.append(((letter_in[letter][i] + pull + lean[i]) * Term(15.0)).tanh())"),),
        "* Term(15.0)).tanh()", is_note=True,
    ),
    Fault(
        "error", BASE,
        (('WORDS = ["hanna", "hoah", "noaho"]', 'WORDS = ["hanna", "hoah", "noaj"]'),),
        "codes = [LETTERS.index(c)", also=('"noaj"]',), why="a letter that is not in the alphabet",
    ),
    Fault(
        "error", BASE,
        (("out_lean = [Term(0.0) for _ in LETTERS]", "out_lean = [Term(710.0) for _ in LETTERS]"),),
        "Exp(math.exp(self.val)", also=("out_lean = [Term(710.0)",), why="an exp that is too large",
    ),
)  # fmt: skip
