# Mischung aus drei Normalverteilungen, mit Gradienten gelernt statt mit EM
import math
import random

zufall = random.Random(99)


class Zahl:
    def __init__(self, wert, eltern=(), ableitungen=()):
        self.wert = wert
        self.grad = 0.0
        self.eltern = eltern
        self.ableitungen = ableitungen

    def __add__(self, b):
        if not isinstance(b, Zahl):
            return Zahl(self.wert + b, (self,), (1.0,))
        return Zahl(self.wert + b.wert, (self, b), (1.0, 1.0))

    def __sub__(self, b):
        if not isinstance(b, Zahl):
            return Zahl(self.wert - b, (self,), (1.0,))
        return Zahl(self.wert - b.wert, (self, b), (1.0, -1.0))

    def __mul__(self, b):
        if not isinstance(b, Zahl):
            return Zahl(self.wert * b, (self,), (b,))
        return Zahl(self.wert * b.wert, (self, b), (b.wert, self.wert))

    def __truediv__(self, b):
        if not isinstance(b, Zahl):
            return Zahl(self.wert / b, (self,), (1 / b,))
        return Zahl(self.wert / b.wert, (self, b), (1 / b.wert, -self.wert / b.wert ** 2))

    def quadrat(self):
        return Zahl(self.wert ** 2, (self,), (2 * self.wert,))

    def exp(self):
        e = math.exp(self.wert)
        return Zahl(e, (self,), (e,))

    def log(self):
        return Zahl(math.log(self.wert), (self,), (1 / self.wert,))

    def rueckwaerts(self):
        reihenfolge = []
        gesehen = set()

        def sammle(z):
            if z in gesehen:
                return
            gesehen.add(z)
            for e in z.eltern:
                sammle(e)
            reihenfolge.append(z)

        sammle(self)
        self.grad = 1.0
        for z in reversed(reihenfolge):
            for e, a in zip(z.eltern, z.ableitungen):
                e.grad += a * z.grad


def summe(zahlen):
    s = zahlen[0]
    for z in zahlen[1:]:
        s = s + z
    return s


def log_summe_exp(zahlen):
    groesste = max(z.wert for z in zahlen)
    return summe([(z - groesste).exp() for z in zahlen]).log() + groesste


daten = []
for mitte, streuung, anzahl in ((-3.0, 0.5, 20), (0.5, 1.0, 15), (4.0, 0.4, 10)):
    daten += [zufall.gauss(mitte, streuung) for _ in range(anzahl)]

K = 3
gewicht = [Zahl(0.0) for _ in range(K)]
mitten = [Zahl(m) for m in (-1.0, 0.0, 1.5)]
log_sigma = [Zahl(0.3) for _ in range(K)]
lernbar = gewicht + mitten + log_sigma
HALB_LOG_2PI = 0.5 * math.log(2 * math.pi)


def verlust():
    normierung = log_summe_exp(gewicht)
    log_anteil = [g - normierung for g in gewicht]
    breiten = [s.exp() for s in log_sigma]
    punkte = []
    for x in daten:
        teile = []
        for k in range(K):
            abstand = (mitten[k] - x) / breiten[k]
            teile.append(log_anteil[k] - abstand.quadrat() * 0.5 - log_sigma[k] - HALB_LOG_2PI)
        punkte.append(log_summe_exp(teile))
    return summe(punkte) * (-1 / len(daten))


erstes, zweites = [0.0] * len(lernbar), [0.0] * len(lernbar)
rate, beta1, beta2 = 0.1, 0.9, 0.999
for schritt in range(1, 41):
    L = verlust()
    for p in lernbar:
        p.grad = 0.0
    L.rueckwaerts()
    for i, p in enumerate(lernbar):
        erstes[i] = beta1 * erstes[i] + (1 - beta1) * p.grad
        zweites[i] = beta2 * zweites[i] + (1 - beta2) * p.grad ** 2
        m = erstes[i] / (1 - beta1 ** schritt)
        v = zweites[i] / (1 - beta2 ** schritt)
        p.wert -= rate * m / (v ** 0.5 + 1e-8)
    if schritt % 8 == 0:
        print(f"Schritt {schritt}: Verlust {L.wert:.4f}, Mitten", [round(m.wert, 2) for m in mitten])
