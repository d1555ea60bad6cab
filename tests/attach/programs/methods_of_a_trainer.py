"""A generator gives the nodes in order; the pass is a loop over it in a method of a model."""

from dataclasses import dataclass, field


@dataclass(eq=False)
class Num:
    data: float
    children: tuple = ()
    op: str = "leaf"
    grad: float = field(default=0.0, repr=False)

    def __add__(self, other):
        return Num(self.data + other.data, (self, other), "add")

    def __mul__(self, other):
        return Num(self.data * other.data, (self, other), "mul")

    def walk(self, seen=None):
        seen = set() if seen is None else seen
        if id(self) in seen:
            return
        seen.add(id(self))
        for child in self.children:
            yield from child.walk(seen)
        yield self


class Trainer:
    def backward(self, loss):
        order = list(loss.walk())
        loss.grad = 1.0
        for num in reversed(order):
            match_op = getattr(self, f"back_{num.op}", None)
            if match_op is not None:
                match_op(num, *num.children)

    def back_add(self, out, x, y):
        x.grad += out.grad
        y.grad += out.grad

    def back_mul(self, out, x, y):
        x.grad += y.data * out.grad
        y.grad += x.data * out.grad


a, b, c = Num(2.0), Num(-3.0), Num(0.5)
d = a * b + c
loss = d * d + a * d
Trainer().backward(loss)
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].data).hex(), float(globals()[name].grad).hex())
