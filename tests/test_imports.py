"""Imports run `tui -> viz -> microgpt` and never back; each library has the place it may be in."""

from __future__ import annotations

import ast
import graphlib
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
    "numba": "microgpt",
    "aiohttp": "tui",
    "textual_serve": "tui",
}
LAYERS = (
    ("microgpt.printable",),
    ("microgpt.code_places", "microgpt.errors", "microgpt.version"),
    ("microgpt.files",),
    ("microgpt.autograd", "microgpt.text"),
    ("microgpt.graph",),
    ("microgpt.model", "microgpt.attach"),
    ("microgpt.replay",),
    ("microgpt.train",),
    ("microgpt.runs", "microgpt.script_runs", "microgpt.diagnosis"),
    ("microgpt.debugger",),
    ("microgpt.difference",),
    ("microgpt.frontends",),
    ("microgpt",),
    ("viz",),
    ("tui.selection",),
    ("tui.cell_text", "tui.keys", "tui.themes", "tui.training", "tui.visited_places"),
    ("tui.lessons",),
    ("tui.cli", "tui.widgets"),
    ("tui.dialogs",),
    ("tui.base",),
    ("tui.doctor", "tui.difference"),
    ("tui.debugger",),
    ("tui.run_app",),
    ("tui.selecting_app",),
    ("tui.runs_app",),
    ("tui.doctored_app",),
    ("tui.guided_app",),
    ("tui.modes",),
    ("tui.app",),
    ("tui.learn_app",),
    ("tui.web_server",),
    ("tui.learn_command", "tui.web"),
    ("tui.main",),
    ("tui",),
)
"""Lowest first. What stands in one line is side by side, and knows nothing of its neighbours."""

# The core is standard library only, but for what works on a graph's arrays, and for those that ask
# where the user's folders are.
CORE_PLACES_WITH = {
    "numba": (
        "microgpt/replay/loops.py",
        "microgpt/train/engines/kernel/compiling.py",
        "microgpt/train/engines/kernel/loading.py",
    ),
    "safetensors": ("microgpt/train/weights_file.py",),
    "filelock": ("microgpt/runs/run_file.py",),
    "numpy": (
        "microgpt/attach/columns.py",
        "microgpt/attach/dropped.py",
        "microgpt/attach/foreign_graph.py",
        "microgpt/attach/foreign_pass.py",
        "microgpt/attach/jacobians.py",
        "microgpt/attach/tensor_edges.py",
        "microgpt/attach/tensor_graph.py",
        "microgpt/attach/tensor_methods.py",
        "microgpt/attach/tensor_pass.py",
        "microgpt/attach/unasked_slopes.py",
        "microgpt/attach/unkept_seed.py",
        "microgpt/attach/visits.py",
        "microgpt/debugger/",
        "microgpt/diagnosis/",
        "microgpt/difference/",
        "microgpt/graph/",
        "microgpt/replay/",
        "microgpt/script_runs/",
        "microgpt/train/engines/kernel/",
        "microgpt/train/engines/replay_engine.py",
        "microgpt/train/engines/vectors/",
        "microgpt/train/region_graph.py",
        "microgpt/train/step_vectors.py",
        "microgpt/train/weights_file.py",
    ),
    "platformdirs": (
        "microgpt/debugger/saved_stops.py",
        "microgpt/replay/trace_file.py",
        "microgpt/text/corpus.py",
    ),
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


def layer_name(module: str) -> str:
    """The layer that a module, or a file's path, belongs to."""
    dotted = module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    names = (name for layer in LAYERS for name in layer)
    return max((n for n in names if dotted == n or dotted.startswith(f"{n}.")), key=len)


def is_below(module: str, path: str) -> bool:
    """Whether what a file imports lies in a lower layer than the file, or in its own."""
    floor = {name: place for place, layer in enumerate(LAYERS) for name in layer}
    imported, importer = layer_name(module), layer_name(path)
    return imported == importer or floor[imported] < floor[importer]


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
            elif not is_below(module, path):
                complaints.append(f"{at}, but imports run down: {layer_name(path)} is no higher")
        elif ONLY_IN.get(top, package) != package:
            complaints.append(f"{at}, but only {ONLY_IN[top]} may")
        elif top in {"textual", "textual_plot"} and path.startswith(NO_SCREEN):
            complaints.append(f"{at}, but the command line must do without")
        elif top in {"tests", "docs", "examples"}:
            complaints.append(f"{at}, which is not part of the product")
        elif package == "microgpt" and top not in sys.stdlib_module_names:
            if top not in CORE_PLACES_WITH:
                complaints.append(f"{at}, but the core is standard library only")
            elif not path.startswith(CORE_PLACES_WITH[top]):
                users = ", ".join(sorted(CORE_PLACES_WITH[top]))
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


@pytest.mark.parametrize("library", CORE_PLACES_WITH)
def test_every_place_that_may_use_a_library_does(library: str) -> None:
    users = [
        path
        for path in source_files()
        if path.startswith("microgpt/")
        and any(
            module.split(".")[0] == library
            for _, module in imported_modules((ROOT / path).read_text(encoding="utf-8"), path)
        )
    ]
    for place in CORE_PLACES_WITH[library]:
        assert any(path.startswith(place) for path in users), place


def circle(sources: dict[str, str]) -> list[str]:
    """Modules that import each other, the first again at the end; empty if none do.

    Args:
        sources: each file's text, by its path.
    """
    texts = {
        path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): text
        for path, text in sources.items()
    }
    imports: dict[str, set[str]] = {module: set() for module in texts}
    for module, text in texts.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom):
                named = {f"{node.module}.{alias.name}" for alias in node.names}
                imports[module] |= named & texts.keys() or {str(node.module)}
            elif isinstance(node, ast.Import):
                imports[module] |= {alias.name for alias in node.names}
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def test_no_files_import_each_other_in_a_circle() -> None:
    sources = {path: (ROOT / path).read_text(encoding="utf-8") for path in source_files()}
    assert circle(sources) == []


