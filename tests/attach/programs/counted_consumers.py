"""The gradient is a property over a hidden attribute, and never read from outside."""


class Value:
    def __init__(self, data, inputs=(), pull=None):
        self._data = data
        self._inputs = inputs
        self._pull = pull
        self._grad = 0.0

    @property
    def data(self):
        return self._data

    @property
    def grad(self):
        return self._grad

    @grad.setter
    def grad(self, new):
        self._grad = float(new)

    def __add__(self, other):
        return Value(self._data + other._data, (self, other), lambda g: (g, g))

    def __mul__(self, other):
        x, y = self._data, other._data
        return Value(x * y, (self, other), lambda g: (g * y, g * x))

    def backward(self):
        order, todo = [], [self]
        counts = {}
        while todo:
            node = todo.pop()
            for each in node._inputs:
                counts[each] = counts.get(each, 0) + 1
                if counts[each] == 1:
                    todo.append(each)
        self.grad = 1
        todo = [self]
        while todo:
            node = todo.pop()
            order.append(node)
            if node._pull is None:
                continue
            for each, share in zip(node._inputs, node._pull(node.grad)):
                each.grad = each.grad + share
                counts[each] -= 1
                if not counts[each]:
                    todo.append(each)


a, b, c = Value(2.0), Value(-3.0), Value(0.5)
d = a * b + c
loss = d * d + a * d
loss.backward()
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].data).hex(), float(globals()[name].grad).hex())
