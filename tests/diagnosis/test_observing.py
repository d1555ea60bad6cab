"""`observed()`: passes and updates of this process are diagnosed; classes are left as they were."""

from __future__ import annotations

import builtins
import runpy
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

import microgpt
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.observing import Observed
from microgpt.errors import InputError
from tests.diagnosis.diagnosed import diagnosed

PROGRAMS = Path(__file__).parents[1] / "attach" / "programs"


class Closures:
    """A class of a well-known shape, whose product adds or assigns."""

    assigns = False

    def __init__(self, data: float, made_of: tuple[Closures, ...] = ()) -> None:
        self.data, self.grad = data, 0.0
        self._prev = made_of
        self._backward: Callable[[], None] = lambda: None

    def __add__(self, other: Closures) -> Closures:
        out = Closures(self.data + other.data, (self, other))

        def share() -> None:
            self.grad += out.grad
            other.grad += out.grad

        out._backward = share
        return out

    def __mul__(self, other: Closures) -> Closures:
        out = Closures(self.data * other.data, (self, other))

        def share() -> None:
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        def replace() -> None:
            self.grad = other.data * out.grad
            other.grad = self.data * out.grad

        out._backward = replace if self.assigns else share
        return out

    def backward(self) -> None:
        order: list[Closures] = []

        def visit(node: Closures) -> None:
            if node not in order:
                for each in node._prev:
                    visit(each)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            node._backward()


class Assigning(Closures):
    """Its product assigns."""

    assigns = True


class OfItsOwn:
    """A class of no known shape, in slots, whose product forgets a factor."""

    __slots__ = ("parents", "pull", "slope", "x")

    def __init__(self, x: float, parents: tuple[OfItsOwn, ...] = ()) -> None:
        self.x, self.parents, self.slope = x, parents, 0.0
        self.pull: Callable[[], None] | None = None

    def __add__(self, other: OfItsOwn) -> OfItsOwn:
        out = OfItsOwn(self.x + other.x, (self, other))

        def pull() -> None:
            self.slope += out.slope
            other.slope += out.slope

        out.pull = pull
        return out

    def __mul__(self, other: OfItsOwn) -> OfItsOwn:
        out = OfItsOwn(self.x * other.x, (self, other))

        def pull() -> None:
            self.slope += out.slope * other.x
            other.slope += out.slope  # and nothing more

        out.pull = pull
        return out


def unwound(root: OfItsOwn) -> None:
    order: list[OfItsOwn] = []

    def visit(node: OfItsOwn) -> None:
        if all(node is not each for each in order):
            for each in node.parents:
                visit(each)
            order.append(node)

    visit(root)
    root.slope = 1.0
    for node in reversed(order):
        if node.pull is not None:
            node.pull()


def trained(cls: Any, passes: int = 3, block: Observed | None = None) -> Observed:
    """`a * b + a * a`, a few times; its nodes `a` and `b` are made before the block."""
    a, b = cls(2.0), cls(-3.0)
    with block or microgpt.observed() as seen:
        for _ in range(passes):
            loss = a * b + a * a
            if cls is OfItsOwn:
                unwound(loss)
                for leaf in (a, b):
                    leaf.x -= 0.01 * leaf.slope
                    leaf.slope = 0.0
            else:
                loss.backward()
                for leaf in (a, b):
                    leaf.data -= 0.01 * leaf.grad
                    leaf.grad = 0.0
    return seen


def raise_after(train: Callable[[Any], Observed], error: BaseException) -> None:
    train(Closures)
    raise error


def first(seen: Observed) -> Finding:
    return seen.diagnose().findings[0]


def line_with(text: str) -> int:
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return 1 + next(i for i, line in enumerate(lines) if text in line)


@pytest.mark.parametrize("cls", [microgpt.Value, Closures])
def test_a_right_program_is_sound(cls: Any) -> None:
    seen = trained(cls)
    assert [each.number for each in seen.passes] == [1, 2, 3]
    assert seen.passes[0].loss == -2.0
    diagnosis = seen.diagnose()
    assert (diagnosis.verdict, diagnosis.n_gradients, diagnosis.n_updates) == ("sound", 15, 4)
    seen.assert_sound()


