# A teacher is trained first; a smaller student then learns its soft answers.
import math, random
gen = random.Random(61)

class E:
    def __init__(self, val, src=()):
        self.val = val; self.adj = 0.0; self.src = src
    def __add__(self, o): return E(self.val + o.val, [(self, 1.0), (o, 1.0)])
    def __mul__(self, o): return E(self.val * o.val, [(self, o.val), (o, self.val)])
    def tanh(self):
        t = math.tanh(self.val); return E(t, [(self, 1 - t * t)])
    def sigmoid(self):
        s = 1 / (1 + math.exp(-self.val)); return E(s, [(self, s * (1 - s))])
    def log(self): return E(math.log(self.val), [(self, 1 / self.val)])

def run(root):
    out, seen = [], set()
    def rec(e):
        seen.add(e)
        for s, _ in e.src:
            if s not in seen: rec(s)
        out.append(e)
    rec(root); root.adj = 1.0
    for e in reversed(out):
        for s, k in e.src: s.adj += k * e.adj

def net(width):
    return ([[E(gen.gauss(0, 1)) for _ in range(3)] for _ in range(width)], [E(gen.gauss(0, .5)) for _ in range(width)])

def ask(n, x, y):
    s = E(0.0)
    for (a, b, c), o in zip(*n): s = s + o * (a * E(x) + b * E(y) + c).tanh()
    return s.sigmoid()

def parts(n): return [p for r in n[0] for p in r] + n[1]

pts = [(gen.uniform(-1, 1), gen.uniform(-1, 1)) for _ in range(24)]
hard = {p: 1.0 if p[0] * p[1] > 0 else 0.0 for p in pts}

def cross(p, y): return p.log() * E(-y) + (p * E(-1.0) + E(1.0)).log() * E(y - 1)

def train(n, answers, rounds, rate):
    for k in range(rounds):
        loss = E(0.0)
        for p in pts: loss = loss + cross(ask(n, *p), answers[p])
        loss = loss * E(1 / len(pts))
        for q in parts(n): q.adj = 0.0
        run(loss)
        for q in parts(n): q.val -= rate * q.adj
    return loss.val

teacher, student = net(7), net(5)
print("teacher", round(train(teacher, hard, 60, 1.5), 4))
soft = {p: ask(teacher, *p).val for p in pts}
print("student", round(train(student, soft, 60, 1.5), 4))
