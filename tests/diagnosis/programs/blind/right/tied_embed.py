"""Bigram model whose output layer is its table of embeddings (tied weights)."""
import math, random
random.seed(21)

class S:
    def __init__(self, data, pairs=()):
        self.data, self.grad, self.pairs = data, 0., pairs
    def __add__(a, b): return S(a.data + b.data, ((a, 1.), (b, 1.)))
    def __sub__(a, b): return S(a.data - b.data, ((a, 1.), (b, -1.)))
    def __mul__(a, b): return S(a.data * b.data, ((a, b.data), (b, a.data)))
    def exp(a):
        e = math.exp(a.data)
        return S(e, ((a, e),))
    def log(a): return S(math.log(a.data), ((a, 1 / a.data),))
    def tanh(a):
        t = math.tanh(a.data)
        return S(t, ((a, 1 - t * t),))

def total(nodes):
    s = nodes[0]
    for n in nodes[1:]: s = s + n
    return s

def back(root):
    order, seen = [], set()
    def dfs(n):
        seen.add(id(n))
        for c, _ in n.pairs:
            if id(c) not in seen: dfs(c)
        order.append(n)
    dfs(root)
    root.grad = 1.
    for n in order[::-1]:
        for c, slope in n.pairs: c.grad += slope * n.grad

text = "abcabcabdabcabcabd"
letters = sorted(set(text))
D = 5
table = [[S(random.gauss(0, .6)) for _ in range(D)] for _ in letters]
mix = [[S(random.gauss(0, .5)) for _ in range(D)] for _ in range(D)]
params = [p for rows in (table, mix) for row in rows for p in row]
for it in range(30):
    losses = []
    for a, b in zip(text, text[1:]):
        x = table[letters.index(a)]
        h = [total([w * v for w, v in zip(row, x)]).tanh() for row in mix]
        scores = [total([e * v for e, v in zip(row, h)]) for row in table]   # the same table again
        z = total([s.exp() for s in scores]).log()
        losses.append(z - scores[letters.index(b)])
    loss = total(losses) * S(1 / len(losses))
    for p in params: p.grad = 0.
    back(loss)
    for p in params: p.data -= .5 * p.grad
    if it % 6 == 0: print(it, round(loss.data, 4))
