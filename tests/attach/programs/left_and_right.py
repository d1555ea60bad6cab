"""Operands in `left` and `right`, subclasses for ops, a method of each."""


class Term:
    def __init__(self, val, left=None, right=None):
        self.val, self.left, self.right = val, left, right
        self.d = 0.0

    def __add__(self, other):
        return Sum(self.val + other.val, self, other)

    def __mul__(self, other):
        return Product(self.val * other.val, self, other)

    def push(self):
        pass

    def differentiate(self):
        order, seen = [], set()

        def sort(t):
            if t is not None and id(t) not in seen:
                seen.add(id(t))
                sort(t.left)
                sort(t.right)
                order.append(t)

        sort(self)
        self.d = 1.0
        for t in reversed(order):
            t.push()


class Sum(Term):
    def push(self):
        self.left.d += self.d
        self.right.d += self.d


class Product(Term):
    def push(self):
        self.left.d += self.right.val * self.d
        self.right.d += self.left.val * self.d


a, b, c = Term(2.0), Term(-3.0), Term(0.5)
d = a * b + c
loss = d * d + a * d
loss.differentiate()
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].val).hex(), float(globals()[name].d).hex())
