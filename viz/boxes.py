"""The boxes a graph folds into: scopes, parameter matrices, groups of scalars, single scalars.

Every box holds some nodes; its children divide them. Nothing is computed before it is asked for,
so a graph of a million nodes opens as fast as a small one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from threading import RLock

import numpy as np

from microgpt.autograd.bindings import ParameterBinding
from microgpt.errors import GraphError
from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph
from microgpt.graph.scope_tree import ScopeRange
from microgpt.model.place_names import place_in_scope
from viz.joining import run_label, run_length, runs, shape
from viz.partition import IN_ORDER, SUM, TERMS, Group, partition

MAX_CHILDREN = 34
"""A box opens into at most this many; with what stands around it a view has about 40."""


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """A part of a graph that can be shown as one thing."""

    key: str
    """Unique in its graph and the same in every graph of the same shape: a scope's path, a matrix's
    name behind `@`, `#1234` for a single node, or a parent's key, `|` and a label."""
    label: str  # what to call it, short
    kind: str  # `"graph"`, `"scope"`, `"parameters"`, `"group"` or `"node"`
    ids: Ints  # its nodes, ascending
    parent: Box | None = None  # the box it is part of, None for the whole graph
    note: str = ""
    """What a person would add to the label, such as `e → m`; of a node without a name, what it is
    in its scope, `q[3] term 7`."""

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def node(self) -> int:
        """The id of the only node of a `"node"` box."""
        if self.kind != "node":
            raise GraphError(f"{self.key} holds {len(self)} nodes, not one")
        return int(self.ids[0])

    @property
    def ancestors(self) -> tuple[Box, ...]:
        """The boxes it lies in, from the whole graph down; not itself."""
        found: list[Box] = []
        box = self.parent
        while box is not None:
            found.append(box)
            box = box.parent
        return tuple(reversed(found))

    @property
    def title(self) -> str:
        """Where it is, in full: `pos1/layer0/mlp/fc1[3]`, `layer0.attn_wq[3]`, `#1234`."""
        if self.kind == "graph":
            return "the whole graph"
        if self.kind == "scope":
            return _unmarked(self.key)
        if self.kind == "parameters":
            return self.key.rpartition("@")[2]
        if self.kind == "node":
            return self.key
        scope = next((box for box in self.ancestors[::-1] if box.kind == "scope"), None)
        if scope is None:
            return self.label
        name = scope.label.rpartition("/")[2]
        if self.label.startswith(f"{name}["):
            return scope.title.removesuffix(name) + self.label
        return f"{scope.title} {self.label}"

    @property
    def heading(self) -> str:
        """Its title and its note."""
        return f"{self.title} {self.note}".rstrip()

    def holds(self, node: int) -> bool:
        """Whether a node is one of its nodes."""
        at = int(np.searchsorted(self.ids, node))
        return at < len(self.ids) and int(self.ids[at]) == node


