"""Pausing the cyclic collector: nested, in threads, and left as it was found."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest

from microgpt import Corpus, ModelConfig, Training
from microgpt.autograd.collector import paused_collector


@pytest.fixture(autouse=True)
def _collector_enabled() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.enable()
    yield
    (gc.enable if was_enabled else gc.disable)()


def test_off_inside_and_on_again_after() -> None:
    with paused_collector():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_nested_pauses_end_with_the_outermost() -> None:
    with paused_collector():
        with paused_collector():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_error_inside_ends_the_pause() -> None:
    with pytest.raises(KeyError), paused_collector():
        raise KeyError
    assert gc.isenabled()


def test_a_disabled_collector_stays_disabled() -> None:
    gc.disable()
    with paused_collector(), paused_collector():
        assert not gc.isenabled()
    assert not gc.isenabled()


def test_pauses_of_threads_that_overlap_end_with_the_last() -> None:
    """The first to come is the first to go: only the second may switch it on again."""
    second_is_in, first_is_out = threading.Event(), threading.Event()
    seen: dict[str, bool] = {}

    def first() -> None:
        with paused_collector():
            second_is_in.wait(10)
        seen["after the first"] = gc.isenabled()
        first_is_out.set()

    def second() -> None:
        with paused_collector():
            second_is_in.set()
            first_is_out.wait(10)
            seen["inside the second"] = gc.isenabled()

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {"after the first": False, "inside the second": False}
    assert gc.isenabled()


def test_the_collector_runs_between_steps() -> None:
    """A generator that held the pause over its yield would switch it off for its reader."""
    run = Training(Corpus("small", ("ab",)), ModelConfig(2, 1, 1, 2))
    results = run.results(stop_after=2)
    next(results)
    assert gc.isenabled()


def test_a_step_leaves_no_cycles() -> None:
    run = Training(Corpus("small", ("abab",)), ModelConfig(4, 2, 1, 8))
    results = run.results(stop_after=2)
    next(results)
    gc.collect()
    gc.disable()
    next(results)
    assert gc.collect() < 50  # of thousands of nodes none waits for the collector
