"""`microgpt attention`: draws which tokens of a document read from which."""

from __future__ import annotations

import argparse
from pathlib import Path

from tui.cli.options.parser import CommandParser, Subparsers
from tui.cli.options.trained_model import (
    add_document_argument,
    add_trained_model_options,
    trained_model,
    untrained_model,
)
from tui.cli.terminal.output import say
from viz.formats import suffixes_in_words

_DESCRIPTION = """\
Draws the attention weights of one document: a panel for each layer and head,
a line from each source to each query position, as wide as its weight.
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

    check_output(arguments.output, of_picture=True)
    untrained_model(arguments)
    looked_at = trained_model(arguments)
    model, document = looked_at.model, looked_at.chosen_document(arguments.text)
    computed = model.computed(document)
    tokens = model.tokenizer.encode(document)[: len(computed.losses)]
    pattern = AttentionPattern(
        tuple(model.tokenizer.label(token) for token in tokens),
        computed.attention_weights(),
    )
    write_picture(attention_dot(pattern, looked_at.caption(document)), arguments.output)
    size = model.config
    say(
        f"wrote {arguments.output}: {len(tokens)} positions, {size.n_layer * size.n_head} heads in "
        f"{size.n_layer} layer{'' if size.n_layer == 1 else 's'}"
    )
    return 0
