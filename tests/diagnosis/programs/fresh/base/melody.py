"""A recurrent network hums a melody: numpy signals, gradients summed back to the shape they came from."""
import numpy as np

prng = np.random.RandomState(17)


def unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for axis, n in enumerate(shape):
        if n == 1 and g.shape[axis] != 1:
            g = g.sum(axis=axis, keepdims=True)
    return g


class Signal:
    def __init__(self, raw, origin=(), rule=None):
        self.raw = np.asarray(raw, dtype=float)
        self.d = None
        self.origin = origin
        self.rule = rule            # adjoint -> one share for each origin

    def receive(self, g):
        g = unbroadcast(g, self.raw.shape)
        if self.d is None:
            self.d = g.copy()
        else:
            self.d += g

    def __add__(self, o):
        o = o if isinstance(o, Signal) else Signal(o)
        return Signal(self.raw + o.raw, (self, o), lambda g: (g, g))

    def __mul__(self, o):
        o = o if isinstance(o, Signal) else Signal(o)
        return Signal(self.raw * o.raw, (self, o), lambda g: (g * o.raw, g * self.raw))

    def __truediv__(self, o):
        return Signal(self.raw / o.raw, (self, o),
                      lambda g: (g / o.raw, -g * self.raw / o.raw ** 2))

    def __matmul__(self, o):
        return Signal(self.raw @ o.raw, (self, o),
                      lambda g: (g @ o.raw.T, self.raw.T @ g))

    def tanh(self):
        t = np.tanh(self.raw)
        return Signal(t, (self,), lambda g: (g * (1 - t * t),))

    def sqrt(self):
        r = np.sqrt(self.raw)
        return Signal(r, (self,), lambda g: (g / (2 * r),))

    def mean_last(self):
        n = self.raw.shape[-1]
        return Signal(self.raw.mean(axis=-1, keepdims=True), (self,),
                      lambda g: (np.broadcast_to(g, self.raw.shape) / n,))

    def rows(self, idx):
        def rule(g):
            full = np.zeros_like(self.raw)
            np.add.at(full, idx, g)
            return (full,)
        return Signal(self.raw[idx], (self,), rule)

    def xent(self, wanted):
        z = self.raw - self.raw.max(axis=1, keepdims=True)
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        at = np.arange(len(wanted))

        def rule(g):
            dz = p.copy()
            dz[at, wanted] -= 1.0
            return (g * dz / len(wanted),)
        return Signal(-np.log(p[at, wanted]).mean(), (self,), rule)

    def propagate(self):
        chain, been = [], set()

        def trace(s):
            if id(s) in been:
                return
            been.add(id(s))
            for o in s.origin:
                trace(o)
            chain.append(s)
        trace(self)
        self.d = np.ones_like(self.raw)
        for s in reversed(chain):
            if s.rule is not None and s.d is not None:
                for o, share in zip(s.origin, s.rule(s.d)):
                    o.receive(share)


TONES, SIZE, SPAN = 6, 8, 4
song = np.array([0, 2, 4, 5, 4, 2, 0, 3, 1, 3, 5, 1] * 5)
streams = song.reshape(3, 20)

notes = Signal(prng.randn(TONES, SIZE) * 0.4)
Wx, Wh = Signal(prng.randn(SIZE, SIZE) * 0.4), Signal(prng.randn(SIZE, SIZE) * 0.4)
bx, bh = Signal(prng.randn(SIZE) * 0.1), Signal(prng.randn(SIZE) * 0.1)
Wy, by = Signal(prng.randn(SIZE, TONES) * 0.4), Signal(np.zeros(TONES))
learnt = [notes, Wx, Wh, bx, bh, Wy, by]


def rms(h):
    return h / ((h * h).mean_last() + 1e-5).sqrt()


def listen(h, bars):
    cost = Signal(0.0)
    for t in range(SPAN):
        x = notes.rows(bars[:, t])
        h = (x @ Wx + rms(h) @ Wh + (bx + bh)).tanh()
        cost = cost + (h @ Wy + by).xent(bars[:, t + 1])
    return cost * (1.0 / SPAN), h


state = Signal(np.zeros((3, SIZE)))
for beat in range(6):
    begin = beat % 4 * SPAN
    cost, state = listen(state, streams[:, begin:begin + SPAN + 1])
    state = Signal(state.raw)
    for w in learnt:
        w.d = None
    cost.propagate()
    for w in learnt:
        w.raw = w.raw - 0.15 * w.d
    print("beat", beat, "cost", f"{float(cost.raw):.6f}")
