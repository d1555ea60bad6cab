"""Slopes lie in a dict by operand, or are given back by a closure with its operands."""


class Term:
    def __init__(self, value, parents=(), parent_op=None):
        self.value = value
        self.parents = parents
        self.parent_op = parent_op
        self.grad = 0
        self.grad_wrt = {}

    def __add__(self, other):
        output = Term(self.value + other.value, [self, other], "+")
        output.grad_wrt[self] = 1
        output.grad_wrt[other] = 1
        return output

    def __mul__(self, other):
        if self is other:
            output = Term(self.value**2, [self], "^2")
            output.grad_wrt[self] = 2 * self.value
            return output
        output = Term(self.value * other.value, [self, other], "*")
        output.grad_wrt[self] = other.value
        output.grad_wrt[other] = self.value
        return output

    def backward(self):
        ordered, visited = [], set()

        def add_parents(node):
            if node not in visited:
                visited.add(node)
                for parent in node.parents:
                    add_parents(parent)
                ordered.append(node)

        add_parents(self)
        self.grad = 1
        for node in reversed(ordered):
            for parent in node.parents:
                parent.grad += node.grad * node.grad_wrt[parent]


a, b, c = Term(2.0), Term(-3.0), Term(0.5)
d = a * b + c
loss = d * d + a * d
loss.backward()
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].value).hex(), float(globals()[name].grad).hex())
