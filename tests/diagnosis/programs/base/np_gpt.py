"""A small GPT over batches of numpy arrays: one block, a mask, cross entropy, Adam."""

import numpy as np

gen = np.random.default_rng(3)


class T:
    def __init__(self, data, children=()):
        self.data = np.array(data, dtype=np.float64)
        self.grad = np.zeros_like(self.data)
        self._prev = children
        self._backward = lambda: None

    @staticmethod
    def reduce(grad, shape):
        while grad.ndim > len(shape):
            grad = grad.sum(axis=0)
        return grad

    def __add__(self, other):
        out = T(self.data + other.data, (self, other))

        def _backward():
            self.grad += T.reduce(out.grad, self.data.shape)
            other.grad += T.reduce(out.grad, other.data.shape)

        out._backward = _backward
        return out

    def __mul__(self, factor):
        out = T(self.data * factor, (self,))

        def _backward():
            self.grad += out.grad * factor

        out._backward = _backward
        return out

    def __matmul__(self, other):
        out = T(self.data @ other.data, (self, other))

        def _backward():
            self.grad += T.reduce(out.grad @ other.data.swapaxes(-1, -2), self.data.shape)
            other.grad += T.reduce(self.data.swapaxes(-1, -2) @ out.grad, other.data.shape)

        out._backward = _backward
        return out

    def __getitem__(self, index):
        out = T(self.data[index], (self,))

        def _backward():
            np.add.at(self.grad, index, out.grad)

        out._backward = _backward
        return out

    def turned(self):
        out = T(self.data.swapaxes(-1, -2), (self,))

        def _backward():
            self.grad += out.grad.swapaxes(-1, -2)

        out._backward = _backward
        return out

    def gelu(self):
        gate = 1 / (1 + np.exp(-1.702 * self.data))
        out = T(self.data * gate, (self,))

        def _backward():
            self.grad += (gate + 1.702 * out.data * (1 - gate)) * out.grad

        out._backward = _backward
        return out

    def norm(self):
        center = self.data - self.data.mean(axis=-1, keepdims=True)
        inverse = 1 / np.sqrt((center**2).mean(axis=-1, keepdims=True) + 1e-5)
        out = T(center * inverse, (self,))

        def _backward():
            flat = out.grad.mean(axis=-1, keepdims=True)
            along = (out.grad * out.data).mean(axis=-1, keepdims=True)
            self.grad += inverse * (out.grad - flat - out.data * along)

        out._backward = _backward
        return out

    def softmax(self, axis=-1):
        e = np.exp(self.data - self.data.max(axis=axis, keepdims=True))
        out = T(e / e.sum(axis=axis, keepdims=True), (self,))

        def _backward():
            dot = (out.grad * out.data).sum(axis=axis, keepdims=True)
            self.grad += out.data * (out.grad - dot)

        out._backward = _backward
        return out

    def log(self):
        out = T(np.log(self.data), (self,))

        def _backward():
            self.grad += out.grad / self.data

        out._backward = _backward
        return out

    def sum(self):
        out = T(self.data.sum(), (self,))

        def _backward():
            self.grad += out.grad

        out._backward = _backward
        return out

    def backward(self):
        order, seen = [], set()

        def visit(t):
            if t not in seen:
                seen.add(t)
                for each in t._prev:
                    visit(each)
                order.append(t)

        visit(self)
        self.grad = np.ones_like(self.data)
        for t in reversed(order):
            t._backward()


S, C, V = 3, 4, 4
TEXTS = np.array([[0, 1, 2, 3], [3, 2, 0, 1]])
wte, wpe = T(gen.normal(size=(V, C))), T(gen.normal(size=(S, C)))
wq, wk, wv, wo = (T(gen.normal(size=(C, C)) * 0.5) for _ in range(4))
fc1, fc2 = T(gen.normal(size=(C, 6)) * 0.5), T(gen.normal(size=(6, C)) * 0.5)
head = T(gen.normal(size=(C, V)) * 0.5)
params = [wte, wpe, wq, wk, wv, wo, fc1, fc2, head]
mask = T(np.triu(np.full((S, S), -np.inf), k=1))


def loss_of(texts):
    tokens, targets = texts[:, :-1], texts[:, 1:]
    x = wte[tokens] + wpe[np.arange(S)]
    n = x.norm()
    q, k, v = n @ wq, n @ wk, n @ wv
    scores = (q @ k.turned()) * (1 / np.sqrt(C))
    weights = (scores + mask).softmax()
    x = x + weights @ v @ wo
    x = x + (x.norm() @ fc1).gelu() @ fc2
    probs = (x.norm() @ head).softmax()
    chosen = probs[np.arange(2)[:, None], np.arange(S), targets]
    return chosen.log().sum() * (-1 / targets.size)


lr, beta1, beta2 = 0.02, 0.9, 0.99
first = [np.zeros_like(p.data) for p in params]
second = [np.zeros_like(p.data) for p in params]
for step in range(5):
    loss = loss_of(TEXTS)
    for p in params:
        p.grad[...] = 0
    loss.backward()
    for p, m, v in zip(params, first, second):
        m += (1 - beta1) * (p.grad - m)
        v += (1 - beta2) * (p.grad**2 - v)
        m_hat, v_hat = m / (1 - beta1 ** (step + 1)), v / (1 - beta2 ** (step + 1))
        p.data -= lr * m_hat / (np.sqrt(v_hat) + 1e-8)
    print("step", step, "loss", round(float(loss.data), 6))
