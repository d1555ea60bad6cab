"""A sender and a receiver with losses of their own: two graphs, two passes, two lists of parameters."""
import math
import random


class Value:
    def __init__(self, data, deps=()):
        self.data = data
        self.grad = 0.0
        self.deps = deps

    def __add__(self, o):
        return Value(self.data + o.data, ((self, lambda g: g), (o, lambda g: g)))

    def __mul__(self, o):
        return Value(self.data * o.data, ((self, lambda g: g * o.data), (o, lambda g: g * self.data)))

    def tanh(self):
        t = math.tanh(self.data)
        return Value(t, ((self, lambda g: g * (1 - t * t)),))

    def backward(self):
        order, seen = [], set()

        def visit(v):
            seen.add(v)
            for d, _ in v.deps:
                if d not in seen:
                    visit(d)
            order.append(v)

        visit(self)
        self.grad = 1.0
        for v in reversed(order):
            for d, f in v.deps:
                d.grad += f(v.grad)


random.seed(66)
filter_w = [Value(random.uniform(-0.3, 0.3)) for _ in range(3)]
guess_w = [Value(random.uniform(-0.5, 0.5)) for _ in range(4)]
signal = [math.sin(0.4 * t) + 0.3 * random.gauss(0, 1) for t in range(60)]
clean = [math.sin(0.4 * t) for t in range(60)]
for step in range(40):
    loss_f = Value(0.0)
    smooth = []
    for t in range(1, 59):
        y = Value(0.0)
        for w, s in zip(filter_w, signal[t - 1:t + 2]):
            y = y + w * Value(s)
        smooth.append(y.data)  # the numbers go on to the second network
        d = y + Value(-clean[t])
        loss_f = loss_f + d * d
    loss_f = loss_f * Value(1 / 58)
    loss_g = Value(0.0)
    for a, b, c in zip(smooth, smooth[1:], smooth[2:]):
        p = (guess_w[0] * Value(a) + guess_w[1] * Value(b) + guess_w[2]).tanh() * guess_w[3]
        d = p + Value(-c)
        loss_g = loss_g + d * d
    loss_g = loss_g * Value(1 / 56)
    for w in filter_w + guess_w:
        w.grad = 0.0
    loss_f.backward()
    loss_g.backward()
    for w in filter_w:
        w.data -= 0.2 * w.grad
    for w in guess_w:
        w.data -= 0.3 * w.grad
    if step % 8 == 0:
        print(step, round(loss_f.data, 4), round(loss_g.data, 4))
