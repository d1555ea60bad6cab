"""`ArraySnapshot`: a computation of nodes that hold arrays, as columns of whole arrays."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from types import FunctionType
from typing import Any

from microgpt.attach.child.anatomy import attributes, is_array, own_attribute
from microgpt.attach.child.array_pass_log import ArrayPassLog
from microgpt.attach.child.array_questions import ArrayQuestions
from microgpt.attach.child.pass_log import PassLog
from microgpt.attach.child.recorded import Node
from microgpt.attach.child.script_arrays import as_floats, floats, numpy_of_script
from microgpt.attach.child.snapshot import ReadingError, Snapshot
from microgpt.attach.child.value_class import ValueClass
from microgpt.attach.wire import Field

NO_NUMBER = float("nan")
"""What an element's gradient is where the whole gradient has another shape."""


class ArraySnapshot(Snapshot):
    """Taken before a backward pass, completed after it.

    Args:
        kind: the class.
        roots: the last one is the pass's.
        before: gradients, by `id()`, that a pass which is over has changed, as it found them.
        moved: leaves that have been updated since, with their numbers from before.
    """

    def __init__(
        self,
        kind: ValueClass,
        roots: Sequence[Node],
        before: Any = None,
        moved: Sequence[tuple[Node, Any]] = (),
    ) -> None:
        super().__init__(kind, roots, {})
        self._find_visited()
        self._moved = {id(node): (node, was) for node, was in moved}
        self._values = [self._numbers(self._data_in_pass(node), "numbers") for node in self.nodes]
        self._found = [
            self._grad_of(
                before[id(node)] if before and id(node) in before else self._kept_by(node)
            )
            for node in self.nodes
        ]
        self.questions = ArrayQuestions(kind, self.nodes, self._operands, moved)
        shape = self._shape
        self.log = None
        if shape.grad:
            visited = [shape.visited] if shape.visited else []
            self.log = ArrayPassLog(kind, shape.grad, visited, self.nodes, shape.data)

    def _kept_by(self, node: Node) -> Any:
        """The gradient that a node keeps, None if it keeps none."""
        return self._kind.grad(node) if self._shape.grad else None

    def _data_in_pass(self, node: Node) -> Any:
        """A node's numbers when the pass was made."""
        return self._moved[id(node)][1] if id(node) in self._moved else self._kind.data(node)

    def _find_visited(self) -> None:
        """Finds where the class keeps its code, if not where classes of its shape have it."""
        shape = self._shape
        made = [node for node, operands in zip(self.nodes, self._operands) if operands]
        if not shape.is_closure or not made:
            return
        if any(callable(own_attribute(node, shape.visited)) for node in made):
            return
        for name, value in attributes(made[-1]).items():
            if isinstance(value, FunctionType):
                self._shape = self._kind.shape = shape._replace(visited=name)
                return

    def _read_local_grads(self) -> list[list[float]]:
        return [[] for _ in self.nodes]  # our process asks for them

    def _read_grads(self) -> array[float]:
        return array("d")

    def _numbers(self, value: Any, what: str) -> Any:
        try:
            return as_floats(value)
        except (TypeError, ValueError) as error:
            name = self._kind.cls.__name__
            raise ReadingError(f"the {what} of a node of {name} cannot be read: {error}") from None

    def _grad_of(self, value: Any) -> Any:
        if self._kind.is_node(value):
            value = self._kind.data(value)
        return None if value is None else self._numbers(value, "gradient")

    def _number_columns(self, finals: Sequence[Any]) -> dict[str, Field]:
        kind, numpy = self._kind, numpy_of_script()
        now = [self._grad_of(self._kept_by(node)) for node in self.nodes]
        if finals:
            now = [self._grad_of(each) for each in finals]
        shapes = [value.shape for value in self._values]
        eps = max(
            (float(numpy.finfo(dtype).eps) for dtype in map(_dtype, map(kind.data, self.nodes))
             if dtype is not None), default=2.0**-52,
        )  # fmt: skip
        return {
            "dims": array("q", map(len, shapes)),
            "shape": array("q", [n for shape in shapes for n in shape]),
            "data": _flat(self._values),
            **_memory(finals or [kind.grad(node) for node in self.nodes]),
            **_gradients("grad", now),
            **_gradients("grad_before", self._found),
            "eps": array("d", [eps]),
        }

    def _pass_columns(self, log: Any, lines: dict[tuple[str, int], int]) -> dict[str, Field]:
        if isinstance(log, ArrayPassLog):
            return log.columns(self.ids, self._shape.visited, lines)
        empty = array("q")
        return {"entry_nodes": empty, "entry_sites": empty, "entry_writes": array("b"),
                "entry_sizes": empty, "site_lines": empty, "entry_numbers": array("d"),
                "by_grads": array("b", [0])}  # fmt: skip

    def elements_of(self, node: Node) -> list[str]:
        """What the numbers of a node's array are called after its name: `[0][3]`."""
        shape = as_floats(self._kind.data(node)).shape
        indices = numpy_of_script().ndindex(shape)
        return ["".join(f"[{i}]" for i in index) for index in indices]

    def first_id(self, node: Node) -> int:
        """The id of an array's first number in the Graph; -1 if it is not there."""
        place = self.ids.get(id(node), -1)
        return -1 if place < 0 else sum(value.size for value in self._values[:place])

    def data_of(self, nodes: Sequence[Node]) -> array[float]:
        """The numbers of arrays as they are now, one after the other."""
        column = array("d")
        for node in nodes:
            column.extend(floats(self._kind.data(node)))
        return column

    def data_in_pass_of(self, nodes: Sequence[Node]) -> array[float]:
        """Their numbers when the pass was made."""
        column = array("d")
        for node in nodes:
            column.extend(floats(self._data_in_pass(node)))
        return column

    def grads_of(self, nodes: Sequence[Node]) -> array[float]:
        """Their gradients as they are now."""
        return self._gradients_of(nodes, [self._kind.grad(node) for node in nodes])

    def grads_before_of(self, nodes: Sequence[Node]) -> array[float]:
        """Their gradients as the pass finds them."""
        found = []
        for node in nodes:
            place = self.ids.get(id(node))
            found.append(self._kind.grad(node) if place is None else self._found[place])
        return self._gradients_of(nodes, found)

    def _gradients_of(self, nodes: Sequence[Node], grads: Sequence[Any]) -> array[float]:
        column = array("d")
        for node, grad in zip(nodes, grads):
            own, size = self._grad_of(grad), as_floats(self._kind.data(node)).size
            fits = own is not None and own.size == size
            column.extend(floats(own) if fits else [0.0 if own is None else NO_NUMBER] * size)
        return column

    def log_of(self, log: PassLog | ArrayPassLog | None) -> Any:
        """What is known of the pass: its own log, unless another one was kept of it."""
        return log if isinstance(log, ArrayPassLog) or log is None else self.log


