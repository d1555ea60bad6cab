"""Other ways in than a script: modules, notebooks, another Python; and stopping at one pass."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from microgpt.attach import ScriptProcess, Stop, StopRule
from microgpt.attach.interpreter import interpreter
from microgpt.attach.notebook import Notebook
from microgpt.errors import InputError
from tests.microgpt.attach.conftest import SCRIPTS, Attach, all_stops, next_stop

MICROGPT = (SCRIPTS / "microgpt.py").read_text(encoding="utf-8").partition("def linear")[0]
PROGRAMS = Path(__file__).parents[2] / "attach" / "programs"
USE = "a = Value(2.0)\nloss = a * a\nloss.backward()\nprint(a.grad)\n"


# -- modules ---------------------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "lessons"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "engine.py").write_text(MICROGPT)
    told = "import sys\nprint(__name__, __package__, __spec__.name, sys.argv[1:], sys.path[0])\n"
    (folder / "train.py").write_text("from .engine import Value\n" + USE + told)
    (folder / "__main__.py").write_text("from lessons.engine import Value\n" + USE)
    monkeypatch.chdir(tmp_path)
    return folder


def test_a_module_runs_as_python_would_run_it(package: Path) -> None:
    plain = subprocess.run(
        [sys.executable, "-m", "lessons.train", "x"], capture_output=True, text=True, check=True
    )
    with ScriptProcess("lessons.train", ["x"], module=True) as process:
        stop = next_stop(process)
        assert stop.graph is not None
        assert stop.graph.grad[stop.graph.find("a")] == 4.0
        assert (stop.file, stop.line) == (str(package / "train.py"), 4)
        _, ended = [process.resume(), all_stops(process)[1]]
    assert ended is not None
    assert ended.status == 0
    assert process.output.lines == tuple(plain.stdout.splitlines())


def test_a_package_runs_by_its_main(package: Path) -> None:
    with ScriptProcess("lessons", module=True) as process:
        assert next_stop(process).file == str(package / "__main__.py")


def test_a_module_that_is_not_there(package: Path) -> None:
    for name in ("lessons.nothing", "nothing.at.all"):
        with ScriptProcess(name, module=True) as process:
            stops, ended = all_stops(process)
        assert (stops, ended.status) == ([], 1)
        assert process.output.lines[-1].endswith(f"No module named {name}")


# -- notebooks -------------------------------------------------------------------------------------


def notebook(path: Path, *cells: str) -> Path:
    content = [
        {"cell_type": "markdown", "source": ["# title\n"]},
        *({"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells),
    ]
    path.write_text(json.dumps({"nbformat": 4, "cells": content}))
    return path


def test_a_notebooks_cells_run_in_order(tmp_path: Path) -> None:
    path = notebook(
        tmp_path / "lesson.ipynb",
        MICROGPT,
        "%matplotlib inline\na = Value(2.0)\n!ls\nloss = a * a",
        "%%bash\n1 / 0",
        "%%time\nfiles = !ls\nloss.backward()\n"
        "if True:\n    %time print(a.grad)\n    display('done')",
    )
    with ScriptProcess(path, ["--fast"]) as process:
        stop = next_stop(process)
        process.resume()
        _, ended = all_stops(process)
    assert stop.graph is not None
    assert (stop.file, stop.line) == ("cell 4", 3)
    assert stop.graph.line(stop.graph.root) == ("cell 2", 4)
    assert process.left_out == (
        "cell 2, line 1: %matplotlib inline",
        "cell 2, line 3: !ls",
        "cell 3, line 1: %%bash",
        "cell 4, line 1: %%time",
        "cell 4, line 2: files = !ls",
        "cell 4, line 5: %time print(a.grad)",
    )
    assert process.output.lines == ("4.0", "'done'")
    assert ended.status == 0


def test_lines_of_cells_are_pythons_own(tmp_path: Path) -> None:
    """Neither form feeds nor separators in texts begin a line, and an old `\\r` does."""
    begins = "%matplotlib inline\n\fa = '\u2028\x1c'\r\nb = 1\f\rimport traceback\n"
    catches = "try:\n    b / 0  # here\nexcept ZeroDivisionError:\n    traceback.print_exc()\n!ls\n"
    path = notebook(tmp_path / "lesson.ipynb", begins + catches, "b = 2\n\fb / 0")
    magics = ("cell 1, line 1: %matplotlib inline", "cell 1, line 9: !ls")
    assert Notebook.read(path).left_out == magics
    with ScriptProcess(path) as process:
        stop = next_stop(process)
        assert (stop.kind, stop.file, stop.line) == ("exception", "cell 2", 2)
        process.resume()
        all_stops(process)
    assert any('"cell 1", line 6' in line for line in process.output.lines)
    assert any("b / 0  # here" in line for line in process.output.lines)


def test_a_cell_that_raises_is_shown(tmp_path: Path) -> None:
    path = notebook(tmp_path / "lesson.ipynb", "x = 1", "y = x\ny / 0")
    with ScriptProcess(path) as process:
        stop = next_stop(process)
    assert (stop.kind, stop.file, stop.line) == ("exception", "cell 2", 2)
    assert '  File "cell 2", line 2, in <module>\n' in stop.traceback


def test_a_text_that_looks_like_a_magic_stays(tmp_path: Path) -> None:
    source = "x = '''\n%d of them\n!important\n'''\nprint(x)"
    read = Notebook.read(notebook(tmp_path / "a.ipynb", source))
    assert (read.cells, read.left_out) == ((("cell 1", source),), ())


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"cells": [{}]}', '{"cells": 3}'])
def test_what_is_no_notebook(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(content)
    with pytest.raises(InputError, match="is not a notebook: JSON with a list of cells"):
        ScriptProcess(path)


# -- another Python --------------------------------------------------------------------------------


def other_pythons() -> list[str]:
    """Interpreters of other versions that run here, without our packages."""
    versions = [f"python3.{minor}" for minor in (9, 10, 12, 13, 14)]
    places = [Path(p) for p in map(shutil.which, versions) if p]
    places += Path.home().glob(".pyenv/versions/3.*/bin/python")
    found: dict[str, str] = {}
    for place in places:
        try:
            path = interpreter(str(place))
        except InputError:
            continue
        version = subprocess.run(
            [path, "-c", "import sys; print(sys.version_info[:2])"],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        found.setdefault(version, path)
    found.pop(f"{sys.version_info[:2]}\n", None)
    return list(found.values())


@pytest.mark.slow
def test_programs_run_under_any_python_from_3_9() -> None:
    pythons = other_pythons()
    if not pythons:
        pytest.skip("no other Python is here")
    for python in pythons:
        for name in ("training", "function_apply", "slotted_dataclass", "wrong_overwritten"):
            path = PROGRAMS / f"{name}.py"
            plain = subprocess.run([python, path], capture_output=True, text=True, check=True)
            with ScriptProcess(path, python=python) as process:
                stops, ended = all_stops(process)
            assert ended.status == 0
            assert process.output.lines == tuple(plain.stdout.splitlines())
            graph = stops[-1].graph
            assert graph is not None
            for line in process.output.lines[-4:]:
                node, data, grad = line.split()
                assert float(graph.data[graph.find(node)]).hex() == data
                assert float(graph.grad[graph.find(node)]).hex() == grad


def test_the_active_environments_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    assert interpreter() == sys.executable
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path))
    assert interpreter() == sys.executable  # it has no Python
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    assert interpreter() == str(tmp_path / "bin" / "python")
    assert interpreter(sys.executable) == sys.executable


def test_a_python_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no Python 'nowhere': the path of an interpreter"):
        interpreter("nowhere")
    old = tmp_path / "old"
    old.write_text("#!/bin/sh\necho 3 8\n")
    no_python = tmp_path / "none"
    no_python.write_text("#!/bin/sh\nexit 3\n")
    for path in (old, no_python):
        path.chmod(0o755)
    with pytest.raises(InputError, match=r"is Python 3.8; programs run on 3.9 or newer"):
        interpreter(str(old))
    with pytest.raises(InputError, match="is no Python that runs"):
        interpreter(str(no_python))


# -- one pass --------------------------------------------------------------------------------------


def test_it_stops_at_one_pass_only(attach: Attach) -> None:
    source = MICROGPT + "a = Value(2.0)\nfor i in range(6):\n    (a * float(i)).backward()\n"
    stops, ended = all_stops(attach(source, stop=StopRule(only=4)))
    assert [(stop.number, stop.loss) for stop in stops] == [(4, 6.0)]
    assert ended.n_backwards == 6
    assert all_stops(attach(source, stop=StopRule(only=9)))[0] == []
    learnt = PROGRAMS / "training.py"
    stops, _ = all_stops(attach(learnt, stop=StopRule(only=2)))
    assert [stop.number for stop in stops] == [2]
    with pytest.raises(InputError, match="stops at its 1st, 2nd"):
        StopRule(only=-1)


def test_a_rule_lets_pass_what_cannot_be_the_one() -> None:
    rule = StopRule(only=4)
    assert [rule.to_let_pass(number) for number in range(4)] == [3, 2, 1, 0]
    assert [rule.holds(number, 0.0) for number in range(1, 6)] == [False] * 3 + [True, False]


def test_what_a_script_waits_for(attach: Attach) -> None:
    process = attach(
        "class N:\n    def __init__(self): self.x = 1.0\n    def __add__(self, o): return N()\n"
        "while True:\n    N() + N()\n"
    )
    while "N" not in process.waits_for:
        assert process.next_stop(timeout=0.01) is None
    assert process.waits_for == "a first backward pass of N"
    other = attach("while True: pass")
    assert other.next_stop(timeout=0.1) is None
    assert other.waits_for.startswith("a class that defines arithmetic")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("1j", "Num: its x holds complex numbers: real ones are needed"),
        ("'one'", "Num: none of its x, of holds a number in every node"),
        ("Array()", "Num: its x holds arrays: a number in each node is needed, or numpy's arrays"),
    ],
)
def test_a_class_that_cannot_be_observed_gets_one_line(
    attach: Attach, data: str, reason: str
) -> None:
    process = attach(f"""
        class Array:
            shape, dtype = (2,), float

        class Num:
            def __init__(self, x, of=()):
                self.x, self.of = x, of
            def __add__(self, other):
                return Num(self.x, (self, other))

        a = Num({data}) + Num({data})
    """)
    stops, ended = all_stops(process)
    assert stops == []
    assert reason in ended.reason


@pytest.mark.parametrize(
    ("number", "gradient", "reason"),
    [
        ("1.0", "'one'", "Num: its g is given str: int or float is needed"),
        ("1.0", "Fraction(1)", "Num: its g holds Fraction: int or float is needed"),
        ("Fraction(1, 3)", "1.0", "Num: its x holds Fraction: int or float is needed"),
    ],
)
def test_gradients_and_numbers_that_are_no_floats_get_one_line(
    attach: Attach, number: str, gradient: str, reason: str
) -> None:
    process = attach(f"""
        from fractions import Fraction

        class Num:
            def __init__(self, x, of=()):
                self.x, self.of, self.g = x, of, None
            def __add__(self, other):
                return Num(self.x + other.x, (self, other))

        a = Num({number}) + Num({number})
        a.g = {gradient}
        for operand in a.of: operand.g = a.g
    """)
    stops, ended = all_stops(process)
    assert stops == []
    assert reason in ended.reason


def test_a_text_beside_the_numbers_is_no_reason(attach: Attach) -> None:
    process = attach("""
        class Num:
            def __init__(self, x, of=()):
                self.x, self.of, self.label = x, of, ""
            def __add__(self, other):
                return Num(self.x + other.x, (self, other))

        a = Num(1.0) + Num(2.0)
        a.label = a.kind = "sum"
    """)
    stops, ended = all_stops(process)
    assert stops == []
    assert ended.reason.endswith("Num: nothing wrote gradients to its nodes")


def test_numbers_in_boxes_of_their_own_get_one_line(attach: Attach) -> None:
    process = attach("""
        class Box:
            def __init__(self, number): self.number = number

        class Num:
            def __init__(self, x, of=()):
                self.box, self.of, self.g = Box(x), of, 0.0
            def __add__(self, other):
                return Num(self.box.number + other.box.number, (self, other))

        a = Num(1.0) + Num(2.0)
        a.g = 1.0
        for operand in a.of: operand.g += a.g
    """)
    stops, ended = all_stops(process)
    assert stops == []
    assert "Num: none of its box, of, g holds a number in every node" in ended.reason


def test_an_exception_in_a_pass_is_the_scripts(attach: Attach) -> None:
    source = (PROGRAMS / "prev_and_op.py").read_text(encoding="utf-8")
    process = attach(source.replace("self.g = 1.0", "self.g = 1.0 / 0"))
    stops, ended = all_stops(process)
    assert [stop.kind for stop in stops] == ["exception"]
    assert stops[0].error == "ZeroDivisionError: float division by zero"
    assert "microgpt/attach" not in stops[0].traceback
    assert ended.status == 1
    assert isinstance(stops[0], Stop)
