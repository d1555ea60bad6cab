"""What a Map in characters is made of: spans of a line, bars, numbers of five characters, names."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal, TypeAlias

import numpy as np

from viz.maps.folding import FOLD, WHOLE
from viz.maps.moments import Progress
from viz.maps.step_map import StepMap
from viz.style import EIGHTHS

BARS = EIGHTHS[1:]
NOTHING = "·"
SIGNS = {Progress.NOT_YET: NOTHING, Progress.PARTIAL: "◔", Progress.UNDER_WAY: "◑"}
NUMBER_WIDTH = 5
"""Units: characters."""

Kind: TypeAlias = Literal[
    "plain", "label", "muted", "head", "cell", "weight", "waiting", "visited", "river"
]


@dataclass(frozen=True, slots=True)
class Span:
    """Some characters in a line."""

    text: str
    kind: Kind = "plain"
    cell: int = -1  # which they belong to, -1 for none
    strength: float = 0.0  # 0 to 1, how large the number is that they show
    sign: int = 0  # of that number, if the lens has signs


Line: TypeAlias = tuple[Span, ...]


def cell_number(number: float) -> str:
    """A number in five characters; very small and large ones need up to seven.

    Where nothing but zeros would be left, and where digits have no room, with an exponent.

    >>> [cell_number(x) for x in (0.0761, 3.371, 12.34, 0.00004, 0.0, -0.2, -0.0004)]
    ['.0761', '3.37', '12.3', '4e-5', '0', '-.200', '-4e-4']
    >>> cell_number(54_321.0), cell_number(-54_321.0)
    ('54321', '-5e4')
    """
    size = abs(number)
    sign = "-" if number < 0 else ""
    if not math.isfinite(number):
        return str(number)
    if size == 0:
        return "0"
    decimals = NUMBER_WIDTH - len(sign) - 1
    if size < 0.5 * 10.0**-decimals or size >= 10.0 ** (NUMBER_WIDTH - len(sign)) - 0.5:
        mantissa, _, exponent = f"{size:.0e}".partition("e")
        return f"{sign}{mantissa}e{int(exponent)}"
    if size >= 1:
        return sign + (f"{size:#.3g}" if size < 1000 else f"{size:.0f}").rstrip(".")
    digits = f"{size:.{decimals}f}"
    return sign + (digits[1:] if digits.startswith("0.") else digits[: NUMBER_WIDTH - len(sign)])


def narrow_number(number: float) -> str:
    """The same in no more than five characters: of what has no room, how far from 0 it is.

    >>> [narrow_number(x) for x in (-0.0004, -3e-12, 2e-120, -2e120)]
    ['-4e-4', '≈-0', '≈0', '-e120']
    """
    text = cell_number(number)
    if len(text) <= NUMBER_WIDTH:
        return text
    sign = "-" if number < 0 else ""
    return f"≈{sign}0" if abs(number) < 1 else f"{sign}e{text.partition('e')[2]}"


def bar(how_large: float) -> str:
    """One character, the higher the larger.

    >>> bar(0.0), bar(1.0)
    ('▁', '█')
    """
    return BARS[min(len(BARS) - 1, int(how_large * len(BARS)))]


def strip(weights: Sequence[float], room: int) -> str:
    """A character for each source: as high as the weight, a dot for those that are not read.

    Where there are more sources than characters, the largest weight of neighbours stands for them.

    >>> strip((0.5, 0.1, 0.4, 0.0), 4), strip((0.5, 0.1, 0.4, 0.0), 2)
    ('▅▁▄·', '▅▄')
    """
    n_read = max((source + 1 for source, weight in enumerate(weights) if weight > 0), default=0)
    if n_read > room:
        parts = np.array_split(np.array(weights[:n_read]), room)
        weights = [float(part.max()) for part in parts]
    return "".join(bar(weight) if weight > 0 else NOTHING for weight in weights)[:room]


def row_labels(step_map: StepMap) -> list[str]:
    """What each row is called, so that no two are alike: where they would be, with the layer.

    A row across all columns that is called as one of the columns' is all of it.
    """
    rows, grid = step_map.rows, step_map.grid
    has_layers = len({row.layer for row in rows} - {None}) > 1
    names = [row.name.replace("/", " ") for row in rows]
    same = Counter(names)
    in_columns = set(grid.row_of[grid.column_of >= 0].tolist())
    labels = []
    for place, (row, name) in enumerate(zip(rows, names, strict=True)):
        if row.name == WHOLE and row.layer is not None:
            labels.append(f"layer {row.layer}")
        elif row.layer is not None and (has_layers or same[name] > 1):
            labels.append(f"{row.layer} {name}")
        else:
            is_all = same[name] > 1 and place not in in_columns
            labels.append(f"{name} (all)" if is_all else name)
    return labels


def short_labels(names: Sequence[str], room: int) -> list[str]:
    """The names of all rows in so many characters, of which no two are alike if the names are not.

    >>> short_labels(["layer1 linear[1]", "layer2 linear[1]", "loss"], 10)
    ['…1 …ear[1]', '…2 …ear[1]', 'loss']
    """
    labels = [short_label(name, room) for name in names]
    same = Counter(labels)
    for label, n_same in same.items():
        places = [at for at, each in enumerate(labels) if each == label]
        if n_same == 1 or len({names[at] for at in places}) < n_same:
            continue
        columns = zip(*(names[at] for at in places), strict=False)
        begin = sum(1 for _ in takewhile(lambda characters: len(set(characters)) == 1, columns))
        for tail in range(room - 4, -1, -1):
            cut_out = [_without_middle(names[at], begin, tail, room) for at in places]
            if len(set(cut_out)) == n_same and not set(cut_out) & set(labels):
                for at, text in zip(places, cut_out, strict=True):
                    labels[at] = text
                break
    return labels


def _without_middle(name: str, begin: int, tail: int, room: int) -> str:
    """A name from where it differs from another one on, and its end."""
    first = "…" if begin else ""
    end = name[max(begin, len(name) - tail) :] if tail else ""
    middle = name[begin : begin + room - len(first) - len(end) - 1]
    return f"{first}{middle}…{end}"


def short_label(name: str, room: int) -> str:
    """The name of a row in so many characters: of a path its end tells rows apart.

    >>> short_label("layer 0 attn head1", 10), short_label("mlp norm … residual", 12)
    ('…ttn head1', 'mlp norm …')
    """
    if len(name) <= room:
        return name
    first, fold, _ = name.partition(f" {FOLD} ")
    if fold and len(first) + 2 <= room:
        return f"{first} {FOLD}"  # of several rows the first
    return f"…{name[1 - room :]}"


def cut(text: str, room: int) -> str:
    """A text shortened at its end until it fits."""
    return text if len(text) <= room else f"{text[: room - 1]}…"
