"""Three steps of descent: a class of other names, updated and zeroed between its passes."""


class Reel:
    def __init__(self, r, uses=()):
        self.r, self.uses, self.dr = r, uses, 0.0

    def __add__(self, other):
        return Reel(self.r + other.r, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        return Reel(self.r * other.r, ((self, other.r), (other, self.r)))


def chain(top):
    order, seen = [], set()

    def visit(reel):
        if reel not in seen:
            seen.add(reel)
            for each, _ in reel.uses:
                visit(each)
            order.append(reel)

    visit(top)
    top.dr = 1.0
    for reel in reversed(order):
        for each, slope in reel.uses:
            each.dr += slope * reel.dr


a, b, c = Reel(2.0), Reel(-3.0), Reel(0.5)
for step in range(3):
    d = a * b + c
    loss = d * d + a * d
    for p in (a, b, c):
        p.dr = 0.0
    chain(loss)
    for name in ("a", "b", "c", "d"):
        print(name, float(globals()[name].r).hex(), float(globals()[name].dr).hex())
    for p in (a, b, c):
        p.r -= 0.01 * p.dr
