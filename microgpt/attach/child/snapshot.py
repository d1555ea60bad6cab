"""Reading the computation below some nodes into flat columns, which travel to our process."""

from __future__ import annotations

from _operator import attrgetter
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain as chained
from typing import Any

from microgpt.attach.child.found_gradients import gradients_in
from microgpt.attach.child.local_gradients import LocalGradients
from microgpt.attach.child.many_nodes import ManyNodes, operands_reader
from microgpt.attach.child.naming import Names
from microgpt.attach.child.pass_log import PassLog, installed
from microgpt.attach.child.place_columns import (
    label_columns,
    line_rows,
    maker_columns,
    parent_of,
    place_columns,
    scope_at,
    scope_rows,
    table,
)
from microgpt.attach.child.recorded import Node
from microgpt.attach.child.value_class import ValueClass
from microgpt.attach.child.watches import GradTap, grads_of_closure
from microgpt.attach.wire import Field

IN_NODES, BESIDE_NODES, OTHERS_BESIDE, IN_LEAVES = range(4)
"""Where gradients are kept: in the nodes; beside them; in leaves, with those of other nodes beside
them; in leaves, and those of other nodes nowhere."""


class ReadingError(Exception):
    """Something in the script's nodes that a Graph cannot hold; the message is for the user."""


