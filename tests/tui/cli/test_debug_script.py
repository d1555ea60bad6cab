"""`microgpt debug SCRIPT.py`: stops, the verb `run`, what a script raises, how it all ends."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.tui.cli.command import assert_error, microgpt
from tests.tui.cli.in_process import run_here

PLANTED = Path(__file__).parents[3] / "examples" / "wrong_relu.py"
_LINES = PLANTED.read_text(encoding="utf-8").splitlines()
LINE_OF_BACKWARD = _LINES.index("    loss.backward()") + 1
LINE_OF_RELU = _LINES.index("    hidden = [(p * 2.0).relu() for p in w]") + 1
PRINTED = ["step 0: loss 3.0", "step 1: loss 0.75", "step 2: loss 0.0"]

Script = Callable[[str], Path]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    def write(text: str) -> Path:
        path = tmp_path / "script.py"
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    return write


def verbs(*lines: str) -> Iterator[str]:
    for line in lines:
        yield "-c"
        yield line


def rows(text: str) -> list[dict[str, Any]]:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return [json.loads(line, parse_constant=refuse) for line in text.splitlines()]


# -- stops and `run` -------------------------------------------------------------------------------


def test_a_transcript(tmp_path: Path) -> None:
    result = microgpt(
        "debug", PLANTED, *verbs("watch w[0]", "continue", "run", "c", "run 3", "run")
    )
    assert result.stdout.splitlines() == [
        f"wrong_relu.py:{LINE_OF_BACKWARD}: backward 1, loss 3",
        "(microgpt) watch w[0]",
        "watchpoint 1: w[0], 1 event",
        "(microgpt) continue",
        "backward 7 of 7, watchpoint 1: w[0]",
        "  #3 mul, adjoint 3",
        "  w[0]: grad 0 + 2 × 3 = 6",
        "  #2: grad 0 + 0.5 × 3 = 1.5",
        f"  wrong_relu.py:{LINE_OF_RELU}  hidden = [(p * 2.0).relu() for p in w]",
        "(microgpt) run",
        f"wrong_relu.py:{LINE_OF_BACKWARD}: backward 2, loss 0.75",
        "forward 0 of 7, the start",
        "  nothing is computed yet",
        "(microgpt) c",
        "backward 7 of 7, watchpoint 1: w[0]",
        "  #3 mul, adjoint 3",
        "  w[0]: grad 0 + 2 × 3 = 6",
        "  #2: grad 0 + 0.125 × 3 = 0.375",
        f"  wrong_relu.py:{LINE_OF_RELU}  hidden = [(p * 2.0).relu() for p in w]",
        "(microgpt) run 3",
        "the script is over: exit status 0; backward() was called 3 times",
        "(microgpt) run",
    ]
    assert result.stderr.splitlines() == [
        *PRINTED,
        "microgpt: error: the script is over: exit status 0; backward() was called 3 times",
    ]  # fmt: skip
    assert result.returncode == 2


def test_json_lines_are_exact_and_the_scripts_output_is_elsewhere() -> None:
    result = microgpt(
        "debug", "--json", *verbs("where", "print w[1]", "run 2", "print w[0]", "run"), PLANTED
    )
    assert result.returncode == 0
    assert result.stderr.splitlines() == PRINTED
    where, first, run, second, end = rows(result.stdout)
    assert where["script"] == {
        "stop": "backward", "number": 1, "loss": 3.0, "line": f"{PLANTED}:{LINE_OF_BACKWARD}",
        "traceback": "", "problem": "", "note": "",
    }  # fmt: skip
    assert (first["node"]["data"], first["node"]["grad_final"]) == (-0.25, 2.0)
    assert (run["verb"], run["stop"], run["phase"], run["event"]) == ("run", "start", "forward", 0)
    assert (run["script"]["number"], run["node"]) == (3, None)
    assert (second["node"]["name"], second["node"]["data"]) == ("w[0]", 0.5 - 2 * 0.0625 * 6)
    assert end["script"] == {
        "stop": "end", "number": 3, "status": 0,
        "reason": "exit status 0; backward() was called 3 times",
    }  # fmt: skip


def test_its_arguments_follow_two_dashes(script: Script) -> None:
    path = script("""
        import sys
        from microgpt import Value
        Value(float(len(sys.argv)), name=" ".join(sys.argv[1:])).backward()
    """)
    result = run_here("debug", path, "--json", *verbs("print #0"), "--", "--lr", "1", "--", "-c")
    (row,) = rows(result.stdout)
    assert (row["node"]["name"], row["node"]["data"]) == ("--lr 1 -- -c", 5.0)


@pytest.mark.parametrize(
    ("options", "numbers"),
    [(("--every", "2"), [2]), (("--when", "loss < 1"), [2, 3]), (("--when", "loss > 2"), [1])],
)
def test_where_it_is_to_stop(options: tuple[str, ...], numbers: list[int]) -> None:
    result = run_here("debug", PLANTED, *options, "--json", *verbs("where", "run", "run"))
    found = [row["script"]["number"] for row in rows(result.stdout) if "script" in row]
    ended = 3
    assert found == ([*numbers, ended] if len(numbers) < 3 else numbers)


def test_edits_are_forgotten_and_breakpoints_stay() -> None:
    result = run_here(
        "debug", PLANTED, "--json",
        *verbs("break relu", "set w[0] = 1", "run", "changes", "print w[0]", "c", "breakpoints"),
    )  # fmt: skip
    _, edit, _, changes, weight, stop, breakpoints = rows(result.stdout)
    assert edit["what_if"]["loss"] == {"before": 3.0, "after": 6.0}
    assert changes["what_if"]["changes"] == []
    assert weight["node"]["data"] == 0.125
    assert (stop["stop"], stop["node"]["op"]) == ("breakpoint 1", "relu")
    assert (breakpoints["stops"][0]["events"], breakpoints["stops"][0]["hits"]) == (4, 1)


# -- gradient checks -------------------------------------------------------------------------------

CLOSURES = """
    class Number:
        def __init__(self, data, _children=(), _op=""):
            self.data, self.grad = data, 0
            self._prev, self._op, self._backward = set(_children), _op, lambda: None

        def __add__(self, other):
            out = Number(self.data + other.data, (self, other), "+")
            def _backward():
                self.grad += out.grad
                other.grad += out.grad
            out._backward = _backward
            return out

        def tanh(self):
            import math
            out = Number(math.tanh(self.data), (self,), "tanh")
            def _backward():
                self.grad += (1 - out.data**2) * out.grad
            out._backward = _backward
            return out

        def relu(self):
            out = Number(max(0.0, self.data), (self,), "ReLU")
            def _backward():
                self.grad += out.grad
            out._backward = _backward
            return out

        def backward(self):
            order, seen = [], set()
            def visit(v):
                if v not in seen:
                    seen.add(v)
                    for child in v._prev:
                        visit(child)
                    order.append(v)
            visit(self)
            self.grad = 1
            for v in reversed(order):
                v._backward()

    a, b = Number(-0.5), Number(0.75)
    off, on = a.relu(), b.relu()
    loss = (off + on).tanh() + on
    loss.backward()
