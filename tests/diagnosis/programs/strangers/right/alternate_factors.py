# Factorisation of a matrix: rows and columns take turns, each with its own rate.
import random

rnd = random.Random(50)


class W:
    def __init__(self, val, pairs=()):
        self.val, self.g, self.pairs = val, 0.0, pairs

    def __mul__(self, o):
        return W(self.val * o.val, ((self, o.val), (o, self.val)))

    def __sub__(self, o):
        return W(self.val - o.val, ((self, 1.0), (o, -1.0)))


def many(ws):
    return W(sum(w.val for w in ws), tuple((w, 1.0) for w in ws))


def descend(root):
    seen, order = set(), []

    def visit(w):
        if w in seen:
            return
        seen.add(w)
        for p, _ in w.pairs:
            visit(p)
        order.append(w)

    visit(root)
    root.g = 1.0
    for w in reversed(order):
        for p, s in w.pairs:
            p.g += s * w.g


n, m, k = 6, 5, 2
left_true = [[rnd.gauss(0, 1) for _ in range(k)] for _ in range(n)]
right_true = [[rnd.gauss(0, 1) for _ in range(k)] for _ in range(m)]
known = [(i, j, sum(a * b for a, b in zip(left_true[i], right_true[j])))
         for i in range(n) for j in range(m) if (i + 2 * j) % 4]
left = [[W(rnd.gauss(0, 0.5)) for _ in range(k)] for _ in range(n)]
right = [[W(rnd.gauss(0, 0.5)) for _ in range(k)] for _ in range(m)]
sides = [[w for row in left for w in row], [w for row in right for w in row]]
for turn in range(80):
    misses = []
    for i, j, y in known:
        e = many([a * b for a, b in zip(left[i], right[j])]) - W(y)
        misses.append(e * e)
    loss = many(misses)
    for side in sides:
        for w in side:
            w.g = 0.0
    descend(loss)
    for w in sides[turn % 2]:
        w.val -= (0.05, 0.04)[turn % 2] * w.g
    if turn % 16 == 0:
        print(turn, round(loss.val, 4))