class Snapshot:
    """The computation below some roots: taken before a backward pass, completed after it."""

    def __init__(
        self, kind: ValueClass, roots: Sequence[Node], before: Mapping[int, Any] | None = None
    ) -> None:
        """Reads the nodes.

        Args:
            kind: their class.
            roots: the last one is the pass's.
            before: gradients, by `id()`, that a pass which is over has changed, as it found them.
        """
        assert kind.shape is not None
        self._kind, self._shape = kind, kind.shape
        self._root = roots[-1]
        held: dict[int, tuple[Node, ...]] = {}  # each node's operands
        order = _post_order(roots, operands_reader(kind), held)
        # In order of creation, as far as it is known, and operands before results.
        self.nodes = _by_creation(order, held, ManyNodes(kind, order).numbers)
        self._many = ManyNodes(kind, self.nodes)
        # Each node's place there, by `id()`.
        self.ids = {id(node): place for place, node in enumerate(self.nodes)}
        self._operands = [held[id(node)] for node in self.nodes]
        self._local_grads = self._read_local_grads()
        self._grads_before = self._read_grads()
        for key, grad in (before or {}).items():
            if key in self.ids:
                self._grads_before[self.ids[key]] = _gradient(grad)
        self._visit_order = [
            self.ids[id(node)] for node in reversed(order) if self._operands[self.ids[id(node)]]
        ]

    def _read_grads(self) -> array[float]:
        return _column(self.nodes, self._shape.grad, self._kind.grad)

    def _read_local_grads(self) -> list[list[float]]:
        kind, shape = self._kind, self._shape
        tap = GradTap()
        if shape.store is not None:
            asked = LocalGradients(kind, tap)
            with installed(kind.cls, {shape.grad: tap} if shape.grad else {}):
                return asked.of_all(self.nodes, self._operands)
        if shape.is_closure:
            closures = [
                getattr(node, shape.visited) if operands else None
                for node, operands in zip(self.nodes, self._operands)
            ]
            with installed(kind.cls, {shape.grad: tap}):
                return [
                    grads_of_closure(tap, node, operands, closure) if operands else []
                    for node, operands, closure in zip(self.nodes, self._operands, closures)
                ]
        columns = []
        for node, operands in zip(self.nodes, self._operands):
            stored = getattr(node, shape.visited, None) or ()
            if len(stored) != len(operands):
                raise ReadingError(
                    f"a node of {kind.cls.__name__} has {len(operands)} operands in "
                    f"{shape.operands} but {len(stored)} numbers in {shape.visited}"
                )
            columns.append([_number(local, shape.visited) for local in stored])
        return columns

    def fields(
        self,
        names: Names,
        log: PassLog | None = None,
        why_no_events: str = "",
        finals: Sequence[Any] = (),
    ) -> dict[str, Field]:
        """All columns, by the names that `foreign_graph` reads.

        Args:
            names: what the script calls its nodes.
            log: what a backward pass from the root did.
            why_no_events: why there was no pass, if there was none.
            finals: the gradients after it, where the nodes themselves do not keep them.
        """
        kind, nodes, many = self._kind, self.nodes, self._many
        if kind.has_records:
            labels = [kind.label(node) or names.get(id(node)) for node in nodes]
        else:
            labels = list(map(names.get, map(id, nodes)))
        places = [label.place if label else None for label in labels]
        made_by = many.ops([not operands for operands in self._operands])
        ops, op_of = table(["param" if place else op for op, place in zip(made_by, places)])
        sites = many.sites()
        entered, scope_of = scope_rows(
            # What made a parameter has nothing to do with this computation.
            None if place else scope_at(site)
            for site, place in zip(sites, places)
        )
        lines, line_of = line_rows(sites)
        all_lines = {line: i for i, line in enumerate(lines)}
        done = self._pass_columns(log, all_lines)
        unused = many.unused_lines()
        return {
            "ops": ops,
            "op_of": op_of,
            "immediate": array("d", many.exponents()),
            **self._number_columns(finals),
            "arity": array("q", map(len, self._operands)),
            "operands": array("q", self._operand_ids()),
            "local_grads": array("d", chained.from_iterable(self._local_grads)),
            "visit_order": array("q", self._visit_order),
            **done,
            "scopes": [scope.name for scope in entered],
            "scope_parents": array("q", (parent_of(scope, entered) for scope in entered)),
            "scope_of": scope_of,
            **place_columns(entered),
            "files": [file for file, _ in all_lines],
            "lines": array("q", (line for _, line in all_lines)),
            "line_of": line_of,
            "unused_files": [file for file, _ in unused],
            "unused_lines": array("q", (line for _, line in unused)),
            **label_columns(labels),
            **maker_columns(
                kind.source(node, is_leaf=not operands)
                for node, operands in zip(nodes, self._operands)
            ),
            **self._maximum_columns(),
            "root": array("q", [self.ids[id(self._root)]]),
            "why_no_events": [why_no_events],
            "kept": array("q", [self._kept(finals)]),
        }

    def _number_columns(self, finals: Sequence[Any]) -> dict[str, Field]:
        return {
            "data": _column(self.nodes, self._shape.data, self._kind.data),
            "grad": self._grads_after(finals),
            "grad_before": self._grads_before,
        }

    def _grads_after(self, finals: Sequence[Any]) -> array[float]:
        """The gradients after the pass: of the nodes that keep none from beside them."""
        if not self._shape.grad:
            return array("d", map(_gradient, finals))
        grads = _column(self.nodes, self._shape.grad, self._kind.grad)
        if self._shape.leaves_only and finals:
            for place, operands in enumerate(self._operands):
                if operands:
                    grads[place] = _gradient(finals[place])
        return grads

    def _kept(self, finals: Sequence[Any]) -> int:
        if not self._shape.grad:
            return BESIDE_NODES
        if not self._shape.leaves_only:
            return IN_NODES
        return OTHERS_BESIDE if finals else IN_LEAVES

    def _pass_columns(
        self, log: PassLog | None, lines: dict[tuple[str, int], int]
    ) -> dict[str, Field]:
        return (log or PassLog()).columns(self.ids, lines, by_grads=not self._shape.visited)

    def _operand_ids(self) -> Iterable[int]:
        """The operand of each edge."""
        return map(self.ids.__getitem__, map(id, chained.from_iterable(self._operands)))

    def _maximum_columns(self) -> dict[str, Field]:
        """Leaves that stand for the largest of other nodes, how many those are, and which."""
        leaves, counts, inputs = array("q"), array("q"), array("q")
        for i, node in enumerate(self.nodes if self._kind.has_records else ()):
            ids = [self.ids.get(id(value)) for value in self._kind.maximum_of(node)]
            if ids and None not in ids:  # else it cannot be taken again
                leaves.append(i)
                counts.append(len(ids))
                inputs.extend(place for place in ids if place is not None)
        return {"maximum_leaves": leaves, "maximum_counts": counts, "maximum_inputs": inputs}

    def finals_in(self, result: Any) -> list[Any] | None:
        """Each node's gradient in what a pass returned, None if it is no such thing."""
        others = [node for node in self.nodes if node is not self._root]
        found = gradients_in(result, [self._root, *others])
        if found is None:
            return None
        rest = iter(found[1:])
        return [found[0] if node is self._root else next(rest) for node in self.nodes]

    def leaves(self) -> list[Node]:
        """The nodes that were made of no others."""
        return [node for node, operands in zip(self.nodes, self._operands) if not operands]

    def elements_of(self, node: Node) -> list[str]:  # noqa: ARG002
        """What a node's numbers are called after its name: it is one number."""
        return [""]

    def first_id(self, node: Node) -> int:
        """The id of a node in the Graph, of its first number if it has many; -1 for none."""
        return self.ids.get(id(node), -1)

    def data_of(self, nodes: Sequence[Node]) -> array[float]:
        """The numbers of nodes of the class as they are now."""
        return _column(nodes, self._shape.data, self._kind.data)

    def data_in_pass_of(self, nodes: Sequence[Node]) -> array[float]:
        """Their numbers when the pass was made, where they may be others by now."""
        return self.data_of(nodes)

    def grads_of(self, nodes: Sequence[Node]) -> array[float]:
        """Their gradients as they are now."""
        return _column(nodes, self._shape.grad, self._kind.grad)

    def grads_before_of(self, nodes: Sequence[Node]) -> array[float]:
        """Their gradients as the pass finds them."""
        grads = self.grads_of(nodes)
        for i, node in enumerate(nodes):
            place = self.ids.get(id(node))
            if place is not None:
                grads[i] = self._grads_before[place]
        return grads

    def inner_numbers(self, until: int | None = None) -> set[int]:
        """Creation numbers of the nodes that were made of others.

        Args:
            until: of those that are no newer; of all if not given.
        """
        numbers = zip(self._many.numbers, self._operands)
        found = {number for number, operands in numbers if operands and number is not None}
        return found if until is None else {number for number in found if number <= until}

    def all_have(self, name: str) -> bool:
        """Whether every node holds an attribute of its own in its dictionary."""
        return all(name in getattr(node, "__dict__", ()) for node in self.nodes)


