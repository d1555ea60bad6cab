import math
import random

random.seed(19)


class F:
    def __init__(self, val, ins=(), fn=None):
        self.val, self.ins, self.fn = val, ins, fn
        self.grad = 0.0

    def __add__(self, o):
        out = F(self.val + o.val, (self, o))
        def fn():
            self.grad = self.grad + out.grad
            o.grad = o.grad + out.grad
        out.fn = fn
        return out

    def __mul__(self, o):
        out = F(self.val * o.val, (self, o))
        def fn():
            self.grad = self.grad + out.grad * o.val
            o.grad = o.grad + out.grad * self.val
        out.fn = fn
        return out

    def cos(self):
        out = F(math.cos(self.val), (self,))
        def fn():
            self.grad = self.grad - out.grad * math.sin(self.val)
        out.fn = fn
        return out


def backward(top):
    order, seen = [], set()
    def visit(f):
        if f in seen:
            return
        seen.add(f)
        for i in f.ins:
            visit(i)
        order.append(f)
    visit(top)
    top.grad = 1.0
    for f in reversed(order):
        if f.fn is not None:
            f.fn()


waves = [[F(random.gauss(0, 0.5)), F(k + random.gauss(0, 0.1)), F(random.uniform(-1, 1))] for k in range(1, 4)]
params = [p for w in waves for p in w]
points = [(t / 6, 1.0 if (t // 9) % 2 else -1.0) for t in range(36)]
m, v = {p: 0.0 for p in params}, {p: 0.0 for p in params}
WARM, TOTAL = 8, 50
for step in range(TOTAL):
    # linear warm-up, the very first step is 0; then a cosine down
    rate = 0.05 * (step / WARM if step < WARM else 0.5 + 0.5 * math.cos(math.pi * (step - WARM) / (TOTAL - WARM)))
    loss = F(0.0)
    for t, y in points:
        s = F(-y)
        for a, k, c in waves:
            s = s + a * (k * F(t) + c).cos()
        loss = loss + s * s
    loss = loss * F(1 / len(points))
    for p in params:
        p.grad = 0.0
    backward(loss)
    for p in params:
        m[p] += 0.1 * (p.grad - m[p])
        v[p] += 0.01 * (p.grad ** 2 - v[p])
        p.val -= rate * (m[p] / (1 - 0.9 ** (step + 1))) / (math.sqrt(v[p] / (1 - 0.99 ** (step + 1))) + 1e-8)
    if step % 10 == 0:
        print(step, f"rate {rate:.4f} loss {loss.val:.4f}")
