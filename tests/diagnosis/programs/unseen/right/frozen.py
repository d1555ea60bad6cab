"""Three blobs told apart by a small MLP; op names and one big rule function; Adagrad; Kahn's order."""
import math
import random


class Node:
    count = 0

    def __init__(self, num, op="leaf", left=None, right=None):
        self.num = num
        self.op = op
        self.left = left
        self.right = right
        self.sens = 0.0
        self.frozen = False
        Node.count += 1

    def sources(self):
        return [s for s in (self.left, self.right) if s is not None]


def plus(a, b): return Node(a.num + b.num, "plus", a, b)
def times(a, b): return Node(a.num * b.num, "times", a, b)
def over(a, b): return Node(a.num / b.num, "over", a, b)
def expo(a): return Node(math.exp(a.num), "expo", a)
def ln(a): return Node(math.log(a.num), "ln", a)
def sigm(a): return Node(1 / (1 + math.exp(-a.num)), "sigm", a)
def minus(a): return Node(-a.num, "minus", a)


def hand_down(n):
    s, a, b = n.sens, n.left, n.right
    if n.op == "plus":
        a.sens += s
        b.sens += s
    elif n.op == "times":
        a.sens += s * b.num
        b.sens += s * a.num
    elif n.op == "over":
        a.sens += s / b.num
        b.sens -= s * n.num / b.num
    elif n.op == "expo":
        a.sens += s * n.num
    elif n.op == "ln":
        a.sens += s / a.num
    elif n.op == "sigm":
        a.sens += s * n.num * (1 - n.num)
    elif n.op == "minus":
        a.sens -= s


def backward(top):
    waiting, todo, known = {}, [top], {id(top)}
    while todo:
        n = todo.pop()
        for s in n.sources():
            waiting[id(s)] = waiting.get(id(s), 0) + 1
            if id(s) not in known:
                known.add(id(s))
                todo.append(s)
    top.sens = 1.0
    ready = [top]
    while ready:
        n = ready.pop()
        hand_down(n)
        for s in n.sources():
            waiting[id(s)] -= 1
            if waiting[id(s)] == 0:
                ready.append(s)


dice = random.Random(21)
centres = [(-1.0, 0.2), (1.0, 0.4), (0.1, -1.2)]
points = [(cx + dice.gauss(0, 0.3), cy + dice.gauss(0, 0.3), k) for k, (cx, cy) in enumerate(centres) for _ in range(4)]


class Layer:
    def __init__(self, nin, nout):
        self.W = [[Node(dice.gauss(0, 0.7)) for _ in range(nin)] for _ in range(nout)]
        self.b = [Node(0.0) for _ in range(nout)]

    def __call__(self, xs):
        outs = []
        for row, b in zip(self.W, self.b):
            acc = b
            for w, x in zip(row, xs):
                acc = plus(acc, times(w, x))
            outs.append(acc)
        return outs

    def params(self):
        return [w for row in self.W for w in row] + self.b


first, second = Layer(2, 5), Layer(5, 3)
for t in first.params():
    t.frozen = True
theta = first.params() + second.params()


def classify(x, y):
    hidden = [sigm(h) for h in first([Node(x), Node(y)])]
    raw = [expo(z) for z in second(hidden)]
    total = plus(plus(raw[0], raw[1]), raw[2])
    return [over(r, total) for r in raw]


def batch_loss():
    acc = Node(0.0)
    for x, y, k in points:
        acc = plus(acc, minus(ln(classify(x, y)[k])))
    return times(acc, Node(1.0 / len(points)))


squares = {i: 0.0 for i in range(len(theta))}
for turn in range(6):
    loss = batch_loss()
    backward(loss)
    for i, t in enumerate(theta):
        if t.frozen:
            t.sens = 0.0
            continue
        squares[i] += t.sens ** 2
        t.num -= 0.2 * t.sens / (math.sqrt(squares[i]) + 1e-9)
        t.sens = 0.0
    print("turn", turn, "loss", round(loss.num, 5))
