"""Graphs of documents by replay, in milliseconds, as soon as that is ready.

It takes numba, the model's trace, and once in an installation some seconds of compiling, which
another process does. All that is waited for in a thread, and begins when a second graph is asked
for, or when somebody says that they will ask for more: a single one is made faster from whole
arrays (`replay/vectors`). Where there is no numba, it stays so.
"""

from __future__ import annotations

import math
import threading
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING

from microgpt.autograd.collector import paused_collector
from microgpt.model.parameters import ModelConfig
from microgpt.replay.compiling_apart import compile_apart, is_compiled
from microgpt.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    from microgpt.graph.graph import Graph


class GraphReplayer:
    """Makes graphs of any model's documents."""

    def __init__(self) -> None:
        self.problem = ""  # why it cannot, if something is in the way
        self._asked = 0
        self._compiled = False
        self._thread: threading.Thread | None = None

    def graph(
        self, config: ModelConfig, tokenizer: Tokenizer, data: array[float], tokens: Sequence[int]
    ) -> Graph | None:
        """The graph of a document, None if that is not ready or the loss is not finite.

        Args:
            data: every parameter's value, in the order of `Parameters.flat`.
            tokens: as many as are read, and one.
        """
        if self.problem:
            return None
        self._asked += 1
        if not self.is_ready(config, tokenizer, len(tokens) - 1):
            if self._compiled or self._asked > 1:
                self.begin(config, tokenizer, len(tokens) - 1)
            return None
        return self._replayed(config, tokenizer, data, tokens)

    def is_ready(self, config: ModelConfig, tokenizer: Tokenizer, length: int) -> bool:
        """Whether a document of so many positions can be done at once."""
        if not self._compiled:
            return False
        from microgpt.replay.model_programs import kept_program  # noqa: PLC0415  # imports numba

        return kept_program(config, tokenizer.vocab_size, length) is not None

    def prepare(self, config: ModelConfig, tokenizer: Tokenizer, length: int) -> None:
        """Makes ready what documents of so many positions need; blocks until it is."""
        from microgpt.replay.loops import IS_COMPILED  # noqa: PLC0415  # imports numba

        if not IS_COMPILED:
            self.problem = "numba cannot be imported"
            return
        sizes = config.shapes(tokenizer.vocab_size).values()
        zeros = array("d", bytes(8 * sum(rows * cols for rows, cols in sizes)))
        with paused_collector():  # as for any compilation: it makes many objects, and they stay
            self._replayed(config, tokenizer, zeros, [tokenizer.bos] * (length + 1))
        self._compiled = True

    def begin(self, config: ModelConfig, tokenizer: Tokenizer, length: int) -> None:
        """Does the same in a thread, unless it is done or one is at it already."""
        if self.problem or self.is_ready(config, tokenizer, length):
            return
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(
                target=self._prepare, args=(config, tokenizer, length), name="replay", daemon=True
            )
            self._thread.start()

    def _prepare(self, config: ModelConfig, tokenizer: Tokenizer, length: int) -> None:
        try:
            from microgpt.replay import loops  # noqa: PLC0415  # imports numba

            if loops.IS_COMPILED and not is_compiled(loops.forward, loops.backward):
                compile_apart(f"{__name__}:{compile_loops.__name__}")
            self.prepare(config, tokenizer, length)
        except Exception as error:  # noqa: BLE001  # graphs are made without it
            self.problem = str(error) or repr(error)

    def _replayed(
        self, config: ModelConfig, tokenizer: Tokenizer, data: array[float], tokens: Sequence[int]
    ) -> Graph | None:
        from microgpt.replay.document_graph import document_graph  # noqa: PLC0415  # numba
        from microgpt.replay.model_program import Replay  # noqa: PLC0415  # numba
        from microgpt.replay.model_programs import program_for  # noqa: PLC0415  # numba

        replay = Replay(program_for(config, tokenizer.vocab_size, len(tokens) - 1))
        if not math.isfinite(replay.forward(data, tokens)):
            return None
        replay.backward()
        return document_graph(replay, config, tokenizer)


REPLAYER = GraphReplayer()
"""What is ready is so for the whole process."""


def compile_loops() -> None:
    """Compiles all that graphs of documents need, or loads it, by one of a very small model."""
    REPLAYER.prepare(ModelConfig(1, 1, 1, 1), Tokenizer("a"), 1)
