"""A character GRU. The backward pass counts the uses of each node and waits for the last one."""
import math
import random

random.seed(2718)


class Val:
    def __init__(self, v, parents=(), rule=None):
        self.v = v
        self.grad = 0.0
        self.parents = parents
        self.rule = rule

    def __add__(self, other):
        other = lift(other)

        def rule(g):
            self.grad += g
            other.grad += g
        return Val(self.v + other.v, (self, other), rule)

    def __sub__(self, other):
        other = lift(other)

        def rule(g):
            self.grad += g
            other.grad -= g
        return Val(self.v - other.v, (self, other), rule)

    def __rsub__(self, other):
        return lift(other) - self

    def __mul__(self, other):
        other = lift(other)

        def rule(g):
            self.grad += g * other.v
            other.grad += g * self.v
        return Val(self.v * other.v, (self, other), rule)

    def sigmoid(self):
        s = 1 / (1 + math.exp(-self.v))

        def rule(g):
            self.grad += g * s * (1 - s)
        return Val(s, (self,), rule)

    def tanh(self):
        t = math.tanh(self.v)

        def rule(g):
            self.grad += g * (1 - t ** 2)
        return Val(t, (self,), rule)

    def backward(self):
        uses, todo = {self: 0}, [self]
        while todo:
            for p in todo.pop().parents:
                if p not in uses:
                    uses[p] = 0
                    todo.append(p)
                uses[p] += 1
        self.grad = 1.0
        ready = [self]
        while ready:
            node = ready.pop()
            if node.rule:
                node.rule(node.grad)
            for p in node.parents:
                uses[p] -= 1
                if uses[p] == 0:
                    ready.append(p)


def lift(x):
    return x if isinstance(x, Val) else Val(x)


def weighted(ws, xs, start):
    """start + sum of w * x, as one node"""
    def rule(g):
        start.grad += g
        for w, x in zip(ws, xs):
            w.grad += g * x.v
            x.grad += g * w.v
    total = start.v + sum(w.v * x.v for w, x in zip(ws, xs))
    return Val(total, (start, *ws, *xs), rule)


def surprise(scores, target):
    """-log softmax(scores)[target], as one node"""
    top = max(s.v for s in scores)
    es = [math.exp(s.v - top) for s in scores]
    z = sum(es)

    def rule(g):
        for i, s in enumerate(scores):
            s.grad += g * (es[i] / z - (i == target))
    return Val(math.log(z) - (scores[target].v - top), tuple(scores), rule)


texts = ["hello", "hallo", "hola", "ahoj", "aloha"]
signs = ["<"] + sorted(set("".join(texts)))
code = {c: i for i, c in enumerate(signs)}
N, E, H = len(signs), 5, 7


def table(rows, cols):
    return [[Val(random.uniform(-1, 1) / math.sqrt(cols)) for _ in range(cols)] for _ in range(rows)]


emb = table(N, E)
gates = {name: table(H, E + H) for name in ("reset", "update", "new")}
shift = {name: [Val(0.0) for _ in range(H)] for name in gates}
out_w, out_b = table(N, H), [Val(0.0) for _ in range(N)]


def gru(x, h):
    xh = x + h
    r = [weighted(w, xh, b).sigmoid() for w, b in zip(gates["reset"], shift["reset"])]
    u = [weighted(w, xh, b).sigmoid() for w, b in zip(gates["update"], shift["update"])]
    xrh = x + [a * b for a, b in zip(r, h)]
    n = [weighted(w, xrh, b).tanh() for w, b in zip(gates["new"], shift["new"])]
    return [(1 - ui) * hi + ui * ni for ui, hi, ni in zip(u, h, n)]


params = [p for row in emb + out_w for p in row] + out_b
for name in gates:
    params += [p for row in gates[name] for p in row] + shift[name]
speed = {p: 0.0 for p in params}

for step in range(40):
    word = texts[step % len(texts)]
    chain = [code[c] for c in "<" + word + "<"]
    hidden = [Val(0.0) for _ in range(H)]
    loss = Val(0.0)
    for here, following in zip(chain, chain[1:]):
        hidden = gru(emb[here], hidden)
        logits = [weighted(w, hidden, b) for w, b in zip(out_w, out_b)]
        loss = loss + surprise(logits, following)
    loss = loss * (1 / len(word))
    for p in params:
        p.grad = 0.0
    loss.backward()
    norm = math.sqrt(sum(p.grad ** 2 for p in params))
    if norm > 0.5:
        for p in params:
            p.grad *= 0.5 / norm
    for p in params:
        speed[p] = 0.6 * speed[p] + p.grad
        p.v -= 0.8 * speed[p]
    if step % 5 == 0:
        print(f"{step:2d} {word:6s} {loss.v:.4f} (norm {norm:.2f})")
