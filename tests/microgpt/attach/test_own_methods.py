"""Ops that only the script's class knows are computed again by its own methods."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from microgpt import DomainError, Graph, GraphError
from microgpt.attach import Ended, ScriptProcess
from microgpt.debugger import DebugSession
from tests.microgpt.attach.conftest import PATIENCE, SCRIPTS, Attach, next_stop

CLOSURES = (SCRIPTS / "closures.py").read_text(encoding="utf-8")
# Of a set, the order in which a pass adds up depends on addresses: it is another in every run.
ORDERED = CLOSURES.replace("set(_prev)", "tuple(_prev)")
STORED = (SCRIPTS / "microgpt.py").read_text(encoding="utf-8").partition("def linear")[0]
# Its relu lets a little through, its log looks away from what is not positive, and its backward
# visits operands from the right.
BENT = dedent("""
    class Bent(Value):
        def relu(self):
            open = self.data > 0
            return Bent(self.data if open else 0.01 * self.data, (self,), (1 if open else 0.01,))

        def log(self):
            return Bent(math.log(max(self.data, 1e-3)), (self,), (1 / max(self.data, 1e-3),))

        def leak(self, slope, /, *more, shift=0.0, **rest):
            assert more == (1, 2) and rest == {"kind": "leak"}
            return Bent(slope * self.data + shift, (self,), (slope,))

        @classmethod
        def norm(cls, values):
            size = sum(v.data * v.data for v in values) ** 0.5
            return cls(size, tuple(values), tuple(v.data / size for v in values))

        def __mul__(self, other):
            other = other if isinstance(other, Value) else Bent(other)
            return Bent(self.data * other.data, (self, other), (other.data, self.data))

        def __add__(self, other):
            other = other if isinstance(other, Value) else Bent(other)
            return Bent(self.data + other.data, (self, other), (1, 1))

        def backward(self):
            order, visited = [], set()

            def visit(v):
                if v not in visited:
                    visited.add(v)
                    for child in reversed(v._children):
                        visit(child)
                    order.append(v)

            visit(self)
            self.grad = 1
            for v in reversed(order):
                for child, local_grad in zip(v._children, v._local_grads):
                    child.grad += local_grad * v.grad

    def model(x, y):
        hidden = (x * y + 0.1).relu()
        leak = hidden.leak(0.3, 1, 2, shift=0.7, kind="leak")
        size = Bent.norm([leak, x, hidden])
        low = (x * 0.9 + y * 0.7).log()
        shared = x * 0.3
        return (size + low * shared) * 0.1 + shared * hidden + shared * low + shared * 0.7

    x, y = Bent(1.3), Bent(0.7)
    loss = model(x, y)
    loss.backward()
    print(loss.data.hex(), x.grad.hex(), y.grad.hex())
