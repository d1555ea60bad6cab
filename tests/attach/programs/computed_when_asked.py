"""A graph is built without a number; each is computed and kept when somebody asks for it."""


class Lazy:
    def __init__(self, op=None, sources=(), number=None):
        self.op = op
        self.sources = sources
        self.realized = number
        self.adjoint = 0.0

    @property
    def number(self):
        if self.realized is None:
            x, y = (source.number for source in self.sources)
            self.realized = x * y if self.op == "MUL" else x + y
        return self.realized

    @number.setter
    def number(self, number):
        self.realized = number

    def __add__(self, other):
        return Lazy("ADD", (self, other))

    def __mul__(self, other):
        return Lazy("MUL", (self, other))

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for source in node.sources:
                    visit(source)
                order.append(node)

        visit(self)
        self.adjoint = 1.0
        for node in reversed(order):
            if node.op == "ADD":
                for source in node.sources:
                    source.adjoint += node.adjoint
            elif node.op == "MUL":
                x, y = node.sources
                x.adjoint += y.number * node.adjoint
                y.adjoint += x.number * node.adjoint


a, b, c = Lazy(number=2.0), Lazy(number=-3.0), Lazy(number=0.5)
d = a * b + c
loss = d * d + a * d
print("loss", float(loss.number).hex(), (1.0).hex())
loss.backward()
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].number).hex(), float(globals()[name].adjoint).hex())
