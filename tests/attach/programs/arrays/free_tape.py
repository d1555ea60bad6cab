"""A tape of closures that take the adjoint, replayed by the loop, which rebinds parameters."""

import numpy as np

rng = np.random.default_rng(5)
RECORDS = []


class Grid:
    def __init__(self, cells, replay=None):
        self.cells = np.asarray(cells, float)
        self.rates = np.zeros_like(self.cells)
        self.replay = replay
        RECORDS.append(self)

    def __add__(self, other):
        def replay(rates):
            self.rates = self.rates + rates
            other.rates = other.rates + rates.sum(0)

        return Grid(self.cells + other.cells, replay)

    def __sub__(self, other):
        return Grid(
            self.cells - other.cells, lambda rates: (give(self, rates), give(other, -rates))
        )

    def __mul__(self, other):
        def replay(rates):
            self.rates = self.rates + rates * other.cells
            other.rates = other.rates + rates * self.cells

        return Grid(self.cells * other.cells, replay)

    def __matmul__(self, other):
        def replay(rates):
            self.rates = self.rates + rates @ other.cells.T
            other.rates = other.rates + self.cells.T @ rates

        return Grid(self.cells @ other.cells, replay)

    def total(self):
        return Grid(self.cells.sum(), lambda rates: give(self, rates * np.ones_like(self.cells)))


def give(grid, rates):
    grid.rates = grid.rates + rates


x, y = rng.normal(size=(4, 5)), rng.normal(size=(4, 2))
w, b = Grid(rng.normal(size=(5, 2))), Grid(np.zeros(2))
for step in range(2):
    RECORDS.clear()
    error = Grid(x) @ w + b - Grid(y)
    loss = (error * error).total()
    for each in (w, b):
        each.rates = np.zeros_like(each.cells)
    loss.rates = np.ones_like(loss.cells)
    for each in reversed(RECORDS):
        if each.replay is not None:
            each.replay(each.rates)
    for name in ("w", "b", "error"):
        grid = globals()[name]
        for at in np.ndindex(grid.cells.shape):
            index = "".join(f"[{i}]" for i in at)
            print(name + index, float(grid.cells[at]).hex(), float(grid.rates[at]).hex())
    print("loss", float(loss.cells).hex(), float(loss.rates).hex())
    for each in (w, b):
        each.cells = each.cells - 0.05 * each.rates
