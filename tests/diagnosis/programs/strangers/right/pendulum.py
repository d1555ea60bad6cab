"""Length and friction of a pendulum from its angles, through unrolled semi-implicit Euler steps."""
import math


class Node:
    def __init__(self, value, inputs=(), pull=None):
        self.value = value
        self.adjoint = 0.0
        self.inputs = inputs
        self.pull = pull  # adjoint -> one share for each input


def op(value, inputs, pull):
    return Node(value, inputs, pull)


def add(a, b): return op(a.value + b.value, (a, b), lambda g: (g, g))
def sub(a, b): return op(a.value - b.value, (a, b), lambda g: (g, -g))
def mul(a, b): return op(a.value * b.value, (a, b), lambda g: (g * b.value, g * a.value))
def div(a, b): return op(a.value / b.value, (a, b), lambda g: (g / b.value, -g * a.value / b.value ** 2))
def sin(a): return op(math.sin(a.value), (a,), lambda g: (g * math.cos(a.value),))


def reverse_pass(root):
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        n, done = stack.pop()
        if done:
            order.append(n)
        elif id(n) not in seen:
            seen.add(id(n))
            stack.append((n, True))
            stack += [(i, False) for i in n.inputs]
    root.adjoint = 1.0
    for n in reversed(order):
        if n.pull:
            for i, share in zip(n.inputs, n.pull(n.adjoint)):
                i.adjoint += share


DT, STEPS = 0.05, 50


def swing(length, friction):
    angle, speed = Node(1.0), Node(0.0)
    g, dt = Node(9.81), Node(DT)
    track = []
    for _ in range(STEPS):
        pull = add(div(mul(g, sin(angle)), length), mul(friction, speed))
        speed = sub(speed, mul(dt, pull))
        angle = add(angle, mul(dt, speed))
        track.append(angle)
    return track


seen = [a.value for a in swing(Node(1.3), Node(0.4))]
length, friction = Node(1.0), Node(0.2)
for it in range(60):
    loss = Node(0.0)
    for a, y in zip(swing(length, friction), seen):
        e = sub(a, Node(y))
        loss = add(loss, mul(e, e))
    loss = div(loss, Node(float(STEPS)))
    for p in (length, friction):
        p.adjoint = 0.0
    reverse_pass(loss)
    length.value -= 0.15 * length.adjoint
    friction.value -= 0.15 * friction.adjoint
    if it % 12 == 0:
        print(it, f"{loss.value:.5f} length {length.value:.3f} friction {friction.value:.3f}")
