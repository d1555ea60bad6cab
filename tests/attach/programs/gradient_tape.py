"""A tape that is opened with `with`, and asked for the gradients of some variables."""


class Tape:
    current = None

    def __init__(self):
        self.records = []

    def __enter__(self):
        Tape.current = self
        return self

    def __exit__(self, *exc):
        Tape.current = None

    def gradient(self, target, sources):
        grads = {id(target): 1.0}
        for result, inputs, pullback in reversed(self.records):
            if id(result) not in grads:
                continue
            for each, share in zip(inputs, pullback(grads[id(result)])):
                grads[id(each)] = grads.get(id(each), 0.0) + share
        return [grads.get(id(source), 0.0) for source in sources]


class Tensor:
    def __init__(self, value):
        self.value = value

    def __add__(self, other):
        result = Tensor(self.value + other.value)
        Tape.current.records.append((result, (self, other), lambda g: (g, g)))
        return result

    def __mul__(self, other):
        result = Tensor(self.value * other.value)

        def pullback(g):
            return g * other.value, g * self.value

        Tape.current.records.append((result, (self, other), pullback))
        return result


a, b, c = Tensor(2.0), Tensor(-3.0), Tensor(0.5)
with Tape() as tape:
    d = a * b + c
    loss = d * d + a * d
grads = tape.gradient(loss, [a, b, c, d])
for name, grad in zip("abcd", grads):
    print(name, float(globals()[name].value).hex(), float(grad).hex())
