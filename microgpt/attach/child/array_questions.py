"""`ArrayQuestions`: asks the backward code of nodes that hold arrays, and makes such nodes again.

Nothing of an op has to be known: a question is an adjoint, an array of the node's shape, and the
answer is what the node's own code gives each operand for it. Our process chooses the adjoints, and
makes of the answers the local gradients of single elements (`attach/jacobians.py`).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from types import FunctionType, MethodType
from typing import Any

from microgpt.attach.child.anatomy import attributes
from microgpt.attach.child.array_tap import ArrayTap
from microgpt.attach.child.derived_arguments import DerivedArguments
from microgpt.attach.child.local_gradients import objects_of
from microgpt.attach.child.pass_log import installed
from microgpt.attach.child.recorded import Node
from microgpt.attach.child.script_arrays import fitted, floats, is_row, numpy_of_script
from microgpt.attach.child.tapes import Tapes
from microgpt.attach.child.value_class import ValueClass
from microgpt.attach.wire import Field

Way = Callable[[Any], "list[Any] | None"]
"""An adjoint -> what each operand slot gets, None if this code does not say."""

BACKWARD_WORDS = ("back", "grad", "vjp", "bwd")
"""Methods of an op's object are asked if their name begins with one of these: others may change it,
as `save_for_backward` does."""


class ArrayQuestions:
    """Answers questions about the nodes of one computation.

    Args:
        kind: their class.
        nodes: in the order of the snapshot.
        operands: of each.
        moved: leaves that have been updated since, with their numbers from before.
    """

    def __init__(
        self,
        kind: ValueClass,
        nodes: Sequence[Node],
        operands: Sequence[tuple[Node, ...]],
        moved: Sequence[tuple[Node, Any]] = (),
    ) -> None:
        self._kind = kind
        self._nodes, self._operands = nodes, operands
        self._moved = [(kind.data(node), was) for node, was in moved]
        self._tap = ArrayTap(kind.data, kind.is_node)
        self._ways: dict[int, Way] = {}
        self._derived = DerivedArguments()
        self._on_tape: dict[int, list[Callable[..., Any]]] = {}  # in a node's entries, by `id()`
        self._written = self._on_tape  # these, of the nodes that there are
        self._tapes: Tapes | None = None  # on which what is made to answer is no entry

    def answer(self, kind: str, fields: Mapping[str, Field]) -> dict[str, Field]:
        """The answer to a question of our process.

        Args:
            kind: `shares`, or `remake`.
            fields: of the question.
        """
        shape: Any = self._kind.shape
        tapped = installed(self._kind.cls, {shape.grad: self._tap} if shape.grad else {})
        if self._tapes is None and self._nodes:
            self._tapes = Tapes(self._kind, self._nodes[-1])
            self._written = self._tapes.functions()
        self._on_tape = self._written
        left_alone = self._tapes.left_alone() if self._tapes is not None else nullcontext()
        with tapped, left_alone, self._as_it_was():
            if kind == "shares":
                return self._all_shares(fields)
            return self._remade(fields)

    @contextmanager
    def _as_it_was(self) -> Iterator[None]:
        """What was updated in place since has its old numbers meanwhile."""
        now = [numbers.copy() for numbers, _ in self._moved]
        for numbers, was in self._moved:
            if numbers.flags.writeable:  # else it is a view of another one
                numbers[...] = was
        try:
            yield
        finally:
            for (numbers, _), each in zip(self._moved, now):
                if numbers.flags.writeable:
                    numbers[...] = each

    # -- what operands get -------------------------------------------------------------------------

    def _all_shares(self, fields: Mapping[str, Field]) -> dict[str, Field]:
        """What each operand of one node gets for several adjoints, one after the other."""
        numpy = numpy_of_script()
        place = int(fields["node"][0])
        node, operands = self._nodes[place], self._operands[place]
        shape = numpy.shape(self._kind.data(node))
        size = int(numpy.prod(shape, dtype=int))
        adjoints = numpy.frombuffer(fields["adjoints"], dtype=numpy.float64).reshape(-1, size)
        found: list[list[Any]] = [[] for _ in operands]
        problem = ""
        with numpy.errstate(all="ignore"):
            for adjoint in adjoints:
                try:
                    shares = self._shares(place, node, operands, adjoint.reshape(shape))
                except Exception as error:  # noqa: BLE001  # the script's code may do anything
                    problem = f"{type(error).__name__}: {error}"
                    break
                if shares is None:
                    problem = "no code of its class could be asked for its local gradients"
                    break
                for column, share, operand in zip(found, shares, operands):
                    wanted = numpy.shape(self._kind.data(operand))
                    column.append(fitted(share, wanted))
        answer: dict[str, Field] = {"problem": [problem]}
        for slot, column in enumerate(found):
            answer[f"shares_{slot}"] = floats(numpy.concatenate(column) if column else [])
        return answer

    def _shares(
        self, place: int, node: Node, operands: tuple[Node, ...], adjoint: Any
    ) -> list[Any] | None:
        way = self._ways.get(place)
        if way is not None:
            return way(adjoint)
        for each in self._ways_of(node, operands):
            try:
                shares = each(adjoint)
            except Exception:  # noqa: BLE001, S112  # it may want something else
                continue
            if shares is not None:
                self._ways[place] = each
                return shares
        return None

    def _ways_of(self, node: Node, operands: tuple[Node, ...]) -> Iterator[Way]:
        """All code that may say what a node gives to its operands."""
        if type(node) is not self._kind.cls:  # each op is a class derived from it
            for name in filter(_is_backward, vars(type(node))):
                function = getattr(node, name, None)
                takes = getattr(getattr(function, "__code__", None), "co_argcount", 0) - 1
                if isinstance(function, MethodType) and takes in (0, 1):
                    yield self._own_method(node, operands, function, takes)
        for value in attributes(node).values():
            if isinstance(value, (FunctionType, MethodType)) and not self._kind.is_method(value):
                yield from self._of_function(node, operands, value)
        for value in attributes(node).values():
            rows = isinstance(value, (list, tuple)) and len(value) == len(operands)
            if rows and value:
                yield from self._of_rows(value)
        for function in self._on_tape.get(id(node), ()):
            yield from self._of_function(node, operands, function)
        seen = [value for _, value in objects_of(node, self._kind.is_node)]
        for thing in seen:
            for name in _backward_methods(thing):
                function = getattr(thing, name, None)
                if not callable(function) or self._kind.is_node(thing):
                    continue
                for others in ((), *((other,) for other in seen)):
                    yield self._called(node, operands, function, others)

    def _of_function(
        self, node: Node, operands: tuple[Node, ...], function: Callable[..., Any]
    ) -> Iterator[Way]:
        code = getattr(function, "__code__", None)
        takes = code.co_argcount - isinstance(function, MethodType) if code else 1
        takes -= len(getattr(function, "__defaults__", None) or ())
        if takes == 0:
            yield lambda adjoint: self._tapped(node, operands, adjoint, function)
        elif takes == 1:
            yield self._called(node, operands, function, ())
        elif takes in (len(operands) + 1, len(operands) + 2):
            given = (*operands, node)[: takes - 1]  # the adjoint, the operands, what it gave
            yield lambda adjoint: self._returned(function(adjoint.copy(), *given), operands)

    def _of_rows(self, rows: Sequence[Any]) -> Iterator[Way]:
        """One function beside each operand: `[(x, lambda g: ...), ...]`, or functions alone."""
        functions = []
        for row in rows:
            parts = row if isinstance(row, (list, tuple)) else [row]
            parts = parts if len(parts) > 1 else list(parts) or [row]
            found = [part for part in parts if self._is_code(part)]
            if not found and hasattr(row, "__dict__") and not self._kind.is_node(row):
                found = [
                    part for part in attributes(row).values() if isinstance(part, FunctionType)
                ]
            if len(found) != 1:
                return
            functions.append(found[0])
        yield lambda adjoint: [self._plain(each(adjoint.copy())) for each in functions]

    def _own_method(
        self, node: Node, operands: tuple[Node, ...], function: Callable[..., Any], takes: int
    ) -> Way:
        """The backward method of an op's class, which may give nothing to an operand on purpose."""

        def way(adjoint: Any) -> list[Any] | None:
            given: list[Any] = []
            shares = self._tapped(
                node, operands, adjoint, lambda: given.append(function(*[adjoint.copy()] * takes))
            )
            returned = self._returned(given[0], operands)
            return returned if returned is not None else shares

        return way

    def _is_code(self, part: Any) -> bool:
        """Whether it is something to call, a `functools.partial` say, and no node or class."""
        return callable(part) and not self._kind.is_node(part) and not isinstance(part, type)

    def _tapped(
        self, node: Node, operands: tuple[Node, ...], adjoint: Any, run: Callable[[], Any]
    ) -> list[Any] | None:
        """What code writes to the gradients of the operands."""
        tap = self._tap
        tap.begin(node, adjoint)
        run()
        keys = list(map(id, operands))
        shares = []
        for slot, operand in enumerate(operands):
            mine = tap.shares(operand)
            n_slots, nth = keys.count(keys[slot]), keys[:slot].count(keys[slot])
            if len(mine) == n_slots:
                shares.append(mine[nth])
            else:
                shares.append(sum(mine) if mine and not nth else None)
        return shares

    def _called(
        self,
        node: Node,
        operands: tuple[Node, ...],
        function: Callable[..., Any],
        others: tuple[Any, ...],
    ) -> Way:
        """What code gives back for an adjoint, or writes."""

        def way(adjoint: Any) -> list[Any] | None:
            given: list[Any] = []
            wraps = self._wraps
            for is_node in (wraps,) if wraps is not None else (False, True):
                passed = self._kind.cls(adjoint.copy()) if is_node else adjoint.copy()
                # Some want the adjoint and the node, some a context and the adjoint.
                for call in ((*others, passed), (passed, node)):
                    given.clear()
                    try:
                        shares = self._tapped(
                            node,
                            operands,
                            adjoint,
                            lambda c=call: given.append(function(*c)),  # type: ignore[misc]
                        )
                    except Exception:  # noqa: BLE001, S112
                        continue
                    returned = self._returned(given[0], operands)
                    has_written = shares is not None and any(s is not None for s in shares)
                    # Of zeros written in place nothing is seen but that they were asked for.
                    has_written |= _is_nothing(given[0]) and self._tap.has_given(operands)
                    if returned is None and has_written:
                        returned = shares
                    if returned is not None:
                        self._wraps = is_node
                        return returned
            return None

        return way

    _wraps: bool | None = None  # whether the class's code takes adjoints that are nodes

    def _returned(self, given: Any, operands: tuple[Node, ...]) -> list[Any] | None:
        if isinstance(given, (list, tuple)) and len(given) == len(operands):
            ids, shares = set(map(id, operands)), []
            for part in given:
                is_pair = isinstance(part, (list, tuple)) and len(part) == 2
                own = [each for each in part if id(each) not in ids] if is_pair else [part]
                shares.append(self._plain(own[0]) if own else None)
            # A lambda that calls two functions gives what these give: nothing.
            return None if all(share is None for share in shares) else shares
        if given is not None and len(operands) == 1 and not isinstance(given, (list, tuple, dict)):
            return [self._plain(given)]
        return None

    def _plain(self, value: Any) -> Any:
        return self._kind.data(value) if self._kind.is_node(value) else value

    # -- making nodes again ------------------------------------------------------------------------

    def _remade(self, fields: Mapping[str, Field]) -> dict[str, Field]:
        """Elements of nodes for other numbers of some elements of their operands.

        Each question: a node, one of its elements, and so many changed elements of operands, each
        with slot, place and number. The answer: that element's number and its derivative by each
        of the changed elements.
        """
        data, locals_, problems = array("d"), array("d"), []
        columns: Any = fields
        slots, places, numbers = columns["slots"], columns["places"], columns["numbers"]
        at = 0
        for node, element, n in zip(columns["nodes"], columns["elements"], columns["counts"]):
            rows = range(at, at + n)
            at += n
            changes = [(int(slots[i]), int(places[i]), float(numbers[i])) for i in rows]
            try:
                result, shares = self._element(node, element, changes)
                problem = ""
            except BaseException as error:  # noqa: BLE001  # a script must not die of being looked at
                result, shares = float("nan"), [float("nan")] * n
                problem = f"{type(error).__name__}: {error}".removesuffix(": ")
            data.append(result)
            locals_.extend(shares)
            problems.append(problem)
        return {"data": data, "local_grads": locals_, "problems": problems}

    def _element(
        self, place: int, element: int, changes: list[tuple[int, int, float]]
    ) -> tuple[float, list[float]]:
        numpy, kind = numpy_of_script(), self._kind
        node, operands = self._nodes[place], self._operands[place]
        call = kind.call(node, operands)
        if isinstance(call, str):
            raise TypeError(call)
        self._derived.refuse(place, call, map(kind.data, operands))
        own = {id(operand): (operand, kind.data(operand)) for operand in operands}
        try:
            for key, (operand, numbers) in own.items():
                now = numpy.array(numbers)
                mine = [c for c in changes if id(operands[c[0]]) == key]
                if any(now.flat[at] != number for _, at, number in mine):
                    now = now.astype(numpy.float64) if now.dtype.kind != "f" else now
                    for _, at, number in mine:
                        now.flat[at] = number
                    kind.set_data(operand, now if now.shape or is_row(numbers) else now[()])
            result = call.method(*call.positional, **call.keywords)
            found = numpy.asarray(kind.data(result))
            if found.shape != numpy.shape(kind.data(node)):
                raise TypeError("its method gives another shape now")
            adjoint = numpy.zeros(found.shape)
            adjoint.flat[element] = 1.0
            parts = kind.operands(result)
            shares = None
            if self._tapes is not None:
                self._on_tape = {id(result): self._tapes.take_newest(result)}
            if list(map(id, parts)) == list(map(id, operands)):
                for way in self._ways_of(result, parts):
                    try:
                        shares = way(adjoint)
                    except Exception:  # noqa: BLE001, S112
                        continue
                    if shares is not None:
                        break
            if shares is None:
                raise TypeError("its class does not say the local gradients of what it gives")
            rows = [fitted(share, numpy.shape(kind.data(o))) for share, o in zip(shares, operands)]
            return float(found.flat[element]), [float(rows[s][at]) for s, at, _ in changes]
        finally:
            for operand, numbers in own.values():
                if kind.data(operand) is not numbers:
                    kind.set_data(operand, numbers)


def _is_nothing(given: Any) -> bool:
    return given is None or (isinstance(given, tuple) and all(part is None for part in given))


def _backward_methods(thing: Any) -> Iterator[str]:
    yield from filter(_is_backward, dir(thing))


def _is_backward(name: str) -> bool:
    return name.lower().lstrip("_").startswith(BACKWARD_WORDS) and not name.startswith("__")
