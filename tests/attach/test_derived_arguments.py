"""Ops that are given a statistic of their own operand: they cannot be called for another one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from microgpt.attach.child.derived_arguments import DerivedArguments
from microgpt.attach.child.recorded import Call
from tests.diagnosis.diagnosed import diagnosed

ROWS = np.random.default_rng(1).normal(size=(3, 4))
ONE_HOT = np.array([0.0, 1.0, 0.0, 0.0])
NORMALISES = """
import numpy as np
class T:
    def __init__(self, data, kids=()):
        self.data, self.kids = np.asarray(data, float), kids
        self.grad, self.back = np.zeros_like(self.data), lambda: None
    def __mul__(self, o):
        out = T(self.data * o.data, (self, o))
        def back(): self.grad += o.data * out.grad; o.grad += self.data * out.grad
        out.back = back
        return out
    def norm(self, mean, std):
        out = T((self.data - mean) / std, (self,))
        def back():
            g = out.grad
            self.grad += (g - g.mean() - out.data * (g * out.data).mean()) / std
        out.back = back
        return out
    def sum(self):
        out = T(self.data.sum(), (self,))
        def back(): self.grad += out.grad * np.ones_like(self.data)
        out.back = back
        return out
    def backward(self):
        order, seen = [], set()
        def build(v):
            if id(v) not in seen:
                seen.add(id(v))
                for kid in v.kids: build(kid)
                order.append(v)
        build(self)
        self.grad = np.ones_like(self.data)
        for v in reversed(order): v.back()
rng = np.random.default_rng(0)
w, x, c = (T(rng.normal(size=4)) for _ in range(3))
for _ in range(2):
    h = w * x
    loss = (h.norm({mean}, float(h.data.std())) * c).sum()
    for p in (w, x, c): p.grad = np.zeros_like(p.data)
    loss.backward()
    for p in (w, x, c): p.data -= 0.01 * p.grad
"""


def refused(given: object, operand: object) -> str:
    try:
        DerivedArguments().refuse(0, Call(print, (given,), {}), [operand])
    except TypeError as error:
        return str(error).removeprefix("it was given the ").split(" of ")[0]
    return ""


@pytest.mark.parametrize(
    ("given", "operand", "name"),
    [
        (float(ROWS.mean()), ROWS, "mean"),
        (ROWS.var(), ROWS, "var"),
        ([float(each) for each in ROWS.mean(axis=1)], ROWS, "mean"),
        (tuple([each] for each in ROWS.std(axis=1)), ROWS, "std"),
        (np.array([1.0, 2.0]), np.array([[0.5, 1.5], [1.0, 3.0]]), "mean"),
        (float(((ROWS.astype("f4") - ROWS.astype("f4").mean()) ** 2).mean()), ROWS.astype("f4"),
         "var"),
    ],
)  # fmt: skip
def test_statistics_in_any_form_are_known(given: object, operand: object, name: str) -> None:
    assert refused(given, operand) == name


@pytest.mark.parametrize(
    ("given", "operand"),
    [
        (np.float64(1.0), ONE_HOT),
        (1.0, ONE_HOT),
        (0.25, ONE_HOT),
        (np.ones(2), np.array([ONE_HOT, ONE_HOT])),
        (0.1, np.full(4, 0.1)),
        (float(ROWS.mean()) * (1 + 1e-9), ROWS),
        ([], ROWS),
        (["mean"], ROWS),
    ],
)
def test_numbers_that_a_person_writes_are_none(given: object, operand: object) -> None:
    assert refused(given, operand) == ""


@pytest.mark.parametrize("mean", ["h.data.mean()", "float(h.data.mean())"])
def test_a_right_normalisation_is_never_wrong(tmp_path: Path, mean: str) -> None:
    path = tmp_path / "program.py"
    path.write_text(NORMALISES.replace("{mean}", mean), encoding="utf-8")
    diagnosis = diagnosed(path)
    assert [found.kind for found in diagnosis.findings] == []
    assert diagnosis.why_unchecked == ("ops that cannot be computed again: norm",)
