"""Graphs of a small model, for what is tested with no event loop."""

from __future__ import annotations

import pytest
from pytest_textual_snapshot import SVGImageExtension

from microgpt import ModelSnapshot, Value
from microgpt.graph.graph import Graph
from tests.tui.small_run import small_training

SVGImageExtension.file_extension = "svg"  # else syrupy calls them .raw, which nothing opens


@pytest.fixture(scope="session")
def small_graph() -> Graph:
    """The untrained small model on "emma": about 12,000 nodes."""
    return ModelSnapshot.of(small_training()).graph("emma")


@pytest.fixture(scope="session")
def square_graph() -> Graph:
    """`x * x + x`: parallel edges, and three additions to one gradient."""
    x = Value(3.0, name="x")
    loss = x * x + x
    loss.name = "loss"
    loss.backward()
    return Graph.from_value(loss)
