"""Engines: ways to compute the same training step, all to the same bits, some much faster.

`value` builds a graph of `Value`s and is always there. `replay` runs a traced graph again as a flat
program. `kernel` runs the model as compiled loops over vectors. The last two need numba.
"""

from __future__ import annotations

from microgpt.autograd.collector import paused_collector
from microgpt.errors import EngineUnavailableError, InputError
from microgpt.model.adam import TrainingConfig
from microgpt.model.parameters import ModelConfig
from microgpt.model.training_state import TrainingState
from microgpt.text.tokenizer import Tokenizer
from microgpt.train.engines.auto_engine import AutoEngine
from microgpt.train.engines.engine import ENGINE_NAMES, Engine, EngineName, StepResult
from microgpt.train.engines.value_engine import ValueEngine

__all__ = ["ENGINE_NAMES", "AutoEngine", "Engine", "EngineName", "StepResult", "make_engine"]

_compiled: set[str] = set()
"""Names of the engines that this process has compiled; what is compiled serves every model."""


def make_engine(
    name: EngineName, model: ModelConfig, tokenizer: Tokenizer, config: TrainingConfig
) -> Engine:
    """The engine of that name, for one model and schedule.

    Args:
        name: `"auto"` starts on `value` and goes on with `kernel` as soon as that is compiled;
            where it is compiled already it is `kernel`.

    Raises:
        InputError: there is no such engine.
        EngineUnavailableError: it needs numba, and numba is not there.
    """
    if name not in ENGINE_NAMES:
        raise InputError(f"no engine {name!r}; there are {', '.join(ENGINE_NAMES)}")
    if name == "value":
        return ValueEngine(model, tokenizer, config)
    if name == "auto" and "kernel" not in _compiled:
        return AutoEngine(
            ValueEngine(model, tokenizer, config),
            lambda: _tried(make_engine("kernel", model, tokenizer, config), model, tokenizer),
            "kernel",
        )
    if name == "auto":
        name = "kernel"
    try:
        from microgpt.train.engines.kernel import KernelEngine  # noqa: PLC0415  # imports numba
        from microgpt.train.engines.replay_engine import ReplayEngine  # noqa: PLC0415

        engine = KernelEngine if name == "kernel" else ReplayEngine
        return engine(model, tokenizer, config)
    except ImportError as error:
        raise EngineUnavailableError(
            f"the {name} engine needs numba, which cannot be imported ({error}); "
            "the value engine needs nothing"
        ) from error


def _tried(engine: Engine, model: ModelConfig, tokenizer: Tokenizer) -> Engine:
    """The engine, after a step from a throw-away state: what is left to compile is compiled."""
    sizes = model.shapes(tokenizer.vocab_size).values()
    state = TrainingState.untrained(0.0 for rows, cols in sizes for _ in range(rows * cols))
    with paused_collector():  # compiling makes a million objects that stay
        engine.train_steps(state, [(tokenizer.bos, tokenizer.bos)])
    _compiled.add(engine.name)
    return engine
