"""A forward pass over a graph that was built before, and a backward pass like it."""


class Gate:
    def __init__(self, value=None, kind=None, ins=()):
        self.value = value
        self.kind = kind
        self.ins = ins
        self.grad = 0.0

    def __add__(self, other):
        return Gate(None, "add", (self, other))

    def __mul__(self, other):
        return Gate(None, "mul", (self, other))


def order_of(top):
    order = []

    def visit(gate):
        if gate not in order:
            for each in gate.ins:
                visit(each)
            order.append(gate)

    visit(top)
    return order


def forward(top):
    for gate in order_of(top):
        if gate.kind == "add":
            gate.value = gate.ins[0].value + gate.ins[1].value
        elif gate.kind == "mul":
            gate.value = gate.ins[0].value * gate.ins[1].value


def backward(top):
    top.grad = 1.0
    for gate in reversed(order_of(top)):
        if gate.kind == "add":
            gate.ins[0].grad += gate.grad
            gate.ins[1].grad += gate.grad
        elif gate.kind == "mul":
            gate.ins[0].grad += gate.ins[1].value * gate.grad
            gate.ins[1].grad += gate.ins[0].value * gate.grad


a, b, c = Gate(2.0), Gate(-3.0), Gate(0.5)
d = a * b + c
loss = d * d + a * d
forward(loss)
backward(loss)
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].value).hex(), float(globals()[name].grad).hex())
