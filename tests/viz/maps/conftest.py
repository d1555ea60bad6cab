"""Maps that several tests look at: of "emma", untrained, with its captions."""

from __future__ import annotations

import pytest

from microgpt import Graph, Tokenizer
from microgpt.text.corpus import Corpus
from viz.maps.captions import document_captions
from viz.maps.step_map import StepMap


@pytest.fixture(scope="session")
def emma_map(emma_graph: Graph, names: Corpus) -> StepMap:
    """The Map of "emma" by the untrained default model."""
    tokenizer = Tokenizer.of(names.documents)
    labels = [tokenizer.label(token) for token in tokenizer.encode("emma")]
    return StepMap.of(emma_graph, document_captions(emma_graph, labels), 0)
