"""How a script ended, in one line: its status, its passes, and what was missing if it had none."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Sequence

LOST = "; it has closed the pipes that it was followed through, as os.closerange does"
MOST_CANDIDATES = 6
"""So many classes are named when no pass was seen."""


def how_it_ended(
    status: int,
    classes: Sequence[str],
    candidates: Sequence[str],
    n_backwards: int | None,
    fault: str = "",
) -> str:
    """The line.

    Args:
        status: its exit status; minus the signal's number if one ended it.
        classes: those that are known to have nodes.
        candidates: those of which no pass was seen, each with what it lacked.
        n_backwards: how many passes there were, None if it did not come to tell.
        fault: what failed in what watched it, as `fault_in_words` says it: the rest is not known.
    """
    how = f"exit status {status}"
    if status < 0:
        names = {int(each): each.name for each in signal.Signals}
        how = f"killed by {names.get(-status, f'signal {-status}')}"
    if fault:
        return f"{how}; {fault}"
    if not classes:
        if candidates:
            told = "; ".join(candidates[:MOST_CANDIDATES])
            more = len(candidates) - MOST_CANDIDATES
            others = f"; and {more} more classes" if more > 0 else ""
            return f"{how}; no backward pass was seen: {told}{others}"
        return f"{how}; it built no class that defines arithmetic (__add__, __mul__, ...)"
    if n_backwards is None:
        return how
    if not n_backwards:
        return f"{how}; it never called backward() of {', '.join(classes)}"
    times = "once" if n_backwards == 1 else f"{n_backwards:,} times"
    return f"{how}; backward() was called {times}"


def replaced_in_words(names: Iterable[object]) -> str:
    """What the script has put others in the place of, as the end of that line."""
    given = [f"builtins.{name}" for name in names]
    told = ", ".join(given[:MOST_CANDIDATES]) + " and others" * (len(given) > MOST_CANDIDATES)
    return f"; it has replaced {told}, which what follows it needs" if given else ""


def fault_in_words(fault: str) -> str:
    """What is to be told of an error in what watches a script; `""` if there was none."""
    return f"it was not watched to its end, by a fault of microgpt's own: {fault}" * bool(fault)
