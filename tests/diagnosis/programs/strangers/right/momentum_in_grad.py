"""Heavy-ball descent: the gradient itself keeps a part of what it was."""
import random


class Q:
    def __init__(self, value, parts=()):
        self.value = value
        self.grad = 0.0
        self.parts = parts


def plus(a, b):
    return Q(a.value + b.value, [(a, 1.0), (b, 1.0)])


def times(a, b):
    return Q(a.value * b.value, [(a, b.value), (b, a.value)])


def const(x):
    return Q(float(x))


def backpropagate(root):
    order, seen = [], set()

    def visit(q):
        if id(q) in seen:
            return
        seen.add(id(q))
        for p, _ in q.parts:
            visit(p)
        order.append(q)

    visit(root)
    root.grad = 1.0
    for q in reversed(order):
        for p, slope in q.parts:
            p.grad += slope * q.grad


random.seed(13)
coefficients = [Q(random.gauss(0, 0.3)) for _ in range(4)]
samples = [(x / 8, (x / 8) ** 3 - 0.5 * (x / 8)) for x in range(-8, 9)]
for step in range(50):
    loss = const(0)
    for x, y in samples:
        guess = const(-y)
        for k, c in enumerate(coefficients):
            guess = plus(guess, times(c, const(x ** k)))
        loss = plus(loss, times(guess, guess))
    loss = times(loss, const(1 / len(samples)))
    for c in coefficients:
        c.grad *= 0.8  # what is left of the steps before; this pass is added to it
    backpropagate(loss)
    for c in coefficients:
        c.value -= 0.1 * c.grad
    if step % 10 == 0:
        print(step, f"{loss.value:.5f}")
