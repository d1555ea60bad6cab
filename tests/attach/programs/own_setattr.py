"""A class that watches over its attributes, and properties for number and gradient."""


class Guarded:
    def __init__(self, value, using=()):
        self._value = value
        self._using = using
        self._gradient = 0.0

    def __setattr__(self, name, value):
        if name not in {"_value", "_using", "_gradient", "_rule", "gradient"}:
            raise AttributeError(name)
        super().__setattr__(name, value)

    @property
    def value(self):
        return self._value

    @property
    def gradient(self):
        return self._gradient

    @gradient.setter
    def gradient(self, number):
        self._gradient = number

    def __add__(self, other):
        out = Guarded(self._value + other._value, (self, other))
        out._rule = lambda g: (g, g)
        return out

    def __mul__(self, other):
        out = Guarded(self._value * other._value, (self, other))
        out._rule = lambda g: (other._value * g, self._value * g)
        return out

    def reverse(self):
        order, seen = [], set()

        def visit(node):
            if node in seen:
                return
            seen.add(node)
            for each in node._using:
                visit(each)
            order.append(node)

        visit(self)
        self.gradient = 1.0
        for node in reversed(order):
            if node._using:
                for each, share in zip(node._using, node._rule(node.gradient)):
                    each.gradient = each.gradient + share


a, b, c = Guarded(2.0), Guarded(-3.0), Guarded(0.5)
d = a * b + c
loss = d * d + a * d
loss.reverse()
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].value).hex(), float(globals()[name].gradient).hex())
