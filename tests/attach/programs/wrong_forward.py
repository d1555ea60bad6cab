"""Subtracts where it says that it adds."""


class Q:
    def __init__(self, val, args=(), locs=()):
        self.val, self.args, self.locs, self.der = val, args, locs, 0.0

    def __add__(self, other):
        return Q(self.val - other.val, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Q(self.val * other.val, (self, other), (other.val, self.val))

    def back(self):
        order, seen = [], set()

        def visit(q):
            if q not in seen:
                seen.add(q)
                for each in q.args:
                    visit(each)
                order.append(q)

        visit(self)
        self.der = 1.0
        for q in reversed(order):
            for each, loc in zip(q.args, q.locs):
                each.der += loc * q.der


a, b, c = Q(2.0), Q(-3.0), Q(0.5)
d = a * b + c
loss = d * d + a * d
loss.back()
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].val).hex(), float(globals()[name].der).hex())
