"""A recursion hands the adjoint on, so that nothing is ever written to the root."""


class Quantity:
    def __init__(self, amount, sources=()):
        self.amount = amount
        self.sources = sources
        self.slope = 0.0

    def __add__(self, other):
        return Quantity(self.amount + other.amount, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        return Quantity(self.amount * other.amount, ((self, other.amount), (other, self.amount)))

    def differentiate(self):
        def follow(quantity, along):
            for source, rate in quantity.sources:
                source.slope += along * rate
                follow(source, along * rate)

        follow(self, 1.0)


a, b, c = Quantity(2.0), Quantity(-3.0), Quantity(0.5)
d = a * b + c
loss = d * d + a * d
loss.differentiate()
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].amount).hex(), float(globals()[name].slope).hex())
