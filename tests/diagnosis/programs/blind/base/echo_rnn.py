# An RNN that has to say again what it heard two ticks ago.
# State is carried from one stretch to the next, gradients are not.
import math
import random
from dataclasses import dataclass, field
from typing import Callable, Optional

rand = random.Random(2024)


@dataclass(slots=True, eq=False)
class Node:
    val: float
    grad: float = 0.0
    inputs: tuple = ()
    pull: Optional[Callable] = field(default=None, repr=False)


def plus(a: Node, b: Node) -> Node:
    def pull(g):
        a.grad += g
        b.grad += g
    return Node(a.val + b.val, 0.0, (a, b), pull)


def minus(a: Node, b: Node) -> Node:
    def pull(g):
        a.grad += g
        b.grad -= g
    return Node(a.val - b.val, 0.0, (a, b), pull)


def prod(a: Node, b: Node) -> Node:
    def pull(g):
        a.grad += g * b.val
        b.grad += g * a.val
    return Node(a.val * b.val, 0.0, (a, b), pull)


def tanh(a: Node) -> Node:
    y = math.tanh(a.val)

    def pull(g):
        a.grad += g * (1.0 - y * y)
    return Node(y, 0.0, (a,), pull)


def sigmoid(a: Node) -> Node:
    y = 1.0 / (1.0 + math.exp(-a.val))

    def pull(g):
        a.grad += g * y * (1.0 - y)
    return Node(y, 0.0, (a,), pull)


def ln(a: Node) -> Node:
    def pull(g):
        a.grad += g / a.val
    return Node(math.log(a.val), 0.0, (a,), pull)


def run_back(root: Node):
    order, marked = [], set()
    stack = [(root, False)]
    while stack:
        n, ready = stack.pop()
        if ready:
            order.append(n)
        elif n not in marked:
            marked.add(n)
            stack.append((n, True))
            for i in n.inputs:
                stack.append((i, False))
    root.grad = 1.0
    for n in reversed(order):
        if n.pull:
            n.pull(n.grad)


HID = 6
wx = [Node(rand.uniform(-0.8, 0.8)) for _ in range(HID)]
wh = [[Node(rand.uniform(-0.5, 0.5)) for _ in range(HID)] for _ in range(HID)]
bh = [Node(rand.uniform(-0.1, 0.1)) for _ in range(HID)]
wo = [Node(rand.uniform(-0.5, 0.5)) for _ in range(HID)]
bo = Node(0.0)
theta = wx + [w for row in wh for w in row] + bh + wo + [bo]


def cell(x: float, state: list) -> list:
    new = []
    for i in range(HID):
        s = plus(bh[i], prod(wx[i], Node(x)))
        for j in range(HID):
            s = plus(s, prod(wh[i][j], state[j]))
        new.append(tanh(s))
    return new


def readout(state: list) -> Node:
    s = bo
    for w, h in zip(wo, state):
        s = plus(s, prod(w, h))
    return sigmoid(s)


bits = [rand.randint(0, 1) for _ in range(322)]
state = [Node(0.0) for _ in range(HID)]
one = Node(1.0)
pos, history = 2, []
for chunk in range(40):
    loss = Node(0.0)
    for t in range(pos, pos + 8):
        state = cell(2.0 * bits[t] - 1.0, state)
        p = readout(state)
        right = p if bits[t - 2] else minus(one, p)
        loss = minus(loss, ln(right))
    loss = prod(loss, Node(1 / 8))
    run_back(loss)
    size = math.sqrt(sum(n.grad ** 2 for n in theta))
    shrink = min(1.0, 2.0 / (size + 1e-9))
    for n in theta:
        n.val -= 0.5 * shrink * n.grad
        n.grad = 0.0
    one.grad = 0.0
    state = [Node(s.val) for s in state]
    history.append(loss.val)
    pos += 8
print("first", round(sum(history[:8]) / 8, 4), "last", round(sum(history[-8:]) / 8, 4))
