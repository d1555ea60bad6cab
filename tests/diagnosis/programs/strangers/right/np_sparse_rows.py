# Ratings from two tables; each step reads a few rows and moves only those.
import numpy as np
g = np.random.default_rng(33)

class Table:
    def __init__(self, a): self.a, self.g, self.src = a, np.zeros_like(a), ()

class Op:
    def __init__(self, a, *src): self.a, self.g, self.src = a, np.zeros_like(a), src

def rows(t, ids):
    def f(up): np.add.at(t.g, ids, up)
    return Op(t.a[ids], (t, f))

def rowdot(u, v):
    def fu(up): u.g += up[:, None] * v.a
    def fv(up): v.g += up[:, None] * u.a
    return Op((u.a * v.a).sum(1), (u, fu), (v, fv))

def plus(x, y):
    def fx(up): x.g += up
    def fy(up): y.g += up
    return Op(x.a + y.a, (x, fx), (y, fy))

def squared(x, y):
    d = x.a - y
    def f(up): x.g += up * 2 * d / len(d)
    return Op(np.array((d * d).mean()), (x, f))

def back(o):
    order, seen = [], set()
    def go(n):
        if n in seen: return
        seen.add(n)
        for s, _ in n.src: go(s)
        order.append(n)
    go(o); o.g = np.ones_like(o.a)
    for n in order[::-1]:
        for _, f in n.src: f(n.g)

U, M = g.normal(size=(30, 3)), g.normal(size=(20, 3))
where = [(i, j) for i in range(30) for j in range(20) if g.random() < .4]
users, films = np.array(where).T
stars = (U[users] * M[films]).sum(1) + 0.1 * g.normal(size=len(where))
user, film, taste = Table(g.normal(size=(30, 3)) * .5), Table(g.normal(size=(20, 3)) * .5), Table(np.zeros(20))
for step in range(200):
    k = g.choice(len(where), 16, replace=False)
    loss = squared(plus(rowdot(rows(user, users[k]), rows(film, films[k])), rows(taste, films[k])), stars[k])
    back(loss)
    for t, ids in ((user, users[k]), (film, films[k]), (taste, films[k])):
        ids = np.unique(ids)
        t.a[ids] -= 0.5 * t.g[ids]
        t.g[ids] = 0.0
    if step % 40 == 0: print(step, round(float(loss.a), 4))
