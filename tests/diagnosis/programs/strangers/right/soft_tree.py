# A soft decision tree of depth two, three gates and four leaves.
import math
import random

r = random.Random(23)


class Tal:
    """et tal med hældning"""

    def __init__(self, v, fra=()):
        self.v = v
        self.h = 0.0
        self.fra = fra


def gange(a, b): return Tal(a.v * b.v, ((a, b.v), (b, a.v)))
def laegsammen(liste): return Tal(sum(t.v for t in liste), tuple((t, 1.0) for t in liste))
def en_minus(a): return Tal(1 - a.v, ((a, -1.0),))
def kvadrat(a): return Tal(a.v ** 2, ((a, 2 * a.v),))
def sigmoid(a):
    s = 1 / (1 + math.exp(-a.v))
    return Tal(s, ((a, s * (1 - s)),))


def tilbage(rod):
    orden, set_ = [], set()

    def gaa(t):
        if id(t) in set_:
            return
        set_.add(id(t))
        for f, _ in t.fra:
            gaa(f)
        orden.append(t)

    gaa(rod)
    rod.h = 1.0
    for t in orden[::-1]:
        for f, s in t.fra:
            f.h += s * t.h


porte = [[Tal(r.gauss(0, 1)) for _ in range(3)] for _ in range(3)]
blade = [Tal(r.gauss(0, 0.5)) for _ in range(4)]
alt = [t for p in porte for t in p] + blade
punkter = []
for _ in range(30):
    x, y = r.uniform(-1, 1), r.uniform(-1, 1)
    punkter.append((x, y, (2.0 if y > 0 else 1.0) if x > 0 else (-1.0 if y > 0.3 else 0.0)))


def svar(x, y):
    ind = [Tal(3 * x), Tal(3 * y), Tal(1.0)]
    aaben = [sigmoid(laegsammen([gange(w, i) for w, i in zip(p, ind)])) for p in porte]
    lukket = [en_minus(a) for a in aaben]
    veje = [gange(aaben[0], aaben[1]), gange(aaben[0], lukket[1]),
            gange(lukket[0], aaben[2]), gange(lukket[0], lukket[2])]
    return laegsammen([gange(v, b) for v, b in zip(veje, blade)])


for runde in range(60):
    fejl = [kvadrat(laegsammen([svar(x, y), Tal(-z)])) for x, y, z in punkter]
    tab = gange(laegsammen(fejl), Tal(1 / len(fejl)))
    for t in alt:
        t.h = 0.0
    tilbage(tab)
    for t in alt:
        t.v -= 0.6 * t.h
    if runde % 12 == 0:
        print(runde, round(tab.v, 4))
