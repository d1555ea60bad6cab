"""The options -o and --force of commands that draw: which files there are follows from what."""

from __future__ import annotations

import argparse
from pathlib import Path

from viz.formats import suffixes_in_words
from viz.kinds import DrawingKind


def add_output_option(
    group: argparse._ArgumentGroup, kind: DrawingKind, *, or_else: str = "", required: bool = False
) -> None:
    """Adds them.

    Args:
        kind: what is drawn.
        or_else: what happens without -o.
        required: whether -o has to be given.
    """
    group.add_argument(
        "-o", "--output", required=required, type=Path, metavar="FILE",
        help=f"what to write: {suffixes_in_words(kind)}{f'; {or_else}' if or_else else ''}",
    )  # fmt: skip
    add_force_option(group)


def add_force_option(group: argparse._ArgumentGroup) -> None:
    """Adds --force alone."""
    group.add_argument(
        "--force", action="store_true", help="replace a file also if it is of another kind"
    )
