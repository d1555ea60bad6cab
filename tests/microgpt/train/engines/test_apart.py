"""The kernel compiled by another process, for this one to load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from microgpt.train.engines.kernel import apart

PROGRAM = """
from microgpt.train.engines.kernel.apart import compile_apart
from microgpt.train.engines.kernel.kernel_engine import compile_kernel, is_compiled
from microgpt.train.engines.kernel.steps import train_steps
assert not is_compiled()
assert compile_apart()
assert is_compiled()
compile_kernel()
assert not train_steps.stats.cache_misses, train_steps.stats
"""


@pytest.mark.slow
def test_what_another_process_compiled_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("executable", ["", "/no/such/python"])
def test_where_there_is_no_other_process_to_be_had(
    executable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    assert not apart.compile_apart()


def test_a_compilation_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_COMPILES", "raise SystemExit(3)")
    assert not apart.compile_apart()


def test_the_other_process_ends_when_the_pipe_to_it_closes() -> None:
    """As it does when this process ends, also if it is killed."""
    program = apart._ENDS_WITH_US + "import time; time.sleep(600)"
    other = subprocess.Popen([sys.executable, "-c", program, "[]"], stdin=subprocess.PIPE)
    assert other.stdin is not None
    other.stdin.close()
    assert other.wait(60) == 1
