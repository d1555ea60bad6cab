"""What is loaded into a script's process is Python 3.9, whatever Python runs the rest."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import microgpt

CORE = Path(microgpt.__file__).parent
OLDEST = (3, 9)
NEWER = {
    "contextlib": {"aclosing", "chdir"},
    "enum": {"StrEnum", "verify", "member"},
    "inspect": {"get_annotations", "getmembers_static"},
    "itertools": {"pairwise", "batched"},
    "operator": {"call"},
    "types": {"EllipsisType", "NoneType", "NotImplementedType", "UnionType", "get_original_bases"},
    "typing": {"Concatenate", "LiteralString", "Never", "NotRequired", "ParamSpec", "Required",
               "Self", "TypeAlias", "TypeGuard", "TypeVarTuple", "Unpack", "assert_never",
               "assert_type", "override", "reveal_type", "TypeAliasType", "TypeIs"},
}  # fmt: skip
"""What modules of the standard library have only since a later version."""
NEWER_MODULES = {"tomllib", "annotationlib", "compression", "_colorize"}
NEWER_KEYWORDS = {"zip": {"strict"}, "dataclass": {"slots", "kw_only"}, "bisect": {"key"}}
NEWER_METHODS = {"bit_count", "add_note", "co_qualname", "co_positions"}


def loaded() -> list[Path]:
    """The files of ours that the script's process loads, beginning at its program."""
    waiting, found = [CORE / "attach" / "child" / "run.py"], {}
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found[path] = True
        for node in at_run_time(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("microgpt."):
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                places = [CORE.joinpath(*str(name).split(".")[1:]) for name in names]
                waiting += [p.with_suffix(".py") for p in places if p.with_suffix(".py").is_file()]
    return sorted(found)


def at_run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a tree, but for annotations and what only a type checker reads."""
    for name, value in ast.iter_fields(tree):
        if name in {"annotation", "returns"}:
            continue
        for node in value if isinstance(value, list) else [value]:
            if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
                continue
            if isinstance(node, ast.AST):
                yield node
                yield from at_run_time(node)


def newer_in(source: str) -> list[str]:
    """What a source uses that Python 3.9 does not have."""
    found = []
    for node in at_run_time(ast.parse(source, feature_version=OLDEST)):
        if isinstance(node, ast.ImportFrom):
            newer = NEWER.get(node.module or "", set())
            found += [alias.name for alias in node.names if alias.name in newer]
            found += [node.module] if node.module in NEWER_MODULES else []
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name in NEWER_MODULES]
        elif isinstance(node, ast.Call):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            newer = NEWER_KEYWORDS.get(called, set())
            found += [f"{called}({word.arg}=)" for word in node.keywords if word.arg in newer]
            if called in {"isinstance", "issubclass"} and isinstance(node.args[-1], ast.BinOp):
                found.append(f"{called}(a | b)")
        elif isinstance(node, ast.Attribute) and node.attr in NEWER_METHODS:
            found.append(node.attr)
    return found


@pytest.mark.parametrize("path", loaded(), ids=lambda path: path.relative_to(CORE).as_posix())
def test_a_file_of_the_scripts_process_is_python_3_9(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert newer_in(source) == []
    # Annotations may be of later versions, since nothing evaluates them.
    assert "from __future__ import annotations" in source or "|" not in source


def test_all_of_the_child_is_looked_at() -> None:
    child = set((CORE / "attach" / "child").glob("[!_]*.py"))
    assert child <= set(loaded())
    assert CORE / "attach" / "wire.py" in loaded()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from itertools import pairwise", ["pairwise"]),
        ("for a, b in zip(x, y, strict=True): pass", ["zip(strict=)"]),
        ("isinstance(x, int | float)", ["isinstance(a | b)"]),
        ("import tomllib", ["tomllib"]),
        ("def f(x: int | None) -> str | None: return x.bit_count()", ["bit_count"]),
        ("if TYPE_CHECKING:\n    from typing import Self", []),
    ],
)
def test_what_is_newer_is_found(source: str, found: list[str]) -> None:
    assert newer_in(source) == found


def test_newer_syntax_is_found() -> None:
    with pytest.raises(SyntaxError, match=r"only supported in Python 3\.10"):
        newer_in("match x:\n    case 1: pass")