def _dtype(value: Any) -> Any:
    dtype = getattr(value, "dtype", None)
    return dtype if dtype is not None and dtype.kind == "f" else None


def _flat(values: list[Any]) -> array[float]:
    numpy = numpy_of_script()
    return floats(numpy.concatenate([value.reshape(-1) for value in values]))


def _gradients(name: str, values: list[Any]) -> dict[str, Field]:
    """Gradients one after the other; how many numbers each has, -1 for none, and its shape."""
    numpy = numpy_of_script()
    sizes = array("q", [-1 if value is None else value.size for value in values])
    kept = [value.reshape(-1) for value in values if value is not None]
    return {
        name: floats(numpy.concatenate(kept) if kept else []),
        f"{name}_sizes": sizes,
        f"{name}_shapes": ["" if value is None else str(value.shape) for value in values],
    }


def _memory(grads: Sequence[Any]) -> dict[str, Field]:
    """Which gradients are whole numbers, and which lie where an earlier one's do."""
    first: dict[int, int] = {}
    integer, shared = array("b"), array("q")
    for place, grad in enumerate(grads):
        is_own = is_array(grad) and grad.size > 0
        integer.append(is_own and grad.dtype.kind in "iu")
        at = grad.__array_interface__["data"][0] if is_own else -1 - place
        shared.append(first.get(at, -1))
        first.setdefault(at, place)
    return {"grad_integer": integer, "grad_shared": shared}
