"""A thread that serves what was asked for last."""

from __future__ import annotations

import threading

from tui.training.newest_only import NewestOnly


def test_what_waits_gives_way_to_what_is_newer() -> None:
    served: list[int] = []
    begun, may_go_on, done = threading.Event(), threading.Event(), threading.Event()

    def serve(question: int) -> None:
        served.append(question)
        begun.set()
        assert may_go_on.wait(10)
        if question == 3:
            done.set()

    thread = NewestOnly("test", serve)
    thread.ask(1)
    assert begun.wait(10)
    thread.ask(2)
    thread.ask(3)
    may_go_on.set()
    assert done.wait(10)
    thread.close()
    assert served == [1, 3]


def test_it_ends_at_once_though_it_pauses() -> None:
    served: list[int] = []
    thread = NewestOnly("test", served.append, pause=1_000)
    thread.ask(1)
    while not served:
        pass
    thread.close()
    assert served == [1]
    NewestOnly("never asked", served.append).close()