"""


def test_a_planted_relu_is_found_with_one_gradcheck() -> None:
    (row,) = rows(run_here("debug", PLANTED, "--json", *verbs("gradcheck")).stdout)
    assert row["wrong"] == 3  # w[1], its factor 2.0, and their product
    assert (row["checked"], row["unchecked"], row["trusted"]) == (12, 0, [])
    assert all(worst["relative_error"] == 1.0 for worst in row["worst"][:3])
    told = run_here("debug", PLANTED, *verbs("gradcheck")).stdout
    assert "at fault, it seems: a local gradient of hidden[1] (#7) relu\n" in told
    assert f"wrong_relu.py:{LINE_OF_RELU}  hidden = [(p * 2.0).relu() for p in w]" in told


def test_it_is_found_in_closures_and_before_an_op_that_only_the_class_knows(script: Script) -> None:
    path = script(CLOSURES)
    (row,) = rows(run_here("debug", path, "--json", *verbs("gradcheck")).stdout)
    assert (row["wrong"], row["unchecked"], row["trusted"]) == (1, 0, [])
    assert row["worst"][0]["numeric"] == 0.0
    told = run_here("debug", path, *verbs("gradcheck", "set a = 0.5", "undo", "break tanh", "c"))
    told = told.stdout
    assert "at fault, it seems: a local gradient of off (#2) relu" in told
    assert "not checked" not in told
    assert f"loss 1.38515 → {math.tanh(0.5 + 0.75) + 0.75:.6g}" in told
    assert "forward 4 of 5, breakpoint 1: tanh\n  #5 tanh: tanh(#4 0.75) = 0.635149\n" in told


def test_an_op_that_its_class_gives_only_once_is_not_checked(script: Script) -> None:
    drifting = CLOSURES.replace("math.tanh(self.data)", "math.tanh(self.data) + next(drift)")
    path = script(drifting.replace("a, b =", "drift = iter([0.0] + [1.0] * 9)\n    a, b ="))
    told = run_here("debug", path, *verbs("gradcheck", "set a = 0.5"))
    assert "not checked: local gradients of tanh (1): ops that cannot be computed again" in (
        told.stdout
    )
    assert "at fault, it seems: a local gradient of off (#2) relu" in told.stdout
    assert "its method does not give again what it gave before" in told.stderr


def test_the_gradients_of_real_micrograds_mlp_are_right(script: Script) -> None:
    pytest.importorskip("micrograd")
    path = script("""
        import random
        from micrograd.nn import MLP

        random.seed(3)
        model = MLP(2, [4, 4, 1])
        loss = sum((model([x, y]) - t) ** 2 for x, y, t in [(1.0, 2.0, 1), (-1.0, 0.5, -1)])
        loss.backward()
    """)
    weight = "model.layers[1].neurons[2].w[3]"
    check, one = rows(
        run_here("debug", path, "--json", *verbs("gradcheck", f"print {weight}")).stdout
    )
    assert (check["wrong"], check["unchecked"], check["trusted"]) == (0, 0, [])
    assert check["checked"] > 150
    assert check["worst"][0]["relative_error"] < 1e-6
    assert one["node"]["name"] == weight


# -- how a script may end --------------------------------------------------------------------------

FROM_OUR_VALUE = "from microgpt import Value\n"


def test_what_it_raises_is_a_stop_post_mortem(script: Script) -> None:
    path = script("""
        from microgpt import Value
        w = Value(1.0, name="w")
        for step in range(5):
            loss = (w + (1 - step)) * w
            half = loss.log()
            half.backward()
            print("step", step)
            w.grad = 0
    """)
    result = microgpt("debug", path, *verbs("run", "run", "where", "back", "print w", "run", "run"))
    told = result.stdout.splitlines()
    assert told[0] == "script.py:6: backward 1, loss 0.693147"
    start = told.index("(microgpt) where")
    assert told[start + 1] == "script.py:5: raised, after backward 2"
    assert told.count(told[start + 1]) == 2
    assert "Traceback (most recent call last):" in told[:start]
    error = "microgpt.errors.DomainError: log(0.0) has no finite real value"
    assert told[start + 2].startswith(f"forward 6 of 6, post mortem: {error}")
    assert told[start + 3] == "  #8 log: log(loss 0) = nan"
    assert "forward 5 of 6" in told
    assert "  data  1.0" in told
    assert told[-2:] == [
        "the script is over: exit status 1; backward() was called 2 times", "(microgpt) run",
    ]  # fmt: skip
    assert result.returncode == 2
    (*_, run) = rows(run_here("debug", path, "--json", *verbs("run", "run")).stdout)
    assert (run["stop"], run["event"], run["script"]["stop"]) == ("post mortem", 6, "exception")
    assert run["script"]["loss"] == "nan"
    assert run["script"]["traceback"].splitlines()[-1].startswith(error)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("print('hi')", "exit status 0; it built no class that defines arithmetic"),
        (
            FROM_OUR_VALUE + "Value(1.0) * 2",
            "it never called backward() of microgpt.autograd.value.Value",
        ),
        ("raise SystemExit(7)", "exit status 7"),
        ("import os\n1 / 0", "line 2: raised ZeroDivisionError: division by zero"),
    ],
)
def test_a_script_that_gives_no_graph(script: Script, text: str, says: str) -> None:
    path = script(text)
    result = run_here("debug", path, *verbs("where"))
    assert result.returncode == 2
    assert result.stdout == ""
    error = result.stderr.splitlines()[-1]
    assert error.startswith(f"microgpt: error: {path}: no graph to debug: ")
    assert says in error
    as_json = run_here("debug", path, "--json", *verbs("where"))
    assert as_json.returncode == 2
    (row,) = rows(as_json.stdout)
    assert row["verb"] == "run"
    assert f"microgpt: error: {row['error']}" == error


def test_no_stop_where_a_condition_never_holds() -> None:
    assert_error(
        run_here("debug", PLANTED, "--when", "loss > 1000", *verbs("where")),
        "backward() was called 3 times; it stopped at none",
    )


def test_a_script_that_prints_without_end_is_over_with_the_debugger(script: Script) -> None:
    path = script("""
        import os
        from microgpt import Value
        print("process", os.getpid(), flush=True)
        (Value(2.0) * 3.0).backward()
        while True:
            print("more")
    """)
    result = microgpt("debug", path, *verbs("where", "quit", "where"))
    assert result.returncode == 0
    assert result.stdout.splitlines()[-1] == "(microgpt) quit"
    process = int(result.stderr.split()[1])
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "naming"),
    [
        ((PLANTED, "--train", "3"), "--train cannot be given with"),
        ((PLANTED, "--data", "names"), "--data cannot be given with"),
        ((PLANTED, "--engine", "auto"), "--engine cannot be given with"),
        ((PLANTED, "--run", "x.run"), "--run records a script's passes"),
        ((PLANTED, "--every", "0"), "--every 0: must be at least 1"),
        ((PLANTED, "--when", "loss"), "--when 'loss': it must compare the loss"),
        (("nowhere.py",), "no script 'nowhere.py'"),
        (("emma", "--every", "2"), "--every is for a script"),
        ((PLANTED, "20"), "unrecognized arguments: 20; a script's own arguments follow after --"),
        (("emma", "--", "x"), "x is for a script"),
    ],
)
def test_what_cannot_be_given(arguments: tuple[str | Path, ...], naming: str) -> None:
    assert_error(run_here("debug", *arguments, *verbs("where")), naming)


def test_a_document_may_begin_with_a_dash() -> None:
    assert_error(run_here("debug", *verbs("where"), "--", "-x-"), "'-' (number 1 of '-x-'")


def test_a_graph_without_a_script_cannot_run_on() -> None:
    tiny = ("--n-embd", "4", "--n-head", "2", "--block-size", "4")
    assert_error(run_here("debug", "ava", *tiny, *verbs("run")), "run", "no script is there")
