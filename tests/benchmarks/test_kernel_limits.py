"""How near the kernel is to what the processor can do in `Value`'s order, beside PyTorch."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import repeat

import numpy as np
import pytest
from numba import njit
from pytest_benchmark.fixture import BenchmarkFixture

from microgpt import ModelConfig, load_corpus
from microgpt.train.engines.kernel.steps import update
from tests.benchmarks.contest import Turn, contest
from tests.benchmarks.tables import report
from tests.benchmarks.trainers import HAS_PYTORCH, EngineTrainer, PyTorchTrainer, full_document

MODEL = ModelConfig(n_embd=128, n_layer=1, block_size=16)
ROUNDS = 15
IN_CACHE, PASSES = 512, 200
EIGHT = 8
"""Multiply-adds on a number, between reading and writing it."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def multiply_add(numbers: np.ndarray, times: float, plus: float, passes: int) -> None:
    """Rounds each product and each sum, and waits for nothing else."""
    for _ in range(passes):
        for i in range(numbers.shape[0]):
            x = numbers[i]
            x = ((x * times + plus) * times + plus) * times + plus
            x = ((x * times + plus) * times + plus) * times + plus
            numbers[i] = (x * times + plus) * times + plus


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def divide(numbers: np.ndarray, by: float, passes: int) -> None:
    """The root and the divisions of one parameter: by both corrections, and of m by the root.

    The fourth tells how exact the root is.
    """
    for _ in range(passes):
        for i in range(numbers.shape[0]):
            root = math.sqrt(numbers[i] / by)
            numbers[i] = (1.0 / root) / by + by / root


@pytest.mark.skipif(not HAS_PYTORCH, reason="PyTorch is not installed")
def test_limits(benchmark: BenchmarkFixture) -> None:
    """A full document, in processor time of one thread."""
    corpus, document = full_document(load_corpus("verse"), MODEL)
    kernel, torch = EngineTrainer("kernel", corpus, MODEL), PyTorchTrainer(corpus, MODEL)
    state = kernel.run.state
    flat, m, v = (np.array(numbers) for numbers in (state.data, state.m, state.v))
    grads = np.random.default_rng(0).normal(size=flat.shape[0]) * 1e-3
    rates = np.array(kernel.run.config.rates_at(1))
    exponents = kernel.run.engine._sizes.exponents  # type: ignore[attr-defined]
    small = np.ones(IN_CACHE)
    works: dict[str, Turn | Callable[[], object]] = {
        "kernel": kernel.turn([document]),
        "Adam": lambda: update(flat, m, v, grads, rates, exponents),
        "PyTorch": torch.turn([document]),
        "PyTorch's Adam": torch.adam.step,
        "multiply-adds": lambda: multiply_add(small, 0.5, 0.5, PASSES),
        "divisions": lambda: divide(small, 0.9, PASSES),
    }
    for work in works.values():
        (work.work if isinstance(work, Turn) else work)()
    contenders = {name: repeat(work, ROUNDS) for name, work in works.items()}
    result = benchmark.pedantic(contest, (contenders,), rounds=1)
    ms = {name: 1e3 * min(times) for name, times in result.times.items()}

    matrices = 12 * MODEL.n_layer * MODEL.n_embd**2 + kernel.run.tokenizer.vocab_size * MODEL.n_embd
    products = 3 * (len(document) - 1) * matrices  # forward, to the input and to the matrix
    limits = (
        ms["multiply-adds"] * products / (EIGHT * IN_CACHE * PASSES),
        ms["divisions"] * flat.shape[0] / (IN_CACHE * PASSES),
    )
    parts = {
        "both passes": (ms["kernel"] - ms["Adam"], ms["PyTorch"] - ms["PyTorch's Adam"]),
        "Adam": (ms["Adam"], ms["PyTorch's Adam"]),
    }
    rows = [
        (name, f"{ours:.2f}", f"{theirs:.2f}", f"{limit:.2f}")
        for (name, (ours, theirs)), limit in zip(parts.items(), limits, strict=True)
    ]
    report(benchmark, "limits", ["ms, this time", "kernel", "PyTorch", "limit"], rows)
    assert all(ours >= limit for (ours, _), limit in zip(parts.values(), limits, strict=True))
