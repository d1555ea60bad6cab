"""Running, stopping and ending a script: real processes, from the outside."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from microgpt.attach import Ended, ScriptProcess, Stop, StopRule
from microgpt.errors import InputError
from tests.microgpt.attach.conftest import PATIENCE, SCRIPTS, Attach, all_stops, next_stop

LOOP = """
from micrograd.engine import Value
w = Value(1.0)
for i in {steps}:
    loss = w * float(i)
    loss.backward()
    w.grad = 0
"""
ENDLESS = LOOP.format(steps="iter(int, 1)")


def numbers(process: ScriptProcess) -> list[int]:
    return [stop.number for stop in all_stops(process)[0]]


def end_of(process: ScriptProcess) -> Ended:
    ended = process.next_stop(PATIENCE)
    assert isinstance(ended, Ended), ended
    return ended


# -- where it stops --------------------------------------------------------------------------------


def test_it_stops_at_every_nth_backward(attach: Attach) -> None:
    assert numbers(attach(LOOP.format(steps="range(10)"), stop=StopRule(every=4))) == [4, 8]
    assert numbers(attach(LOOP.format(steps="range(3)"), stop=StopRule(every=0))) == []


def test_the_nth_graph_is_recorded_like_the_first(attach: Attach) -> None:
    process = attach(LOOP.format(steps="range(10)"), stop=StopRule(every=4))
    stops, _ = all_stops(process)
    for stop in stops:
        assert stop.graph is not None
        assert stop.graph.op(stop.graph.root) == "mul"
        assert stop.graph.line(stop.graph.root) == (str(process.path), 4)
        assert stop.graph.data[stop.graph.root] == stop.loss == stop.number - 1


def test_it_stops_where_a_condition_on_the_loss_holds(attach: Attach) -> None:
    asked = []

    def when(number: int, loss: float) -> bool:
        asked.append((number, loss))
        return loss in {3.0, 8.0}

    process = attach(LOOP.format(steps="range(10)"), stop=StopRule(when=when))
    assert numbers(process) == [4, 9]
    assert asked == [(i + 1, float(i)) for i in range(10)]


def test_it_does_not_ask_about_losses_that_are_let_pass(attach: Attach) -> None:
    """And what it records of those it stops at is all there."""
    asked = []

    def when(number: int, loss: float) -> bool:
        asked.append(loss)
        return loss > 6

    process = attach(LOOP.format(steps="range(9)"), stop=StopRule(when=when, let_pass=(1.0, 5.0)))
    stops, _ = all_stops(process)
    assert asked == [0.0, 6.0, 7.0, 8.0]
    assert [stop.number for stop in stops] == [8, 9]
    for stop in stops:
        assert stop.graph is not None
        assert stop.graph.line(stop.graph.root) == (str(process.path), 4)
    process = attach(LOOP.format(steps="range(9)"), stop=StopRule(2, when, let_pass=(1.0, 5.0)))
    assert numbers(process) == [8]


def test_pause_stops_it_while_all_losses_are_let_pass(attach: Attach) -> None:
    rule = StopRule(when=lambda number, loss: loss > 1, let_pass=(-1.0, 1.0))
    process = attach(ENDLESS, stop=rule)
    assert process.next_stop(timeout=0) is None
    process.pause()
    first = next_stop(process).number
    process.stop_rule = StopRule()
    process.resume()
    assert next_stop(process).number == first + 1


def test_an_error_in_the_condition_is_raised_here(attach: Attach) -> None:
    process = attach(ENDLESS, stop=StopRule(when=lambda number, loss: 1 / (3 - number) < 0))
    with pytest.raises(ZeroDivisionError):
        process.next_stop(PATIENCE)
    assert end_of(process).reason.startswith("killed by SIGKILL")


def test_the_rule_can_change_while_it_runs(attach: Attach) -> None:
    process = attach(ENDLESS, stop=StopRule(every=0))
    assert process.next_stop(timeout=0) is None
    assert process.is_running
    process.stop_rule = StopRule(every=10)
    first = next_stop(process).number
    assert first % 10 == 0
    process.stop_rule = StopRule(every=7)
    process.resume()
    second = next_stop(process).number
    assert second - first <= 7
    assert second % 7 == 0


def test_pause_stops_it_once(attach: Attach) -> None:
    process = attach(ENDLESS, stop=StopRule(every=0))
    process.pause()
    stop = next_stop(process)
    assert not process.is_running
    assert stop.graph is not None
    assert stop.graph.op(stop.graph.root) == "mul"  # recorded
    process.resume()
    assert process.is_running
    assert process.next_stop(timeout=0) is None


def test_a_stopped_script_stands_still(attach: Attach, tmp_path: Path) -> None:
    process = attach(LOOP.format(steps="range(2)") + f"open({str(tmp_path / 'done')!r}, 'w')")
    next_stop(process)
    process.resume()
    next_stop(process)
    assert not (tmp_path / "done").exists()
    process.resume()
    process.resume()  # says nothing to a running script
    assert end_of(process).status == 0
    assert (tmp_path / "done").exists()


# -- how it ends -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "status", "reason"),
    [
        ("print('hello')", 0, "it built no class that defines arithmetic (__add__, __mul__, ...)"),
        ("class A:\n    def backward(self): self._prev\n", 0, "it built no class"),
        ("class A:\n  def __init__(s): s.x = 1.0\n  def __add__(s, o): return A()\nA() + A()", 0,
         "no backward pass was seen: A: its results remember no operands"),
        ("from micrograd.engine import Value\nValue(1.0) * 2", 0,
         "exit status 0; it never called backward() of micrograd.engine.Value"),
        ("import sys\nsys.exit(3)", 3, "exit status 3; it built"),
        ("raise SystemExit", 0, "exit status 0; it built"),
        ("import sys\nsys.exit('no good')", 1, "exit status 1; it built"),
        ("import os\nos._exit(4)", 4, "exit status 4; it built"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)", -15, "killed by SIGTERM; it"),
        (LOOP.format(steps="range(2)") + "raise SystemExit(5)", 5,
         "exit status 5; backward() was called 2 times"),
        ("class F(float):\n  def __add__(a, b): return a._prev\n  def backward(s): s._backward()\n",
         0, "exit status 0; no backward pass was seen: F: no instance of it was made"),
    ],
)  # fmt: skip
def test_the_end_says_what_was_missing(
    attach: Attach, source: str, status: int, reason: str
) -> None:
    process = attach(source)
    _, ended = all_stops(process)
    assert ended.status == status
    assert reason in ended.reason
    assert process.next_stop() is ended  # and again
    if "no good" in source:
        assert process.output.lines == ("no good",)


def test_kill_ends_a_running_and_a_stopped_script(attach: Attach) -> None:
    for rule in (StopRule(), StopRule(every=0)):
        process = attach(ENDLESS, stop=rule)
        if rule.every:
            next_stop(process)
        while not process.class_names:
            assert process.next_stop(timeout=0.01) is None
        process.kill()
        ended = end_of(process)
        assert (ended.status, ended.reason) == (-signal.SIGKILL, "killed by SIGKILL")
        process.kill()  # nothing left to do
        process.pause()
        process.resume()


def test_interrupting_it_is_a_stop_post_mortem(attach: Attach) -> None:
    process = attach(ENDLESS, stop=StopRule(every=5))
    next_stop(process)  # so that it is past its imports
    process.stop_rule = StopRule(every=0)
    process.resume()
    process.interrupt()
    stop = next_stop(process)
    assert stop.kind == "exception"
    assert stop.traceback.endswith("KeyboardInterrupt\n")
    process.resume()
    assert end_of(process).status == 130


def test_leaving_the_context_kills_it(attach: Attach, tmp_path: Path) -> None:
    path = tmp_path / "endless.py"
    path.write_text(ENDLESS)
    with ScriptProcess(path) as process:
        assert isinstance(process.next_stop(PATIENCE), Stop)
    assert end_of(process).status == -signal.SIGKILL


def test_a_script_does_not_outlive_whoever_attached(tmp_path: Path) -> None:
    path = tmp_path / "endless.py"
    path.write_text("import os\nprint(os.getpid(), flush=True)\n" + ENDLESS)
    program = (
        "from microgpt.attach import ScriptProcess; import os;"
        f"ScriptProcess({str(path)!r}, output='inherited').next_stop(); os._exit(0)"
    )
    # Its standard output stays open as long as the script lives: this waits for both.
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert int(run.stdout)


# -- what it finds, as if it had been started by itself --------------------------------------------

SELF_PORTRAIT = """
import sys, json
import __main__
print(json.dumps([__name__, __file__, sys.argv, sys.path, __main__.__dict__ is globals(),
    [name for name in sys.modules if name.partition(".")[0] == "microgpt"], __builtins__ is
    __import__("builtins"), __package__, __spec__, sys.stdin.read(), __doc__]))
