"""microgpt, one scalar at a time: a GPT on `Value`s, and a frozen `Graph` of all it computed."""

from importlib import import_module
from typing import TYPE_CHECKING

from microgpt.version import __version__

if TYPE_CHECKING:
    from microgpt.autograd.bindings import parameter
    from microgpt.autograd.collector import paused_collector
    from microgpt.autograd.recording import recording
    from microgpt.autograd.scopes import scope
    from microgpt.autograd.value import Value
    from microgpt.diagnosis.observing import observed
    from microgpt.errors import (
        DomainError,
        EngineUnavailableError,
        GraphError,
        InputError,
        MicrogptError,
        RunFileError,
    )
    from microgpt.frontends import debug
    from microgpt.graph.graph import Graph
    from microgpt.model.adam import TrainingConfig
    from microgpt.model.parameters import ModelConfig
    from microgpt.model.training_state import TrainingState
    from microgpt.text.corpus import Corpus, CorpusSummary, built_in_corpora, load_corpus
    from microgpt.text.tokenizer import Tokenizer
    from microgpt.train.engines import EngineName, StepResult
    from microgpt.train.model_snapshot import ModelSnapshot
    from microgpt.train.training import StepLoss, Training

__all__ = [
    "Corpus",
    "CorpusSummary",
    "DomainError",
    "EngineName",
    "EngineUnavailableError",
    "Graph",
    "GraphError",
    "InputError",
    "MicrogptError",
    "ModelConfig",
    "ModelSnapshot",
    "RunFileError",
    "StepLoss",
    "StepResult",
    "Tokenizer",
    "Training",
    "TrainingConfig",
    "TrainingState",
    "Value",
    "__version__",
    "built_in_corpora",
    "debug",
    "load_corpus",
    "observed",
    "parameter",
    "paused_collector",
    "recording",
    "scope",
]


_PLACES = {
    name: module
    for module, names in {
        "microgpt.autograd.bindings": "parameter",
        "microgpt.autograd.collector": "paused_collector",
        "microgpt.autograd.recording": "recording",
        "microgpt.autograd.scopes": "scope",
        "microgpt.autograd.value": "Value",
        "microgpt.diagnosis.observing": "observed",
        "microgpt.errors": "DomainError EngineUnavailableError GraphError InputError "
        "MicrogptError RunFileError",
        "microgpt.frontends": "debug",
        "microgpt.graph.graph": "Graph",
        "microgpt.model.adam": "TrainingConfig",
        "microgpt.model.parameters": "ModelConfig",
        "microgpt.model.training_state": "TrainingState",
        "microgpt.text.corpus": "Corpus CorpusSummary built_in_corpora load_corpus",
        "microgpt.text.tokenizer": "Tokenizer",
        "microgpt.train.engines": "EngineName StepResult",
        "microgpt.train.model_snapshot": "ModelSnapshot",
        "microgpt.train.training": "StepLoss Training",
    }.items()
    for name in names.split()
}
"""The module of each name. It is imported when the name is first asked for: whoever draws a graph
need not wait for training, nor the other way round."""


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module 'microgpt' has no attribute {name!r}")
    found: object = getattr(import_module(_PLACES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})
