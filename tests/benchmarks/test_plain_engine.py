"""The plain engine's step against the straightforward form's, with the cyclic collector off."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from statistics import median

from microgpt import Corpus, Training
from microgpt.collector import paused_collector
from tests.oracle import Oracle

DOCUMENTS = 12
REPETITIONS = 7
NO_SLOWER = 0.9  # some of a ratio of two timings is noise


def seconds(step: Callable[[], object]) -> float:
    """This thread's processor time, so that other programs do not count."""
    start = time.thread_time()
    step()
    return time.thread_time() - start


def test_a_step_is_no_slower_than_the_straightforward_form(names: Corpus) -> None:
    """Both train on the same documents in turns, so that a slow phase of the machine hits both."""
    best_plain, best_oracle = [float("inf")] * DOCUMENTS, [float("inf")] * DOCUMENTS
    for _ in range(REPETITIONS):
        run, oracle = Training(names), Oracle(names.documents)
        results = run.results(stop_after=DOCUMENTS)
        gc.collect()
        with paused_collector():
            for i in range(DOCUMENTS):
                best_oracle[i] = min(best_oracle[i], seconds(oracle.step))
                best_plain[i] = min(best_plain[i], seconds(lambda: next(results)))  # noqa: B023
    assert run.state.data.tolist() == oracle.parameters()

    ratio = sum(best_oracle) / sum(best_plain)
    each = [o / p for o, p in zip(best_oracle, best_plain, strict=True)]
    sys.stdout.write(
        f"\nmilliseconds a step over {DOCUMENTS} documents, best of {REPETITIONS}: "
        f"straightforward {1000 * sum(best_oracle) / DOCUMENTS:.1f}, "
        f"plain {1000 * sum(best_plain) / DOCUMENTS:.1f}\n"
        f"straightforward / plain: {ratio:.3f} (by document: {min(each):.2f} to {max(each):.2f}, "
        f"median {median(each):.2f})\n"
    )
    assert ratio >= NO_SLOWER
