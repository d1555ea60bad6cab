"""A Map as nodes and edges: its cells, and what flows from one into another."""

from __future__ import annotations

import numpy as np

from viz.maps.lenses import Look
from viz.maps.step_map import StepMap
from viz.network import Attribute, Network, NetworkEdge, NetworkNode
from viz.style import short_number


def map_network(look: Look, title: str = "") -> Network:
    """The cells of a Map, those of a column in one place, and an edge for each connected pair.

    An edge counts the graph's edges from one cell into the other, with what they contribute.
    """
    step_map, grid, graph = look.map, look.map.grid, look.map.graph
    nodes = []
    for cell in range(step_map.n_cells):
        row, column = step_map.rows[int(grid.row_of[cell])], int(grid.column_of[cell])
        about: dict[str, Attribute] = {
            "row": row.name, "column": column, "scope": grid.scopes[cell] or "",
            look.lens.name: float(look.numbers[cell]),
            "grad_norm": float(step_map.grad_norm[cell]),
            "data_norm": float(step_map.data_norm[cell]),
            "nodes": sum(stop - start for start, stop in grid.node_ranges[cell]),
        }  # fmt: skip
        if row.layer is not None:
            about["layer"] = row.layer
        name = f"parameters of {row.name}" if grid.parameters[cell] else row.name
        namespace = "" if column < 0 else _column_name(step_map, column)
        label = f"{name} {short_number(float(look.numbers[cell]))}"
        nodes.append(NetworkNode(str(cell), label, namespace, about))
    # Cells of a column stand together: they are what one thing does.
    nodes.sort(key=lambda node: int(node.attributes["column"]))
    crossing = step_map.crossing
    source = grid.cell_of[graph.operands[crossing]]
    target = grid.cell_of[graph.edge_consumers[crossing]]
    n = step_map.n_cells
    pairs, which = np.unique(target * n + source, return_inverse=True)
    contributions = graph.contributions[crossing]
    count = np.bincount(which, minlength=len(pairs)).tolist()
    magnitude = np.bincount(which, np.abs(contributions), len(pairs)).tolist()
    net = np.bincount(which, contributions, len(pairs)).tolist()
    edges = tuple(
        NetworkEdge(
            str(pair % n), str(pair // n), short_number(magnitude[place]), 0,
            {"count": count[place], "magnitude": magnitude[place], "net": net[place]},
        )
        for place, pair in enumerate(pairs.tolist())
    )  # fmt: skip
    return Network(title or "Map", tuple(nodes), edges)


def _column_name(step_map: StepMap, column: int) -> str:
    """Its number and what it reads: columns of one token are not one place."""
    label = step_map.captions[column].token or step_map.grid.labels[column]
    return f"{column} {label}".rstrip()
