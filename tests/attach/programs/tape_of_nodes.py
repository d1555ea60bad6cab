"""A tape of tuples (result, operands, derivatives) that the nodes know nothing of."""


class Tape:
    def __init__(self):
        self.records = []

    def gradient(self, loss):
        loss.adjoint = 1.0
        for out, ins, partials in reversed(self.records):
            for each, partial in zip(ins, partials):
                each.adjoint += partial * out.adjoint


tape = Tape()


class Number:
    def __init__(self, primal):
        self.primal = primal
        self.adjoint = 0.0

    def __add__(self, other):
        out = Number(self.primal + other.primal)
        tape.records.append((out, (self, other), (1.0, 1.0)))
        return out

    def __mul__(self, other):
        out = Number(self.primal * other.primal)
        tape.records.append((out, (self, other), (other.primal, self.primal)))
        return out


a, b, c = Number(2.0), Number(-3.0), Number(0.5)
d = a * b + c
loss = d * d + a * d
tape.gradient(loss)
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].primal).hex(), float(globals()[name].adjoint).hex())
