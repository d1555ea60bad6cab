"""Gradients are arrays that no line ever sets: all is written into them, and so are the updates."""

import numpy as np

rng = np.random.default_rng(6)


class Block:
    def __init__(self, body, feeds=(), push=None):
        self.body = np.asarray(body, float)
        self.pressure = np.zeros_like(self.body)
        self.feeds = feeds
        self.push = push

    def __add__(self, other):
        out = Block(self.body + other.body, (self, other))

        def push():
            np.add(self.pressure, out.pressure, out=self.pressure)
            other.pressure[...] += out.pressure.sum(0)

        out.push = push
        return out

    def __mul__(self, other):
        out = Block(self.body * other.body, (self, other))

        def push():
            self.pressure[...] = self.pressure + out.pressure * other.body
            np.add.at(other.pressure, ..., out.pressure * self.body)

        out.push = push
        return out

    def __matmul__(self, other):
        out = Block(self.body @ other.body, (self, other))

        def push():
            np.add(self.pressure, out.pressure @ other.body.T, out=self.pressure)
            np.add(other.pressure, self.body.T @ out.pressure, out=other.pressure)

        out.push = push
        return out

    def total(self):
        out = Block(self.body.sum().reshape(1), (self,))

        def push():
            self.pressure[:] += out.pressure

        out.push = push
        return out


x, y = Block(rng.normal(size=(4, 3))), Block(rng.normal(size=(4, 2)))
w, b = Block(rng.normal(size=(3, 2))), Block(np.full(2, 0.1))
for step in range(2):
    for each in (x, y, w, b):
        each.pressure.fill(0.0)
    h = x @ w + b
    loss = (h * h * y).total()
    order, waiting = [], [(loss, False)]
    while waiting:
        block, is_done = waiting.pop()
        if is_done:
            order.append(block)
        elif all(block is not each for each in order):
            waiting.append((block, True))
            waiting += [(each, False) for each in block.feeds]
    loss.pressure[...] = 1.0
    for block in reversed(order):
        if block.push is not None:
            block.push()
    for name in ("x", "w", "b", "h", "loss"):
        block = globals()[name]
        for at in np.ndindex(block.body.shape):
            index = "".join(f"[{i}]" for i in at)
            print(name + index, float(block.body[at]).hex(), float(block.pressure[at]).hex())
    for each in (w, b):
        each.body[...] -= 0.05 * each.pressure
    for each in (h, loss):
        each.pressure[...] = 0.0
