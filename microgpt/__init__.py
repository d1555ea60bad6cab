"""microgpt, one scalar at a time: a GPT on `Value`s, and a frozen `Graph` of all it computed."""

from typing import TYPE_CHECKING

from microgpt.autograd.bindings import parameter
from microgpt.autograd.collector import paused_collector
from microgpt.autograd.recording import recording
from microgpt.autograd.scopes import scope
from microgpt.autograd.value import Value
from microgpt.errors import (
    DomainError,
    EngineUnavailableError,
    GraphError,
    InputError,
    MicrogptError,
    RunFileError,
)
from microgpt.frontends import debug
from microgpt.model.adam import TrainingConfig
from microgpt.model.parameters import ModelConfig
from microgpt.model.training_state import TrainingState
from microgpt.text.corpus import Corpus, CorpusSummary, built_in_corpora, load_corpus
from microgpt.text.tokenizer import Tokenizer
from microgpt.train.engines import EngineName, StepResult
from microgpt.train.model_snapshot import ModelSnapshot
from microgpt.train.training import StepLoss, Training
from microgpt.version import __version__

if TYPE_CHECKING:
    from microgpt.graph.graph import Graph

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
    "parameter",
    "paused_collector",
    "recording",
    "scope",
]


def __getattr__(name: str) -> object:
    if name == "Graph":  # imports numpy, which a program that only trains can do without
        from microgpt.graph.graph import Graph  # noqa: PLC0415

        return Graph
    raise AttributeError(f"module 'microgpt' has no attribute {name!r}")
