"""Nodes count how often they are used, and each op is a function object with a context."""


class Step:
    def __init__(self, function, inputs, kept):
        self.function, self.inputs, self.kept = function, inputs, kept


class Amount:
    def __init__(self, value, step=None):
        self.value = value
        self.step = step
        self.slope = None
        self.used = 0

    def __add__(self, other):
        return use(Plus, self, other)

    def __mul__(self, other):
        return use(Times, self, other)


class Plus:
    @staticmethod
    def forward(x, y):
        return x + y, ()

    @staticmethod
    def backward(kept, slope):
        return slope, slope


class Times:
    @staticmethod
    def forward(x, y):
        return x * y, (x, y)

    @staticmethod
    def backward(kept, slope):
        x, y = kept
        return slope * y, slope * x


def use(function, *amounts):
    for each in amounts:
        each.used += 1
    value, kept = function.forward(*(each.value for each in amounts))
    return Amount(value, Step(function, amounts, kept))


def run_back(top):
    order = []

    def sort(amount):
        if all(amount is not each for each in order):
            for each in amount.step.inputs if amount.step else ():
                sort(each)
            order.append(amount)

    sort(top)
    top.slope = 1.0
    for amount in reversed(order):
        if amount.step:
            shares = amount.step.function.backward(amount.step.kept, amount.slope)
            for each, share in zip(amount.step.inputs, shares):
                each.slope = share if each.slope is None else each.slope + share


a, b, c = Amount(2.0), Amount(-3.0), Amount(0.5)
d = a * b + c
loss = d * d + a * d
run_back(loss)
assert (d.used, loss.used) == (3, 0)
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].value).hex(), float(globals()[name].slope).hex())
