"""A Value of one's own with a mistake in it: relu passes gradient on where its input is negative.

It trains all the same, so nothing shows that anything is wrong. The debugger needs no change to
the program to find the op and the line.

What to look for: `gradcheck` finds gradients that moving the number does not confirm, and names the
relu at which that begins.

    python examples/wrong_relu.py
    microgpt debug examples/wrong_relu.py -c gradcheck
    microgpt-tui run examples/wrong_relu.py
"""


class Value:
    """A scalar that knows what it was computed from."""

    def __init__(self, data, children=(), local_grads=()):
        self.data = data
        self.grad = 0
        self._children = children
        self._local_grads = local_grads

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), (1, 1))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def relu(self):
        """The number where it is positive, else 0."""
        return Value(max(0, self.data), (self,), (1,))  # should be (float(self.data > 0),)

    def backward(self):
        """Adds to `grad` of every node, from results to operands."""
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for child in node._children:
                    visit(child)
                order.append(node)

        visit(self)
        self.grad = 1
        for node in reversed(order):
            for child, local_grad in zip(node._children, node._local_grads, strict=True):
                child.grad += local_grad * node.grad


w = [Value(0.5), Value(-0.25)]
for step in range(3):
    hidden = [(p * 2.0).relu() for p in w]
    loss = hidden[0] * 3.0 + hidden[1] * hidden[0]
    loss.backward()
    print(f"step {step}: loss {loss.data}")
    for p in w:
        p.data -= 0.0625 * p.grad
        p.grad = 0
