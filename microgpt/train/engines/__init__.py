"""Engines: ways to compute the same training step, all to the same bits, some much faster.

`value` builds a graph of `Value`s and is always there. `numpy` works on whole vectors, and nothing
has to be compiled for it. `replay` runs a traced graph again as a flat program. `kernel` runs the
model as compiled loops over vectors. The last two need numba. An engine is a file here and a row in
`ENGINES`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Literal, TypeAlias

from microgpt.autograd.collector import paused_collector
from microgpt.errors import EngineUnavailableError, InputError
from microgpt.model.adam import TrainingConfig
from microgpt.model.parameters import ModelConfig
from microgpt.text.tokenizer import Tokenizer
from microgpt.train.engines.auto_engine import AutoEngine
from microgpt.train.engines.engine import Engine, ModelEngine, StepResult
from microgpt.train.engines.late_engine import LateEngine

__all__ = [
    "ENGINES",
    "AutoEngine",
    "Engine",
    "EngineName",
    "EngineRow",
    "ModelEngine",
    "StepResult",
    "engine_names",
    "is_ready",
    "make_engine",
]

EngineName: TypeAlias = Literal["auto", "value", "numpy", "replay", "kernel"]


@dataclass(frozen=True, slots=True)
class EngineRow:
    """What is known of an engine before it is imported, which may take half a second."""

    place: str  # "module:class" of a `ModelEngine`
    words: str  # what the help says it is
    needs: str = ""  # the library that may not be there


ENGINES: dict[EngineName, EngineRow] = {
    "value": EngineRow("microgpt.train.engines.value_engine:ValueEngine", "plain Python"),
    "numpy": EngineRow(
        "microgpt.train.engines.vectors.numpy_engine:NumpyEngine", "whole vectors, numpy", "numpy"
    ),
    "replay": EngineRow(
        "microgpt.train.engines.replay_engine:ReplayEngine", "the whole graph, compiled", "numba"
    ),
    "kernel": EngineRow(
        "microgpt.train.engines.kernel.kernel_engine:KernelEngine",
        "whole vectors, compiled",
        "numba",
    ),
}
ALWAYS: EngineName = "value"
"""What is always there."""
AT_ONCE: EngineName = "numpy"
"""What `auto` starts on, if it can be had."""
FASTEST: EngineName = "kernel"
"""What `auto` goes on with."""

_compiled: set[str] = set()
"""Names of the engines that this process has compiled; what is compiled serves every model."""


def engine_names() -> tuple[EngineName, ...]:
    """Every name that `make_engine` knows."""
    return ("auto", *ENGINES)


def is_ready(name: EngineName) -> bool:
    """Whether an engine that has to be compiled is, in this process."""
    return name in _compiled


def make_engine(
    name: EngineName, model: ModelConfig, tokenizer: Tokenizer, config: TrainingConfig
) -> Engine:
    """The engine of that name, for one model and schedule.

    Args:
        name: `"auto"` starts on `numpy`, and goes on with `kernel` as soon as that is compiled;
            where it is compiled already it is `kernel`. Without numpy it starts on `value`.

    Raises:
        InputError: there is no such engine.
        EngineUnavailableError: it needs a library that is not there.
    """
    if name not in engine_names():
        raise InputError(f"no engine {name!r}; there are {', '.join(engine_names())}")
    if name != "auto":
        return _engine_class(name)(model, tokenizer, config)
    if FASTEST in _compiled:
        return make_engine(FASTEST, model, tokenizer, config)

    def at_once() -> Engine:
        try:
            return make_engine(AT_ONCE, model, tokenizer, config)
        except EngineUnavailableError:
            return make_engine(ALWAYS, model, tokenizer, config)

    return AutoEngine(
        LateEngine(AT_ONCE, at_once),
        lambda: _kernel(model, tokenizer, config),
        FASTEST,
        _kernel_to_compile,
    )


def _engine_class(name: EngineName) -> type[ModelEngine]:
    row = ENGINES[name]
    module, _, class_name = row.place.partition(":")
    try:
        engine: type[ModelEngine] = getattr(import_module(module), class_name)
    except ImportError as error:
        if not row.needs:
            raise
        raise EngineUnavailableError(
            f"the {name} engine needs {row.needs}, which cannot be imported ({error}); "
            f"the {ALWAYS} engine needs nothing"
        ) from error
    return engine


def _kernel(model: ModelConfig, tokenizer: Tokenizer, config: TrainingConfig) -> Engine:
    """The kernel, compiled or loaded."""
    from microgpt.train.engines.kernel.kernel_engine import compile_kernel  # noqa: PLC0415  # numba

    engine = make_engine(FASTEST, model, tokenizer, config)
    compile_kernel()
    _compiled.add(FASTEST)
    return engine


def _kernel_to_compile() -> Callable[[], object] | None:
    """What compiles the kernel without taking time from this process, if that is to be done."""
    with paused_collector():  # importing numba makes a million objects that stay
        _engine_class(FASTEST)
        from microgpt.train.engines.kernel.kernel_engine import to_compile  # noqa: PLC0415  # numba

        return to_compile()
