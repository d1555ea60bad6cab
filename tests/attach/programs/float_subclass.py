"""Numbers that are floats themselves."""


class F(float):
    def __new__(cls, x, srcs=(), locs=()):
        return super().__new__(cls, x)

    def __init__(self, x, srcs=(), locs=()):
        self.srcs, self.locs, self.grad = srcs, locs, 0.0

    def __add__(self, other):
        return F(float(self) + float(other), (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return F(float(self) * float(other), (self, other), (float(other), float(self)))


def backward(root):
    order, seen = [], set()

    def visit(f):
        if id(f) not in seen:
            seen.add(id(f))
            for each in f.srcs:
                visit(each)
            order.append(f)

    visit(root)
    root.grad = 1.0
    for f in reversed(order):
        for each, loc in zip(f.srcs, f.locs):
            each.grad += loc * f.grad


a, b, c = F(2.0), F(-3.0), F(0.5)
d = a * b + c
loss = d * d + a * d
backward(loss)
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name]).hex(), float(globals()[name].grad).hex())
