"""Strokes in small pictures: convolution, batch norm, pooling. Nesterov momentum."""
import numpy as np

rng = np.random.default_rng(77)


class Array:
    def __init__(self, data, prev=(), needs=True):
        self.data = data
        self.prev = prev
        self.needs = needs
        self.grad = np.zeros_like(data) if needs else None
        self._backward = None

    def backward(self):
        topo, seen = [], set()

        def build(a):
            if a in seen or not a.needs:
                return
            seen.add(a)
            for p in a.prev:
                build(p)
            topo.append(a)

        build(self)
        self.grad = np.ones_like(self.data)
        for a in reversed(topo):
            if a._backward:
                a._backward()


def windows(x):
    """all 3x3 patches: (n, h, w) -> (n, h-2, w-2, 9)"""
    v = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))
    return v.reshape(*v.shape[:3], 9)


def conv(x, kernel):
    """one channel of plain pictures in, k channels out; the norm after it has the bias"""
    patches = windows(x.data)
    out = Array(patches @ kernel.data, (x, kernel))

    def _backward():
        kernel.grad += np.tensordot(patches, out.grad, axes=([0, 1, 2], [0, 1, 2]))

    out._backward = _backward
    return out


def batch_norm(x, gain, shift, eps=1e-4):
    axes = (0, 1, 2)
    n = x.data.size // x.data.shape[-1]
    centred = x.data - x.data.mean(axis=axes)
    inv = 1 / np.sqrt((centred ** 2).mean(axis=axes) + eps)
    hat = centred * inv
    out = Array(hat * gain.data + shift.data, (x, gain, shift))

    def _backward():
        gain.grad += (out.grad * hat).sum(axis=axes)
        shift.grad += out.grad.sum(axis=axes)
        dhat = out.grad * gain.data
        x.grad += inv * (dhat - dhat.mean(axis=axes) - hat * (dhat * hat).sum(axis=axes) / n)

    out._backward = _backward
    return out


def relu(x):
    out = Array(np.where(x.data > 0, x.data, 0.0), (x,))

    def _backward():
        x.grad += np.where(x.data > 0, out.grad, 0.0)

    out._backward = _backward
    return out


def spatial_mean(x):
    out = Array(x.data.mean(axis=(1, 2)), (x,))

    def _backward():
        h, w = x.data.shape[1:3]
        x.grad += out.grad[:, None, None, :] / (h * w)

    out._backward = _backward
    return out


def dense(x, w, b):
    out = Array(x.data @ w.data + b.data, (x, w, b))

    def _backward():
        x.grad += out.grad @ w.data.T
        w.grad += x.data.T @ out.grad
        b.grad += out.grad.sum(axis=0)

    out._backward = _backward
    return out


def softmax_loss(x, labels):
    z = x.data - x.data.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    rows = np.arange(len(labels))
    out = Array(-logp[rows, labels].mean(), (x,))

    def _backward():
        d = np.exp(logp)
        d[rows, labels] -= 1.0
        x.grad += out.grad * d / len(labels)

    out._backward = _backward
    return out


def picture(kind):
    p = rng.normal(scale=0.25, size=(7, 7))
    at = rng.integers(1, 6)
    if kind == 0:
        p[at, :] += 1.0
    elif kind == 1:
        p[:, at] += 1.0
    else:
        p[np.arange(7), (np.arange(7) + at) % 7] += 1.0
    return p


labels = np.arange(60) % 3
pictures = np.stack([picture(k) for k in labels])
K = Array(rng.normal(size=(9, 6)) * 0.4)
GAIN, SHIFT = Array(np.ones(6)), Array(np.zeros(6))
W, B = Array(rng.normal(size=(6, 3)) * 0.4), Array(np.zeros(3))
weights = [K, GAIN, SHIFT, W, B]
speed = [np.zeros_like(w.data) for w in weights]

for step in range(40):
    batch = rng.choice(60, 24, replace=False)
    x = Array(pictures[batch], needs=False)
    h = spatial_mean(relu(batch_norm(conv(x, K), GAIN, SHIFT)))
    loss = softmax_loss(dense(h, W, B), labels[batch])
    for w in weights:
        w.grad[...] = 0.0
    loss.backward()
    for i, w in enumerate(weights):
        speed[i] = 0.9 * speed[i] - 0.2 * w.grad
        w.data += 0.9 * speed[i] - 0.2 * w.grad
    if step % 8 == 0:
        print(step, f"{loss.data:.4f}")
