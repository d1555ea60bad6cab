"""Closures under `_back`, operands in a set called `kids`."""


class V:
    def __init__(self, x, kids=()):
        self.x = x
        self.dx = 0.0
        self.kids = set(kids)
        self._back = lambda: None

    def __add__(self, o):
        r = V(self.x + o.x, (self, o))

        def back():
            self.dx += r.dx
            o.dx += r.dx

        r._back = back
        return r

    def __mul__(self, o):
        r = V(self.x * o.x, (self, o))

        def back():
            self.dx += o.x * r.dx
            o.dx += self.x * r.dx

        r._back = back
        return r

    def run_backwards(self):
        done, order = set(), []

        def walk(v):
            if v in done:
                return
            done.add(v)
            for k in v.kids:
                walk(k)
            order.append(v)

        walk(self)
        self.dx = 1.0
        while order:
            order.pop()._back()


a, b, c = V(2.0), V(-3.0), V(0.5)
d = a * b + c
loss = d * d + a * d
loss.run_backwards()
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].x).hex(), float(globals()[name].dx).hex())
