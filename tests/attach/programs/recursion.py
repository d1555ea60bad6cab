"""A recursion without order: it visits every path, and is right."""


class Expr:
    def __init__(self, val, parents=()):
        self.val = val
        self.parents = parents
        self.deriv = 0.0

    def __add__(self, other):
        return Expr(self.val + other.val, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        return Expr(self.val * other.val, [(self, other.val), (other, self.val)])

    def pull(self, seed=1.0):
        self.deriv += seed
        for parent, local in self.parents:
            parent.pull(seed * local)


a, b, c = Expr(2.0), Expr(-3.0), Expr(0.5)
d = a * b + c
loss = d * d + a * d
loss.pull()
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].val).hex(), float(globals()[name].deriv).hex())
