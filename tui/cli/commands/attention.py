"""`microgpt attention`: draws which tokens of a document read from which."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from microgpt import InputError
from tui.cli.options.parser import CommandParser, Subparsers
from tui.cli.options.trained_model import (
    add_document_argument,
    add_trained_model_options,
    trained_model,
    untrained_model,
)
from tui.cli.terminal.output import say
from tui.cli.view_subject import shortened, view_subject
from viz.formats import suffixes, suffixes_in_words

if TYPE_CHECKING:
    from viz.views.subject import ViewSubject

MOST_LINES = 32
"""Positions of a text that is drawn with a line for each weight; more would be a tangle."""

_DESCRIPTION = f"""\
Draws the attention weights of one document: a panel for each layer and head,
a line from each source to each query position, as wide as its weight.

A text of more than {MOST_LINES} positions is drawn as heatmaps, as `microgpt view
attention` draws any text: without Graphviz, with the gradient by each weight.
"""
_EXAMPLES = """\
examples:
  microgpt attention emma --train 100 -o emma.svg
  microgpt attention --run names.run --step 300 -o step300.svg
"""


def add_parser(subparsers: Subparsers) -> CommandParser:
    """Adds the command and its options."""
    parser = subparsers.add_parser(
        "attention",
        help="draw the attention weights of a document",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    add_document_argument(parser)
    parser.add_argument(
        "-o", "--output", required=True, type=Path, metavar="FILE",
        help=f"picture to write: {suffixes_in_words(of_pictures=True)}",
    )  # fmt: skip
    add_trained_model_options(parser)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Computes and draws; gives the exit status.

    Raises:
        InputError: an option, the document or the output cannot be used; nothing was written.
    """
    from viz.attention import AttentionPattern, attention_dot  # noqa: PLC0415  # numpy, networkx
    from viz.export import check_output, write_picture  # noqa: PLC0415  # likewise
    from viz.views.attention_weights import AttentionHeads  # noqa: PLC0415
    from viz.views.table import Choices  # noqa: PLC0415

    check_output(arguments.output, of_picture=True)
    untrained_model(arguments)
    looked_at = trained_model(arguments)
    subject = view_subject(looked_at, looked_at.chosen_document(arguments.text))
    caption = looked_at.caption(shortened(subject.document))
    shown = AttentionHeads.of([subject], Choices())
    if len(shown.tokens) > MOST_LINES:
        _write_heatmaps(subject, arguments.output, caption)
    else:
        pattern = AttentionPattern.of_heads(shown.tokens, shown.heads)
        write_picture(attention_dot(pattern, caption), arguments.output)
    size = looked_at.model.config
    say(
        f"wrote {arguments.output}: {len(shown.tokens)} positions, {size.n_layer * size.n_head} "
        f"heads in {size.n_layer} layer{'' if size.n_layer == 1 else 's'}"
    )
    return 0


def _write_heatmaps(subject: ViewSubject, output: Path, title: str) -> None:
    from viz.views.export import VIEW_FORMATS, write_drawn  # noqa: PLC0415
    from viz.views.table import DrawnView, Page  # noqa: PLC0415
    from viz.views.themes import LIGHT  # noqa: PLC0415

    possible = [suffix for suffix in suffixes(of_pictures=True) if suffix in VIEW_FORMATS]
    if output.suffix.lower() not in possible:
        raise InputError(
            f"output {str(output)!r}: a text of {len(subject.tokens) - 1} positions is drawn as "
            f"heatmaps, which can be {', '.join(possible)}; {output.suffix} takes up to "
            f"{MOST_LINES} positions"
        )
    write_drawn(DrawnView.of("attention", [subject]), Page(LIGHT, title), output)
