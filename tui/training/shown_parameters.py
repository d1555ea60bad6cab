"""The matrices of one step or graph, as they are shown: every kind of number there is of each.

Knows no widget. What is not known of a program is not there, and said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeAlias, get_args

import numpy as np
from rich.cells import cell_len

from microgpt.autograd.bindings import ParameterBinding
from microgpt.errors import DomainError
from microgpt.graph.arrays import Floats, Mask, frozen
from microgpt.graph.graph import Graph
from microgpt.train.engines.vectors.document_pass import adam_step, document_pass
from microgpt.train.graph_origin import GraphOrigin
from microgpt.train.unit_survey import UnitSurvey, survey_units
from viz.views.parameter_matrices import BY_TOKEN, parameter_matrices, root_mean_square

ParameterKind: TypeAlias = Literal["data", "gradient", "update", "moment m", "moment v"]
"""What is shown of a matrix."""
ALL_KINDS: tuple[ParameterKind, ...] = get_args(ParameterKind)
LOGARITHMIC: tuple[ParameterKind, ...] = ("gradient", "moment m", "moment v")
"""Kinds of which a colour or a bin is a power of ten, as in the picture of view `parameters`."""
BAND, RULE_OF_THUMB = (1e-4, 1e-2), 1e-3
"""Of an update's size over its matrix's: what is usually called good, and its middle. A convention
of the field, no law."""


@dataclass(frozen=True, eq=False)
class ShownMatrix:
    """One matrix."""

    name: str
    numbers: Mapping[ParameterKind, Floats]
    """Those that are known, nan where one entry is not. Shape of each: `[row][column]`."""
    row_labels: tuple[str, ...]  # what each row is for: a token, a unit, or its number
    entry_names: Mapping[tuple[int, int], str] | None = None
    """Of a program's parameters, by row and column; None where all follow from the matrix's."""
    update_unknown: Mask | None = None
    """Entries whose update is not known, None where all are. Shape: `[row][column]`."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.numbers["data"].shape
        return rows, columns

    @property
    def ratio(self) -> float | None:
        """The size of the update over that of the matrix: root mean squares. None without one.

        Of a program both are of the entries whose update is known.
        """
        if "update" not in self.numbers:
            return None
        known = ~self.is_hidden("update")
        if not known.any():
            return None
        size = root_mean_square(self.numbers["data"][known])
        return root_mean_square(self.numbers["update"][known]) / size if size else float("inf")

    def size_of(self, kind: ParameterKind) -> float | None:
        """The root mean square of the numbers of a kind that are known, None without any."""
        if kind not in self.numbers:
            return None
        known = self.numbers[kind][~self.is_hidden(kind)]
        return root_mean_square(known) if known.size else None

    @cached_property
    def widest_label(self) -> int:
        """Units: character cells."""
        return max(map(cell_len, self.row_labels), default=0)

    @cached_property
    def is_absent(self) -> Mask:
        """Where there is no parameter: rows of a program may differ in length."""
        if self.entry_names is None:
            return np.zeros(self.shape, np.bool_)
        absent = np.ones(self.shape, np.bool_)
        if self.entry_names:
            absent[tuple(np.array(list(self.entry_names)).T)] = False
        return absent

    def is_hidden(self, kind: ParameterKind) -> Mask:
        """Where there is no number of a kind: no parameter, or one of which that is not known."""
        if kind != "update" or self.update_unknown is None:
            return self.is_absent
        return self.is_absent | self.update_unknown

    @cached_property
    def _places(self) -> Mapping[str, tuple[int, int]]:
        """Of entries by the names that a program gives them, of several of one name the first."""
        places: dict[str, tuple[int, int]] = {}
        for at, name in (self.entry_names or {}).items():
            places.setdefault(name, at)
        return places

    def entry(self, row: int, column: int) -> str:
        """What an entry is called, `""` where there is none."""
        if self.entry_names is not None:
            return self.entry_names.get((row, column), "")
        return f"{self.name}[{row}][{column}]"

    def place_of(self, name: str) -> tuple[int, int] | None:
        """Row and column of an entry by its name, None of any other."""
        if self.entry_names is not None:
            return self._places.get(name)
        found = re.fullmatch(rf"{re.escape(self.name)}\[(\d+)\]\[(\d+)\]", name)
        place = (int(found[1]), int(found[2])) if found else None
        rows, columns = self.shape
        return place if place and place[0] < rows and place[1] < columns else None