def test_the_findings_are_the_message() -> None:
    seen = trained(Assigning)
    assert first(seen).kind == "overwritten"
    line, node = first(seen).line, first(seen).nodes[0]
    at = line_with("self.grad = other.data * out.grad")
    assert line in (at, at + 1)  # both replace
    assert first(seen).was == seen.passes[0].graph.grad[node]
    assert first(seen).should == pytest.approx(seen.passes[0].true_grad[node])
    with pytest.raises(AssertionError) as failed:
        seen.assert_sound()
    told = str(failed.value)
    assert told.startswith("faulty: ")
    assert "overwritten (certain)  test_observing.py:" in told
    assert ".grad = " in told.splitlines()[3]
    assert f"it is {first(seen).was!r}, and should be " in told
    assert "to see it" not in told  # no debugger stands at that pass


def test_a_class_of_no_known_shape_is_learnt() -> None:
    seen = trained(OfItsOwn)
    assert (first(seen).kind, first(seen).certainty) == ("wrong-local", "certain")
    assert first(seen).line == line_with("# and nothing more")
    assert seen.diagnose().n_updates > 0


def test_several_classes_in_one_block() -> None:
    with microgpt.observed() as seen:
        trained(Closures)
        trained(OfItsOwn)
        trained(microgpt.Value)
    assert len(seen.passes) == 9
    assert {f.kind for f in seen.diagnose().findings} == {"wrong-local"}
    assert [len(each.graph) for each in seen.passes] == [5] * 9


@pytest.mark.slow
def test_classes_and_functions_are_left_as_they_were() -> None:
    classes = (Closures, Assigning, OfItsOwn, microgpt.Value)
    held = [dict(vars(cls)) for cls in classes]
    code, build = unwound.__code__, builtins.__build_class__
    hooks = sys.gettrace(), sys.getprofile()
    for cls in classes:
        trained(cls)
    with pytest.raises(ZeroDivisionError), microgpt.observed():
        raise_after(trained, ZeroDivisionError())
    assert [dict(vars(cls)) for cls in classes] == held
    assert unwound.__code__ is code
    assert builtins.__build_class__ is build
    assert (sys.gettrace(), sys.getprofile()) == hooks
    leaf = Closures(1.0)
    assert set(vars(leaf)) == {"data", "grad", "_prev", "_backward"}


def test_a_graph_that_was_built_before() -> None:
    a, b = Assigning(2.0), Assigning(-3.0)
    loss = a * b + a * a
    with microgpt.observed() as seen:
        loss.backward()
    assert first(seen).kind == "overwritten"
    x = OfItsOwn(2.0) * OfItsOwn(3.0)
    with microgpt.observed() as seen:
        unwound(x)
    with pytest.raises(AssertionError, match="OfItsOwn: its nodes were made before the block"):
        seen.assert_sound()


@pytest.mark.slow
def test_nothing_seen_is_not_sound() -> None:
    with microgpt.observed() as seen:
        pass
    assert seen.diagnose().verdict == "unverified"
    with pytest.raises(AssertionError, match="no backward pass in the block"):
        seen.assert_sound()
    with microgpt.observed() as seen:
        _ = OfItsOwn(1.0) * OfItsOwn(2.0) + OfItsOwn(3.0)
    with pytest.raises(AssertionError, match=r"OfItsOwn: nothing wrote gradients to its nodes"):
        seen.assert_sound()
    with pytest.raises(AssertionError, match="nothing was observed"):
        microgpt.observed().assert_sound()


@pytest.mark.slow
def test_an_exception_in_the_block_is_told() -> None:
    seen = microgpt.observed()
    with pytest.raises(ValueError, match="mine"), seen:
        raise_after(trained, ValueError("mine"))
    assert first(seen).kind == "error"
    assert "ValueError: mine" in first(seen).what
    assert first(seen).line == line_with("raise error")
    seen = microgpt.observed()
    with pytest.raises(KeyboardInterrupt), seen:
        raise_after(trained, KeyboardInterrupt())
    with pytest.raises(AssertionError, match="the block was left by KeyboardInterrupt"):
        seen.assert_sound()