def nodes_below(kind: ValueClass, roots: Sequence[Node]) -> list[Node]:
    """The nodes that some roots were made of, and these."""
    return _post_order(roots, kind.operands, {})


def _post_order(
    roots: Sequence[Node],
    operands: Callable[[Node], tuple[Node, ...]],
    held: dict[int, tuple[Node, ...]],
) -> list[Node]:
    """All nodes below the roots, operands before results, without recursion.

    Nodes are told apart by `id()`: a script's class may compare by value.

    Args:
        held: gets each node's operands.
    """
    order: list[Node] = []
    for root in roots:
        if id(root) in held:
            continue
        row = held[id(root)] = operands(root)
        stack = [(root, iter(row))]
        while stack:
            node, rest = stack[-1]
            for operand in rest:
                if id(operand) not in held:
                    row = held[id(operand)] = operands(operand)
                    if row:
                        stack.append((operand, iter(row)))
                        break
                    order.append(operand)
            else:
                order.append(node)
                stack.pop()
    return order


def _by_creation(
    order: list[Node],
    held: dict[int, tuple[Node, ...]],
    numbers: Sequence[int | None],
) -> list[Node]:
    """Nodes by creation number; one without comes right after the newest of its operands."""
    if None not in numbers:
        return [order[i] for i in sorted(range(len(order)), key=numbers.__getitem__)]  # type: ignore[arg-type]
    ages: dict[int, int] = {}
    for node, number in zip(order, numbers):
        newest = (ages[id(operand)] for operand in held[id(node)])
        ages[id(node)] = max(newest, default=-1) if number is None else number
    return sorted(order, key=lambda node: ages[id(node)])


def _number(value: object, what: str) -> float:
    if value is None:
        return 0.0  # a gradient that nothing has flowed to
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        shown = type(value).__name__
        raise ReadingError(f"the {what} of a node is of type {shown}, not a number") from None


def _column(nodes: Sequence[Node], name: str, number_of: Callable[[Node], Any]) -> array[float]:
    """A number of each node.

    Args:
        name: its attribute, which is read in one go; `""` if it has none.
        number_of: reads it of one node, where that cannot be.
    """
    if name:
        try:
            return array("d", map(attrgetter(name), nodes))
        except Exception:  # noqa: BLE001, S110  # None, or no number: one by one
            pass
    return array("d", (_number(number_of(node), name or "value") for node in nodes))


def _gradient(grad: object) -> float:
    return _number(grad, "gradient")
