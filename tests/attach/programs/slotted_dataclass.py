"""A dataclass with slots, closures, compared by identity."""

from dataclasses import dataclass, field


@dataclass(eq=False)
class Scalar:
    __slots__ = ("back", "data", "grad", "srcs")
    data: float
    srcs: tuple
    back: object
    grad: float

    @staticmethod
    def leaf(x):
        return Scalar(x, (), None, 0.0)

    def __add__(self, other):
        out = Scalar(self.data + other.data, (self, other), None, 0.0)

        def back():
            self.grad += out.grad
            other.grad += out.grad

        out.back = back
        return out

    def __mul__(self, other):
        out = Scalar(self.data * other.data, (self, other), None, 0.0)

        def back():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out.back = back
        return out

    def go(self):
        order, seen = [], set()

        def visit(s):
            if s not in seen:
                seen.add(s)
                for each in s.srcs:
                    visit(each)
                order.append(s)

        visit(self)
        self.grad = 1.0
        for s in reversed(order):
            if s.back:
                s.back()


a, b, c = Scalar.leaf(2.0), Scalar.leaf(-3.0), Scalar.leaf(0.5)
d = a * b + c
loss = d * d + a * d
loss.go()
assert field
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].data).hex(), float(globals()[name].grad).hex())
