"""Nodes list their consumers, and a gradient is asked for and kept."""


class Var:
    def __init__(self, value):
        self.value = value
        self.children = []
        self.grad_value = None

    def grad(self):
        if self.grad_value is None:
            self.grad_value = sum(weight * var.grad() for weight, var in self.children)
        return self.grad_value

    def __add__(self, other):
        z = Var(self.value + other.value)
        self.children.append((1.0, z))
        other.children.append((1.0, z))
        return z

    def __mul__(self, other):
        z = Var(self.value * other.value)
        self.children.append((other.value, z))
        other.children.append((self.value, z))
        return z


a, b, c = Var(2.0), Var(-3.0), Var(0.5)
d = a * b + c
loss = d * d + a * d
loss.grad_value = 1.0
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].value).hex(), float(globals()[name].grad()).hex())
