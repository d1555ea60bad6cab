"""Work that is done in a thread, and keeps nothing alive once it is done."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from textual.dom import DOMNode

P = ParamSpec("P")
Owner = TypeVar("Owner", bound=DOMNode)


def in_thread(
    group: str = "default", *, exclusive: bool = False
) -> Callable[[Callable[Concatenate[Owner, P], None]], Callable[Concatenate[Owner, P], None]]:
    """Makes of a method one that returns at once and is carried out in a thread of its own.

    It is Textual's `work`, but for the arguments. A worker of Textual's, its task and the task's
    context refer to each other in a circle, and what the method was called with hangs on it: the
    graph of each step drawn would stay until Python's cyclic collector looks at everything, which
    is seldom while a screen is open (`app_runner.py`), and a graph is megabytes. Here the thread
    takes the arguments with it.

    Args:
        group: of workers.
        exclusive: whether a later call cancels those of its group that have not ended.
    """

    def in_threads(
        method: Callable[Concatenate[Owner, P], None],
    ) -> Callable[Concatenate[Owner, P], None]:
        @wraps(method)
        def begin(self: Owner, /, *args: P.args, **kwargs: P.kwargs) -> None:
            luggage = [(args, kwargs)]

            def carry_out() -> None:
                positional, named = luggage.pop()
                method(self, *positional, **named)

            self.run_worker(carry_out, method.__name__, group, exclusive=exclusive, thread=True)

        return begin

    return in_threads