class Folding:
    """All boxes of one graph, made when first asked for, once, whichever threads ask."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.root = Box("", "graph", "graph", np.arange(len(graph)))
        self._children: dict[str, tuple[Box, ...]] = {}
        self._groups: dict[str, Group] = {}
        self._making = RLock()

    def children(self, box: Box) -> tuple[Box, ...]:
        """What a box opens into: 2 to `MAX_CHILDREN` boxes, or one that holds a single node."""
        if box.key not in self._children:
            with self._making:
                if box.key not in self._children:
                    self._children[box.key] = self._opened(box)
        return self._children[box.key]

    def path_to(self, node: int) -> tuple[Box, ...]:
        """The boxes that hold a node, from the whole graph down to the node's own box.

        Raises:
            GraphError: there is no such node.
        """
        if not self.root.holds(node):
            raise GraphError(f"no node #{node}: the graph has #0 to #{len(self.graph) - 1}")
        path = [self.root]
        while path[-1].kind != "node":
            path.append(next(child for child in self.children(path[-1]) if child.holds(node)))
        return tuple(path)

    def find(self, key: str) -> Box:
        """The box of this key; if it is not in this graph, the nearest that it would lie in."""
        box = self.root
        while box.key != key:
            inner = [child for child in self.children(box) if self._leads_to(child, key)]
            if not inner:
                return box
            box = max(inner, key=lambda child: len(child.key))  # @w.bias lies in @w.bias, not @w
        return box

    def scope(self, path: str) -> Box:
        """The box of a scope; of the scopes inside it if it holds nothing but a single other one.

        Raises:
            GraphError: there is no such scope; the message lists what would be valid.
        """
        scope = self._innermost(self.graph.scopes.find(path))
        key = _scope_key(scope)
        first = int(self._scope_ids(scope)[0])
        # All that is in one scope is the whole graph.
        return next((box for box in self.path_to(first) if box.key == key), self.root)

    def _leads_to(self, box: Box, key: str) -> bool:
        if key.startswith("#"):
            try:
                return box.holds(self.graph.find(key))
            except GraphError:
                return False
        if key == box.key or key.startswith(f"{box.key}|"):
            return True
        if box.kind == "scope":
            return key.startswith(f"{box.key}/")
        if box.kind == "parameters":
            return key.startswith((f"{box.key}[", f"{box.key}."))
        is_run = box.kind == "group" and box.key not in self._groups
        return is_run and any(self._leads_to(inner, key) for inner in self.children(box))

    # -- opening -----------------------------------------------------------------------------------

    def _opened(self, box: Box) -> tuple[Box, ...]:
        if box.kind == "node":
            return ()
        if box.kind == "parameters":
            return self._in_runs(box, self._parameter_boxes(box))
        if box.kind == "group":
            return self._grouped(box, box.ids)
        scope = self._innermost(self.graph.scopes.find(_unmarked(box.key)))
        own = box.ids[self.graph.scope_of[box.ids] == scope.index]
        starts = self.graph.operand_start
        leaves = own[starts[own] == starts[own + 1]].tolist()
        bound = np.array([i for i in leaves if self._is_parameter(i)], np.int64)
        loose = np.setdiff1d(own, bound, assume_unique=True)
        parameters = self._parameter_groups(bound, box)
        children = self.graph.scopes.children(scope)
        if len(bound) == len(own) and len(children) == 1:
            # A program of one function: one box beside the parameters would show nothing.
            scope = self._innermost(children[0])
            loose = box.ids[self.graph.scope_of[box.ids] == scope.index]
            children = self.graph.scopes.children(scope)
        inner = [self._scope_box(child, box) for child in children]
        others = self._grouped(box, loose, scope.name) if len(loose) else ()
        named = len(inner) + len(parameters)
        if named and len(others) > 1 and len(others) + named > MAX_CHILDREN:
            others = (self._own_nodes(box, loose, scope.name),)
        return self._in_runs(box, [*parameters, *inner, *others])

    # -- scopes ------------------------------------------------------------------------------------

    def _innermost(self, scope: ScopeRange) -> ScopeRange:
        """The scope itself, or the only scope in it if it holds nothing else, and so on."""
        while not self._own_count(scope) and len(self.graph.scopes.children(scope)) == 1:
            (scope,) = self.graph.scopes.children(scope)
        return scope

    def _own_count(self, scope: ScopeRange) -> int:
        """How many nodes were made in a scope itself."""
        return int(np.count_nonzero(self.graph.scope_of[scope.start : scope.stop] == scope.index))

    def _scope_ids(self, scope: ScopeRange) -> Ints:
        """The nodes in a scope and the scopes inside it.

        They are all of its range, unless the scope was left and entered again.
        """
        inside = {scope.index}
        waiting = [scope]
        while waiting:
            children = self.graph.scopes.children(waiting.pop())
            inside.update(child.index for child in children)
            waiting += children
        of_range = self.graph.scope_of[scope.start : scope.stop]
        return scope.start + np.flatnonzero(np.isin(of_range, list(inside)))

    def _scope_box(self, scope: ScopeRange, parent: Box) -> Box:
        innermost = self._innermost(scope)
        outside = scope.path.removesuffix(scope.name)
        label = innermost.path.removeprefix(outside)
        note = innermost.label or scope.label
        return Box(_scope_key(innermost), label, "scope", self._scope_ids(innermost), parent, note)

    # -- parameters --------------------------------------------------------------------------------

    def _is_parameter(self, node: int) -> bool:
        return isinstance(self.graph.bindings.get(node), ParameterBinding)

    def _binding(self, node: int) -> ParameterBinding:
        binding = self.graph.bindings[node]
        assert isinstance(binding, ParameterBinding)
        return binding

    def _parameter_groups(self, bound: Ints, parent: Box) -> list[Box]:
        """`wte`, `wpe`, `lm_head` and one box for all matrices of a layer."""
        bindings = {int(i): self._binding(int(i)) for i in bound}
        matrices = {binding.matrix for binding in bindings.values()}
        members: dict[str, list[int]] = {}
        for i, binding in bindings.items():
            layer = binding.matrix.partition(".")[0]
            members.setdefault(binding.matrix if layer in matrices else layer, []).append(i)
        return [
            Box(f"@{name}", name, "parameters", np.array(ids), parent)
            for name, ids in members.items()
        ]

    def _parameter_boxes(self, box: Box) -> list[Box]:
        """A layer's matrices, a matrix's rows, a row's scalars."""
        bindings = {int(i): self._binding(int(i)) for i in box.ids}
        matrices = {b.matrix for b in bindings.values()}
        rows = {(b.matrix, b.row) for b in bindings.values()}
        if len(rows) == 1:
            return [self._node_box(i, box) for i in bindings]
        members: dict[str, list[int]] = {}
        for i, b in bindings.items():
            name = b.matrix if len(matrices) > 1 else f"{b.matrix}[{b.row}]"
            members.setdefault(name, []).append(i)
        return [
            Box(
                f"@{name}",
                name.rpartition(".")[2],
                "parameters",
                np.array(ids),
                box,
                bindings[ids[0]].token if len(matrices) == 1 else "",
            )
            for name, ids in members.items()
        ]

    # -- scalars -----------------------------------------------------------------------------------

    def _own_nodes(self, scope: Box, ids: Ints, name: str) -> Box:
        """The nodes made in a scope that has much else in it, as one box."""
        box = Box(f"{scope.key}|own nodes", "own nodes", "group", ids, scope)
        self._groups[box.key] = Group((), name, -1)
        return box

    def _grouped(self, parent: Box, ids: Ints, name: str = "") -> tuple[Box, ...]:
        """Nodes one by one if they are few, else in groups.

        Args:
            name: of the scope that the nodes were made in, for a parent that is no group.
        """
        if len(ids) <= MAX_CHILDREN:
            return tuple(self._node_box(int(i), parent) for i in ids)
        run = self._groups.get(parent.key)
        if run is not None:
            name = "" if run.stem in (SUM, TERMS, IN_ORDER) else run.stem
        boxes = []
        for group in partition(self.graph, ids.tolist(), MAX_CHILDREN, name):
            continues = run is not None and run.stem == group.stem
            offset = run.first if run and continues else 0
            if len(group.ids) == 1:
                boxes.append(self._node_box(group.ids[0], parent))
            else:
                boxes.append(self._group_box(group, parent, offset))
        return tuple(boxes)

    def _group_box(self, group: Group, parent: Box, offset: int) -> Box:
        label = group.label(offset, self.graph.id_of)
        box = Box(f"{parent.key}|{label}", label, "group", np.array(group.ids), parent)
        self._groups[box.key] = replace(group, first=group.first + offset)
        return box

    def _node_box(self, node: int, parent: Box) -> Box:
        label = self.graph.label(node)
        key = f"#{self.graph.id_of(node)}"
        note = place_in_scope(self.graph, node) if label == key else ""
        return Box(key, label, "node", np.array([node]), parent, note)

    def _in_runs(self, parent: Box, boxes: Sequence[Box]) -> tuple[Box, ...]:
        """The boxes; if they are too many, neighbours joined: `pos0…7`."""
        if len(boxes) <= MAX_CHILDREN:
            return tuple(boxes)
        joined = []
        for some in runs(
            boxes, lambda box: (box.kind, shape(box.label)), MAX_CHILDREN, run_length(len(boxes))
        ):
            if len(some) == 1:
                joined.append(some[0])
                continue
            label = run_label(some[0].label, some[-1].label)
            run = Box(f"{parent.key}|{label}", label, "group", joined_ids(some), parent)
            self._children[run.key] = self._in_runs(run, [replace(box, parent=run) for box in some])
            joined.append(run)
        return tuple(joined)


def joined_ids(boxes: Iterable[Box]) -> Ints:
    """The nodes of several boxes, ascending."""
    return np.sort(np.concatenate([box.ids for box in boxes]))


_MARKS = str.maketrans({mark: f"%{ord(mark):02X}" for mark in "%|#@"})


def _scope_key(scope: ScopeRange) -> str:
    """The scope's path; a mark that has a meaning in keys is written as in a URL."""
    return scope.path.translate(_MARKS)


def _unmarked(key: str) -> str:
    for mark in "|#@%":
        key = key.replace(f"%{ord(mark):02X}", mark)
    return key
