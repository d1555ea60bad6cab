"""Two classes with operators: points that are no nodes, and nodes; one of them derived."""


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, other):
        return Point(self.x + other.x, self.y + other.y)


class Base:
    def __init__(self, data, inputs=()):
        self.data, self.inputs, self.grad_ = data, inputs, 0.0

    def __add__(self, other):
        return Base(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        return Base(self.data * other.data, ((self, other.data), (other, self.data)))

    def flow(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for each, _ in node.inputs:
                    visit(each)
                order.append(node)

        visit(self)
        self.grad_ = 1.0
        for node in reversed(order):
            for each, local in node.inputs:
                each.grad_ += local * node.grad_


class Parameter(Base):
    def __init__(self, data):
        super().__init__(data)
        self.momentum = 0.0


center = Point(1.0, 2.0) + Point(1.0, -5.0)
a, b, c = Parameter(center.x), Parameter(center.y), Parameter(0.5)
d = a * b + c
loss = d * d + a * d
loss.flow()
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].data).hex(), float(globals()[name].grad_).hex())
