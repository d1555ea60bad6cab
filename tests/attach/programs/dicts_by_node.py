"""Functions give dicts by node: depths, sizes, counts, numbers; one of them the gradients."""


class Symbol:
    def __init__(self, amount, partials=()):
        self.amount = amount
        self.partials = partials

    def __add__(self, other):
        return Symbol(self.amount + other.amount, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        return Symbol(self.amount * other.amount, ((self, other.amount), (other, self.amount)))


def depths(top):
    found = {}

    def visit(symbol):
        if symbol not in found:
            found[symbol] = 1 + max((visit(each) for each, _ in symbol.partials), default=0)
        return found[symbol]

    visit(top)
    return found


def parts(top):
    return {symbol: 1.0 / depth for symbol, depth in depths(top).items()}


def distances(top):
    found, waiting = {top: 1.0}, [top]
    for symbol in waiting:
        for each, _ in symbol.partials:
            if each not in found:
                found[each] = found[symbol] + 1.0
                waiting.append(each)
    return found


def uses(top):
    found = dict.fromkeys(depths(top), 0.0)
    for symbol in list(found):
        for each, _ in symbol.partials:
            found[each] += 1.0
    found[top] = 1.0
    return found


def amounts(top):
    return {symbol: symbol.amount for symbol in depths(top)}


def slopes(top):
    found = {top: 1.0}
    for symbol, _ in sorted(depths(top).items(), key=lambda pair: -pair[1]):
        for each, partial in symbol.partials:
            found[each] = found.get(each, 0.0) + partial * found[symbol]
    return found


a, b, c = Symbol(2.0), Symbol(-3.0), Symbol(0.5)
d = a * b + c
loss = d * d + a * d
told = [sum(by_node(loss).values()) for by_node in (depths, parts, distances, uses, amounts)]
gradients = slopes(loss)
assert len(told) == 5
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].amount).hex(), float(gradients[globals()[name]]).hex())
