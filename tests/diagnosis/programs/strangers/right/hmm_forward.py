"""Hidden Markov model, fitted by gradients of the forward algorithm in log space."""
import math, random
random.seed(9)

class Log:
    def __init__(self, x, src=()):
        self.x, self.bar, self.src = x, 0.0, src

def add(a, b): return Log(a.x + b.x, ((a, 1.0), (b, 1.0)))
def sub(a, b): return Log(a.x - b.x, ((a, 1.0), (b, -1.0)))
def scale(a, k): return Log(a.x * k, ((a, k),))
def lse(xs):
    top = max(x.x for x in xs)
    es = [math.exp(x.x - top) for x in xs]
    z = sum(es)
    return Log(top + math.log(z), tuple((x, e / z) for x, e in zip(xs, es)))

def reverse(root):
    order, seen, stack = [], {id(root)}, [(root, 0)]
    while stack:
        n, i = stack.pop()
        if i == len(n.src):
            order.append(n)
            continue
        stack.append((n, i + 1))
        c = n.src[i][0]
        if id(c) not in seen:
            seen.add(id(c))
            stack.append((c, 0))
    root.bar = 1.0
    for n in reversed(order):
        for c, w in n.src: c.bar += w * n.bar

S, O = 2, 3
true_stay, true_emit = 0.9, [[.8, .1, .1], [.1, .2, .7]]
def sample(n):
    s, out = random.randrange(S), []
    for _ in range(n):
        out.append(random.choices(range(O), true_emit[s])[0])
        if random.random() > true_stay: s = 1 - s
    return out
texts = [sample(15) for _ in range(8)]

first = [Log(random.gauss(0, .3)) for _ in range(S)]
move = [[Log(random.gauss(0, .3) + (1.0 if i == j else 0.0)) for j in range(S)] for i in range(S)]
emit = [[Log(random.gauss(0, .5)) for _ in range(O)] for _ in range(S)]
params = first + [p for row in move + emit for p in row]

def log_softmax(row):
    z = lse(row)
    return [sub(p, z) for p in row]

def likelihood(text, f, m, e):
    alpha = [add(f[s], e[s][text[0]]) for s in range(S)]
    for o in text[1:]:
        alpha = [add(lse([add(alpha[a], m[a][b]) for a in range(S)]), e[b][o]) for b in range(S)]
    return lse(alpha)

for epoch in range(40):
    f, m, e = log_softmax(first), [log_softmax(r) for r in move], [log_softmax(r) for r in emit]
    total = likelihood(texts[0], f, m, e)
    for t in texts[1:]: total = add(total, likelihood(t, f, m, e))
    loss = scale(total, -1 / 120)
    for p in params: p.bar = 0.0
    reverse(loss)
    for p in params: p.x -= 0.8 * p.bar
    if epoch % 8 == 0: print(epoch, round(loss.x, 4))
