"""A generator and its critic: two losses, two optimizers, three critic steps to one of the generator."""
import math
import random

fate = random.Random(77)


class V:
    def __init__(self, q, inner=(), op=None):
        self.q, self.inner, self.op, self.dq = q, inner, op, 0.0

    def __add__(self, o): o = wrap(o); return V(self.q + o.q, (self, o), "+")
    def __mul__(self, o): o = wrap(o); return V(self.q * o.q, (self, o), "*")
    def __neg__(self): return self * -1.0
    def __sub__(self, o): return self + -wrap(o)
    __radd__, __rmul__ = __add__, __mul__

    def softplus(self): return V(math.log1p(math.exp(self.q)), (self,), "softplus")
    def tanh(self): return V(math.tanh(self.q), (self,), "tanh")


def wrap(o): return o if isinstance(o, V) else V(float(o))


def spread(v):
    if v.op == "+":
        a, b = v.inner
        a.dq += v.dq
        b.dq += v.dq
    elif v.op == "*":
        a, b = v.inner
        a.dq += b.q * v.dq
        b.dq += a.q * v.dq
    elif v.op == "softplus":
        v.inner[0].dq += v.dq / (1 + math.exp(-v.inner[0].q))
    elif v.op == "tanh":
        v.inner[0].dq += v.dq * (1 - v.q ** 2)


def grade(root):
    order, known = [], set()

    def sort(v):
        if id(v) not in known:
            known.add(id(v))
            for i in v.inner:
                sort(i)
            order.append(v)
    sort(root)
    root.dq = 1.0
    for v in reversed(order):
        spread(v)


gen_scale, gen_shift = V(0.5), V(0.0)
forger = [gen_scale, gen_shift]
c_in = [V(fate.gauss(0, 1)) for _ in range(4)]
c_off = [V(fate.gauss(0, 0.5)) for _ in range(4)]
c_out = [V(fate.gauss(0, 1)) for _ in range(4)]
judge = c_in + c_off + c_out


def forge(z): return gen_scale * z + gen_shift
def verdict(x): return sum(o * (w * x + f).tanh() for w, f, o in zip(c_in, c_off, c_out))


def real(): return fate.gauss(2.0, 0.5)
def noise(): return fate.gauss(0, 1)


for turn in range(5):
    for _ in range(3):
        for v in judge:
            v.dq = 0.0
        critic_loss = sum((-verdict(real())).softplus() + verdict(forge(noise()).q).softplus() for _ in range(6)) * (1 / 6)
        grade(critic_loss)
        for v in judge:
            v.q -= 0.2 * v.dq
    for v in forger:
        v.dq = 0.0
    forger_loss = sum((-verdict(forge(noise()))).softplus() for _ in range(6)) * (1 / 6)
    grade(forger_loss)
    for v in forger:
        v.q -= 0.2 * v.dq
    print(f"turn {turn} critic {critic_loss.q:.4f} forger {forger_loss.q:.6f}")
