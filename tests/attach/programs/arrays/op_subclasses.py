"""Each op is a class derived from the array's, with a backward method of its own."""

import numpy as np

rng = np.random.default_rng(9)


class Field:
    def __init__(self, values, sources=()):
        self.values = np.asarray(values, float)
        self.pull = None
        self.sources = tuple(sources)

    def __add__(self, other):
        return Sum(self, other)

    def __mul__(self, other):
        return Product(self, other)

    def __matmul__(self, other):
        return Dot(self, other)

    def total(self):
        return Total(self)

    def add_pull(self, share):
        if self.pull is None:
            self.pull = np.zeros_like(self.values)
        self.pull += share

    def _backward(self, pull):
        pass


class Sum(Field):
    def __init__(self, left, right):
        super().__init__(left.values + right.values, (left, right))
        self.left, self.right = left, right

    def _backward(self, pull):
        self.left.add_pull(pull)
        self.right.add_pull(pull.sum(0) if self.right.values.ndim < pull.ndim else pull)


class Product(Field):
    def __init__(self, left, right):
        super().__init__(left.values * right.values, (left, right))
        self.left, self.right = left, right

    def _backward(self, pull):
        self.left.add_pull(pull * self.right.values)
        self.right.add_pull(pull * self.left.values)


class Dot(Field):
    def __init__(self, left, right):
        super().__init__(left.values @ right.values, (left, right))
        self.left, self.right = left, right

    def _backward(self, pull):
        self.left.add_pull(pull @ self.right.values.T)
        self.right.add_pull(self.left.values.T @ pull)


class Total(Field):
    def __init__(self, inner):
        super().__init__(inner.values.sum().reshape(1), (inner,))
        self.inner = inner

    def _backward(self, pull):
        self.inner.add_pull(pull * np.ones_like(self.inner.values))


def descend(top):
    order = []

    def sort(field):
        if all(field is not each for each in order):
            for each in field.sources:
                sort(each)
            order.append(field)

    sort(top)
    top.pull = np.ones_like(top.values)
    for field in reversed(order):
        field._backward(field.pull)


x, y = Field(rng.normal(size=(4, 3))), Field(rng.normal(size=(4, 2)))
w, b = Field(rng.normal(size=(3, 2))), Field(np.full(2, 0.1))
for step in range(2):
    for each in (x, y, w, b):
        each.pull = None
    h = x @ w + b
    loss = (h * h * y).total()
    descend(loss)
    for name in ("x", "w", "b", "h", "loss"):
        field = globals()[name]
        for at in np.ndindex(field.values.shape):
            index = "".join(f"[{i}]" for i in at)
            print(name + index, float(field.values[at]).hex(), float(field.pull[at]).hex())
    for each in (w, b):
        each.values = each.values - 0.05 * each.pull
