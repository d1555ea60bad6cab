"""Rules take adjoint, operands and result, `backward(g, x, y, out)`, and are kept by each node."""

import numpy as np

rng = np.random.default_rng(8)


class Sheet:
    def __init__(self, cells, makers=(), rule=None):
        self.cells = np.asarray(cells, float)
        self.flow = np.zeros_like(self.cells)
        self.makers, self.rule = list(makers), rule

    def __add__(self, other):
        return combine(Add, self, other)

    def __mul__(self, other):
        return combine(Mul, self, other)

    def __matmul__(self, other):
        return combine(Dot, self, other)

    def tanh(self):
        return combine(Tanh, self)

    def total(self):
        return combine(Total, self)

    def differentiate(self):
        order = []

        def sort(sheet):
            if all(sheet is not each for each in order):
                for each in sheet.makers:
                    sort(each)
                order.append(sheet)

        sort(self)
        self.flow = np.ones_like(self.cells)
        for sheet in reversed(order):
            if sheet.rule is not None:
                shares = sheet.rule(sheet.flow, *sheet.makers, sheet)
                for each, share in zip(sheet.makers, shares):
                    each.flow = each.flow + share


class Add:
    def forward(x, y):
        return x.cells + y.cells

    def backward(g, x, y, out):
        return [g, g.sum(0) if y.cells.ndim < g.ndim else g]


class Mul:
    def forward(x, y):
        return x.cells * y.cells

    def backward(g, x, y, out):
        return [g * y.cells, g * x.cells]


class Dot:
    def forward(x, y):
        return x.cells @ y.cells

    def backward(g, x, y, out):
        return [g @ y.cells.T, x.cells.T @ g]


class Tanh:
    def forward(x):
        return np.tanh(x.cells)

    def backward(g, x, out):
        return [g * (1 - out.cells**2)]


class Total:
    def forward(x):
        return x.cells.sum().reshape(1)

    def backward(g, x, out):
        return [g * np.ones_like(x.cells)]


def combine(op, *sheets):
    return Sheet(op.forward(*sheets), sheets, op.backward)


x, y = Sheet(rng.normal(size=(4, 3))), Sheet(rng.normal(size=(4, 2)))
w, b = Sheet(rng.normal(size=(3, 2))), Sheet(np.full(2, 0.1))
for step in range(2):
    for each in (x, y, w, b):
        each.flow = np.zeros_like(each.cells)
    h = (x @ w + b).tanh()
    loss = (h * y).total()
    loss.differentiate()
    for name in ("x", "w", "b", "h", "loss"):
        sheet = globals()[name]
        for at in np.ndindex(sheet.cells.shape):
            index = "".join(f"[{i}]" for i in at)
            print(name + index, float(sheet.cells[at]).hex(), float(sheet.flow[at]).hex())
    for each in (w, b):
        each.cells = each.cells - 0.05 * each.flow
