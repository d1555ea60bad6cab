"""Each op is a class of nodes of its own, derived from an abstract one."""

from abc import ABC, abstractmethod


class Node(ABC):
    def __init__(self, *inputs):
        self.inputs = inputs
        self.output = self.forward()
        self.gradient = 0.0

    @abstractmethod
    def forward(self): ...

    @abstractmethod
    def backward(self): ...

    def __add__(self, other):
        return Add(self, other)

    def __mul__(self, other):
        return Mul(self, other)


class Input(Node):
    def __init__(self, number):
        self.number = number
        super().__init__()

    def forward(self):
        return self.number

    def backward(self):
        pass


class Add(Node):
    def forward(self):
        x, y = self.inputs
        return x.output + y.output

    def backward(self):
        for each in self.inputs:
            each.gradient += self.gradient


class Mul(Node):
    def forward(self):
        x, y = self.inputs
        return x.output * y.output

    def backward(self):
        x, y = self.inputs
        x.gradient += y.output * self.gradient
        y.gradient += x.output * self.gradient


def run_backward(top):
    order = []

    def place(node):
        if node not in order:
            for each in node.inputs:
                place(each)
            order.append(node)

    place(top)
    top.gradient = 1.0
    for node in reversed(order):
        node.backward()


a, b, c = Input(2.0), Input(-3.0), Input(0.5)
d = a * b + c
loss = d * d + a * d
run_backward(loss)
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].output).hex(), float(globals()[name].gradient).hex())
