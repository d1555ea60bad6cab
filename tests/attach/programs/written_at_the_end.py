"""Derivatives come together in a dict; when all are known each node gets its own, by a property."""

from collections import OrderedDict


class Past:
    def __init__(self, made_by=None, kept=None, given=()):
        self.made_by = made_by
        self.kept = kept
        self.given = given


class Rule:
    @classmethod
    def use(cls, *given):
        plain = [v.data if isinstance(v, Scalar) else v for v in given]
        return Scalar(cls.compute(*plain), Past(cls, plain, given))


class Sum(Rule):
    @staticmethod
    def compute(x, y):
        return x + y

    @staticmethod
    def backward(kept, d):
        return d, d


class Product(Rule):
    @staticmethod
    def compute(x, y):
        return x * y

    @staticmethod
    def backward(kept, d):
        x, y = kept
        return y * d, x * d


class Scalar:
    def __init__(self, data, past=None):
        self.data = data
        self.past = past or Past()
        self._slope = None

    @property
    def slope(self):
        return self._slope

    @slope.setter
    def slope(self, value):
        if not isinstance(value, (int, float)):
            raise TypeError("a number is needed")
        self._slope = float(value)

    def is_leaf(self):
        return self.past.made_by is None

    def __add__(self, other):
        return Sum.use(self, other)

    def __mul__(self, other):
        return Product.use(self, other)


def backpropagate(top):
    order, waiting = OrderedDict(), [top]
    while waiting:
        at = waiting.pop(0)
        order[at] = None
        order.move_to_end(at)
        waiting += [v for v in at.past.given if isinstance(v, Scalar)]
    slopes = {top: 1.0}
    for at in order:
        if not at.is_leaf():
            for v, d in zip(at.past.given, at.past.made_by.backward(at.past.kept, slopes[at])):
                if isinstance(v, Scalar):
                    slopes[v] = slopes.get(v, 0.0) + d
    for at, slope in slopes.items():
        if at.is_leaf() and at.slope is not None:
            slope += at.slope
        at.slope = slope


a, b, c = Scalar(2.0), Scalar(-3.0), Scalar(0.5)
d = a * b + c
loss = d * d + a * d
backpropagate(loss)
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].data).hex(), float(globals()[name].slope).hex())
