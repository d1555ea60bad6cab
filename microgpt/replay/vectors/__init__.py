"""The Graph of the model's document from whole arrays: nothing traced, nothing compiled.

For as long as replay is not ready, and where numba cannot be had. `blueprint.py` lays the nodes
out, `passes.py` computes them, `document_graph.py` makes the Graph. Whether the model still is what
is laid out here is looked up in a very small trace (`source_lines.py`), which also says on which
line each kind of node is made.
"""
