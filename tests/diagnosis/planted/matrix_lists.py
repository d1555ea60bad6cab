"""Faults in `matrix_lists.py`: lists of lists, ops by name, momentum that carries the sign."""

from __future__ import annotations

from tests.diagnosis.fault import Fault

BASE = "matrix_lists"
PUSH = "line[j] = 0.8 * line[j] - 0.15 * (num.d + 0.001 * num.v)"
STEP = "                    num.v += line[j]"

FAULTS = (
    Fault(
        "overwritten", BASE,
        (("num.prev[0].d += num.prev[1].v * num.d", "num.prev[0].d = num.prev[1].v * num.d"),),
        "num.prev[0].d = num.prev[1].v * num.d",
    ),
    Fault(
        "upstream-dropped", BASE,
        (("(1 - num.v**2) * num.d", "1 - num.v**2"),),
        "num.prev[0].d += 1 - num.v**2",
    ),
    Fault(
        "upstream-dropped", BASE,
        (("num.prev[0].d += num.d / num.prev[0].v", "num.prev[0].d += 1 / num.prev[0].v"),),
        "num.prev[0].d += 1 / num.prev[0].v",
    ),
    Fault(
        "wrong-local", BASE,
        (("(1 - num.v**2) * num.d", "(1 - num.prev[0].v ** 2) * num.d"),),
        "(1 - num.prev[0].v ** 2) * num.d", why="input for output",
    ),
    Fault(
        "wrong-local", BASE,
        (("num.prev[0].d -= num.v**2 * num.d", "num.prev[0].d -= num.v * num.d"),),
        "num.prev[0].d -= num.v * num.d", why="a square",
    ),
    Fault(
        "wrong-local", BASE,
        (("num.prev[1].d -= num.d", "num.prev[1].d += 1 * num.d"),),
        "num.prev[1].d += 1 * num.d", why="the sign",
    ),
    Fault(
        "operand-skipped", BASE,
        (("            num.prev[1].d += num.prev[0].v * num.d\n", ""),),
        "num.prev[0].d += num.prev[1].v * num.d",
    ),
    Fault(
        "operand-skipped", BASE,
        (('        elif num.op == "inverse":\n            num.prev[0].d -= num.v**2 * num.d\n',
          ""),),
        None, also=('elif num.op == "log":',), why="an op that the pass forgot",
    ),
    Fault(
        "visited-early", BASE,
        ((("            seen.add(id(num))\n"
           "            for p in num.prev:\n"
           "                sort(p)\n"
           "            order.append(num)\n"),
          ("            seen.add(id(num))\n"
           "            order.insert(0, num)\n"
           "            for p in num.prev:\n"
           "                sort(p)\n")),),
        "order.insert(0, num)", also=("for num in reversed(order):",),
    ),
    Fault(
        "visited-twice", BASE,
        ((("        if id(num) not in seen:\n"
           "            seen.add(id(num))\n"
           "            for p in num.prev:\n"
           "                sort(p)\n"
           "            order.append(num)\n"),
          ("        if id(num) not in seen:\n"
           "            seen.add(id(num))\n"
           "            for p in num.prev:\n"
           "                sort(p)\n"
           "        order.append(num)\n")),),
        "        order.append(num)", also=("for num in reversed(order):",),
        why="placed at every sight",
    ),
    Fault(
        "never-visited", BASE,
        (("        if id(num) not in seen:\n",
          "        if id(num) not in seen and num.v >= 0:\n"),),
        "if id(num) not in seen and num.v >= 0:", also=("for num in reversed(order):",),
    ),
    Fault("not-seeded", BASE, (("    top.d = 1.0\n", "    top.d = top.v\n"),), "top.d = top.v"),
    Fault(
        "not-seeded", BASE,
        (("    top.d = 1.0\n", ""),
         ("    order = ordered(top)\n", "    order = ordered(top)\n    top.d = 1.0\n")),
        "top.d = 1.0", also=("num.d = 0.0",), why="seeded, and zeroed after",
    ),
    Fault(
        "wrong-forward", BASE,
        (('Num(self.v - other.v, (self, other), "sub")',
          'Num(other.v - self.v, (self, other), "sub")'),),
        "Num(other.v - self.v,",
    ),
    Fault(
        "wrong-forward", BASE,
        (("Num(math.log(self.v)", "Num(math.log10(self.v)"),),
        "math.log10(self.v)",
    ),
    Fault(
        "changed-after-use", BASE,
        (("        reverse_mode(loss)\n",
          ("        for line in W1 + W2 + W3:\n"
           "            for num in line:\n"
           "                num.v = round(num.v, 1)\n"
           "        reverse_mode(loss)\n")),),
        "num.v = round(num.v, 1)",
    ),
    Fault(
        "detached", BASE,
        (("    return softmax_rows(plus_row(matmul(h2, W3), B3))",
          ("    return softmax_rows(plus_row(matmul(constant([[x.v for x in r] for r in "
           "h2]), W3), B3))")),),
        "matmul(constant([[x.v", also=("return [[Num(x) for x in row] for row in rows]",),
    ),
    Fault(
        "no-gradient", BASE,
        (('h2 = each(plus_row(matmul(h1, W2), B2), "tanh")',
          ("h2 = each(plus_row(matmul([[x * Num(0.0) for x in r] for r in h1], W2), "
           'B2), "tanh")')),),
        "x * Num(0.0) for x in r", why="weights without effect",
    ),
    Fault(
        "update-without-grad", BASE,
        (("        reverse_mode(loss)\n", ""),
         (STEP + "\n", STEP + "\n        reverse_mode(loss)\n")),
        STEP, also=("        reverse_mode(loss)", PUSH), why="gradients of the batch before",
    ),
    Fault(
        "ascent", BASE,
        ((STEP, "                    num.v -= line[j]"),),
        "num.v -= line[j]", also=(PUSH,),
    ),
    Fault(
        "not-updated", BASE,
        (("matrices = [W1, B1, W2, B2, W3, B3]", "matrices = [W1, B1, W3, B3]"),),
        "W2, B2 = normal(4, 4)", also=("matrices = [W1, B1, W3, B3]", "[Num(random.gauss"),
    ),
    Fault(
        "not-in-graph", BASE,
        (("plus_row(matmul(h1, W2), B2)", "plus_row(matmul(h1, W2), B1)"),),
        "W2, B2 = normal(4, 4)", also=("plus_row(matmul(h1, W2), B1)", STEP, "[Num(random.gauss"),
    ),
    Fault(
        "graph-grows", BASE,
        (("for epoch in range(4):\n", "loss = Num(0.0)\nfor epoch in range(4):\n"),
         ("        loss = batch_loss(first)\n", "        loss = loss + batch_loss(first)\n")),
        "loss = loss + batch_loss(first)", also=("        reverse_mode(loss)", "loss = Num(0.0)"),
        why="the sum over all batches so far",
    ),
    Fault(
        "rebound", BASE,
        ((STEP, "                    row[j] = num + Num(line[j])"),),
        "row[j] = num + Num(line[j])", why="a node of the graph takes the parameter's place",
    ),
    Fault(
        "rate-too-large", BASE,
        ((PUSH, "line[j] = 0.8 * line[j] - 12.0 * (num.d + 0.001 * num.v)"),),
        STEP, also=("line[j] = 0.8 * line[j] - 12.0 * (num.d + 0.001 * num.v)",),
    ),
    Fault(
        "rate-too-small", BASE,
        ((PUSH, "line[j] = 0.8 * line[j] - 1e-10 * (num.d + 0.001 * num.v)"),),
        STEP, also=("line[j] = 0.8 * line[j] - 1e-10 * (num.d + 0.001 * num.v)",),
    ),
    Fault(
        "symmetric", BASE,
        ((("    return [[Num(random.gauss(0, scale)) for _ in range(n_cols)] for _ in "
           "range(n_rows)]"),
          ("    return [[Num(x) for _ in range(n_cols)] for x in [0.1, 0.3, -0.2, "
           "0.4][:n_rows]]")),
         ("W3, B3 = normal(4, 2), normal(1, 2, 0.1)",
          "W3, B3 = constant([[0.3, -0.3]] * 4), normal(1, 2, 0.1)")),
        "[[Num(x) for _ in range(n_cols)]", also=("W3, B3 = constant(", "[[Num(x) for x in row]"),
        why="the columns, each a unit, are alike",
    ),
    Fault(
        "aliased-parameters", BASE,
        ((("    return [[Num(random.gauss(0, scale)) for _ in range(n_cols)] for _ in "
           "range(n_rows)]"),
          "    return [[Num(random.gauss(0, scale)) for _ in range(n_cols)]] * n_rows"),),
        "for _ in range(n_cols)]] * n_rows",
    ),
    Fault(
        "updated-twice", BASE,
        (("matrices = [W1, B1, W2, B2, W3, B3]", "matrices = [W1, B1, W2, B2, W2, B3, W3]"),),
        STEP, also=("matrices = [W1, B1, W2, B2, W2, B3, W3]",),
    ),
    Fault(
        "update-mixed", BASE,
        (("(num.d + 0.001", "(row[j - 1].d + 0.001"),),
        STEP, also=("(row[j - 1].d",),
    ),
    Fault(
        "not-normalised", BASE,
        (("        for e in exps[1:]:\n            total = total + e\n",
          "        for e in exps[2:]:\n            total = total + e\n"),),
        "for e in exps[2:]:", also=("inverse = total.inverse()", "out.append([e * inverse"),
    ),
    Fault(
        "softmax-twice", BASE,
        (("    return softmax_rows(plus_row(matmul(h2, W3), B3))",
          "    return softmax_rows(softmax_rows(plus_row(matmul(h2, W3), B3)))"),),
        "softmax_rows(softmax_rows(", also=("exps = [x.exp()",),
    ),
    Fault(
        "loss-upside-down", BASE,
        (("total = total - line[classes[i]].log()", "total = total + line[classes[i]].log()"),),
        "total = total + line[classes[i]].log()",
    ),
    Fault(
        "computed-unused", BASE,
        (("    h2 = each(plus", '    gate = each(matmul(h1, W2), "exp")\n    h2 = each(plus'),),
        'gate = each(matmul(h1, W2), "exp")', is_note=True,
    ),
    Fault(
        "saturated", BASE,
        (("def normal(n_rows, n_cols, scale=0.7):", "def normal(n_rows, n_cols, scale=5.0):"),),
        "scale=5.0", is_note=True, also=("[Num(random.gauss",),
    ),
    Fault(
        "vanishing", BASE,
        (("W2, B2 = normal(4, 4)", "W2, B2 = normal(4, 4, 1e-6)"),),
        "normal(4, 4, 1e-6)", is_note=True, also=("[Num(random.gauss",),
    ),
    Fault(
        "error", BASE,
        (("    def log(self):\n", "    def log(self, base):\n"),),
        "line[classes[i]].log()", also=("def log(self, base)",), why="a call without its argument",
    ),
)  # fmt: skip
