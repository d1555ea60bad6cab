"""Ctrl-C at the prompt breaks off what a verb computes, and the script stands where it stood."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.cli.terminal import CTRL_C, Terminal

SCRIPT = """
import time

class Value:
    def __init__(self, data, _children=(), _local_grads=()):
        self.data, self.grad = data, 0
        self._children, self._local_grads = _children, _local_grads

    def __mul__(self, other):
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def slow(self):
        if self.data > 1:
            print("it sleeps", flush=True)
            time.sleep(1_000 if self.data == 2 else 0)
        return Value(self.data, (self,), (1.0,))

    def backward(self):
        self.grad = 1
        for child, local in zip(self._children, self._local_grads):
            child.backward()
            child.grad = local * self.grad

x = Value(0.5)
for step in range(2):
    loss = x.slow()
    loss.backward()
"""


@pytest.mark.slow
def test_a_method_that_does_not_end_is_left_to_itself(tmp_path: Path) -> None:
    script = tmp_path / "slow.py"
    script.write_text(SCRIPT, encoding="utf-8")
    with Terminal("debug", script, columns=120, XDG_STATE_HOME=str(tmp_path)) as terminal:
        terminal.wait_for("nothing is computed yet")
        terminal.type(b"set x = 2\r")
        terminal.wait_for("it sleeps")
        terminal.type(CTRL_C)
        terminal.wait_for("error: set was broken off")
        terminal.type(b"undo\r")
        terminal.wait_for("error: nothing to undo")
        terminal.type(b"quit\r")
        assert terminal.end() == 0
