"""One function makes all nodes by a table of rules; operators call it, and so does the program."""


class Item:
    def __init__(self, number, inputs=(), rates=()):
        self.number, self.inputs, self.rates = number, inputs, rates
        self.pull = 0.0

    def __add__(self, other):
        return apply("add", self, other)


RULES = {
    "add": (lambda x, y: x + y, lambda x, y: (1.0, 1.0)),
    "mul": (lambda x, y: x * y, lambda x, y: (y, x)),
    "cube": (lambda x: x**3, lambda x: (3 * x**2,)),
}


def apply(rule, *items):
    compute, differentiate = RULES[rule]
    numbers = [item.number for item in items]
    return Item(compute(*numbers), items, differentiate(*numbers))


def mul(x, y):
    return apply("mul", x, y)


def run_back(top):
    order = []

    def visit(item):
        if item not in order:
            for each in item.inputs:
                visit(each)
            order.append(item)

    visit(top)
    top.pull = 1.0
    for item in reversed(order):
        for each, rate in zip(item.inputs, item.rates):
            each.pull += rate * item.pull


a, b, c = Item(2.0), Item(-3.0), Item(0.5)
for turn in range(3):
    for item in (a, b, c):
        item.pull = 0.0
    d = mul(a, b) + c
    loss = apply("cube", d) + mul(a, d)
    run_back(loss)
    for name in ("a", "b", "c", "d"):
        print(name, float(globals()[name].number).hex(), float(globals()[name].pull).hex())
    a.number -= 0.001 * a.pull
