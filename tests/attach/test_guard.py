"""What fails in our own hooks is none of the script's: it goes on as without us, and is told."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import microgpt
from microgpt.attach import Ended, ScriptProcess, Stop, process
from microgpt.attach.child.conversation import Conversation
from microgpt.diagnosis.watching import diagnosis_of
from tests.diagnosis.diagnosed import evidence_of

CHILD = Path(process.__file__).with_name("child")
PROGRAM = """
import sys


class Value:
    def __init__(self, data, of=(), slopes=()):
        self.data, self.g, self.of, self.slopes = data, 0.0, of, slopes

    def __setattr__(self, name, value):
        if name == "refused":
            raise AttributeError(name)
        super().__setattr__(name, value)

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def {backward}(self):
        order, waiting = [], [self]
        self.g = 1.0
        for node in waiting:
            for each, slope in zip(node.of, node.slopes):
                each.g += node.g * slope
                waiting.append(each)


a, b = Value(2.0), Value(-3.0)
for _ in range(3):
    loss = a * b + b
    try:
        loss.refused = 1.0
    except AttributeError as error:
        print(error)
    loss.{backward}()
    print(loss.data, a.g, b.g, sys.gettrace(), sys.getprofile())
    for p in (a, b):
        p.data -= 0.01 * p.g
        p.g = 0.0
print(sorted(vars(Value)), sorted(vars(a)))
"""
FAILS = {  # file, the line before it, what fails
    "when a node is made": ("init_hook", "        attach_maker = attach_arguments = None\n", 8),
    "when a number is set": ("learner", "        before = held_by(node, name, run)\n", 8),
    "when a pass is learnt": ("conversation", "        self._count_backward()\n", 8),
    "when a pass is looked at": ("reading", "    shape = kind.shape\n", 4),
    "when a class is built": ("conversation", "        self._kinds.clear()\n", 8),
    "when what a class lacks is told": ("conversation", "        self._learner.end(None)\n", 8),
}


def failing(folder: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """Runs scripts with a copy of our child's code that fails at a place."""
    core = folder / "core"
    core.mkdir()
    for own in CHILD.parents[1].iterdir():
        if own.name == "attach":
            shutil.copytree(own, core / own.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (core / own.name).symlink_to(own)
    name, line, indent = FAILS[where]
    path = core / "attach" / "child" / f"{name}.py"
    source = path.read_text(encoding="utf-8")
    assert line in source
    path.write_text(source.replace(line, f"{line}{' ' * indent}1 // 0\n"), encoding="utf-8")
    monkeypatch.setattr(process, "RUNNER", core / "attach" / "child" / "run.py")


@pytest.mark.parametrize("backward", ["backward", "spread"])
@pytest.mark.parametrize("where", FAILS)
def test_a_script_does_not_notice_what_fails_in_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, backward: str
) -> None:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM.replace("{backward}", backward), encoding="utf-8")
    plain = subprocess.run([sys.executable, path], capture_output=True, text=True, check=True)
    failing(tmp_path, monkeypatch, where)
    with ScriptProcess(path) as script:
        while isinstance(stop := script.next_stop(60), Stop):
            script.resume()
        assert isinstance(stop, Ended)
        lines = list(script.output.lines)
    # Its hooks are gone, too; but if only the end fails, a pass may still be under way there.
    is_compared = slice(-1 if where == "when what a class lacks is told" else None)
    assert lines[is_compared] == plain.stdout.splitlines()[is_compared]
    assert stop.status == 0
    file = f"{FAILS[where][0]}.py"
    assert stop.fault.startswith(
        "it was not watched to its end, by a fault of microgpt's own: Zero"
    )
    assert f"/child/{file}:" in stop.fault
    assert stop.reason == f"exit status 0; {stop.fault}"


def test_a_diagnosis_says_that_the_rest_was_not_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM.replace("{backward}", "backward"), encoding="utf-8")
    failing(tmp_path, monkeypatch, "when a number is set")
    diagnosis = diagnosis_of(evidence_of(path))
    assert diagnosis.verdict == "unverified"
    assert "by a fault of microgpt's own: ZeroDivisionError" in diagnosis.why_unchecked[0]


def test_an_observed_block_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Conversation) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(Conversation, "_count_backward", fails)
    module: dict[str, Any] = {"__name__": "a_program"}
    with microgpt.observed() as seen:
        exec(PROGRAM.replace("{backward}", "backward").split("a, b =")[0], module)
        a, b = module["Value"](2.0), module["Value"](3.0)
        loss = a * b + b
        loss.backward()
        loss.backward()
    assert (a.g, b.g) == (9.0, 8.0)
    assert "__setattr__" in vars(module["Value"])
    assert not {"data", "g"} & set(vars(module["Value"]))
    assert "own: ZeroDivisionError: ours" in seen.diagnose().why_unchecked[0]


def test_an_inner_block_is_told_of_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Conversation) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(Conversation, "_count_backward", fails)
    module: dict[str, Any] = {"__name__": "a_program"}
    with microgpt.observed():
        exec(PROGRAM.replace("{backward}", "backward").split("a, b =")[0], module)
        with microgpt.observed() as inner:
            (module["Value"](2.0) * module["Value"](3.0)).backward()
        diagnosis = inner.diagnose()
    assert diagnosis.verdict == "unverified"
    assert any("own: ZeroDivisionError: ours" in why for why in diagnosis.why_unchecked)
