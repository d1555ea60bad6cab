"""Forward mode: there is no backward pass, and that is said."""


class Dual:
    def __init__(self, real, eps=0.0):
        self.real, self.eps = real, eps

    def __add__(self, other):
        return Dual(self.real + other.real, self.eps + other.eps)

    def __mul__(self, other):
        return Dual(self.real * other.real, self.real * other.eps + self.eps * other.real)


def derivative(f, *at):
    return [f(*(Dual(x, float(i == j)) for j, x in enumerate(at))).eps for i in range(len(at))]


print(derivative(lambda a, b, c: (a * b + c) * (a * b + c), 2.0, -3.0, 0.5))
