"""The options that choose among what a view shows; each view says which it knows."""

from __future__ import annotations

import argparse

from tui.cli.options.number_options import WHOLE_FROM_0, WHOLE_FROM_1, add_number
from viz.views.table import VIEWS, Choices


def add_view_choices(group: argparse._ArgumentGroup) -> None:
    """Adds them."""
    add_number(group, "--layer", WHOLE_FROM_0, f"one layer ({_takers('layer')})")
    add_number(group, "--head", WHOLE_FROM_0, f"one head, counted within it ({_takers('head')})")
    add_number(group, "--position", WHOLE_FROM_0, f"one position ({_takers('position')})")
    add_number(group, "--top", WHOLE_FROM_1, f"how many of the strongest ({_takers('top')})")
    group.add_argument("--node", metavar="NODE", help=f"whose gradient ({_takers('node')})")
    group.add_argument(
        "--matrix", metavar="MATRIX", help=f"as layer0.attn_wq ({_takers('matrix')})"
    )
    group.add_argument("--by", metavar="ORDER", help=f"creation or scope ({_takers('by')})")


def view_choices(arguments: argparse.Namespace) -> Choices:
    """What was chosen."""
    return Choices(
        arguments.layer, arguments.head, arguments.position, arguments.top, arguments.node,
        arguments.matrix, arguments.by,
    )  # fmt: skip


def _takers(choice: str) -> str:
    return ", ".join(name for name, kind in VIEWS.items() if choice in kind.takes) or "no view"
