"""A small student learns what a teacher says; the teacher is taken by value and never moves."""
import math
import random


class Tick:
    def __init__(self, val):
        self.val = val
        self.der = 0.0
        self.ins = []
        self.run = None

    def __add__(self, other):
        if not isinstance(other, Tick):
            other = Tick(other)
        res = Tick(self.val + other.val)
        res.ins = [self, other]
        def run(d):
            self.der += d
            other.der += d
        res.run = run
        return res

    def __mul__(self, other):
        if not isinstance(other, Tick):
            other = Tick(other)
        res = Tick(self.val * other.val)
        res.ins = [self, other]
        def run(d):
            self.der += d * other.val
            other.der += d * self.val
        res.run = run
        return res

    def squash(self):
        res = Tick(math.tanh(self.val))
        res.ins = [self]
        def run(d):
            self.der += d * (1 - res.val * res.val)
        res.run = run
        return res

    def backpropagate(self):
        order = []
        def explore(t):
            if t not in order:
                for i in t.ins:
                    explore(i)
                order.append(t)
        explore(self)
        self.der = 1.0
        for t in order[::-1]:
            if t.run is not None:
                t.run(t.der)


def network(width):
    return [(Tick(random.gauss(0, 1)), Tick(random.gauss(0, 1)), Tick(random.gauss(0, 0.6))) for _ in range(width)]


def answer(net, x):
    y = Tick(0.0)
    for w, b, o in net:
        y = y + (w * x + b).squash() * o
    return y


random.seed(55)
teacher, student = network(7), network(3)
mine = [t for unit in student for t in unit]
questions = [-2 + 0.5 * k for k in range(9)]

for lesson in range(6):
    loss = Tick(0.0)
    for x in questions:
        wanted = answer(teacher, x).val
        gap = answer(student, x) + Tick(-wanted)  # microgpt: ok detached
        loss = loss + gap * gap
    loss = loss * (1 / len(questions))
    for t in mine:
        t.der = 0.0
    loss.backpropagate()
    for t in mine:
        t.val -= 0.15 * t.der
    print("lesson", lesson, "loss", round(loss.val, 6))
