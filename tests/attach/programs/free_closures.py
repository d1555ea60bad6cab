"""Free functions again, whose nodes get closures and a tuple of operands after they are made."""


class Cell:
    def __init__(self, value):
        self.value = value
        self.grad = 0
        self.inputs = ()
        self.pull = None


def plus(x, y):
    out = Cell(x.value + y.value)
    out.inputs = (x, y)

    def pull():
        x.grad += out.grad
        y.grad += out.grad

    out.pull = pull
    return out


def times(x, y):
    out = Cell(x.value * y.value)
    out.inputs = (x, y)

    def pull():
        x.grad += y.value * out.grad
        y.grad += x.value * out.grad

    out.pull = pull
    return out


a, b, c = Cell(2.0), Cell(-3.0), Cell(0.5)
d = plus(times(a, b), c)
loss = plus(times(d, d), times(a, d))
order = []


def visit(cell):
    if cell not in order:
        for each in cell.inputs:
            visit(each)
        order.append(cell)


visit(loss)
loss.grad = 1
for cell in reversed(order):
    if cell.pull:
        cell.pull()
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].value).hex(), float(globals()[name].grad).hex())
