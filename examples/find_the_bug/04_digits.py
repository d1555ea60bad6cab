"""Ten digits of three by five dots, read by a network with three equal hidden layers.

Who wrote it: Dmitri, who works with arrays all day and does not like to see memory wasted.

What he sees: the loss falls, and most digits are read rightly in the end.

What puzzles him: he prints how far each layer's weights have moved since the start. Those of the
second and the third layer have moved by the same distance, to all digits, though they began as
different random numbers. In a test with one hidden layer all gradients were right.

How to try: read it first. Then

    python examples/find_the_bug/04_digits.py
    microgpt debug examples/find_the_bug/04_digits.py
    microgpt diagnose examples/find_the_bug/04_digits.py
"""

import numpy as np

DIGITS = """
### .#. ### ### #.# ### ### ### ### ###
#.# ##. ..# ..# #.# #.. #.. ..# #.# #.#
#.# .#. ### ### ### ### ### .#. ### ###
#.# .#. #.. ..# ..# ..# #.# .#. #.# ..#
### ### ### ### ..# ### ### .#. ### ###
"""


class Tensor:
    """An array with its gradient."""

    def __init__(self, data, parents=()):
        self.data = np.array(data, dtype=float)
        self.grad = np.zeros_like(self.data)
        self.parents = parents
        self._backward = lambda: None

    def __matmul__(self, other):
        out = Tensor(self.data @ other.data, (self, other))

        def _backward():
            self.grad += out.grad @ other.data.T
            other.grad += self.data.T @ out.grad

        out._backward = _backward
        return out

    def __add__(self, other):
        out = Tensor(self.data + other.data, (self, other))

        def _backward():
            self.grad += out.grad
            other.grad += out.grad.sum(axis=0, keepdims=True)  # a row, for all rows

        out._backward = _backward
        return out

    def tanh(self):
        """The hyperbolic tangent of each element."""
        out = Tensor(np.tanh(self.data), (self,))

        def _backward():
            self.grad += (1 - out.data**2) * out.grad

        out._backward = _backward
        return out

    def cross_entropy(self, labels):
        """The mean surprise at the labels, one for each row of scores."""
        exps = np.exp(self.data - self.data.max(axis=1, keepdims=True))
        probs = exps / exps.sum(axis=1, keepdims=True)
        rows = np.arange(len(labels))
        out = Tensor(-np.log(probs[rows, labels]).mean(), (self,))

        def _backward():
            shift = probs.copy()
            shift[rows, labels] -= 1
            self.grad += shift / len(labels) * out.grad

        out._backward = _backward
        return out

    def backward(self):
        """Finds the gradients of all that this was made of."""
        order, seen = [], set()

        def visit(tensor):
            if tensor not in seen:
                seen.add(tensor)
                for parent in tensor.parents:
                    visit(parent)
                order.append(tensor)

        visit(self)
        self.grad = np.ones_like(self.data)
        for tensor in reversed(order):
            tensor._backward()


rng = np.random.default_rng(2)
lines = [line.split() for line in DIGITS.split("\n") if line]
images = np.array([[float(dot == "#") for line in lines for dot in line[n]] for n in range(10)])
labels = np.arange(10)

widths = [15, 12, 12, 12, 10]
weights = [Tensor(rng.normal(size=(n, m)) / n**0.5) for n, m in zip(widths, widths[1:])]
biases = [Tensor(np.zeros((1, m))) for m in widths[1:]]
first = [weight.data.copy() for weight in weights]
blank = {p.data.shape: np.zeros(p.data.shape) for p in weights + biases}

for step in range(50):
    x = Tensor(images)
    for weight, bias in zip(weights[:-1], biases[:-1]):
        x = (x @ weight + bias).tanh()
    scores = x @ weights[-1] + biases[-1]
    loss = scores.cross_entropy(labels)
    for p in weights + biases:
        p.grad = blank[p.data.shape]
        p.grad.fill(0.0)
    loss.backward()
    for p in weights + biases:
        p.data -= 0.2 * p.grad
    if step % 10 == 9:
        right = int((scores.data.argmax(axis=1) == labels).sum())
        far = (np.linalg.norm(w.data - was) for w, was in zip(weights, first))
        moved = " ".join(f"{distance:.4f}" for distance in far)
        print(f"step {step + 1:2}: loss {loss.data:.4f}, {right} of 10 right, moved {moved}")
