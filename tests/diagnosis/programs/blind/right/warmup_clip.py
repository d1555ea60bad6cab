import math
import random


class Knoten:
    def __init__(self, wert, quellen=()):
        self.wert = wert
        self.steigung = 0.0
        self.quellen = quellen  # (Knoten, lokale Ableitung)


def mal(a, b):
    return Knoten(a.wert * b.wert, [(a, b.wert), (b, a.wert)])


def plus(*alle):
    return Knoten(sum(a.wert for a in alle), [(a, 1.0) for a in alle])


def relu(a):
    an = a.wert > 0
    return Knoten(a.wert if an else 0.0, [(a, 1.0 if an else 0.0)])


def minus(a, zahl):
    return Knoten(a.wert - zahl, [(a, 1.0)])


def quadrat(a):
    return Knoten(a.wert * a.wert, [(a, 2 * a.wert)])


def zurueck(ende):
    liste, fertig = [], set()

    def besuche(k):
        fertig.add(k)
        for q, _ in k.quellen:
            if q not in fertig:
                besuche(q)
        liste.insert(0, k)

    besuche(ende)
    ende.steigung = 1.0
    for k in liste:
        for q, s in k.quellen:
            q.steigung += s * k.steigung


r = random.Random(6)
N = 8
w = [Knoten(r.gauss(0, 1)) for _ in range(N)]
b = [Knoten(r.uniform(-1, 1)) for _ in range(N)]
v = [Knoten(r.gauss(0, 0.5)) for _ in range(N)]
c = Knoten(0.0)
alle = w + b + v + [c]
punkte = [(x / 5, abs(x / 5) - 0.5) for x in range(-10, 11)]
for schritt in range(40):
    rate = 0.08 * min(1.0, (schritt + 1) / 10)  # warm up
    fehler = []
    for x, y in punkte:
        h = [relu(plus(mal(wi, Knoten(x)), bi)) for wi, bi in zip(w, b)]
        fehler.append(quadrat(minus(plus(c, *[mal(vi, hi) for vi, hi in zip(v, h)]), y)))
    verlust = mal(plus(*fehler), Knoten(1 / len(punkte)))
    for p in alle:
        p.steigung = 0.0
    zurueck(verlust)
    laenge = math.sqrt(sum(p.steigung ** 2 for p in alle))
    if laenge > 0.5:
        for p in alle:
            p.steigung *= 0.5 / laenge
    for p in alle:
        p.wert -= rate * p.steigung
    if schritt % 8 == 0:
        print(schritt, round(verlust.wert, 4), round(laenge, 3))