""")


def attached(attach: Attach, script: str | Path) -> tuple[DebugSession, ScriptProcess]:
    process = attach(script)
    return DebugSession.at(next_stop(process), process), process


def printed(text: str, tmp_path: Path) -> list[str]:
    """What a script prints when nobody looks."""
    path = tmp_path / "fresh.py"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def shown(graph: Graph, names: Sequence[str]) -> list[str]:
    nodes = [graph.find(name) for name in names]
    return [
        f"{name} {float(graph.data[node]).hex()} {float(graph.grad[node]).hex()}"
        for name, node in zip(names, nodes, strict=True)
    ]


@pytest.mark.parametrize(("name", "before", "after"), [("a", 1.3, 0.37), ("b", 0.7, -2.1)])
def test_it_is_a_fresh_run_to_the_bit(
    attach: Attach, tmp_path: Path, name: str, before: float, after: float
) -> None:
    """Of tanh, sigmoid, division, subtraction and pow by Value, with closures for gradients."""
    session, process = attached(attach, ORDERED)
    untouched = session.graph
    moved = session.set_node(name, after)
    fresh = printed(ORDERED.replace(f"Scalar({before})", f"Scalar({after})"), tmp_path)
    assert shown(session.graph, [line.split()[0] for line in fresh]) == fresh
    assert moved.loss.after == session.graph.data[session.graph.root] != moved.loss.before
    session.undo()
    assert session.graph is untouched
    process.resume()
    assert isinstance(process.next_stop(PATIENCE), Ended)
    assert list(process.output.lines) == printed(ORDERED, tmp_path)  # it has noticed nothing


@pytest.mark.parametrize("x", [1.9, -1.5, -0.2])
def test_ops_that_only_look_like_ours(attach: Attach, tmp_path: Path, x: float) -> None:
    """At 1.3 its relu and log give what ours give; arguments and the order of visits are kept."""
    session, _ = attached(attach, STORED + BENT)
    session.set_node("x", x)
    graph = session.graph
    numbers = graph.data[graph.root], *(graph.grad[graph.find(name)] for name in "xy")
    fresh = printed((STORED + BENT).replace("Bent(1.3)", f"Bent({x})"), tmp_path)
    assert [" ".join(float(number).hex() for number in numbers)] == fresh
    assert {"relu", "log", "leak", "norm"} <= {graph.op(node) for node in range(len(graph))}


def test_with_nothing_changed_it_is_the_graph_whatever_its_order(attach: Attach) -> None:
    session, _ = attached(attach, STORED + BENT)
    before = session.graph
    session.set_node("x", 1.3)
    assert session.graph is not before
    for field in ("data", "grad", "local_grads"):
        assert getattr(session.graph, field).tobytes() == getattr(before, field).tobytes()
    assert session.graph.visit_order.tolist() == before.visit_order.tolist()


def test_an_inner_node_is_pinned_where_its_class_is_asked(attach: Attach, tmp_path: Path) -> None:
    session, _ = attached(attach, STORED + BENT)
    (hidden,) = (i for i in range(len(session.graph)) if session.graph.op(i) == "relu")
    session.set_node(f"#{hidden}", -0.5)
    session.set_node("y", -3.0)
    graph = session.graph
    text = (STORED + BENT).replace("(x * y + 0.1).relu()", "Bent(-0.5)")
    fresh = printed(text.replace("Bent(0.7)", "Bent(-3.0)"), tmp_path)
    numbers = graph.data[graph.root], *(graph.grad[graph.find(name)] for name in "xy")
    assert [" ".join(float(number).hex() for number in numbers)] == fresh
    assert graph.is_leaf(hidden)


def test_a_method_that_raises_for_the_new_number(attach: Attach) -> None:
    session, process = attached(attach, SCRIPTS / "closures.py")
    with pytest.raises(DomainError, match=r"^sigmoid\(-2000.0\) has no value, at .*: Overflow"):
        session.set_node("squashed", -2000.0)
    assert session.set_node("squashed", 0.25).edits == ("set squashed = 0.25",)
    assert not process.is_running


LEAVING = dedent("""
    class Leaving(Value):
        def half(self):
            if self.data > 1:
                raise {error}
            return Leaving(self.data / 2, (self,), (0.5,))

    x = Leaving(0.5)
    for step in range(2):
        x.half().backward()
""")


@pytest.mark.parametrize("error", ["SystemExit(3)", "KeyboardInterrupt"])
def test_no_script_ends_by_a_question(attach: Attach, error: str) -> None:
    session, process = attached(attach, STORED + LEAVING.format(error=error))
    with pytest.raises(DomainError, match=rf"^half\(2.0\) has no value, .*: {error[:10]}\w*"):
        session.set_node("x", 2.0)
    session.set_node("x", 0.25)
    assert session.graph.data[session.graph.root] == 0.125
    process.resume()
    assert next_stop(process).number == 2


REFUSED = dedent("""
    class Odd(Value):
        def drop(self):
            keep = float(next(draws))
            return Odd(self.data * keep, (self,), (keep,))

        def double_exp(self):
            inner = Odd(math.exp(self.data), (self,), (math.exp(self.data),))
            return Odd(math.exp(inner.data), (inner,), (math.exp(inner.data),))

    def cubing(power=3):
        def cube(x):
            return Odd(x.data**power, (x,), (3 * x.data**2,))
        return cube

    draws = iter([1, 0, 1, 0])
    x = Odd(0.5)
    {made}.backward()