def test_blocks_within_each_other_see_what_happens_in_them() -> None:
    with microgpt.observed() as outer:
        trained(Closures, 2)
        with microgpt.observed() as inner:
            trained(Assigning, 1)
    assert [each.number for each in outer.passes] == [1, 2, 3]
    assert [each.number for each in inner.passes] == [3]
    assert first(inner).kind == first(outer).kind == "overwritten"


@pytest.mark.slow
def test_only_so_many_passes_are_looked_at() -> None:
    seen = trained(Closures, 6, microgpt.observed(passes=2))
    assert [each.number for each in seen.passes] == [1, 2]
    with microgpt.observed(passes=1) as outer:
        trained(Closures, 3)
        inner = trained(Closures, 2)
    assert (len(outer.passes), len(inner.passes)) == (1, 2)


def test_what_is_meant_is_allowed() -> None:
    seen = trained(Assigning, 3, microgpt.observed(allow=["overwritten"]))
    assert {finding.certainty for finding in seen.diagnose().findings} == {"note"}


def test_bad_input_is_told_in_one_line() -> None:
    with pytest.raises(InputError, match="allow='typo': no such kind; there are "):
        microgpt.observed(allow=["typo"])
    with pytest.raises(InputError, match="passes=0: at least one"):
        microgpt.observed(passes=0)
    seen = trained(Closures)
    with pytest.raises(InputError, match="call observed"), seen:
        pass


def test_a_block_opened_by_an_exit_stack() -> None:
    with ExitStack() as stack:
        seen = stack.enter_context(microgpt.observed())
        trained(Assigning, 1)
    assert first(seen).kind == "overwritten"


def test_a_notebook_shows_it() -> None:
    shown = trained(Assigning)._repr_mimebundle_(include=None, exclude=None)
    assert shown["text/plain"].startswith("faulty: ")
    page = shown["text/html"]
    assert page.startswith("<pre")
    assert "overwritten (certain)" in page
    assert "<script" not in page
    assert "write `+=`" in page
    assert "&lt;" not in page or "<lambda>" not in page


def test_pytest_shows_the_finding(tmp_path: Path) -> None:
    test = tmp_path / "test_mine.py"
    test.write_text(
        "import microgpt\n"
        "from tests.diagnosis.test_observing import Assigning\n"
        "def test_mine():\n"
        "    a = Assigning(2.0)\n"
        "    with microgpt.observed() as seen:\n"
        "        (a * a + a).backward()\n"
        "    seen.assert_sound()\n",
        encoding="utf-8",
    )
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert ran.returncode == 1, ran.stderr
    assert "E       AssertionError: faulty: " in ran.stdout
    assert ".grad = " in ran.stdout


def test_it_is_imported_when_it_is_asked_for() -> None:
    code = "import sys, microgpt; print(any(m.startswith('numpy') for m in sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"


SOME = ("free_functions", "leaf_recursion", "wengert_list", "wrong_upstream_dropped")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(path.stem, marks=[] if path.stem in SOME else pytest.mark.slow)
        for path in sorted(PROGRAMS.glob("*.py"))
        if path.stem != "training"
    ],
)
def test_the_same_is_said_as_of_a_script(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = PROGRAMS / f"{name}.py"
    monkeypatch.setattr(sys, "argv", [str(path)])
    monkeypatch.syspath_prepend(str(path.parent))
    with microgpt.observed() as seen, redirect_stdout(StringIO()):
        runpy.run_path(str(path), run_name="__main__")
    here, there = seen.diagnose(), diagnosed(path)
    assert here.verdict == there.verdict
    assert [(f.kind, f.line, f.was) for f in here.findings] == [
        (f.kind, f.line, f.was) for f in there.findings
    ]
