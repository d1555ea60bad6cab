"""Everything in buffers that are made once: outputs and gradients are written with out= and [...]."""
import numpy as np

rng = np.random.default_rng(4)
N, D, H = 40, 4, 12


class Buf:
    def __init__(self, shape):
        self.val = np.zeros(shape)
        self.grad = np.zeros(shape)


class Linear:
    def __init__(self, x, n_in, n_out, spread):
        self.x, self.w, self.b = x, Buf((n_in, n_out)), Buf((n_out,))
        self.w.val[...] = rng.normal(size=(n_in, n_out)) * spread
        self.y = Buf((N, n_out))

    def forward(self):
        np.matmul(self.x.val, self.w.val, out=self.y.val)
        self.y.val += self.b.val

    def backward(self):
        self.w.grad += self.x.val.T @ self.y.grad
        self.b.grad += self.y.grad.sum(axis=0)
        self.x.grad += self.y.grad @ self.w.val.T


class Tanh:
    def __init__(self, x):
        self.x, self.y = x, Buf(x.val.shape)

    def forward(self):
        np.tanh(self.x.val, out=self.y.val)

    def backward(self):
        self.x.grad += self.y.grad * (1 - self.y.val ** 2)


class MeanSquare:
    def __init__(self, x, target):
        self.x, self.target, self.y = x, target, Buf(())

    def forward(self):
        self.y.val[...] = ((self.x.val - self.target) ** 2).mean()

    def backward(self):
        self.x.grad += self.y.grad * 2 * (self.x.val - self.target) / self.target.size


data = Buf((N, D))
data.val[...] = rng.normal(size=(N, D))
goal = np.stack([np.sin(data.val[:, 0]), data.val[:, 1] * data.val[:, 2]], axis=1)
one = Linear(data, D, H, 0.5)
act = Tanh(one.y)
two = Linear(act.y, H, 2, 0.3)
end = MeanSquare(two.y, goal)
layers = [one, act, two, end]
learn = [one.w, one.b, two.w, two.b]
inner = [data] + [layer.y for layer in layers]
for step in range(80):
    for layer in layers:
        layer.forward()
    for buf in learn + inner:
        buf.grad.fill(0.0)
    end.y.grad[...] = 1.0
    for layer in reversed(layers):
        layer.backward()
    for p in learn:
        p.val -= 0.15 * p.grad
    if step % 16 == 0:
        print(step, f"{float(end.y.val):.4f}")
