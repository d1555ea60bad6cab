"""The Map of a step that is too large to be laid out in scalars, from its vectors.

Its rows are those of the smallest step with as many layers and heads, found as any graph's are.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from microgpt.errors import InputError
from microgpt.graph.arrays import frozen
from microgpt.graph.graph import Graph
from microgpt.model.parameters import ModelConfig, drawn_numbers
from microgpt.model.places import at_any_position, position_name
from microgpt.printable import shortened
from microgpt.replay.vectors.blueprint import Blueprint
from microgpt.replay.vectors.document_graph import vector_graph
from microgpt.text.tokenizer import Tokenizer
from microgpt.train.model_snapshot import ModelSnapshot
from microgpt.train.region_graph import whole_layout
from microgpt.train.step_vectors import StepVectors
from viz.maps.folding import joined
from viz.maps.grid import Grid, grid_of
from viz.maps.step_map import Caption, StepMap
from viz.maps.vector_graph import MEAN, VectorGraph, graph_of_vectors

TEXT = "ab"
"""What the small step reads."""
ALIKE = "pos1"
"""Its position whose cells those of all positions are like."""
MEAN_SCOPE = "loss"


def graph_by(model: ModelSnapshot, document: str) -> Graph:
    """The graph of vectors of the same text by another model, to compare with.

    Raises:
        InputError: a number is not finite.
    """
    return graph_of_vectors(vectors_of(model, document)).graph


def vectors_of(model: ModelSnapshot, document: str) -> StepVectors:
    """The vectors of a document's step. Raises `InputError` if a number is not finite."""
    vectors = StepVectors.of(model, document)
    if vectors is None:
        raise InputError(
            f"a number of the step on {shortened(document)!r} is not finite; which one, only a "
            "step that is not too large for its scalars can tell"
        )
    return vectors


def vector_map(model: ModelSnapshot, document: str, step: int | None = None) -> StepMap:
    """The Map of a document's step from its vectors.

    Args:
        step: as of `StepMap.of`.

    Raises:
        InputError: a number is not finite.
    """
    return map_of_vectors(vectors_of(model, document), step)


def map_of_vectors(vectors: StepVectors, step: int | None = None) -> StepMap:
    """The same of vectors that are there."""
    made = graph_of_vectors(vectors)
    plan = whole_layout(vectors)
    tokenizer = vectors.model.tokenizer
    labels = [tokenizer.label(token) for token in vectors.tokens]
    captions = tuple(
        Caption(labels[position], labels[position + 1], loss, probability)
        for position, (loss, probability) in enumerate(
            zip(made.losses.tolist(), made.probabilities.tolist(), strict=True)
        )
    )
    grid = _grid(made, vectors, plan, labels)
    return StepMap(made.graph, grid, captions, step, plan.layout.size)


@dataclass(frozen=True, eq=False)
class _SmallGrid:
    grid: Grid
    row_of_place: Mapping[str, int]  # by path without position; matrices by name; `mean`
    scope_of_row: Mapping[int, str]  # of rows that are one scope, its path without position


@lru_cache(maxsize=4)
def _small_grid(n_layer: int, n_head: int) -> _SmallGrid:
    """The rows of a model with so many layers and heads."""
    config, tokenizer = ModelConfig(2 * n_head, n_head, n_layer, len(TEXT) + 1), Tokenizer(TEXT)
    numbers = drawn_numbers(config, tokenizer.vocab_size, random.Random(0))
    graph = vector_graph(config, tokenizer, numbers, tokenizer.encode(TEXT))
    graph = graph or ModelSnapshot(config, tokenizer, numbers).trace(TEXT)
    grid = grid_of(graph)
    row_of_place = {
        at_any_position(scope.path): int(grid.row_of[grid.cell_of[scope.start]])
        for scope in graph.scopes
        if scope.path.startswith(f"{ALIKE}/") and not graph.scopes.children(scope)
    }
    row_of_place |= {name: at for at, row in enumerate(grid.rows) for name in row.matrices}
    row_of_place[MEAN] = int(grid.row_of[grid.cell_of[graph.root]])
    scope_of_row = {
        int(grid.row_of[cell]): at_any_position(path)
        for cell, path in enumerate(grid.scopes)
        if path is not None and path.startswith(f"{ALIKE}/")
    }
    return _SmallGrid(grid, row_of_place, scope_of_row)


def _grid(made: VectorGraph, vectors: StepVectors, plan: Blueprint, labels: list[str]) -> Grid:
    config, n = vectors.model.config, vectors.n_positions
    small = _small_grid(config.n_layer, config.n_head)
    matrices = _ranges_of_matrices(vectors)
    is_matrix = np.array([place in matrices for place in made.places])
    row_of_place = np.array([small.row_of_place[place] for place in made.places])
    kind = np.where(made.column_of >= 0, made.column_of, n + is_matrix[made.place_of])
    codes = row_of_place[made.place_of] * (n + 2) + kind
    used = np.flatnonzero(np.bincount(codes))
    number = np.zeros(len(small.grid.rows) * (n + 2), np.int64)
    number[used] = np.arange(len(used))
    spans = {scope.path: (scope.start, scope.stop) for scope in plan.layout.scopes}
    scopes: list[str | None] = []
    ranges: list[tuple[tuple[int, int], ...]] = []
    for row, column in zip((used // (n + 2)).tolist(), (used % (n + 2)).tolist(), strict=True):
        if column == n + 1:
            scopes.append(None)
            ranges.append(joined(matrices[name] for name in small.grid.rows[row].matrices))
        else:
            path = MEAN_SCOPE
            if column < n:
                path = f"{position_name(column)}/{small.scope_of_row[row]}"
            scopes.append(path)
            ranges.append((spans[path],))
    column_of = used % (n + 2)
    return Grid(
        rows=small.grid.rows,
        labels=tuple(f"{token} → {target}" for token, target in pairwise(labels)),
        row_of=frozen(used // (n + 2)),
        column_of=frozen(np.where(column_of < n, column_of, -1)),
        scopes=tuple(scopes),
        parameters=tuple((column_of == n + 1).tolist()),
        cell_of=frozen(number[codes]),
        heads=small.grid.heads,
        ranges=tuple(ranges),
    )


def _ranges_of_matrices(vectors: StepVectors) -> dict[str, tuple[int, int]]:
    """The ids of the parameters that are read, by matrix: they are the first nodes."""
    found, start, model = {}, 0, vectors.model
    for name, (rows, cols) in model.config.shapes(model.tokenizer.vocab_size).items():
        if name == "wte":
            rows = len(set(vectors.tokens[:-1]))  # noqa: PLW2901  # fewer are read
        elif name == "wpe":
            rows = vectors.n_positions  # noqa: PLW2901
        found[name] = (start, start + rows * cols)
        start += rows * cols
    return found
