"""Columns of where nodes stand: what they are called, and the scopes and lines that they are of."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from microgpt.attach.child.recorded import Label
from microgpt.attach.wire import Field
from microgpt.autograd.scopes import Scope


def label_columns(labels: Sequence[Label | None]) -> dict[str, Field]:
    """Which nodes have names, and which of them stand in a matrix."""
    named = [(i, label) for i, label in enumerate(labels) if label]
    placed = [(i, label.place) for i, label in named if label.place]
    return {
        "named": array("q", (i for i, _ in named)),
        "names": [label.text for _, label in named],
        "placed": array("q", (i for i, _ in placed)),
        "matrices": [place.matrix for _, place in placed],
        "rows": array("q", (place.row for _, place in placed)),
        "cols": array("q", (place.col for _, place in placed)),
        "tokens": [place.token for _, place in placed],
    }


def table(values: Iterable[str]) -> tuple[list[str], array[int]]:
    """Different texts, and which of them each is."""
    column = list(values)
    places = {value: i for i, value in enumerate(dict.fromkeys(column))}
    return list(places), array("q", map(places.__getitem__, column))


def scope_at(site: Any) -> Scope | None:
    """The scope of a site, or the scope itself; None for none."""
    scope: Scope | None = getattr(site, "scope", site)  # a Site has one, a Scope is one
    return scope


def scope_rows(entered: Iterable[Scope | None]) -> tuple[dict[Scope, int], array[int]]:
    """The scopes that nodes lie in, a parent before its children, and each node's, -1 for none."""
    column = list(entered)
    numbers: dict[Scope, int] = {}

    def number(scope: Scope | None) -> int:
        if scope is None:
            return -1
        if scope not in numbers:
            number(scope.parent)
            numbers[scope] = len(numbers)
        return numbers[scope]

    rows = {scope: number(scope) for scope in dict.fromkeys(column)}  # few are different
    return numbers, array("q", map(rows.__getitem__, column))


def parent_of(scope: Scope, numbers: Mapping[Scope, int]) -> int:
    """The number of the scope that one lies in, -1 for none."""
    return -1 if scope.parent is None else numbers[scope.parent]


def place_columns(entered: Iterable[Any]) -> dict[str, Field]:
    """The files, and of each scope the file, line and instruction it was entered from, or -1."""
    # A script's own microgpt may be one that did not record this.
    places = [getattr(scope, "place", None) or ("", -1, -1, -1) for scope in entered]
    named = dict.fromkeys(place[0] for place in places if place[0])
    files = {file: number for number, file in enumerate(named)}
    return {
        "place_files": list(files),
        "place_file_of": array("q", (files.get(place[0], -1) for place in places)),
        "place_lines": array("q", (place[1] for place in places)),
        "place_offsets": array("q", (place[2] for place in places)),
        "place_inner_offsets": array("q", (place[3] for place in places)),
    }


def maker_columns(makers: Iterable[Any]) -> dict[str, Field]:
    """The functions that made nodes, where each begins, and which made each, -1 for none."""
    places: dict[int, int] = {}
    codes: list[Any] = []
    column = array("q")
    for code in makers:
        if code is not None and id(code) not in places:
            places[id(code)] = len(codes)
            codes.append(code)
        column.append(-1 if code is None else places[id(code)])
    return {
        "maker_names": [code.co_name for code in codes],
        "maker_files": [code.co_filename for code in codes],
        "maker_lines": array("q", (code.co_firstlineno for code in codes)),
        "maker_of": column,
    }


def line_rows(sites: Iterable[Any]) -> tuple[list[tuple[str, int]], array[int]]:
    """Different lines, and which of them each site is at, -1 for none."""
    column = list(sites)
    places: dict[tuple[str, int], int] = {}
    rows: dict[Any, int] = {}
    for site in dict.fromkeys(column):  # few are different
        if filename := getattr(site, "filename", None):
            rows[site] = places.setdefault((filename, site.line), len(places))
        else:
            rows[site] = -1
    return list(places), array("q", map(rows.__getitem__, column))
