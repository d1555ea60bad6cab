"""The programs of models: traced once, kept while the process runs and between starts."""

from __future__ import annotations

import threading

from microgpt.model.parameters import ModelConfig
from microgpt.replay import trace_file
from microgpt.replay.model_program import ModelProgram
from microgpt.replay.trace import Trace

MODELS_KEPT = 4
TRACED_AT_ONCE = 200_000
"""A model whose longest document takes no more nodes is traced once, for all its documents."""

_programs: dict[tuple[ModelConfig, int], ModelProgram] = {}
_lock = threading.Lock()


def kept_program(config: ModelConfig, vocab_size: int, length: int) -> ModelProgram | None:
    """A program for so many positions if there is one; waits for nothing."""
    program = _programs.get((config, vocab_size))
    return program if program and program.length >= length else None


def program_for(config: ModelConfig, vocab_size: int, length: int) -> ModelProgram:
    """A program for so many positions: kept, loaded, or traced now.

    What is traced is the longest document, or of a large model the next power of two of positions,
    so that it is traced only a few times.
    """
    with _lock:
        program = kept_program(config, vocab_size, length)
        if program is None:
            length = _length_to_trace(config, vocab_size, length)
            trace = trace_file.load(config, vocab_size, length)
            if trace is None:
                trace = Trace.of(config, vocab_size, length)
                trace_file.save(trace, config, vocab_size, length)
            program = ModelProgram(trace, config, vocab_size)
            _programs.pop((config, vocab_size), None)
            _programs[config, vocab_size] = program
            if len(_programs) > MODELS_KEPT:
                del _programs[next(iter(_programs))]
        return program


def _length_to_trace(config: ModelConfig, vocab_size: int, length: int) -> int:
    n_parameters = sum(rows * cols for rows, cols in config.shapes(vocab_size).values())
    nodes = 2 * n_parameters * config.block_size  # each position multiplies and adds with most
    if nodes <= TRACED_AT_ONCE:
        return config.block_size
    return min(config.block_size, 1 << (length - 1).bit_length())
