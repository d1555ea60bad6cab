"""A list of operand and slope comes from a closure; the adjoint is an argument."""


class Var:
    def __init__(self, val, grad_fn=tuple):
        self.v = val
        self.grad_fn = grad_fn
        self.grad = 0.0

    def backprop(self, bp):
        self.grad += bp
        for each, slope in self.grad_fn():
            each.backprop(slope * bp)

    def backward(self):
        self.backprop(1.0)

    def __add__(self, other):
        return Var(self.v + other.v, lambda: [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        return Var(self.v * other.v, lambda: [(self, other.v), (other, self.v)])


a, b, c = Var(2.0), Var(-3.0), Var(0.5)
d = a * b + c
loss = d * d + a * d
loss.backward()
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].v).hex(), float(globals()[name].grad).hex())