@dataclass(frozen=True, eq=False)
class ShownParameters:
    """All of a model's matrices at one moment, or those of any graph."""

    matrices: tuple[ShownMatrix, ...]
    moment: str  # of what they are, in words
    units: UnitSurvey | None = None  # how often the relu's units fire; None where not measured
    units_step: int = 0  # the step that this was measured at
    note: str = ""  # what is not as one may expect, in a few words
    update_in_words: str = "what Adam adds to each"
    key: object = None  # of the step, as its origin has it; None of what is no step

    @property
    def kinds(self) -> tuple[ParameterKind, ...]:
        """What can be shown, of every matrix."""
        return tuple(k for k in ALL_KINDS if all(k in m.numbers for m in self.matrices))

    def find(self, name: str) -> int | None:
        """The place of a matrix by its name, or by that of one of its entries."""
        for at, matrix in enumerate(self.matrices):
            if name and (name == matrix.name or matrix.place_of(name) is not None):
                return at
        return None

    def dead_units(self, matrix: ShownMatrix) -> tuple[tuple[int, ...], bool]:
        """Units of a matrix that never fired, and whether they are its columns, not its rows.

        A unit's inputs are a row of the matrix before the relu, its outputs a column of the next.
        """
        found = re.fullmatch(r"layer(\d+)\.mlp_fc([12])", matrix.name)
        if self.units is None or found is None:
            return (), False
        return self.units.dead(int(found[1])), found[2] == "2"


def of_step(origin: GraphOrigin) -> ShownParameters:
    """The matrices of a training step: as it computed them, and what its update is.

    The gradient is that of the text shown; update and moments are of the document trained on.

    Raises:
        MicrogptError: a number is not finite.
    """
    model = origin.model
    config, tokenizer = model.config, model.tokenizer
    shapes = config.shapes(tokenizer.vocab_size)
    grads = _grads(origin, origin.document)
    trained_on = origin.trained_on or origin.document
    own = grads if trained_on == origin.document else _grads(origin, trained_on)
    stepped = adam_step(origin.state, origin.config, own)
    if stepped is None:
        raise DomainError(f"step {origin.step}: a gradient has no finite square, so no update")
    labels = tuple(map(tokenizer.label, range(tokenizer.vocab_size)))
    matrices = tuple(
        ShownMatrix(
            each.name,
            {
                "data": each.data,
                "gradient": each.grads,
                "update": each.update,
                "moment m": each.first_moment,
                "moment v": each.second_moment,
            },
            labels if each.name in BY_TOKEN else numbered(len(each.data)),
        )
        for each in parameter_matrices(shapes, model.data, grads, stepped)
    )
    note = f"gradient of “{origin.document}”, update of “{trained_on}”" if origin.trained_on else ""
    moment = f"step {origin.step}" if origin.state.step else "untrained"
    return ShownParameters(matrices, moment, note=note, key=origin.key)


def units_of(origin: GraphOrigin) -> UnitSurvey:
    """How often units fire over the first documents trained on, and the one of the step.

    Raises:
        MicrogptError: a number is not finite.
    """
    documents = [each for each in origin.documents if each]
    return survey_units(origin.model, [*dict.fromkeys((origin.document, *documents))])


def is_read(origin: GraphOrigin, entry: str) -> bool:
    """Whether a step's text reads an entry: of embeddings, rows of its tokens and positions."""
    model = origin.model
    tokens = model.tokenizer.encode(origin.document)[: model.config.block_size + 1][:-1]
    read = {"wte": tokens, "wpe": range(len(tokens))}
    found = re.fullmatch(r"(\w+)\[(\d+)\]\[\d+\]", entry)
    return found is None or found[1] not in read or int(found[2]) in read[found[1]]


def _grads(origin: GraphOrigin, document: str) -> Floats:
    model = origin.model
    tokens = model.tokenizer.encode(document)[: model.config.block_size + 1]
    found = document_pass(model.config, model.tokenizer, model.data, tokens)
    if found is None:
        model.trace(document)  # whose error names the op and its place
        raise DomainError(f"a number of “{document}” is not finite")
    return found.grads


def with_what_ifs(shown: ShownParameters, graph: Graph) -> ShownParameters:
    """The same where what-ifs are in force: of their graph there are numbers, and no update."""
    by_matrix: dict[str, list[tuple[int, ParameterBinding]]] = {}
    for node, binding in graph.bindings.items():
        if isinstance(binding, ParameterBinding):
            by_matrix.setdefault(binding.matrix, []).append((node, binding))
    matrices = []
    for matrix in shown.matrices:
        data, grads = matrix.numbers["data"].copy(), np.zeros(matrix.shape)
        for node, binding in by_matrix.get(matrix.name, ()):
            data[binding.row, binding.col] = graph.data[node]
            grads[binding.row, binding.col] = graph.grad[node]
        matrices.append(replace(matrix, numbers={"data": frozen(data), "gradient": frozen(grads)}))
    note = "✎ with the what-if: there is no update of it"
    return replace(shown, matrices=tuple(matrices), note=note)


def numbered(count: int) -> tuple[str, ...]:
    """The labels of rows that have nothing but their numbers."""
    return tuple(map(str, range(count)))
