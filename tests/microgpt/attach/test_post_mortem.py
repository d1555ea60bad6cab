"""Exceptions of a script are stops: its traceback, and what it had computed."""

from __future__ import annotations

from pathlib import Path

from microgpt.attach import Ended, ScriptProcess, StopRule
from tests.microgpt.attach.conftest import PATIENCE, SCRIPTS, Attach, all_stops, next_stop

MICROGPT = (SCRIPTS / "microgpt.py").read_text(encoding="utf-8").partition("if __name__")[0]
THIRD_STEP = (
    MICROGPT
    + """
def step(i):
    x = Value(2.0 - i)
    y = x * 3.0
    loss = y.log()
    loss.backward()

for i in range(5):
    step(i)
"""
)


def line_of(process: ScriptProcess, text: str) -> int:
    lines = process.path.read_text(encoding="utf-8").splitlines()
    return max(number for number, line in enumerate(lines, 1) if text in line)


def test_a_domain_error_in_the_third_step(attach: Attach) -> None:
    process = attach(THIRD_STEP)
    (first, second, death), ended = all_stops(process)
    assert [stop.kind for stop in (first, second, death)] == ["backward", "backward", "exception"]
    assert death.number == 2
    assert (death.file, death.line) == (str(process.path), line_of(process, "loss = y.log()"))
    assert death.graph is not None
    assert death.graph.name(death.graph.root) == "y"
    assert death.graph.data[death.graph.find("x")] == death.graph.data[death.graph.root] == 0.0
    assert death.graph.line(death.graph.root) == (str(process.path), line_of(process, "x * 3.0"))
    assert not death.graph.backpropagated
    assert "the script raised" in death.graph.why_no_events
    assert (ended.status, ended.n_backwards) == (1, 2)


def test_the_traceback_is_the_one_python_shows(attach: Attach) -> None:
    process = attach(THIRD_STEP)
    stops, _ = all_stops(process)
    text = stops[-1].traceback
    assert text.startswith("Traceback (most recent call last):\n")
    assert text.endswith("ValueError: math domain error\n")
    assert text.count("File ") == text.count(f'File "{process.path}"') == 3
    assert "\n".join(process.output.lines) == text.rstrip("\n")  # and it is printed as always


def test_chained_exceptions_hide_our_hooks_too(attach: Attach) -> None:
    process = attach(
        MICROGPT
        + """
class Bad(Value):
    def __init__(self, data):
        super().__init__(data)
        raise KeyError(data)
try:
    Bad(1.0)
except KeyError as error:
    raise RuntimeError("outer") from error
"""
    )
    stop = next_stop(process)
    assert "direct cause" in stop.traceback
    assert stop.traceback.count("File ") == stop.traceback.count(f'File "{process.path}"') == 3


def test_several_results_are_all_in_the_graph_and_the_newest_is_the_root(attach: Attach) -> None:
    process = attach(
        MICROGPT
        + """
def forward():
    losses = [Value(float(i)) * 2.0 for i in range(3)]
    total = losses[0] + losses[1]
    raise RuntimeError("here")
forward()
"""
    )
    graph = next_stop(process).graph
    assert graph is not None
    assert graph.name(graph.root) == "total"
    assert [graph.find(f"losses[{i}]") for i in range(3)] == [2, 5, 8]
    assert graph.consumers_of(graph.find("losses[1]"))[0].consumer == graph.root
    assert not graph.consumers_of(graph.find("losses[2]"))


def test_an_error_inside_backward(attach: Attach) -> None:
    process = attach(
        MICROGPT.replace("self.grad = 1\n", "raise ZeroDivisionError\n")
        + "x = Value(3.0)\nloss = x * 2.0\nloss.backward()\n"
    )
    stop = next_stop(process)
    assert (stop.kind, stop.number) == ("exception", 1)
    assert (stop.file, stop.line) == (str(process.path), line_of(process, "loss.backward()"))
    assert stop.graph is not None
    assert stop.graph.name(stop.graph.root) == "loss"


def test_an_error_while_nothing_is_recorded(attach: Attach) -> None:
    process = attach(THIRD_STEP, stop=StopRule(every=0))
    (death,), _ = all_stops(process)
    assert (death.kind, death.number) == ("exception", 2)
    assert death.graph is not None
    assert death.graph.name(death.graph.root) == "y"
    assert death.graph.op(death.graph.root) == "op"  # nobody noted which
    assert death.graph.line(death.graph.root) is None


def test_an_error_with_no_node_in_sight(attach: Attach) -> None:
    stop = next_stop(attach("import json\n{}['nothing']\n"))
    assert (stop.kind, stop.graph, stop.line) == ("exception", None, 2)
    assert stop.traceback.endswith("KeyError: 'nothing'\n")


def test_a_syntax_error(attach: Attach) -> None:
    process = attach("x = 1\nif x\n")
    stop = next_stop(process)
    assert (stop.kind, stop.file, stop.line) == ("exception", str(process.path), 2)
    assert "SyntaxError" in stop.traceback
    process.resume()
    ended = process.next_stop(PATIENCE)
    assert isinstance(ended, Ended)
    assert ended.status == 1


def test_a_script_with_an_excepthook_of_its_own(attach: Attach, tmp_path: Path) -> None:
    process = attach(
        "import sys\nsys.excepthook = lambda *e: print('mine', e[1])\nraise OSError(7)"
    )
    all_stops(process)
    assert process.output.lines == ("mine 7",)
