"""`microgpt corpora`: what each corpus consists of; `microgpt corpora fetch`: gets the original."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from microgpt import CorpusSummary, InputError, load_corpus
from microgpt.errors import NotFetchedError
from microgpt.text.corpus import corpus_names
from tui.cli.options.number_options import NumberRange, add_number
from tui.cli.options.parser import CommandParser, Subparsers
from tui.cli.terminal.interrupts import Interrupts
from tui.cli.terminal.output import can_redraw, say

_DESCRIPTION = """\
Lists the corpora: how many documents each holds, how long they are, in
characters, and which characters occur. q1, median and q3 are the quartiles of
the lengths.
"""
_EXAMPLES = """\
examples:
  microgpt corpora
  microgpt corpora --data poems.txt
  microgpt corpora fetch
"""
_FETCH_DESCRIPTION = """\
Gets the 32,033 names that microgpt itself trains on into your cache folder.
From then on they are the corpus `original`, for every --data. What arrives is
checked by its sha256; from an address of your own, any corpus is taken.
"""
_FETCH_EXAMPLES = """\
examples:
  microgpt corpora fetch
  microgpt corpora fetch --url https://example.org/names.txt --timeout 30
"""

_SECONDS = NumberRange(float, "more than 0 and at most 3600", lambda number: 0 < number <= 3600)
_TIMEOUT = 10.0
_TIMEOUTS_TO_DEADLINE = 10


def add_parser(subparsers: Subparsers) -> CommandParser:
    """Adds the command, its options, and the command below it."""
    parser = subparsers.add_parser(
        "corpora",
        help="list the corpora, or fetch the original one",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.add_argument("--data", metavar="NAME|FILE", help="only this one, or a file of your own")
    commands: Subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    fetch = commands.add_parser(
        "fetch",
        help="get the corpus `original`",
        description=_FETCH_DESCRIPTION,
        epilog=_FETCH_EXAMPLES,
    )
    fetch.add_argument("--url", help="get it from here, an http:// or https:// address")
    add_number(
        fetch,
        "--timeout",
        _SECONDS,
        "how long to wait for the server each time; the whole may take "
        f"{_TIMEOUTS_TO_DEADLINE} times as long",
        default=_TIMEOUT,
        metavar="SECONDS",
    )
    fetch.set_defaults(parser=fetch, run=run_fetch)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Lists one corpus or all; gives the exit status.

    Raises:
        InputError: a corpus cannot be read, or is the one asked for and has not been fetched.
    """
    from tui.cli.corpus_table import table  # noqa: PLC0415  # rich; help need not wait for it

    summaries: dict[str, CorpusSummary | None] = {}
    for name in corpus_names() if arguments.data is None else (arguments.data,):
        try:
            summaries[name] = CorpusSummary.of(load_corpus(name))
        except NotFetchedError:
            if arguments.data is not None:
                raise
            summaries[name] = None
    for line in table(summaries):
        say(line)
    return 0


def run_fetch(arguments: argparse.Namespace) -> int:
    """Fetches the original; gives the exit status.

    Raises:
        InputError: it cannot be had, or not be written; what was there before stays.
    """
    from microgpt.text.fetching import ORIGINAL_URL, fetch_original  # noqa: PLC0415  # ssl takes 40 ms

    if arguments.data is not None:
        raise InputError(f"--data {arguments.data}: cannot be combined with fetch")
    with Interrupts(), _reporter() as report:
        fetched = fetch_original(
            ORIGINAL_URL if arguments.url is None else arguments.url,
            timeout=arguments.timeout,
            deadline=arguments.timeout * _TIMEOUTS_TO_DEADLINE,
            progress=report,
        )
    say(f"wrote {fetched.path}")
    say(f"documents: {fetched.num_documents:,}")
    say(f"sha256: {fetched.sha256}")
    say(f"same as the original: {'yes' if fetched.is_original else 'no'}")
    return 0


def _reporter() -> AbstractContextManager[Callable[[int, int | None], None]]:
    if can_redraw(sys.stderr):
        from tui.cli.terminal.progress_bar import bytes_bar  # noqa: PLC0415  # rich takes 60 ms

        return bytes_bar()
    return nullcontext(lambda *_: None)
