"""A class for each op, each with its operands under names of its own, made by operators or not."""


class Quantity:
    def __init__(self, amount):
        self.amount = amount
        self.slope = 0.0

    def __add__(self, other):
        return Add([self, other])

    def __mul__(self, other):
        return Mul(self, other)

    def sources(self):
        return []

    def spread(self):
        pass


class Add(Quantity):
    def __init__(self, terms):
        super().__init__(sum(term.amount for term in terms))
        self.terms = terms

    def sources(self):
        return self.terms

    def spread(self):
        for term in self.terms:
            term.slope += self.slope


class Mul(Quantity):
    def __init__(self, first, second):
        super().__init__(first.amount * second.amount)
        self.first, self.second = first, second

    def sources(self):
        return [self.first, self.second]

    def spread(self):
        self.first.slope += self.second.amount * self.slope
        self.second.slope += self.first.amount * self.slope


class Twice(Quantity):
    def __init__(self, inner):
        super().__init__(2 * inner.amount)
        self.inner = inner

    def sources(self):
        return [self.inner]

    def spread(self):
        self.inner.slope += 2 * self.slope


def differentiate(top):
    order = []

    def place(quantity):
        if all(quantity is not each for each in order):
            for each in quantity.sources():
                place(each)
            order.append(quantity)

    place(top)
    top.slope = 1.0
    for quantity in reversed(order):
        quantity.spread()


a, b, c = Quantity(2.0), Quantity(-3.0), Quantity(0.5)
d = a * b + c
e = Twice(d)
loss = e * d + Mul(a, d)
differentiate(loss)
for name in ("a", "b", "c", "d", "e"):
    print(name, float(globals()[name].amount).hex(), float(globals()[name].slope).hex())
