"""Hares and foxes: the four rates of the Lotka-Volterra equations from a record, by unrolled Heun steps."""
import math

TAPE = []


class Var:
    def __init__(self, num):
        self.num = num
        self.bar = 0.0


def note(num, *pairs):
    out = Var(num)
    TAPE.append((out, pairs))
    return out


def add(a, b):
    return note(a.num + b.num, (a, 1.0), (b, 1.0))


def sub(a, b):
    return note(a.num - b.num, (a, 1.0), (b, -1.0))


def mul(a, b):
    return note(a.num * b.num, (a, b.num), (b, a.num))


def times(a, k):
    return note(a.num * k, (a, k))


def exp(a):
    e = math.exp(a.num)
    return note(e, (a, e))


def log(a):
    return note(math.log(a.num), (a, 1 / a.num))


def rewind(root):
    root.bar = 1.0
    while TAPE:
        out, pairs = TAPE.pop()
        if out.bar:
            for var, slope in pairs:
                var.bar += slope * out.bar


def change(rates, hares, foxes):
    alpha, beta, gamma, delta = rates
    meet = mul(hares, foxes)
    d_hares = sub(mul(alpha, hares), mul(beta, meet))
    d_foxes = sub(mul(delta, meet), mul(gamma, foxes))
    return d_hares, d_foxes


def heun(rates, hares, foxes, h):
    dh1, df1 = change(rates, hares, foxes)
    dh2, df2 = change(rates, add(hares, times(dh1, h)), add(foxes, times(df1, h)))
    return add(hares, times(add(dh1, dh2), h / 2)), add(foxes, times(add(df1, df2), h / 2))


def simulate(rates, steps, h):
    hares, foxes = Var(1.5), Var(1.0)
    track = []
    for _ in range(steps):
        hares, foxes = heun(rates, hares, foxes, h)
        track.append((hares, foxes))
    return track


STEPS, H = 40, 0.1
true_rates = [Var(v) for v in (1.1, 0.9, 0.8, 0.6)]
record = [(a.num, b.num) for a, b in simulate(true_rates, STEPS, H)]
TAPE.clear()

logs = [Var(math.log(v)) for v in (0.8, 0.7, 1.0, 0.8)]
for epoch in range(60):
    for p in logs:
        p.bar = 0.0
    rates = [exp(p) for p in logs]
    loss = Var(0.0)
    for i, (hares, foxes) in enumerate(simulate(rates, STEPS, H)):
        if i % 4 == 3:
            for got, seen in ((hares, record[i][0]), (foxes, record[i][1])):
                miss = sub(log(got), Var(math.log(seen)))
                loss = add(loss, mul(miss, miss))
    loss = times(loss, 0.05)
    rewind(loss)
    for p in logs:
        p.num -= 0.15 * p.bar
    if epoch % 10 == 0 or epoch == 59:
        print(f"{epoch:2d} {loss.num:.6f}", *(f"{math.exp(p.num):.3f}" for p in logs))
