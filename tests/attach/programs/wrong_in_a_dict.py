"""A dict of gradients whose entries are replaced."""


class Variable:
    def __init__(self, value, local_gradients=()):
        self.value = value
        self.local_gradients = local_gradients

    def __add__(self, other):
        return Variable(self.value + other.value, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        return Variable(self.value * other.value, ((self, other.value), (other, self.value)))


def get_gradients(variable):
    gradients = {}

    def compute(node, path_value):
        for child, local in node.local_gradients:
            gradients[child] = path_value * local
            compute(child, path_value * local)

    compute(variable, 1.0)
    return gradients


a, b, c = Variable(2.0), Variable(-3.0), Variable(0.5)
d = a * b + c
loss = d * d + a * d
gradients = get_gradients(loss)
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].value).hex(), float(gradients[globals()[name]]).hex())
