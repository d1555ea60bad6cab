"""Loops compiled by another process, for this one to load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from microgpt.replay import compiling_apart as apart

KERNEL = """
from microgpt.train.engines.kernel.kernel_engine import compile_kernel, to_compile
from microgpt.train.engines.kernel.steps import train_steps
compile_it = to_compile()
assert compile_it is not None
assert compile_it()
assert to_compile() is None
compile_kernel()
assert not train_steps.stats.cache_misses, train_steps.stats
"""
LOOPS = """
from microgpt import ModelConfig, ModelSnapshot, Training, load_corpus
from microgpt.replay import graph_replayer, loops
from microgpt.replay.compiling_apart import compile_apart, is_compiled
functions = [function for function in vars(loops).values() if hasattr(function, "py_func")]
assert not is_compiled(loops.forward)
assert compile_apart("microgpt.replay.graph_replayer:compile_loops")
graph_replayer.REPLAYER.prepare(ModelConfig(4, 2), Training(load_corpus("names")).tokenizer, 3)
assert not any(function.stats.cache_misses for function in functions)
"""


@pytest.mark.slow
@pytest.mark.parametrize("program", [KERNEL, LOOPS], ids=["kernel", "loops"])
def test_what_another_process_compiled_is_loaded(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("executable", ["", "/no/such/python"])
def test_where_there_is_no_other_process_to_be_had(
    executable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    assert not apart.compile_apart("json:loads")


def test_a_compilation_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_COMPILES", "raise SystemExit(3)")
    assert not apart.compile_apart("json:loads")


def test_the_other_process_ends_when_the_pipe_to_it_closes() -> None:
    """As it does when this process ends, also if it is killed."""
    program = apart._ENDS_WITH_US + "import time; time.sleep(600)"
    other = subprocess.Popen([sys.executable, "-c", program, "[]"], stdin=subprocess.PIPE)
    assert other.stdin is not None
    other.stdin.close()
    assert other.wait(60) == 1
