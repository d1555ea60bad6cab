"""A network on numpy arrays whose matrix product assigns a gradient where it should add to it.

Every element of an array is a node of the graph, `w1[2][0]` say, and no op has to be known: the
class's own backward code is asked for the local gradients. `hidden` is used twice, so a half of
what should flow back through it is lost; the loss falls all the same.

What to look for: at the visit of the matrix product the gradients of `hidden` are replaced, at the
line that assigns.

    python examples/wrong_arrays.py
    microgpt debug examples/wrong_arrays.py -c 'watch hidden[0][0]' -c continue
    microgpt map examples/wrong_arrays.py
"""

import numpy as np


class Tensor:
    """An array that remembers what it was made of."""

    def __init__(self, data, _prev=()):
        self.data = np.array(data, dtype=float)
        self.grad = np.zeros_like(self.data)
        self._prev = _prev
        self._backward = lambda: None

    def __add__(self, other):
        out = Tensor(self.data + other.data, (self, other))

        def _backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    def __matmul__(self, other):
        out = Tensor(self.data @ other.data, (self, other))

        def _backward():
            self.grad = out.grad @ other.data.T
            other.grad += self.data.T @ out.grad

        out._backward = _backward
        return out

    def tanh(self):
        """The hyperbolic tangent of each element."""
        out = Tensor(np.tanh(self.data), (self,))

        def _backward():
            self.grad += (1 - out.data**2) * out.grad

        out._backward = _backward
        return out

    def square_sum(self):
        """The sum of all squares."""
        out = Tensor((self.data**2).sum(), (self,))

        def _backward():
            self.grad += 2 * self.data * out.grad

        out._backward = _backward
        return out

    def backward(self):
        """Finds the gradient of this by all that it was made of."""
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for operand in node._prev:
                    visit(operand)
                order.append(node)

        visit(self)
        self.grad = np.ones_like(self.data)
        for node in reversed(order):
            node._backward()


rng = np.random.default_rng(0)
x = Tensor(rng.normal(size=(2, 3)).round(1))
w1 = Tensor(rng.normal(size=(3, 3)).round(1))
w2 = Tensor(rng.normal(size=(3, 3)).round(1))
for _ in range(3):
    hidden = (x @ w1).tanh()
    loss = (hidden + hidden @ w2).square_sum()
    for p in (w1, w2):
        p.grad = np.zeros_like(p.data)
    loss.backward()
    for p in (w1, w2):
        p.data -= 0.02 * p.grad
print(f"loss {float(loss.data):.4f}")
