"""What a `Selection` is in one graph and on its Map, and which selection a node, box or cell is."""

from __future__ import annotations

import numpy as np

from microgpt.debugger.node_references import entries_of
from microgpt.errors import GraphError
from microgpt.graph.graph import Graph
from microgpt.model.places import head_path, matrix_of, position_name, position_of
from tui.debugger.explorer import Explorer
from tui.selection import Selection
from viz.boxes import Box
from viz.maps.step_map import StepMap


def select_node(before: Selection, graph: Graph, node: int) -> Selection:
    """A scalar of a graph, selected."""
    name = graph.names.get(node)
    is_its_own = name is not None and graph.find(name) == node
    scope = graph.scopes[int(graph.scope_of[node])]
    matrix = matrix_of(graph, node)
    if name is not None and is_its_own:
        return before.with_node(name, scope.path, matrix=matrix)
    return before.with_node(f"#{graph.id_of(node)}", scope.path, node - scope.start, matrix)


def select_box(before: Selection, explorer: Explorer, box: Box) -> Selection:
    """A box, selected; of a group of nodes, the scope that they lie in."""
    if box.kind == "node":
        return select_node(before, explorer.graph, box.node)
    if box.kind == "parameters":
        return before.with_matrix(box.title)
    around = (each for each in (box, *box.ancestors[::-1]) if each.kind == "scope")
    scope = next(around, None)
    return before.with_scope(scope.title) if scope is not None else before.nothing()


def select_cell(before: Selection, step_map: StepMap, cell: int) -> Selection:
    """A cell of a Map, selected; -1 selects nothing."""
    if cell < 0:
        return before.nothing()
    grid = step_map.grid
    matrices = grid.rows[int(grid.row_of[cell])].matrices
    if grid.parameters[cell] and matrices:
        return before.with_matrix(matrices[0])
    chosen = before.with_scope(step_map.scope_around(cell))
    if step_map.n_whole is not None or cell_of(chosen, step_map) == cell:
        return chosen
    # The scope around it is that of several cells: then it is where its last node is.
    return select_node(before, step_map.graph, int(np.flatnonzero(grid.cell_of == cell)[-1]))


def go_to(selection: Selection, explorer: Explorer) -> bool:
    """Goes among boxes to where something selected elsewhere is; False if that is nowhere there."""
    match selection.about:
        case "node":
            node = node_of(selection, explorer.graph)
            if node is None:
                return False
            explorer.reveal(node)
        case "cell" | "head":
            path = selection.scope or _head_at_end(selection, explorer)
            return explorer.looks_into(path) or _look_into(explorer, path)
        case "matrix":
            return _select_matrix(explorer, selection.matrix)
        case "position" if selection.position is not None:
            if position_of(explorer.focus.title) != selection.position:
                path = position_name(selection.position)
                return _select_scope(explorer, path)
        case _:
            return False
    return True


def _head_at_end(selection: Selection, explorer: Explorer) -> str:
    """The head at the last position, which reads all others."""
    last = len(explorer.map.grid.labels) - 1
    return head_path(last, *selection.head) if selection.head is not None else ""


def _look_into(explorer: Explorer, path: str) -> bool:
    try:
        explorer.look_into(explorer.folding.scope(path))
    except GraphError:
        return False
    return True


def _select_scope(explorer: Explorer, path: str) -> bool:
    """Selects the box of a scope where it lies."""
    try:
        box = explorer.folding.scope(path)
    except GraphError:
        return False
    explorer.focus = box.parent or explorer.folding.root
    explorer.select(box.key)
    return True


def _select_matrix(explorer: Explorer, matrix: str) -> bool:
    """Selects the box of a matrix where it lies, if it is read at all."""
    entries = entries_of(explorer.graph, matrix)
    if not len(entries):
        return False
    path = explorer.folding.path_to(int(entries[0]))
    box = next((each for each in path if each.kind == "parameters" and each.title == matrix), None)
    if box is None:
        return False
    explorer.focus = box.parent or explorer.folding.root
    explorer.select(box.key)
    return True


def node_of(selection: Selection, graph: Graph) -> int | None:
    """The selected scalar in a graph, None if it is not there or none is selected."""
    if selection.about != "node":
        return None
    try:
        if selection.offset < 0:
            return graph.find(selection.node)
        scope = graph.scopes.find(selection.scope) if selection.scope else graph.scopes[0]
    except GraphError:
        return None
    node = scope.start + selection.offset
    return node if node < scope.stop else None


def cell_of(selection: Selection, step_map: StepMap) -> int:
    """The cell of a Map that stands for what is selected, -1 if none does."""
    grid = step_map.grid
    match selection.about:
        case "node":
            if step_map.n_whole is not None:
                return _cell_of_scope(selection.scope, step_map)
            node = node_of(selection, step_map.graph)
            return -1 if node is None else int(grid.cell_of[node])
        case "cell":
            return _cell_of_scope(selection.scope, step_map)
        case "head" if selection.head is not None:
            last = len(grid.labels) - 1
            position = last if selection.position is None else min(selection.position, last)
            return _cell_of_scope(head_path(position, *selection.head), step_map)
        case "matrix":
            rows = [at for at, row in enumerate(grid.rows) if selection.matrix in row.matrices]
            cells = [c for c in np.flatnonzero(grid.parameters).tolist() if grid.row_of[c] in rows]
            return int(cells[0]) if cells else -1
        case "position" if selection.position is not None:
            return loss_cell(step_map, selection.position)
    return -1


def loss_cell(step_map: StepMap, column: int) -> int:
    """The last cell of a column, which is its loss; -1 if there are not so many columns."""
    at = step_map.grid.at
    if column >= at.shape[1]:
        return -1
    cells = at[:, column]
    return int(cells[cells >= 0][-1])


def _cell_of_scope(path: str, step_map: StepMap) -> int:
    """The cell that a scope is or lies in; of a scope of several cells the last."""
    grid = step_map.grid
    if path in grid.scopes:
        return grid.scopes.index(path)
    if step_map.n_whole is not None:
        inside = (
            c for c, own in enumerate(grid.scopes) if own and f"{path}/".startswith(f"{own}/")
        )
        return next(inside, -1)
    try:
        scope = step_map.graph.scopes.find(path)
    except GraphError:
        return -1
    return int(grid.cell_of[scope.stop - 1]) if len(scope) and path else -1