"""


def test_it_finds_what_python_itself_would_give_it(attach: Attach) -> None:
    process = attach(SELF_PORTRAIT, "--steps", "3", "-x")
    all_stops(process)
    alone = subprocess.run(
        [sys.executable, str(process.path), "--steps", "3", "-x"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert process.output.lines == (alone.stdout.rstrip("\n"),)


@pytest.mark.parametrize("neighbour", ["microgpt", "random", "signal", "session"])
def test_a_neighbour_module_is_its_own(attach: Attach, tmp_path: Path, neighbour: str) -> None:
    (tmp_path / f"{neighbour}.py").write_text("whose = 'mine'\n")
    process = attach(f"import {neighbour}\nprint({neighbour}.whose)\n")
    all_stops(process)
    assert process.output.lines == ("mine",)


def test_a_script_that_imports_its_neighbour_microgpt(attach: Attach, tmp_path: Path) -> None:
    (tmp_path / "microgpt.py").write_text((SCRIPTS / "microgpt.py").read_text(encoding="utf-8"))
    process = attach("import microgpt\nmicrogpt.train(2)\n")
    stops, ended = all_stops(process)
    assert process.class_names == ("microgpt.Value",)
    assert [stop.number for stop in stops] == [1, 2]
    assert ended.status == 0
    graph = stops[0].graph
    assert graph is not None
    assert graph.scopes.find("train/model/linear[1]")
    assert graph.find("layer0.fc2[2][5]")


def test_forks_of_the_script_run_by_themselves(attach: Attach) -> None:
    process = attach(
        LOOP.format(steps="range(1)")
        + """
