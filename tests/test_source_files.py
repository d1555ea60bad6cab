"""Every file of the packages says its job and is short, and a name of a type means one thing."""

from __future__ import annotations

import ast
from collections import defaultdict

import pytest

from tests.test_imports import ROOT, source_files

LONGEST = 400  # lines; a longer file usually holds two ideas

DEFINED_TWICE: dict[str, str] = {}
"""Names of classes and aliases that several files define, and why."""


def types_defined(source: str) -> set[str]:
    """Names of the classes and the aliases of types at the top of a file, private ones left out."""
    names: list[str] = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            assigned = [target.id for target in targets if isinstance(target, ast.Name)]
            names += [name for name in assigned if not name.isupper()]  # no constants
    return {name for name in names if name[0].isupper()}


def defined_twice(sources: dict[str, str]) -> dict[str, list[str]]:
    """The files of each name that several define, by path."""
    files: dict[str, list[str]] = defaultdict(list)
    for path, source in sources.items():
        for name in types_defined(source):
            files[name].append(path)
    return {name: paths for name, paths in files.items() if len(paths) > 1}


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    return {path: (ROOT / path).read_text(encoding="utf-8") for path in source_files()}


def test_every_file_says_what_it_is_for(sources: dict[str, str]) -> None:
    assert [path for path, text in sources.items() if not ast.get_docstring(ast.parse(text))] == []


def test_no_file_is_long(sources: dict[str, str]) -> None:
    lines = {path: text.count("\n") for path, text in sources.items()}
    assert {path: count for path, count in lines.items() if count > LONGEST} == {}


def test_a_type_is_defined_once(sources: dict[str, str]) -> None:
    found = defined_twice(sources)
    assert {name: files for name, files in found.items() if name not in DEFINED_TWICE} == {}
    assert DEFINED_TWICE.keys() <= found.keys(), (
        "these are defined once now: take them off the list"
    )


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("class A:\n    class B: ...", {"A"}),
        ("Floats: TypeAlias = NDArray[float]\nVector = list[float]", {"Floats", "Vector"}),
        ("import typing as t\nIds: t.TypeAlias = int", {"Ids"}),
        ("SIZE = 3\nT = TypeVar('T')\n_Part = int\nstart: int = 0", set()),
        ("from a import B\ndef C(): ...", set()),
    ],
    ids=["class", "aliases", "alias by its module", "constants and private ones", "no types"],
)
def test_the_checker_sees_types(source: str, names: set[str]) -> None:
    assert types_defined(source) == names


def test_the_checker_sees_names_defined_twice() -> None:
    sources = {"viz/a.py": "class Place: ...", "tui/b.py": "Place = int", "tui/c.py": "X = Place"}
    assert defined_twice(sources) == {"Place": ["viz/a.py", "tui/b.py"]}
