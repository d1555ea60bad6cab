"""Nodes are taken from a heap, newest first; the rules lie in a decorated registry."""

import heapq

RULES = {}


def rule(name):
    def register(function):
        RULES[name] = function
        return function

    return register


@rule("add")
def add_rule(grad, x, y):
    return grad, grad


@rule("mul")
def mul_rule(grad, x, y):
    return grad * y.number, grad * x.number


class Var:
    made = 0

    def __init__(self, number, creator=None, parents=()):
        self.number, self.creator, self.parents = number, creator, parents
        self.grad = None
        Var.made += 1
        self.generation = Var.made

    def __lt__(self, other):
        return self.generation > other.generation

    def __add__(self, other):
        return Var(self.number + other.number, "add", (self, other))

    def __mul__(self, other):
        return Var(self.number * other.number, "mul", (self, other))

    def backward(self):
        self.grad = 1.0
        heap, known = [self], {id(self)}
        while heap:
            var = heapq.heappop(heap)
            if var.creator is None:
                continue
            for parent, share in zip(var.parents, RULES[var.creator](var.grad, *var.parents)):
                parent.grad = share if parent.grad is None else parent.grad + share
                if id(parent) not in known:
                    known.add(id(parent))
                    heapq.heappush(heap, parent)


a, b, c = Var(2.0), Var(-3.0), Var(0.5)
d = a * b + c
loss = d * d + a * d
loss.backward()
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].number).hex(), float(globals()[name].grad).hex())