import os
if not (child := os.fork()):
    for i in range(3):
        loss = w * 5.0
        loss.backward()
    os._exit(int(w.grad))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    )
    stops, _ = all_stops(process)
    assert [stop.number for stop in stops] == [1]
    assert process.output.lines == ("15",)


def test_copies_and_pickles_of_nodes_carry_nothing_of_ours(attach: Attach) -> None:
    source = (SCRIPTS / "microgpt.py").read_text(encoding="utf-8").partition("if __name__")[0]
    program = (
        source
        + """
import copy, pickle
class Plain(Value):
    pass
x = Value(3.0) * 2.0
for node in (x, Plain(1.0)):
    state = node.__reduce_ex__(2)[2:]
    print(copy.deepcopy(node).data, pickle.loads(pickle.dumps(node)).data, state)
"""
    )
    process = attach(program)
    all_stops(process)
    alone = subprocess.run(
        [sys.executable, str(process.path)], capture_output=True, text=True, check=True
    )
    shown, expected = (
        [re.sub("0x[0-9a-f]+", "", line) for line in lines]
        for lines in (process.output.lines, alone.stdout.splitlines())
    )
    assert shown == expected


# -- what it prints --------------------------------------------------------------------------------


def test_a_script_that_prints_without_end(attach: Attach) -> None:
    process = attach("i = 0\nwhile True:\n    print('line', i)\n    i += 1\n")
    while process.output.n_lines < 20_000:
        assert process.next_stop(timeout=0.01) is None
    lines = process.output.lines
    assert 1_900 <= len(lines) <= 2_001
    assert lines[-2].startswith("line ")
    process.kill()
    assert end_of(process).status == -signal.SIGKILL


def test_what_it_printed_is_there_when_it_stops(attach: Attach) -> None:
    process = attach("print('before', end='')\n" + LOOP.format(steps="range(1)"))
    next_stop(process)
    while not process.output.lines:  # it is flushed, but another thread brings it
        assert process.next_stop(timeout=0.01) is None
    assert process.output.lines == ("before",)


@pytest.mark.parametrize(("output", "place"), [("inherited", "stdout"), ("stderr", "stderr")])
def test_where_its_output_can_go(tmp_path: Path, output: str, place: str) -> None:
    path = tmp_path / "script.py"
    path.write_text("print(input())")
    program = (
        "from microgpt.attach import ScriptProcess;"
        f"ScriptProcess({str(path)!r}, output={output!r}, stdin=True).next_stop()"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], input="typed\n", capture_output=True, text=True, check=True
    )
    assert (run.stdout, run.stderr) == (("typed\n", "") if place == "stdout" else ("", "typed\n"))


def test_no_such_script() -> None:
    with pytest.raises(InputError, match=r"no script 'gone\.py'"):
        ScriptProcess("gone.py")


def test_a_rule_counts_from_0() -> None:
    with pytest.raises(InputError, match="not -1"):
        StopRule(every=-1)


# -- going on, and waiting for it ------------------------------------------------------------------


def test_run_on_goes_from_stop_to_stop(attach: Attach) -> None:
    process = attach("""
        from microgpt import Value
        x = Value(1.0)
        for step in range(6):
            (x * step).backward()
        1 / 0
    """)
    found = []
    for count in (1, 2, 1, 9):
        stop = process.run_on(count)
        assert isinstance(stop, Stop)
        found.append((stop.kind, stop.number))
    assert found == [("backward", 1), ("backward", 3), ("backward", 4), ("exception", 6)]
    assert isinstance(process.run_on(5), Ended)
    with pytest.raises(InputError, match="the script is over: exit status 1"):
        process.run_on()


def test_a_wait_that_is_broken_off_loses_no_stop(attach: Attach, tmp_path: Path) -> None:
    """Every third would be one; one of those right after the break is, too."""
    process = attach(
        """
        import pathlib, sys, time
        from microgpt import Value
        x = Value(1.0)
        while not pathlib.Path(sys.argv[1]).exists():
            time.sleep(0.005)
        for step in range(6):
            (x * step).backward()
        """,
        str(tmp_path / "go"),
        stop=StopRule(every=3),
    )

    def break_off() -> None:
        while not process.is_waited_for:
            pass
        process.break_off()

    thread = threading.Thread(target=break_off)
    thread.start()
    with pytest.raises(InputError, match="still runs, and will stop at its next backward"):
        process.run_on()
    thread.join()
    assert process.is_running
    process.break_off()  # nobody waits: nothing happens
    (tmp_path / "go").touch()
    found = []
    while isinstance(stop := process.run_on(), Stop):
        found.append(stop.number)
    assert found[0] in {1, 2}  # the first that was recorded from its beginning
    assert found[1:] == [3, 6]
