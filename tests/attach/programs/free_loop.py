"""No function at all: the training code itself is the pass."""


class Node:
    def __init__(self, data, ops=(), locs=()):
        self.data = data
        self.ops = ops
        self.locs = locs
        self.sens = 0.0

    def __add__(self, other):
        return Node(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Node(self.data * other.data, (self, other), (other.data, self.data))


a, b, c = Node(2.0), Node(-3.0), Node(0.5)
d = a * b + c
loss = d * d + a * d
order, todo = [], [loss]
while todo:
    n = todo.pop()
    if n in order:
        order.remove(n)
    order.append(n)
    todo.extend(n.ops)
loss.sens = 1.0
for n in order:
    for op, loc in zip(n.ops, n.locs):
        op.sens += loc * n.sens
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].data).hex(), float(globals()[name].sens).hex())
