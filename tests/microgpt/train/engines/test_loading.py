"""The kernel's code loaded from numba's cache, without all that numba compiles with."""

from __future__ import annotations

import subprocess
import sys

import pytest

from microgpt.train.engines.kernel import loading
from microgpt.train.engines.kernel.kernel_engine import compile_kernel
from microgpt.train.engines.kernel.steps import train_steps

PROGRAM = """
import sys
from microgpt import Training, load_corpus
from microgpt.train.engines.kernel.steps import train_steps
runs = [Training(load_corpus("names"), engine=engine) for engine in ("kernel", "numpy")]
losses = [[step.loss for steps in run.losses(9) for step in steps] for run in runs]
assert losses[0] == losses[1]
assert runs[0].state == runs[1].state
assert not train_steps.signatures, "numba has loaded it in its own way"
assert "numba.parfors.array_analysis" in sys.modules
assert "numba.np.linalg" not in sys.modules, "what numba compiles with"
"""


@pytest.mark.slow
def test_it_trains_and_loads_little() -> None:
    compile_kernel()  # if it is not in the cache
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


def test_another_version_of_numba_loads_in_its_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "TRIED", ())
    monkeypatch.setattr(loading, "_loaded", {})
    assert loading.loaded(train_steps) is train_steps


def test_what_goes_wrong_is_left_to_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    class Strange:
        signatures = ()

    monkeypatch.setattr(loading, "_loaded", {})
    function = Strange()
    assert loading.loaded(function) is function
