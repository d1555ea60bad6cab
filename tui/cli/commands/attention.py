"""`microgpt attention`: draws which tokens of a document read from which."""

from __future__ import annotations

import argparse

from tui.cli.options.output_option import add_output_option
from tui.cli.options.parser import CommandParser, Subparsers
from tui.cli.options.trained_model import (
    add_document_argument,
    add_trained_model_options,
    trained_model,
    untrained_model,
)
from tui.cli.terminal.output import say
from tui.cli.view_subject import shortened, view_subject
from viz.kinds import ATTENTION, ATTENTION_HEATMAPS

_DESCRIPTION = """\
Draws the attention weights of one document: a panel for each layer and head,
a line from each source to each query position, as wide as its weight.

A text of more than 32 positions is drawn as heatmaps, as `microgpt view
attention` draws any text: without Graphviz, with the gradient by each weight.
"""
_EXAMPLES = """\
examples:
  microgpt attention emma --train 100 -o emma.svg
  microgpt attention --run names.run --step 300 -o step300.svg
  microgpt attention emma -o emma.graphml
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
    group = parser.add_argument_group("where to")
    add_output_option(group, ATTENTION, required=True)
    add_trained_model_options(parser)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Computes and draws; gives the exit status.

    Raises:
        InputError: an option, the document or the output cannot be used; nothing was written.
    """
    from viz.attention_panels import AttentionPattern  # noqa: PLC0415  # numpy, graphviz
    from viz.drawn_attention import MOST_LINES, drawn_attention, drawn_heatmaps  # noqa: PLC0415
    from viz.export import check_output, write_drawn  # noqa: PLC0415
    from viz.views.attention_weights import AttentionHeads  # noqa: PLC0415
    from viz.views.table import Choices  # noqa: PLC0415

    is_long = len(arguments.text or "") >= MOST_LINES
    kind = ATTENTION_HEATMAPS if is_long else ATTENTION
    check_output(arguments.output, kind, force=arguments.force)
    untrained_model(arguments)
    looked_at = trained_model(arguments)
    subject = view_subject(looked_at, looked_at.chosen_document(arguments.text))
    caption = looked_at.caption(shortened(subject.document))
    shown = AttentionHeads.of([subject], Choices())
    pattern = AttentionPattern.of_heads(shown.tokens, shown.heads)
    if len(shown.tokens) > MOST_LINES:
        drawn = drawn_heatmaps(pattern, subject, caption)
    else:
        drawn = drawn_attention(pattern, caption)
    write_drawn(drawn, arguments.output, force=arguments.force)
    size = looked_at.model.config
    say(
        f"wrote {arguments.output}: {len(shown.tokens)} positions, {size.n_layer * size.n_head} "
        f"heads in {size.n_layer} layer{'' if size.n_layer == 1 else 's'}"
    )
    return 0
