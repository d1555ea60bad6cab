"""What a script did to its leaves between two passes, from the columns that it sends."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from itertools import repeat
from typing import Any

from microgpt.attach.wire import Field
from microgpt.graph.debuggee import LeafUpdate, LeafWrite, Updates


def updates_of(fields: Mapping[str, Field]) -> Updates | None:
    """The updates in these columns, None if they are the first graph's."""
    if "updates_since" not in fields:
        return None
    files = [str(file) for file in fields["update_files"]]
    places = list(zip(files, _ints(fields, "update_file_lines"), strict=True))
    columns = [fields[f"update_{name}"] for name in ("befores", "afters", "grads", "grads_now")]
    rows = zip(
        _ints(fields, "update_ids"), map(str, fields["update_names"]), *columns,
        _ints(fields, "update_lines"), _ints(fields, "update_grad_lines"),
        map(str, fields["leaf_flags"]) if "leaf_flags" in fields else repeat(""), strict=False,
    )  # fmt: skip
    return Updates(
        since=_ints(fields, "updates_since")[0],
        leaves=tuple(
            LeafUpdate(
                node if node >= 0 else None, name,
                float(before), float(after), float(grad), float(grad_now),
                places[line] if line >= 0 else None,
                places[grad_line] if grad_line >= 0 else None, flags,
            )
            for node, name, before, after, grad, grad_now, line, grad_line, flags in rows
        ),
        rebound=tuple(map(str, fields["update_rebound"])),
        n_shared=_ints(fields, "update_shared")[0],
        **_log_of(fields, places),
    )  # fmt: skip


def _log_of(fields: Mapping[str, Field], places: list[tuple[str, int]]) -> dict[str, Any]:
    """All writes in order, and the nodes written to that are no leaves."""
    if "log_leaves" not in fields:
        return {}
    numbers = [fields[f"other_{name}"] for name in ("befores", "afters", "grads", "grads_now")]
    others = zip(
        _ints(fields, "other_ids"), map(str, fields["other_names"]), *numbers,
        _ints(fields, "other_made"), strict=True,
    )  # fmt: skip
    writes = zip(
        _ints(fields, "log_leaves"), _ints(fields, "log_is_grad"),
        map(float, fields["log_numbers"]), _ints(fields, "log_lines"), strict=True,
    )  # fmt: skip
    return {
        "writes": tuple(
            LeafWrite(leaf, bool(is_grad), new, places[line] if line >= 0 else UNSEEN)
            for leaf, is_grad, new, line in writes
        ),
        "others": tuple(
            LeafUpdate(
                node if node >= 0 else None,
                name,
                float(before),
                float(after),
                float(grad),
                float(grad_now),
                None,
                None,
                made=places[made] if made >= 0 else None,
            )
            for node, name, before, after, grad, grad_now, made in others
        ),
    }


UNSEEN = ("", 0)
"""The line of a write in place that was found by comparing."""


def _ints(fields: Mapping[str, Field], name: str) -> list[int]:
    column = fields[name]
    assert isinstance(column, array)
    return [int(number) for number in column]
