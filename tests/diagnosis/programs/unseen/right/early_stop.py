"""A cubic curve fitted with heavy-ball momentum; every operation leaves a closure behind."""
import random


class Num:
    def __init__(self, val, parents=()):
        self.val = float(val)
        self.slope = 0.0
        self.parents = parents
        self.push = None

    def __add__(self, o):
        o = o if isinstance(o, Num) else Num(o)
        r = Num(self.val + o.val, (self, o))

        def push():
            self.slope += r.slope
            o.slope += r.slope
        r.push = push
        return r

    def __sub__(self, o):
        o = o if isinstance(o, Num) else Num(o)
        r = Num(self.val - o.val, (self, o))

        def push():
            self.slope += r.slope
            o.slope -= r.slope
        r.push = push
        return r

    def __mul__(self, o):
        o = o if isinstance(o, Num) else Num(o)
        r = Num(self.val * o.val, (self, o))

        def push():
            self.slope += o.val * r.slope
            o.slope += self.val * r.slope
        r.push = push
        return r

    def __truediv__(self, o):
        o = o if isinstance(o, Num) else Num(o)
        r = Num(self.val / o.val, (self, o))

        def push():
            self.slope += r.slope / o.val
            o.slope += -self.val / o.val ** 2 * r.slope
        r.push = push
        return r

    def backprop(self):
        order, seen = [], set()

        def walk(n):
            if id(n) in seen:
                return
            seen.add(id(n))
            for q in n.parents:
                walk(q)
            order.append(n)
        walk(self)
        self.slope = 1.0
        for n in order[::-1]:
            if n.push:
                n.push()


rng = random.Random(11)
xs = [-1.5 + 0.3 * i for i in range(11)]
ys = [0.4 - 1.1 * x + 0.7 * x * x + 0.25 * x ** 3 + rng.gauss(0, 0.05) for x in xs]
c0, c1, c2, c3 = [Num(rng.uniform(-0.5, 0.5)) for _ in range(4)]
width = Num(1.3)
coef = [c0, c1, c2, c3, width]


def curve(x):
    z = Num(x) / width
    return c0 + z * (c1 + z * (c2 + z * c3))


def misfit(part=0):
    s = Num(0.0)
    for x, y in list(zip(xs, ys))[part::2]:
        e = curve(x) - y
        s = s + e * e
    return s / 6.0


RATE, KEEP = 0.02, 0.7
velocity = [0.0] * len(coef)
best, kept = float('inf'), None
for it in range(8):
    cost = misfit()
    for c in coef:
        c.slope = 0.0
    cost.backprop()
    for k, c in enumerate(coef):
        velocity[k] = KEEP * velocity[k] - RATE * min(1.0, (it + 1) / 3) * c.slope
        c.val += velocity[k]
    check = misfit(1).val
    if check < best:
        best, kept = check, [c.val for c in coef]
    elif it > 5:
        break
    print(f"it {it} cost {cost.val:.5f}")
for c, v in zip(coef, kept):
    c.val = v
print('kept', best)
