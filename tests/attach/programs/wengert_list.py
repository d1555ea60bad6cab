"""A tape of tuples, an index in each node, gradients in a list beside it."""

TAPE = []


class Var:
    def __init__(self, value, parents=()):
        self.value = value
        self.index = len(TAPE)
        TAPE.append(tuple(parents))

    def __add__(self, other):
        return Var(self.value + other.value, ((self.index, 1.0), (other.index, 1.0)))

    def __mul__(self, other):
        return Var(self.value * other.value, ((self.index, other.value), (other.index, self.value)))


def grad(output):
    derivs = [0.0] * len(TAPE)
    derivs[output.index] = 1.0
    for i in reversed(range(len(TAPE))):
        for j, weight in TAPE[i]:
            derivs[j] += weight * derivs[i]
    return derivs


a, b, c = Var(2.0), Var(-3.0), Var(0.5)
d = a * b + c
loss = d * d + a * d
grads = grad(loss)
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].value).hex(), float(grads[globals()[name].index]).hex())
