"""Operands in `prev`, the op as a text, and one long `backward` that knows all ops."""


class Scalar:
    def __init__(self, value, prev=(), op=""):
        self.value = value
        self.prev = prev
        self.op = op
        self.g = 0.0

    def __add__(self, other):
        return Scalar(self.value + other.value, (self, other), "+")

    def __mul__(self, other):
        return Scalar(self.value * other.value, (self, other), "*")

    def backprop(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for each in node.prev:
                    visit(each)
                order.append(node)

        visit(self)
        self.g = 1.0
        for node in reversed(order):
            if node.op == "+":
                x, y = node.prev
                x.g += node.g
                y.g += node.g
            elif node.op == "*":
                x, y = node.prev
                x.g += y.value * node.g
                y.g += x.value * node.g


a, b, c = Scalar(2.0), Scalar(-3.0), Scalar(0.5)
d = a * b + c
loss = d * d + a * d
loss.backprop()
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].value).hex(), float(globals()[name].g).hex())
