"""Ops are objects with `compute` and `gradient`; gradients are tensors, computed with tensors."""

import numpy as np


class Op:
    def __call__(self, *inputs):
        return Tensor(self.compute(*[each.cached for each in inputs]), op=self, inputs=inputs)


class Add(Op):
    def compute(self, a, b):
        return a + b

    def gradient(self, out_grad, node):
        return out_grad, out_grad


class Multiply(Op):
    def compute(self, a, b):
        return a * b

    def gradient(self, out_grad, node):
        a, b = node.inputs
        return out_grad * b, out_grad * a


class Negate(Op):
    def compute(self, a):
        return -a

    def gradient(self, out_grad, node):
        return -out_grad


class MatMul(Op):
    def compute(self, a, b):
        return a @ b

    def gradient(self, out_grad, node):
        a, b = node.inputs
        return out_grad @ b.transpose(), a.transpose() @ out_grad


class Transpose(Op):
    def compute(self, a):
        return a.T

    def gradient(self, out_grad, node):
        return out_grad.transpose()


class Summation(Op):
    def compute(self, a):
        return np.sum(a)

    def gradient(self, out_grad, node):
        (a,) = node.inputs
        return Broadcast(a.cached.shape)(out_grad)


class Broadcast(Op):
    def __init__(self, shape):
        self.shape = shape

    def compute(self, a):
        return np.broadcast_to(a, self.shape).copy()

    def gradient(self, out_grad, node):
        (a,) = node.inputs
        grad = out_grad
        while len(grad.cached.shape) > len(a.cached.shape):
            grad = SumFirst()(grad)
        return grad


class SumFirst(Op):
    def compute(self, a):
        return a.sum(axis=0)

    def gradient(self, out_grad, node):
        (a,) = node.inputs
        return Broadcast(a.cached.shape)(out_grad)


class Tensor:
    def __init__(self, array, op=None, inputs=()):
        self.cached = np.asarray(array, dtype=np.float64)
        self.op, self.inputs, self.grad = op, inputs, None

    def __add__(self, other):
        return Add()(self, other)

    def __mul__(self, other):
        return Multiply()(self, other)

    def __neg__(self):
        return Negate()(self)

    def __matmul__(self, other):
        return MatMul()(self, other)

    def transpose(self):
        return Transpose()(self)

    def sum(self):
        return Summation()(self)

    def backward(self):
        compute_gradients(self, Tensor(np.ones(self.cached.shape)))


def compute_gradients(output, out_grad):
    order, seen = [], set()

    def visit(node):
        if id(node) in seen:
            return
        seen.add(id(node))
        for each in node.inputs:
            visit(each)
        order.append(node)

    visit(output)
    lists = {id(output): [out_grad]}
    for node in reversed(order):
        grads = lists[id(node)]
        total = grads[0]
        for each in grads[1:]:
            total = total + each
        node.grad = total
        if node.op is not None:
            parts = node.op.gradient(node.grad, node)
            for each, part in zip(node.inputs, parts if isinstance(parts, tuple) else (parts,)):
                lists.setdefault(id(each), []).append(part)


rng = np.random.default_rng(4)
x, w = Tensor(rng.normal(size=(3, 2))), Tensor(rng.normal(size=(2, 4)))
b, y = Tensor(rng.normal(size=4)), Tensor(rng.normal(size=(3, 4)))
for step in range(2):
    h = x @ w + Broadcast((3, 4))(b)
    diff = h + -y
    loss = (diff * diff).sum()
    loss.backward()
    for name in ("x", "w", "b", "h", "loss"):
        tensor = globals()[name]
        for at in np.ndindex(tensor.cached.shape):
            index = "".join(f"[{i}]" for i in at)
            print(name + index, float(tensor.cached[at]).hex(), float(tensor.grad.cached[at]).hex())
    w = Tensor(w.cached - 0.05 * w.grad.cached)
    b = Tensor(b.cached - 0.05 * b.grad.cached)
