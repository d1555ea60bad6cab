"""A recurrent net that spells: a subclass for each op, clipped gradients, plain descent."""

import math
import random

random.seed(31)


class Term:
    def __init__(self, val, *kids):
        self.val, self.kids = val, kids
        self.d = 0.0

    def __add__(self, other):
        return Sum(self.val + other.val, self, other)

    def __sub__(self, other):
        return Difference(self.val - other.val, self, other)

    def __mul__(self, other):
        return Product(self.val * other.val, self, other)

    def tanh(self):
        return Tanh(math.tanh(self.val), self)

    def exp(self):
        return Exp(math.exp(self.val), self)

    def log(self):
        return Log(math.log(self.val), self)

    def push(self):
        pass

    def differentiate(self):
        order, seen = [], set()

        def sort(t):
            if id(t) not in seen:
                seen.add(id(t))
                for kid in t.kids:
                    sort(kid)
                order.append(t)

        sort(self)
        self.d = 1.0
        for t in reversed(order):
            t.push()


class Sum(Term):
    def push(self):
        for kid in self.kids:
            kid.d += self.d


class Difference(Term):
    def push(self):
        minuend, subtrahend = self.kids
        minuend.d += self.d
        subtrahend.d -= self.d


class Product(Term):
    def push(self):
        a, b = self.kids
        a.d += b.val * self.d
        b.d += a.val * self.d


class Tanh(Term):
    def push(self):
        (x,) = self.kids
        x.d += (1.0 - self.val * self.val) * self.d


class Exp(Term):
    def push(self):
        (x,) = self.kids
        x.d += self.val * self.d


class Log(Term):
    def push(self):
        (x,) = self.kids
        x.d += self.d / x.val


LETTERS = "ahno"
WORDS = ["hanna", "hoah", "noaho"]
SIZE = 3


def fresh(n_rows, n_cols):
    return [[Term(random.gauss(0, 0.6)) for _ in range(n_cols)] for _ in range(n_rows)]


letter_in = fresh(len(LETTERS), SIZE)
carry = fresh(SIZE, SIZE)
lean = [Term(0.02 * i) for i in range(SIZE)]
letter_out = fresh(len(LETTERS), SIZE)
out_lean = [Term(0.0) for _ in LETTERS]
every = [t for grid in (letter_in, carry, letter_out) for row in grid for t in row]
every += lean + out_lean


def summed(terms):
    first, *rest = terms
    for each in rest:
        first = first + each
    return first


def advance(state, letter):
    new = []
    for i in range(SIZE):
        pull = summed([carry[i][j] * state[j] for j in range(SIZE)])
        new.append((letter_in[letter][i] + pull + lean[i]).tanh())
    return new


def log_share(state, wanted):
    raw = [summed([w * s for w, s in zip(row, state)]) + o for row, o in zip(letter_out, out_lean)]
    return raw[wanted] - summed([r.exp() for r in raw]).log()


def spell(word):
    codes = [LETTERS.index(c) for c in word]
    state = [Term(0.0) for _ in range(SIZE)]
    cost = Term(0.0)
    for now, then in zip(codes, codes[1:]):
        state = advance(state, now)
        cost = cost - log_share(state, then)
    return cost


LIMIT = 1.0
for trip in range(6):
    word = WORDS[trip % len(WORDS)]
    cost = spell(word)
    for t in every:
        t.d = 0.0
    cost.differentiate()
    size = math.sqrt(sum(t.d * t.d for t in every))
    if size > LIMIT:
        for t in every:
            t.d *= LIMIT / size
    for t in every:
        t.val -= 0.3 * t.d
    print(word, f"{cost.val / (len(word) - 1):.5f}")
