"""Function objects of any base, which are copied to make their node again."""

from __future__ import annotations

from pathlib import Path

import pytest

from microgpt.diagnosis.watching import diagnosis_of
from tests.diagnosis.diagnosed import evidence_of

PROGRAM = """
import sys
class Function({base}):
    def __setattr__(self, name, value):
        assert sys._getframe(1).f_code.co_name == "__call__"
        super().__setattr__(name, value)
    def __call__(self, *tensors):
        self.inputs = tensors
        out = Tensor(self.forward(*[each.data for each in tensors]))
        out.creator = self
        return out
class Mul(Function):
    def forward(self, a, b): return a * b
    def backward(self, g):
        a, b = self.inputs
        return g * b.data, g * a.data
class Odd(Function):
    def forward(self, a, b): return a * b * b
    def backward(self, g):
        a, b = self.inputs
        return g * b.data * b.data, g * 2 * a.data * b.data
class Tensor:
    def __init__(self, data): self.data, self.grad, self.creator = data, None, None
    def __mul__(self, other): return Mul()(self, other)
    def backward(self):
        self.grad, waiting = 1.0, [self]
        while waiting:
            at = waiting.pop()
            if at.creator is None: continue
            for x, g in zip(at.creator.inputs, at.creator.backward(at.grad)):
                x.grad = g if x.grad is None else x.grad + g
                waiting.append(x)
a, b = Tensor(2.0), Tensor(3.0)
for _ in range(2):
    loss = Odd()(a * b, b)
    loss.backward()
    for p in (a, b):
        p.data -= 0.001 * p.grad
        p.grad = None
"""


@pytest.mark.parametrize("base", ["", "dict", "list"])
def test_a_function_object_of_any_base_is_called_again(tmp_path: Path, base: str) -> None:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM.replace("{base}", base), encoding="utf-8")
    evidence = evidence_of(path)
    assert [len(seen.graph) for seen in evidence.passes] == [4, 4]
    diagnosis = diagnosis_of(evidence)
    assert (diagnosis.verdict, diagnosis.n_gradients, diagnosis.findings) == ("sound", 8, ())
