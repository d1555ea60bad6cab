"""Closures replace gradients where they should add to them."""


class Knot:
    __slots__ = ("above", "pull", "slack", "x")

    def __init__(self, x, above=()):
        self.x = x
        self.above = above
        self.slack = 0.0
        self.pull = None

    def __add__(self, other):
        out = Knot(self.x + other.x, (self, other))

        def pull():
            self.slack += out.slack
            other.slack += out.slack

        out.pull = pull
        return out

    def __mul__(self, other):
        out = Knot(self.x * other.x, (self, other))

        def pull():
            self.slack = other.x * out.slack
            other.slack = self.x * out.slack

        out.pull = pull
        return out

    def unwind(self):
        order = []

        def visit(knot):
            if knot not in order:
                for each in knot.above:
                    visit(each)
                order.append(knot)

        visit(self)
        self.slack = 1.0
        for knot in reversed(order):
            if knot.pull:
                knot.pull()


a, b, c = Knot(2.0), Knot(-3.0), Knot(0.5)
d = a * b + c
loss = d * d + a * d
loss.unwind()
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].x).hex(), float(globals()[name].slack).hex())
