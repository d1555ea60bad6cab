import random
from dataclasses import dataclass, field


@dataclass(eq=False, slots=True)
class Cell:
    number: float
    inputs: list = field(default_factory=list)
    slopes: list = field(default_factory=list)
    grad: float = 0.0


def linear(ws, xs, b):
    return Cell(sum(w.number * x for w, x in zip(ws, xs)) + b.number, [*ws, b], [*xs, 1.0])


def huber(c, target, width):
    d = c.number - target
    if abs(d) <= width:
        return Cell(0.5 * d * d, [c], [d])
    return Cell(width * (abs(d) - 0.5 * width), [c], [width if d > 0 else -width])


def absolute(c):
    n = c.number
    return Cell(abs(n), [c], [(n > 0) - (n < 0)])


def weighted_sum(cells, factors):
    return Cell(sum(c.number * f for c, f in zip(cells, factors)), list(cells), list(factors))


def send_back(root):
    root.grad = 1.0
    order, met = [], set()

    def visit(c):
        if id(c) in met:
            return
        met.add(id(c))
        for i in c.inputs:
            visit(i)
        order.append(c)

    visit(root)
    while order:
        c = order.pop()
        for i, s in zip(c.inputs, c.slopes):
            i.grad += s * c.grad


random.seed(314)
truth = [1.5, 0.0, -2.0, 0.0]
rows = []
for _ in range(40):
    x = [random.gauss(0, 1) for _ in truth]
    noise = random.gauss(0, 0.1) if random.random() < 0.85 else random.gauss(0, 8)  # outliers
    rows.append((x, sum(t * v for t, v in zip(truth, x)) + 0.7 + noise))
w = [Cell(random.gauss(0, 0.1)) for _ in truth]
b = Cell(0.0)
for step in range(80):
    losses = [huber(linear(w, x, b), y, 0.5) for x, y in rows]
    sizes = [absolute(p) for p in w]
    loss = weighted_sum(losses + sizes, [1 / len(rows)] * len(rows) + [0.02] * len(w))
    for p in w + [b]:
        p.grad = 0.0
    send_back(loss)
    for p in w + [b]:
        p.number -= 0.3 * p.grad
    if step % 16 == 0:
        print(step, f"{loss.number:.4f}", [round(p.number, 2) for p in w], round(b.number, 2))
