"""The adjoint is handed down as an argument, and only leaves add theirs up."""


class Num:
    def __init__(self, x, args=(), partials=()):
        self.x = x
        self.args = args
        self.partials = partials
        self.dx = 0.0

    def __add__(self, other):
        return Num(self.x + other.x, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Num(self.x * other.x, (self, other), (other.x, self.x))

    def backward(self, adjoint=1.0):
        if not self.args:
            self.dx += adjoint
            return
        for arg, partial in zip(self.args, self.partials):
            arg.backward(adjoint * partial)


a, b, c = Num(2.0), Num(-3.0), Num(0.5)
d = a * b + c
loss = d * d + a * d
loss.backward()
for name in ("a", "b", "c"):
    print(name, float(globals()[name].x).hex(), float(globals()[name].dx).hex())
