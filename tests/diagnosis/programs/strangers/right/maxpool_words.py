# Which words hold a double letter? Max over positions (ties are common), logistic output.
import math, random
random.seed(404)

class X:
    def __init__(self, v, kids=(), push=None): self.v, self.g, self.kids, self.push = v, 0.0, kids, push

def mul(a, b):
    def push(g): a.g += g * b.v; b.g += g * a.v
    return X(a.v * b.v, (a, b), push)

def total(xs):
    def push(g):
        for x in xs: x.g += g
    return X(sum(x.v for x in xs), tuple(xs), push)

def biggest(xs):
    k = max(range(len(xs)), key=lambda i: xs[i].v)   # the first of the largest
    def push(g): xs[k].g += g
    return X(xs[k].v, tuple(xs), push)

def logistic_loss(s, y):
    z = s.v if y else -s.v
    def push(g): s.g += g * (1 if y else -1) * (-1 / (1 + math.exp(z)))
    return X(math.log1p(math.exp(-abs(z))) + max(-z, 0), (s,), push)

def sweep(root):
    order, seen = [], set()
    def go(x):
        if id(x) not in seen:
            seen.add(id(x))
            for k in x.kids: go(k)
            order.append(x)
    go(root)
    root.g = 1.0
    for x in reversed(order):
        if x.push: x.push(x.g)

words = "letter silly apple tree pat lemon cart book hammer lamp sun mirror yellow dog paper bird kettle ring".split()
letters = sorted(set("".join(words)))
left = {c: [X(random.gauss(0, .6)) for _ in range(3)] for c in letters}
right = {c: [X(random.gauss(0, .6)) for _ in range(3)] for c in letters}
gain, off = X(1.0), X(0.0)
params = [p for t in (left, right) for r in t.values() for p in r] + [gain, off]
for epoch in range(50):
    losses, hits = [], 0
    for w in words:
        y = any(a == b for a, b in zip(w, w[1:]))
        match = biggest([total([mul(p, q) for p, q in zip(left[a], right[b])]) for a, b in zip(w, w[1:])])
        s = total([mul(gain, match), off])
        hits += (s.v > 0) == y
        losses.append(logistic_loss(s, y))
    loss = mul(total(losses), X(1 / len(words)))
    for p in params: p.g = 0.0
    sweep(loss)
    for p in params: p.v -= 0.8 * p.g
    if epoch % 10 == 0: print(epoch, round(loss.v, 4), hits)
