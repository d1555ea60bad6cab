import math
import random


class Float:
    """closures, the hand-written kind"""

    def __init__(self, data, prev=()):
        self.data = data
        self.grad = 0
        self.prev = prev
        self.run = None

    def __add__(self, o):
        r = Float(self.data + o.data, (self, o))

        def run():
            self.grad += r.grad
            o.grad += r.grad
        r.run = run
        return r

    def __mul__(self, o):
        r = Float(self.data * o.data, (self, o))

        def run():
            self.grad += r.grad * o.data
            o.grad += r.grad * self.data
        r.run = run
        return r

    def __pow__(self, k):
        r = Float(self.data ** k, (self,))

        def run():
            self.grad += r.grad * k * self.data ** (k - 1)
        r.run = run
        return r

    def backward(self):
        lst, seen = [], set()

        def rec(f):
            if f not in seen:
                seen.add(f)
                for q in f.prev:
                    rec(q)
                lst.append(f)
        rec(self)
        self.grad = 1
        for f in reversed(lst):
            if f.run:
                f.run()


random.seed(77)
coef = [Float(random.uniform(-0.1, 0.1)) for _ in range(6)]
train = [(x, math.cos(2 * x) + random.gauss(0, 0.15)) for x in (random.uniform(-1, 1) for _ in range(14))]
valid = [(x, math.cos(2 * x) + random.gauss(0, 0.15)) for x in (random.uniform(-1, 1) for _ in range(10))]


def mse(points):
    s = Float(0.0)
    for x, y in points:
        f = Float(-y)
        for k, c in enumerate(coef):
            f = f + c * Float(x ** k)
        s = s + f ** 2
    return s * Float(1 / len(points))


best, kept, patience = float("inf"), None, 0
for epoch in range(60):
    loss = mse(train)
    loss.backward()
    for c in coef:
        c.data -= 0.25 * c.grad
        c.grad = 0
    check = mse(valid).data
    if check < best - 1e-4:
        best, kept, patience = check, [c.data for c in coef], 0
    else:
        patience += 1
        if patience == 5:
            print("stop at", epoch)
            break
for c, v in zip(coef, kept):
    c.data = v
print("best", round(best, 4), "again", round(mse(valid).data, 4))
