"""The debugger's screen on a graph of a million nodes; says when the graph was there.

A program of its own, for `test_debugger_latency.py` to run in a terminal.
"""

from __future__ import annotations

import sys

from microgpt import ModelConfig, ModelSnapshot, Training, load_corpus
from microgpt.debugger import DebugSession
from tui.debugger.graph_app import open_session

MODEL = ModelConfig(n_embd=32, n_head=4, n_layer=2, block_size=32)
DOCUMENT = "christopherjohnso"
GRAPH_IS_THERE = "the graph is there"


def main() -> None:
    """Computes the graph, says so, and opens the screen."""
    model = ModelSnapshot.of(Training(load_corpus("names"), MODEL, engine="value"))
    graph = model.trace(DOCUMENT)
    sys.stdout.write(f"{GRAPH_IS_THERE}\r\n")
    sys.stdout.flush()
    open_session(DebugSession(graph), DOCUMENT)


if __name__ == "__main__":
    main()
