"""Imports run `tui -> viz -> microgpt` and never back; each library has the place it may be in."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("microgpt", "viz", "tui")

MAY_IMPORT = {
    "microgpt": {"microgpt"},
    "viz": {"microgpt", "viz"},
    "tui": {"microgpt", "viz", "tui"},
}
ONLY_IN = {
    "textual": "tui",
    "textual_plot": "tui",
    "textual_hires_canvas": "tui",
    "graphviz": "viz",
    "graphviz_pure": "viz",
    "networkx": "viz",
}
# The core is standard library only, but for the files that work on a graph's arrays, and for those
# that ask where the user's folders are.
CORE_FILES_WITH = {
    "numba": {"microgpt/engines/kernel/compiling.py", "microgpt/replay/loops.py"},
    "safetensors": {"microgpt/weights.py"},
    "filelock": {"microgpt/runs/run_file.py"},
    "numpy": {
        "microgpt/attach/foreign_graph.py",
        "microgpt/debugger/anomalies.py",
        "microgpt/debugger/conditions.py",
        "microgpt/debugger/derivatives.py",
        "microgpt/debugger/edits.py",
        "microgpt/debugger/flow.py",
        "microgpt/debugger/health.py",
        "microgpt/debugger/inspection.py",
        "microgpt/debugger/nodes.py",
        "microgpt/debugger/paths.py",
        "microgpt/debugger/running_grads.py",
        "microgpt/debugger/session.py",
        "microgpt/debugger/stops.py",
        "microgpt/debugger/timeline.py",
        "microgpt/debugger/walk.py",
        "microgpt/debugger/why.py",
        "microgpt/engines/kernel/adam.py",
        "microgpt/engines/kernel/engine.py",
        "microgpt/engines/kernel/layout.py",
        "microgpt/engines/replay.py",
        "microgpt/freezing.py",
        "microgpt/graph.py",
        "microgpt/integers.py",
        "microgpt/replay/code.py",
        "microgpt/replay/document_graph.py",
        "microgpt/replay/gradient_check.py",
        "microgpt/replay/libm.py",
        "microgpt/replay/loops.py",
        "microgpt/replay/model_program.py",
        "microgpt/replay/own_ops.py",
        "microgpt/replay/program.py",
        "microgpt/replay/slopes.py",
        "microgpt/replay/trace.py",
        "microgpt/replay/trace_file.py",
        "microgpt/replay/what_if.py",
        "microgpt/scope_tree.py",
        "microgpt/weights.py",
    },
    "platformdirs": {
        "microgpt/corpus.py",
        "microgpt/debugger/saved.py",
        "microgpt/replay/trace_file.py",
    },
}
NO_SCREEN = "tui/cli/"  # the command line starts fast and runs where there is no terminal


def imported_modules(source: str, path: str) -> Iterator[tuple[int, str]]:
    """Line and dotted name of all that is imported anywhere in a file, relative ones resolved."""
    package = path.split("/")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield node.lineno, module


def broken_rules(source: str, path: str) -> list[str]:
    """What a file imports against the rules, one line each; `path` counts from the checkout."""
    package = Path(path).parts[0]
    complaints = []
    for line, module in imported_modules(source, path):
        top = module.split(".")[0]
        at = f"{path}:{line}: imports {module}"
        if top in PACKAGES:
            if top not in MAY_IMPORT[package]:
                complaints.append(f"{at}, but imports run tui -> viz -> microgpt")
        elif ONLY_IN.get(top, package) != package:
            complaints.append(f"{at}, but only {ONLY_IN[top]} may")
        elif top in {"textual", "textual_plot"} and path.startswith(NO_SCREEN):
            complaints.append(f"{at}, but the command line must do without")
        elif top in {"tests", "docs", "examples"}:
            complaints.append(f"{at}, which is not part of the product")
        elif package == "microgpt" and top not in sys.stdlib_module_names:
            if top not in CORE_FILES_WITH:
                complaints.append(f"{at}, but the core is standard library only")
            elif path not in CORE_FILES_WITH[top]:
                users = ", ".join(sorted(CORE_FILES_WITH[top]))
                complaints.append(f"{at}, but of the core only {users} may")
    return complaints


def source_files() -> list[str]:
    return sorted(
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
    )


@pytest.mark.parametrize("path", source_files())
def test_imports_follow_the_rules(path: str) -> None:
    assert broken_rules((ROOT / path).read_text(encoding="utf-8"), path) == []


def test_all_three_packages_are_looked_at() -> None:
    assert {Path(path).parts[0] for path in source_files()} == set(PACKAGES)


@pytest.mark.parametrize("library", CORE_FILES_WITH)
def test_the_lists_of_files_with_a_library_are_up_to_date(library: str) -> None:
    users = {
        path
        for path in source_files()
        if path.startswith("microgpt/")
        and any(
            module.split(".")[0] == library
            for _, module in imported_modules((ROOT / path).read_text(encoding="utf-8"), path)
        )
    }
    assert users == CORE_FILES_WITH[library]


# -- the checker itself ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "source", "complaint"),
    [
        ("microgpt/value.py", "import viz", "tui -> viz -> microgpt"),
        ("microgpt/a/b.py", "from tui.keys import KEYS", "tui -> viz -> microgpt"),
        ("microgpt/value.py", "def f():\n    import tui.main as m", "value.py:2: imports tui.main"),
        ("microgpt/value.py", "if TYPE_CHECKING:\n    from viz.dot import x", "tui -> viz"),
        ("viz/dot.py", "from tui import keys", "tui -> viz -> microgpt"),
        (
            "microgpt/value.py",
            "import numpy as np",
            "but of the core only microgpt/attach/foreign_graph.py, ",
        ),
        ("microgpt/training.py", "import platformdirs", "only microgpt/corpus.py, "),
        (
            "microgpt/corpus.py",
            "import numpy",
            "but of the core only microgpt/attach/foreign_graph.py, ",
        ),
        ("microgpt/graph.py", "import numba", "only microgpt/engines/kernel/compiling.py, "),
        ("microgpt/graph.py", "import pandas", "standard library only"),
        ("microgpt/graph.py", "import networkx", "only viz may"),
        ("microgpt/graph.py", "from rich.text import Text", "standard library only"),
        ("viz/dot.py", "from textual.app import App", "only tui may"),
        ("tui/main.py", "import graphviz", "only viz may"),
        ("tui/screens/graph.py", "import networkx.algorithms", "only viz may"),
        ("tui/cli/train.py", "from textual import work", "must do without"),
        ("tui/cli/train.py", "def f():\n    import textual.app", "must do without"),
        ("viz/dot.py", "from tests.oracle import Oracle", "not part of the product"),
        ("microgpt/a/b.py", "from ...viz import dot", "imports viz"),
    ],
)
def test_the_checker_sees(path: str, source: str, complaint: str) -> None:
    complaints = broken_rules(source, path)
    assert len(complaints) == 1
    assert complaint in complaints[0]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("microgpt/value.py", "import math, sys\nfrom microgpt.ops import OPS"),
        ("microgpt/graph.py", "from numpy.typing import NDArray"),
        ("microgpt/corpus.py", "def f():\n    import platformdirs"),
        ("microgpt/a/b.py", "from . import c\nfrom ..value import Value"),
        ("viz/dot.py", "import graphviz, networkx, numpy\nfrom microgpt.graph import Graph"),
        ("tui/app.py", "from textual.app import App\nimport viz.dot\nimport microgpt"),
        ("tui/cli/train.py", "from rich.progress import Progress\nfrom tui.keys import KEYS"),
    ],
)
def test_the_checker_lets_pass(path: str, source: str) -> None:
    assert broken_rules(source, path) == []


# -- what is loaded when it runs -------------------------------------------------------------------


def loaded_by(program: str) -> set[str]:
    """Top-level names of what a fresh interpreter has imported after a program."""
    program += "\nimport sys; print(*{name.split('.')[0] for name in sys.modules})"
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


def test_training_loads_nothing_outside_the_standard_library() -> None:
    loaded = loaded_by("import microgpt; microgpt.Training(microgpt.load_corpus('names'))")
    assert "microgpt" in loaded
    libraries = {"numba", "numpy", "networkx", "graphviz", "platformdirs", "rich", "textual"}
    assert loaded & (libraries | {"viz", "tui"}) == set()


def test_the_graph_loads_numpy_when_asked_for() -> None:
    assert "numpy" in loaded_by("import microgpt; microgpt.Graph")
