"""`microgpt graph`: draws the computation graph of one document."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from microgpt import InputError
from tui.cli.options.number_options import WHOLE_FROM_0, WHOLE_FROM_1, add_number
from tui.cli.options.output_option import add_output_option
from tui.cli.options.parser import CommandParser, Subparsers
from tui.cli.options.trained_model import (
    add_document_argument,
    add_trained_model_options,
    trained_model,
    untrained_model,
)
from tui.cli.terminal.output import say
from viz.kinds import GRAPH

DEFAULT_HOPS = 2
LONGEST_NAME = 40
"""Of a file that nobody has named. Units: characters."""

_DESCRIPTION = """\
Draws the computation of one document, its loss and its gradients. A document
is tens of thousands of scalars, so it is folded: into positions, layers,
attention heads, and below those into what makes each output.

As .html it is the page of `microgpt map`, in which one opens each part and
steps through the backward pass; with --scope, --depth, --around or --picture
it is the picture.
"""
_EXAMPLES = """\
examples:
  microgpt graph emma
  microgpt graph emma -o emma.svg
  microgpt graph emma --train 300 -o step.html
  microgpt graph emma --scope pos1/layer0/attn --depth 2 -o attention.svg
  microgpt graph emma --around 'layer0.attn_wq[3][7]' --hops 2 -o weight.png
  microgpt graph --run names.run --step 300 -o step300.svg
  microgpt graph emma --scope pos1/layer0 -o layer.explorer.json
"""


def add_parser(subparsers: Subparsers) -> CommandParser:
    """Adds the command and its options."""
    parser = subparsers.add_parser(
        "graph",
        help="draw the computation graph of a document",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    add_document_argument(parser)
    group = parser.add_argument_group("what to draw")
    group.add_argument("--scope", metavar="S", help="look into a scope, as pos1/layer0/attn")
    add_number(group, "--depth", WHOLE_FROM_1, "how often to open what is drawn (default 1)")
    group.add_argument("--around", metavar="NODE", help="scalars around #1234, or around a name")
    add_number(group, "--hops", WHOLE_FROM_0, f"edges from NODE (default {DEFAULT_HOPS})")
    group.add_argument(
        "--picture", action="store_true", help="as .html the picture, not the page to walk in"
    )
    add_output_option(group, GRAPH, or_else="without, graph-TEXT.svg, or graph-TEXT-2.svg, …")
    add_trained_model_options(parser)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Computes, folds or slices, and draws; gives the exit status.

    Raises:
        InputError: an option, the document or the output cannot be used; nothing was written.
        GraphError: there is no such scope or node, or the picture would be too large.
    """
    from tui.cli.graph_view import (  # noqa: PLC0415  # numpy; help need not wait
        chosen_view,
        extent,
        smaller_views,
    )
    from viz.drawn_graph import drawn_view  # noqa: PLC0415  # graphviz, likewise
    from viz.export import check_output, write_drawn  # noqa: PLC0415
    from viz.page.size import MOST_NODES  # noqa: PLC0415
    from viz.page.walk_in import page_to_walk_in  # noqa: PLC0415

    if arguments.around is None and arguments.hops is not None:
        raise InputError(f"--hops {arguments.hops}: needs --around NODE")
    for option in ("scope", "depth"):
        if arguments.around is not None and getattr(arguments, option) is not None:
            raise InputError(f"--around {arguments.around}: cannot be combined with --{option}")
    hops = DEFAULT_HOPS if arguments.hops is None else arguments.hops
    output = arguments.output
    if output is not None:
        check_output(output, GRAPH, force=arguments.force)
    if untrained := untrained_model(arguments):  # its graph has the same shape
        chosen_view(arguments, untrained.graph(arguments.text), hops)
    looked_at = trained_model(arguments)
    document = looked_at.chosen_document(arguments.text)
    caption = looked_at.caption(document)
    graph = looked_at.model.graph(document)
    view = chosen_view(arguments, graph, hops)
    page = None
    if _is_page(arguments):
        model = looked_at.model
        tokens = model.tokenizer.encode(document)[: model.config.block_size + 1]
        labels = [model.tokenizer.label(token) for token in tokens]
        page = page_to_walk_in(graph, caption, labels, looked_at.step)
    drawn = drawn_view(view, caption, lambda: smaller_views(arguments, graph, hops), page)
    if output is None:
        output = unused_picture(f"graph-{document}")
        check_output(output, GRAPH)
    write_drawn(drawn, output, force=arguments.force)
    told = f"{view.title}, {extent(view)}"
    if page is not None:
        told = f"a page to walk in, of {len(graph):,} nodes"
    elif _is_page(arguments):
        told += f"; a page to walk in holds {MOST_NODES:,} nodes"
    elif output.suffix.lower() == ".html" and not arguments.picture:
        told += "; without --scope, --depth and --around, the page to walk in"
    say(f"wrote {output}: {told}")
    return 0


def _is_page(arguments: argparse.Namespace) -> bool:
    """Whether a page is asked for: HTML, and no particular picture."""
    asked = (arguments.scope, arguments.depth, arguments.around)
    is_html = arguments.output is not None and arguments.output.suffix.lower() == ".html"
    return is_html and not arguments.picture and asked == (None, None, None)


def unused_picture(stem: str) -> Path:
    """A file for a picture in the folder at hand, of a name that no other has yet.

    What is no letter or digit is left out of the name, which a text may be full of.
    """
    plain = re.sub(r"[^\w-]+", "", stem)[:LONGEST_NAME]
    path, number = Path(f"{plain}.svg"), 2
    while path.exists():
        path, number = Path(f"{plain}-{number}.svg"), number + 1
    return path
