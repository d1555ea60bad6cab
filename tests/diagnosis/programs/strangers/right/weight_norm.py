import math, random
random.seed(202)

class A:
    def __init__(self, d, prev=(), loc=()): self.d, self.grad, self.prev, self.loc = d, 0.0, prev, loc
    def __add__(s, o): return A(s.d + o.d, (s, o), (1, 1))
    def __mul__(s, o): return A(s.d * o.d, (s, o), (o.d, s.d))
    def pow(s, k): return A(s.d ** k, (s,), (k * s.d ** (k - 1),))
    def relu(s): return A(max(s.d, 0), (s,), (1.0 if s.d > 0 else 0.0,))

def grads(root):
    topo, seen = [], set()
    def dfs(n):
        if n in seen: return
        seen.add(n)
        for p in n.prev: dfs(p)
        topo.append(n)
    dfs(root); root.grad = 1.0
    for n in topo[::-1]:
        for p, l in zip(n.prev, n.loc): p.grad += l * n.grad

class Row:
    """weight = size * direction / |direction|"""
    def __init__(self, n):
        self.v = [A(random.gauss(0, 1)) for _ in range(n)]
        self.size, self.bias = A(1.0), A(0.1)
    def __call__(self, xs):
        sq = A(0.0)
        for v in self.v: sq = sq + v * v
        s = A(0.0)
        for v, x in zip(self.v, xs): s = s + v * x
        return s * self.size * sq.pow(-0.5) + self.bias
    def params(self): return self.v + [self.size, self.bias]

first, last = [Row(2) for _ in range(6)], Row(6)
params = [p for r in first + [last] for p in r.params()]
data = [(a / 3, b / 3, max(a, b) / 3) for a in range(-3, 4) for b in range(-3, 4) if (a + b) % 2 == 0]
for epoch in range(30):
    loss = A(0.0)
    for a, b, y in data:
        out = last([r([A(a), A(b)]).relu() for r in first]) + A(-y)
        loss = loss + out * out
    loss = loss * A(1 / len(data))
    for p in params: p.grad = 0.0
    grads(loss)
    for p in params: p.d -= 0.15 * p.grad
    if epoch % 6 == 0: print(epoch, round(loss.d, 5))
