"""Equality by value without a hash, a `__repr__` that raises, a `__getattr__` that invents."""


class Odd:
    def __init__(self, data, ins=(), vjps=()):
        self.data, self.ins, self.vjps, self.cot = data, ins, vjps, 0.0

    def __eq__(self, other):
        return self.data == other.data

    def __repr__(self):
        raise RuntimeError("nobody may look")

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return 42.0

    def __bool__(self):
        raise TypeError("no truth")

    def __add__(self, other):
        return Odd(self.data + other.data, (self, other), (lambda g: g, lambda g: g))

    def __mul__(self, other):
        x, y = self.data, other.data
        return Odd(x * y, (self, other), (lambda g: y * g, lambda g: x * g))


def vjp(root):
    order, seen = [], []

    def visit(node):
        if not any(node is each for each in seen):
            seen.append(node)
            for each in node.ins:
                visit(each)
            order.append(node)

    visit(root)
    root.cot = 1.0
    for node in reversed(order):
        for each, function in zip(node.ins, node.vjps):
            each.cot += function(node.cot)


a, b, c = Odd(2.0), Odd(-3.0), Odd(0.5)
d = a * b + c
loss = d * d + a * d
vjp(loss)
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].data).hex(), float(globals()[name].cot).hex())