# -- the checker itself ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "source", "complaint"),
    [
        ("microgpt/autograd/value.py", "import viz", "tui -> viz -> microgpt"),
        ("microgpt/autograd/b.py", "from tui.keys import KEYS", "tui -> viz -> microgpt"),
        (
            "microgpt/autograd/value.py",
            "def f():\n    import tui.main as m",
            "value.py:2: imports tui.main",
        ),
        (
            "microgpt/autograd/value.py",
            "if TYPE_CHECKING:\n    from viz.dot import x",
            "tui -> viz",
        ),
        ("viz/dot.py", "from tui import keys", "tui -> viz -> microgpt"),
        (
            "microgpt/autograd/value.py",
            "import numpy as np",
            "but of the core only microgpt/attach/columns.py, ",
        ),
        (
            "microgpt/train/training.py",
            "import platformdirs",
            "only microgpt/debugger/saved_stops.py, ",
        ),
        (
            "microgpt/text/corpus.py",
            "import numpy",
            "but of the core only microgpt/attach/columns.py, ",
        ),
        ("microgpt/graph/graph.py", "import numba", "only microgpt/replay/loops.py, "),
        ("microgpt/graph/graph.py", "import pandas", "standard library only"),
        (
            "microgpt/graph/graph.py",
            "from microgpt.debugger.verbs.why import Why",
            "imports run down",
        ),
        ("microgpt/errors.py", "if T:\n    from microgpt.autograd.value import V", "run down"),
        ("microgpt/runs/run.py", "from microgpt import Value", "imports run down"),
        ("microgpt/runs/run.py", "import microgpt.debugger.verbs.why", "imports run down"),
        ("microgpt/graph/graph.py", "import networkx", "only viz may"),
        ("microgpt/graph/graph.py", "from rich.text import Text", "standard library only"),
        ("viz/dot.py", "from textual.app import App", "only tui may"),
        ("tui/main.py", "import graphviz", "only viz may"),
        ("viz/dot.py", "from numba import njit", "only microgpt may"),
        ("tui/modes/graph_mode.py", "import networkx.algorithms", "only viz may"),
        ("tui/widgets/heatmap.py", "from tui.app import MicrogptApp", "imports run down"),
        ("tui/cli/main.py", "from tui.widgets.heatmap import Heatmap", "imports run down"),
        ("tui/cli/train.py", "from textual import work", "must do without"),
        ("tui/cli/train.py", "def f():\n    import textual.app", "must do without"),
        ("viz/dot.py", "from tests.oracle import Oracle", "not part of the product"),
        ("microgpt/autograd/b.py", "from ...viz import dot", "imports viz"),
    ],
)
def test_the_checker_sees(path: str, source: str, complaint: str) -> None:
    complaints = broken_rules(source, path)
    assert len(complaints) == 1
    assert complaint in complaints[0]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("microgpt/autograd/value.py", "import math, sys\nfrom microgpt.autograd.ops import OPS"),
        ("microgpt/graph/graph.py", "from numpy.typing import NDArray"),
        ("microgpt/text/corpus.py", "def f():\n    import platformdirs"),
        ("microgpt/autograd/b.py", "from . import c\nfrom ..errors import X"),
        ("viz/dot.py", "import graphviz, networkx, numpy\nfrom microgpt.graph.graph import Graph"),
        ("tui/app.py", "from textual.app import App\nimport viz.dot\nimport microgpt"),
        ("tui/cli/train.py", "from rich.progress import Progress\nfrom tui.keys import KEYS"),
    ],
)
def test_the_checker_lets_pass(path: str, source: str) -> None:
    assert broken_rules(source, path) == []


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        ({"viz/a.py": "import viz.b", "viz/b.py": "from viz import c", "viz/c.py": ""}, set()),
        ({"viz/a.py": "import viz.b", "viz/b.py": "from viz import a"}, {"viz.a", "viz.b"}),
        (
            {"viz/a.py": "def f():\n    from viz.b import x", "viz/b.py": "import viz.a"},
            {"viz.a", "viz.b"},
        ),
        (
            {"viz/__init__.py": "from viz.a import x", "viz/a.py": "from viz import y"},
            {"viz", "viz.a"},
        ),
    ],
    ids=["a line", "two files", "an import in a function", "a file and its package"],
)
def test_the_checker_sees_circles(sources: dict[str, str], found: set[str]) -> None:
    assert set(circle(sources)) == found


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
