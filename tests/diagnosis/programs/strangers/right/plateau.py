"""Three-way classification; the rate is divided by three when the held-out loss stops falling."""
import math
import random

random.seed(6502)


class Slot:
    def __init__(self, value, edges=()):
        self.value = value
        self.slope = 0.0
        self.edges = edges


def combine(ws, xs, bias):
    edges = [(bias, 1.0)]
    for w, x in zip(ws, xs):
        edges += [(w, x.value), (x, w.value)]
    return Slot(bias.value + sum(w.value * x.value for w, x in zip(ws, xs)), edges)


def bend(s):
    v = s.value
    return Slot(v if v > 0 else 0.2 * v, [(s, 1.0 if v > 0 else 0.2)])


def choose(scores, label):
    high = max(s.value for s in scores)
    exps = [math.exp(s.value - high) for s in scores]
    mass = sum(exps)
    edges = [(s, e / mass - (1.0 if i == label else 0.0)) for i, (s, e) in enumerate(zip(scores, exps))]
    return Slot(high + math.log(mass) - scores[label].value, edges)


def mean(slots):
    return Slot(sum(s.value for s in slots) / len(slots), [(s, 1 / len(slots)) for s in slots])


def fill_slopes(end):
    line, known = [], {id(end)}

    def visit(s):
        for e, _ in s.edges:
            if id(e) not in known:
                known.add(id(e))
                visit(e)
        line.append(s)

    visit(end)
    end.slope = 1.0
    for s in reversed(line):
        for e, k in s.edges:
            e.slope += k * s.slope


centres = [(0, 1.5), (1.5, -1), (-1.5, -1)]
points = [(cx + random.gauss(0, 0.9), cy + random.gauss(0, 0.9), k) for _ in range(14) for k, (cx, cy) in enumerate(centres)]
train, held = points[:27], points[27:]
w1 = [[Slot(random.gauss(0, 0.7)) for _ in range(2)] for _ in range(6)]
b1 = [Slot(0.0) for _ in range(6)]
w2 = [[Slot(random.gauss(0, 0.4)) for _ in range(6)] for _ in range(3)]
b2 = [Slot(0.0) for _ in range(3)]
params = [p for r in w1 + w2 for p in r] + b1 + b2


def scores_of(x, y):
    ins = [Slot(x), Slot(y)]
    hidden = [bend(combine(w, ins, b)) for w, b in zip(w1, b1)]
    return [combine(w, hidden, b) for w, b in zip(w2, b2)]


def loss_on(rows):
    return mean([choose(scores_of(x, y), k) for x, y, k in rows])


rate, best, waited, history = 0.5, float("inf"), 0, []
for epoch in range(40):
    loss = loss_on(train)
    for p in params:
        p.slope = 0.0
    fill_slopes(loss)
    for p in params:
        p.value -= rate * p.slope
    check = loss_on(held).value
    right = sum(max(range(3), key=lambda i: s[i].value) == k for s, k in ((scores_of(x, y), k) for x, y, k in held))
    history.append((round(loss.value, 3), round(check, 3), right))
    if check < best:
        best, waited = check, 0
    else:
        waited += 1
        if waited == 4:
            rate, waited = rate / 3, 0
print(history[::8], "rate", round(rate, 4))
