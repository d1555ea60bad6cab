"""A recursion that hands on all that a node has so far, at each of its visits."""


class Item:
    def __init__(self, data, prev=(), op=None):
        self.data = data
        self.prev = prev
        self.grad = 0
        self.back = op

    def __add__(self, other):
        def back(item):
            for each in item.prev:
                each.grad += item.grad

        return Item(self.data + other.data, (self, other), back)

    def __mul__(self, other):
        def back(item):
            item.prev[0].grad += item.grad * item.prev[1].data
            item.prev[1].grad += item.grad * item.prev[0].data

        return Item(self.data * other.data, (self, other), back)

    def backward(self, is_last=True):
        if is_last:
            self.grad = 1
        if self.back:
            self.back(self)
        for each in self.prev:
            each.backward(is_last=False)


a, b, c = Item(2.0), Item(-3.0), Item(0.5)
d = a * b + c
loss = d * d + a * d
loss.backward()
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].data).hex(), float(globals()[name].grad).hex())
