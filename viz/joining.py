"""Joining neighbours in a row when there are too many to show: how many to a run, what to call it.

Knows nothing of graphs or boxes: it takes any row of things and a way to tell which are alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from itertools import groupby
from typing import TypeVar

T = TypeVar("T")


def run_length(count: int) -> int:
    """How many to put in a run so that there are about as many runs as members, at least 2.

    >>> run_length(64), run_length(27)
    (8, 6)
    """
    size = 2
    while size * size < count:
        size += 1
    return size


def runs(row: Sequence[T], alike: Callable[[T], Hashable], limit: int, size: int) -> list[list[T]]:
    """Divides a row into at most `limit` runs of neighbours that are alike, as long as that works.

    Args:
        alike: neighbours for which this is equal may share a run.
        size: the shortest that a long run should be; longer ones if else there were too many.

    >>> runs(["a1", "a2", "a3", "a4", "b1"], lambda name: name[0], limit=3, size=2)
    [['a1', 'a2'], ['a3', 'a4'], ['b1']]
    """
    classes = [list(members) for _, members in groupby(row, alike)]
    if len(classes) > limit:
        classes = [list(row)]
    longest = max(map(len, classes), default=0)
    while sum(-(-len(members) // size) for members in classes) > limit and size < longest:
        size += 1
    return [members[i : i + size] for members in classes for i in range(0, len(members), size)]


def shape(name: str) -> str:
    """A name without its numbers: names of the same shape are alike.

    >>> shape("pos12/layer0") == shape("pos3/layer1")
    True
    """
    return re.sub(r"\d+", "0", name)


def run_label(first: str, last: str) -> str:
    """What to call a run.

    >>> run_label("pos2/attn", "pos9/attn"), run_label("wte", "pos0"), run_label("loss", "loss")
    ('pos2…9/attn', 'wte…pos0', 'loss')
    """
    if first == last:
        return first
    a, b = re.split(r"(\d+)", first), re.split(r"(\d+)", last)
    if len(a) == len(b):
        differing = [place for place in range(len(a)) if a[place] != b[place]]
        if len(differing) == 1 and differing[0] % 2:  # numbers stand at the odd places
            a[differing[0]] += f"…{b[differing[0]]}"
            return "".join(a)
    return f"{first}…{last}"