""")


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (
            "x.drop()",
            r"\(drop\) in no scope .*: its method does not give again what it gave before",
        ),
        ("cubing()(x)", r"\(cube\) in cube .*: it was made by no method of its class"),
        ("x.double_exp()", r"\(double_exp\) .*: its method gives something else than one node"),
    ],
)
def test_what_no_method_gives_again_is_refused(attach: Attach, made: str, message: str) -> None:
    session, _ = attached(attach, STORED + REFUSED.format(made=made))
    with pytest.raises(GraphError, match=message):
        session.set_node("x", 0.25)
    assert session.edits().edits == ()


def test_a_function_beside_the_class_is_asked_again(attach: Attach) -> None:
    source = (
        "def cube(x):\n    return Value(x.data**3, (x,), (3 * x.data**2,))\n"
        "x = Value(0.5)\ncube(x).backward()\n"
    )
    session, _ = attached(attach, STORED + source)
    assert session.set_node("x", 0.25).loss.after == 0.25**3


class TestWhereTheClassIsOutOfReach:
    def test_the_script_is_over(self, attach: Attach) -> None:
        session, process = attached(attach, SCRIPTS / "closures.py")
        assert isinstance(session.run_on(), Ended)
        with pytest.raises(
            GraphError,
            match=r"^power \(pow2\) in main cannot be computed for other operands: the script is "
            r"over: exit status 0; backward\(\) was called once; it can be given a number itself$",
        ):
            session.set_node("a", 2.0)
        sigmoid = int(np.flatnonzero([session.graph.op(i) == "sigmoid" for i in range(14)])[0])
        assert session.set_node(f"#{sigmoid}", 0.25).loss.after == 1.3 + 0.25
        assert dict(session.check_gradients().trusted)["sub"] == 1  # taken as it is
        assert process.next_stop(PATIENCE) is not None

    def test_it_dies_between_two_questions(self, attach: Attach) -> None:
        session, process = attached(attach, SCRIPTS / "closures.py")
        session.set_node("a", 2.0)
        process.kill()
        assert isinstance(process.next_stop(PATIENCE), Ended)
        with pytest.raises(GraphError, match="the script is over: killed by SIGKILL"):
            session.set_node("a", 1.5)

    def test_it_dies_of_a_question(self, attach: Attach) -> None:
        source = STORED + dedent("""
            import os
            class Fatal(Value):
                def tanh(self):
                    if self.data > 1:
                        os._exit(7)
                    t = math.tanh(self.data)
                    return Fatal(t, (self,), (1 - t * t,))
            x = Fatal(0.5)
            x.tanh().backward()
            """)
        session, _ = attached(attach, source)
        assert session.set_node("x", 0.75).loss.after == np.tanh(0.75)
        with pytest.raises(GraphError, match="the script is over: exit status 7"):
            session.set_node("x", 2.0)

    def test_it_has_run_on(self, attach: Attach) -> None:
        process = attach(
            STORED + "x = Value(2.0)\nfor _ in range(2):\n    (x * x).exp().backward()"
        )
        first = DebugSession.at(next_stop(process), process)
        process.resume()
        second = DebugSession.at(next_stop(process), process)
        assert first.methods is not second.methods
        assert second.set_node("x", 0.0).loss.after == 1.0
        assert second.methods is not None
        assert list(second.methods.evaluate([2], [1.0]).data) == [np.exp(1.0)]
        assert first.methods is not None
        with pytest.raises(Exception, match="the script has run on since"):
            first.methods.evaluate([2], [1.0])


class TestGradcheck:
    def test_right_methods_pass(self, attach: Attach) -> None:
        session, _ = attached(attach, SCRIPTS / "closures.py")
        checked = session.check_gradients()
        assert (checked.n_wrong, checked.trusted, checked.n_unchecked) == (0, (), 0)
        assert checked.n_checked == len(session.graph)
        assert checked.worst[0].error < 1e-6

    @pytest.mark.parametrize(
        ("right", "wrong", "op"),
        [
            ("(1 - t**2) * out.grad", "(1 - t) * out.grad", "tanh"),
            ("other.grad += -self.data", "other.grad += self.data", "truediv"),
        ],
    )
    def test_a_wrong_closure_is_found(
        self, attach: Attach, right: str, wrong: str, op: str
    ) -> None:
        assert right in CLOSURES
        session, _ = attached(attach, CLOSURES.replace(right, wrong))
        checked = session.check_gradients()
        assert [session.graph.op(node) for node in checked.at_fault] == [op]
        assert checked.trusted == ()

    def test_a_bend_of_its_own_is_no_mistake(self, attach: Attach) -> None:
        source = STORED + dedent("""
            class Sized(Value):
                def __abs__(self):
                    return Sized(abs(self.data), (self,), (1.0 if self.data >= 0 else -1.0,))
            x = Sized(0.0)
            abs(x).backward()
            """)
        session, _ = attached(attach, source)
        assert session.graph.op(session.graph.root) == "abs"
        assert session.check_gradients().n_wrong == 0


def test_post_mortem_too(attach: Attach) -> None:
    """Where the script stands at an exception its class can be asked as well."""
    session, _ = attached(
        attach,
        CLOSURES.replace("    loss.backward()", "    raise RuntimeError"),
    )
    assert session.problem == "RuntimeError"
    session.set_node("squashed", 0.0)
    assert session.graph.data[session.graph.root] == 0.5 + 1.3
