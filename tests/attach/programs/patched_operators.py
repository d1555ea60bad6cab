"""Operators are put on the class after it was built."""

import operator


class V:
    def __init__(self, n, come_from=()):
        self.n = n
        self.come_from = come_from
        self.g = 0.0


def make_op(f, slopes):
    def op(x, y):
        return V(f(x.n, y.n), tuple(zip((x, y), slopes(x.n, y.n))))

    return op


for name, slopes in {"add": lambda x, y: (1.0, 1.0), "mul": lambda x, y: (y, x)}.items():
    setattr(V, f"__{name}__", make_op(getattr(operator, name), slopes))


def pull_back(top):
    order, seen = [], set()
    stack = [(top, iter(top.come_from))]
    seen.add(top)
    while stack:
        v, rest = stack[-1]
        for each, _ in rest:
            if each not in seen:
                seen.add(each)
                stack.append((each, iter(each.come_from)))
                break
        else:
            order.append(v)
            stack.pop()
    top.g = 1.0
    while order:
        v = order.pop()
        for each, slope in v.come_from:
            each.g += slope * v.g


a, b, c = V(2.0), V(-3.0), V(0.5)
d = a * b + c
loss = d * d + a * d
pull_back(loss)
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].n).hex(), float(globals()[name].g).hex())
