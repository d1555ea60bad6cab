"""A global list of functions to be called backwards."""

steps = []


class Cell:
    __slots__ = ("bar", "v")

    def __init__(self, v):
        self.v = v
        self.bar = 0.0

    def __add__(self, other):
        out = Cell(self.v + other.v)

        def step():
            self.bar += out.bar
            other.bar += out.bar

        steps.append(step)
        return out

    def __mul__(self, other):
        out = Cell(self.v * other.v)

        def step():
            self.bar += other.v * out.bar
            other.bar += self.v * out.bar

        steps.append(step)
        return out


def backprop(loss):
    loss.bar = 1.0
    while steps:
        steps.pop()()


a, b, c = Cell(2.0), Cell(-3.0), Cell(0.5)
d = a * b + c
loss = d * d + a * d
backprop(loss)
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].v).hex(), float(globals()[name].bar).hex())
