import numpy as np

data_rng, drop_rng = np.random.default_rng(0), np.random.default_rng(1)


class Tensor:
    def __init__(self, data, deps=()):
        self.data, self.deps = np.array(data, dtype=float), deps  # deps: (tensor, function of g)
        self.grad = np.zeros(self.data.shape)

    def dot(self, w):
        return Tensor(self.data @ w.data, ((self, lambda g: g @ w.data.T), (w, lambda g: self.data.T @ g)))

    def plus(self, b):
        return Tensor(self.data + b.data, ((self, lambda g: g), (b, lambda g: g.sum(0))))

    def tanh(self):
        t = np.tanh(self.data)
        return Tensor(t, ((self, lambda g: g * (1 - t ** 2)),))

    def masked(self, mask):
        return Tensor(self.data * mask, ((self, lambda g: g * mask),))

    def mse(self, y):
        d = self.data - y
        return Tensor((d ** 2).mean(), ((self, lambda g: g * 2 * d / d.size),))

    def backward(self):
        order, seen = [], set()

        def visit(t):
            if id(t) in seen:
                return
            seen.add(id(t))
            [visit(d) for d, _ in t.deps]
            order.append(t)

        visit(self)
        self.grad = np.array(1.0)
        for t in order[::-1]:
            for d, f in t.deps:
                d.grad = d.grad + f(t.grad)


def net(x, train):
    h = Tensor(x).dot(W1).plus(B1).tanh()
    if train:
        h = h.masked((drop_rng.random(h.data.shape) < 0.8) / 0.8)
    return h.dot(W2).plus(B2)


X = data_rng.normal(size=(60, 2))
Y = (np.sin(X[:, :1]) + 0.5 * X[:, 1:])
W1, B1 = Tensor(data_rng.normal(size=(2, 16))), Tensor(np.zeros(16))
W2, B2 = Tensor(data_rng.normal(size=(16, 1)) * 0.3), Tensor(np.zeros(1))
for epoch in range(60):
    for p in (W1, B1, W2, B2):
        p.grad = np.zeros(p.data.shape)
    loss = net(X[:45], True).mse(Y[:45])
    loss.backward()
    for p in (W1, B1, W2, B2):
        p.data -= 0.1 * p.grad
    if epoch % 10 == 9:
        print(f"{epoch}: train {loss.data:.4f}, held out {net(X[45:], False).mse(Y[45:]).data:.4f}")
