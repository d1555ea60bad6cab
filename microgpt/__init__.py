"""microgpt, one scalar at a time: a GPT on `Value`s, and a frozen `Graph` of all it computed."""

from typing import TYPE_CHECKING

from microgpt.adam import TrainingConfig
from microgpt.bindings import parameter
from microgpt.collector import paused_collector
from microgpt.corpus import Corpus, CorpusSummary, built_in_corpora, load_corpus
from microgpt.engines import EngineName, StepResult
from microgpt.errors import (
    DomainError,
    EngineUnavailableError,
    GraphError,
    InputError,
    MicrogptError,
    RunFileError,
)
from microgpt.frontends import debug
from microgpt.parameters import ModelConfig
from microgpt.recording import recording
from microgpt.scopes import scope
from microgpt.tokenizer import Tokenizer
from microgpt.training import ModelSnapshot, StepLoss, Training
from microgpt.training_state import TrainingState
from microgpt.value import Value

if TYPE_CHECKING:
    from microgpt.graph import Graph

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
    "built_in_corpora",
    "debug",
    "load_corpus",
    "parameter",
    "paused_collector",
    "recording",
    "scope",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name == "Graph":  # imports numpy, which a program that only trains can do without
        from microgpt.graph import Graph  # noqa: PLC0415

        return Graph
    raise AttributeError(f"module 'microgpt' has no attribute {name!r}")
