"""The page of "emma", which several tests read."""

from __future__ import annotations

import pytest

from microgpt import Graph, Tokenizer
from microgpt.text.corpus import Corpus
from tests.viz.page.read_page import ReadPage
from viz.maps.captions import document_captions
from viz.maps.lenses import Look, look
from viz.maps.step_map import StepMap
from viz.page.page import page_html


@pytest.fixture(scope="session")
def emma_look(emma_graph: Graph, names: Corpus) -> Look:
    tokenizer = Tokenizer.of(names.documents)
    labels = [tokenizer.label(token) for token in tokenizer.encode("emma")]
    return look(StepMap.of(emma_graph, document_captions(emma_graph, labels), 0))


@pytest.fixture(scope="session")
def emma_page(emma_look: Look) -> ReadPage:
    return ReadPage(page_html(emma_look, "“emma”, untrained"))
