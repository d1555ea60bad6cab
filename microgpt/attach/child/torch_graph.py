"""`TorchGraph`: the computation below a tensor of PyTorch as columns of whole arrays.

It is read from the `grad_fn` objects, and these are asked for their shares, as `array_questions`
asks the code of other classes: called with an adjoint they give what each operand gets.
"""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping
from types import FrameType
from typing import Any, NamedTuple

from microgpt.attach.child.between import update_columns
from microgpt.attach.child.place_columns import (
    label_columns,
    line_rows,
    parent_of,
    place_columns,
    scope_rows,
    table,
)
from microgpt.attach.child.recorded import Label
from microgpt.attach.child.snapshot import BESIDE_NODES
from microgpt.attach.child.torch_recorder import TorchRecorder, made_by_of
from microgpt.attach.wire import Field
from microgpt.autograd.scopes import Site

UNKNOWN = float("nan")
"""A number that was not seen: it was computed before recording began."""
MAX_DEPTH = 4
"""So far into containers tensors are looked for names."""


class Tensor(NamedTuple):
    """One result of an op, or a leaf."""

    made_by: Any  # the `grad_fn`; of a leaf what adds to its gradient
    output: int  # which of its results it is
    leaf: Any  # the tensor itself, None for results
    operands: tuple[int, ...]  # places
    slots: tuple[int, ...]  # of these among all that the op was called with


class KeptLeaves(NamedTuple):
    """Leaves after a pass."""

    since: int  # the pass
    leaves: list[tuple[Any, str]]  # each with its name
    data: array[float]  # the numbers of all, one after the other
    grads: array[float]


class TorchGraph:
    """Read before the pass, completed after it.

    Args:
        root: the tensor that the pass begins at.
        recorder: has the numbers.
        frames: the calls under way, the innermost first, whose variables give names.
        keeps: whether the pass adds to the leaves' `.grad`; else it gives gradients back.
    """

    def __init__(
        self, root: Any, recorder: TorchRecorder, frames: Iterable[FrameType], *, keeps: bool = True
    ) -> None:
        self._keeps = keeps
        self.found: dict[int, Any] | None = None  # what it gave back, by `id()` of the tensor
        self._seen: dict[tuple[int, int], tuple[Any, Any, Site]] = dict(recorder.results)
        self.tensors: list[Tensor] = []
        self._places: dict[tuple[int, int], int] = {}
        self._read(root.grad_fn, root.output_nr)
        self._root = self._places[id(root.grad_fn), root.output_nr]
        self._root_numbers = root.detach().clone()
        self._shapes = [self._shape(each) for each in self.tensors]
        self._before = [self._gradient(each) for each in self.tensors]
        self._names = self._named(frames)

    def _read(self, top: Any, output: int) -> None:
        """Finds all results below one, operands before results, without recursion."""
        found: dict[tuple[int, int], tuple[Any, int]] = {}
        stack = [(top, output)]
        while stack:
            made_by, nr = stack.pop()
            if (id(made_by), nr) in found:
                continue
            found[id(made_by), nr] = (made_by, nr)
            stack += [(each, n) for each, n in made_by.next_functions if each is not None]
        order = sorted(found.values(), key=_age)
        self._places = {(id(made_by), nr): i for i, (made_by, nr) in enumerate(order)}
        for made_by, nr in order:
            pairs = [
                (slot, self._places[id(each), n])
                for slot, (each, n) in enumerate(made_by.next_functions)
                if each is not None
            ]
            slots, operands = tuple(s for s, _ in pairs), tuple(p for _, p in pairs)
            self.tensors.append(
                Tensor(made_by, nr, getattr(made_by, "variable", None), operands, slots)
            )

    def _shape(self, tensor: Tensor) -> tuple[int, ...]:
        if tensor.leaf is not None:
            return tuple(tensor.leaf.shape)
        return tuple(tensor.made_by._input_metadata[tensor.output].shape)

    # -- from pass to pass -------------------------------------------------------------------------

    def keep(self, number: int) -> KeptLeaves:
        """The leaves as they are now, after a pass."""
        leaves = [
            (each.leaf, self._names[i].text if i in self._names else "")
            for i, each in enumerate(self.tensors)
            if each.leaf is not None
        ]
        return KeptLeaves(number, leaves, *_numbers_of([leaf for leaf, _ in leaves]))

    def updates(self, kept: KeptLeaves) -> dict[str, Field]:
        """What has become of them since; the lines that did it are not seen."""
        first = [0]
        for shape in self._shapes:
            first.append(first[-1] + _size(shape))
        ids = {
            id(each.leaf): first[i] for i, each in enumerate(self.tensors) if each.leaf is not None
        }
        leaves = [leaf for leaf, _ in kept.leaves]
        unseen = [-1] * len(leaves)
        names = {text for _, text in kept.leaves if text}
        old = set(map(id, leaves))
        rebound = [
            label.text
            for i, label in self._names.items()
            if label.text in names
            and id(self.tensors[i].leaf) not in old
            and self.tensors[i].leaf is not None
        ]
        data, grads = _numbers_of(leaves)
        return update_columns(
            kept.since,
            [ids.get(id(leaf), -1) for leaf in leaves],
            [text for _, text in kept.leaves],
            [_indices(tuple(leaf.shape)) for leaf in leaves],
            (kept.data, data),
            (kept.grads, grads),
            (unseen, unseen),
            {},
            rebound,
            0,
        )

    # -- questions ---------------------------------------------------------------------------------

    def answer(self, kind: str, fields: Mapping[str, Field]) -> dict[str, Field]:
        """What each operand of one tensor gets for several adjoints, one after the other."""
        if kind != "shares":
            return self._not_remade(fields)
        torch = sys.modules["torch"]
        place = int(fields["node"][0])
        tensor = self.tensors[place]
        metadata = tensor.made_by._input_metadata
        rows = torch.frombuffer(bytearray(_bytes(fields["adjoints"])), dtype=torch.float64)
        rows = rows.reshape(-1, *self._shapes[place])
        found: list[list[Any]] = [[] for _ in tensor.operands]
        with torch.no_grad():
            for row in rows:
                given = [
                    torch.zeros(tuple(each.shape), dtype=each.dtype, device=each.device)
                    for each in metadata
                ]
                own = metadata[tensor.output]
                given[tensor.output] = row.to(dtype=own.dtype, device=own.device)
                shares = tensor.made_by(*given)
                shares = shares if isinstance(shares, tuple) else (shares,)
                for column, slot, operand in zip(found, tensor.slots, tensor.operands):
                    share, shape = shares[slot], self._shapes[operand]
                    column.append(_fitted(share, shape))
        answer: dict[str, Field] = {"problem": [""]}
        for slot, column in enumerate(found):
            answer[f"shares_{slot}"] = _floats(torch.stack(column)) if column else array("d")
        return answer

    def _not_remade(self, fields: Mapping[str, Field]) -> dict[str, Field]:
        n, n_places = len(fields["nodes"]), len(fields["places"])
        why = "PyTorch has freed what it was computed from"
        nothing = array("d", [UNKNOWN])
        return {"data": nothing * n, "local_grads": nothing * n_places, "problems": [why] * n}

    # -- columns -----------------------------------------------------------------------------------

    def fields(self) -> dict[str, Field]:
        """All columns, by the names that `tensor_graph` reads."""
        tensors = self.tensors
        ops, op_of = table(map(_op, tensors))
        sites = [self._site(each) for each in tensors]
        entered, scope_of = scope_rows(getattr(site, "scope", None) for site in sites)
        lines, line_of = line_rows(sites)
        grads = [self._gradient(each) for each in tensors]
        finfo = sys.modules["torch"].finfo
        kinds = [each.leaf.dtype for each in tensors if each.leaf is not None]
        empty = array("q")
        return {
            "ops": ops,
            "op_of": op_of,
            "immediate": array("d", map(_immediate, tensors)),
            "dims": array("q", map(len, self._shapes)),
            "shape": array("q", [n for shape in self._shapes for n in shape]),
            "data": self._data(),
            **_gradient_columns("grad", grads),
            **_gradient_memory(tensors),
            **_gradient_columns("grad_before", self._before),
            "eps": array("d", [max((finfo(kind).eps for kind in kinds), default=2.0**-23)]),
            "arity": array("q", [len(each.operands) for each in tensors]),
            "operands": array("q", [place for each in tensors for place in each.operands]),
            "visit_order": array(
                "q", [i for i in reversed(range(len(tensors))) if tensors[i].operands]
            ),
            "entry_nodes": empty, "entry_sites": empty, "entry_writes": array("b"),
            "entry_sizes": empty, "entry_numbers": array("d"), "site_lines": empty,
            "by_grads": array("b", [0]),
            "kept": array("q", [BESIDE_NODES]),
            "scopes": [scope.name for scope in entered],
            "scope_parents": array("q", [parent_of(scope, entered) for scope in entered]),
            "scope_of": scope_of,
            **place_columns(entered),
            "files": [file for file, _ in lines],
            "lines": array("q", [line for _, line in lines]),
            "line_of": line_of,
            **label_columns([self._names.get(i) for i in range(len(tensors))]),
            "maximum_leaves": empty, "maximum_counts": empty, "maximum_inputs": empty,
            "root": array("q", [self._root]),
            "why_no_events": [""],
        }  # fmt: skip

    def _gradient(self, tensor: Tensor) -> Any:
        if self._keeps:
            return _gradient(tensor)
        grad = None if self.found is None else self.found.get(id(tensor.leaf))
        return None if grad is None else grad.detach().clone()

    def _data(self) -> array[float]:
        column = array("d")
        for place, tensor in enumerate(self.tensors):
            numbers = tensor.leaf
            if place == self._root:
                numbers = self._root_numbers
            elif numbers is None:
                _, numbers, _ = self._seen.get((id(tensor.made_by), tensor.output), (0, None, 0))
            if numbers is None or tuple(numbers.shape) != self._shapes[place]:
                column.extend([UNKNOWN] * _size(self._shapes[place]))
            else:
                column.extend(_floats(numbers))
        return column

    def _site(self, tensor: Tensor) -> Site | None:
        seen = self._seen.get((id(tensor.made_by), tensor.output))
        return None if seen is None else seen[2]

    # -- names -------------------------------------------------------------------------------------

    def _named(self, frames: Iterable[FrameType]) -> dict[int, Label]:
        torch = sys.modules["torch"]
        places = {id(each.leaf): i for i, each in enumerate(self.tensors) if each.leaf is not None}
        names: dict[int, Label] = {}
        taken: set[str] = set()

        def name(path: str, tensor: Any) -> None:
            place = places.get(id(tensor))
            made_by = made_by_of(tensor)
            if place is None and made_by is not None:
                place = self._places.get((id(made_by), tensor.output_nr))
            if place is not None and place not in names and path not in taken:
                names[place] = Label(path)
                taken.add(path)

        singles: list[tuple[str, Any]] = []
        for frame in frames:
            for variables in (frame.f_locals, frame.f_globals):
                for key, value in list(variables.items()):
                    if key[0] in "_.":
                        continue
                    if isinstance(value, torch.nn.Module):
                        for path, parameter in value.named_parameters():
                            name(path if path not in taken else f"{key}.{path}", parameter)
                    else:
                        singles.append((key, value))
        for key, value in singles:
            for path, tensor in _tensors_in(key, value, torch.Tensor, MAX_DEPTH):
                name(path, tensor)
        return names


def _fitted(share: Any, shape: tuple[int, ...]) -> Any:
    """A share in an operand's shape: PyTorch sums over what was broadcast after the op's code."""
    if share is None:
        return sys.modules["torch"].zeros(shape)
    if share.dim() > len(shape) or any(a > b for a, b in zip(share.shape, shape)):
        share = share.sum_to_size(shape)
    return share.expand(shape)


def _tensors_in(path: str, value: Any, kind: type, depth: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, kind):
        yield path, value
    elif depth and isinstance(value, (list, tuple)) and value and len(value) < 10_000:
        for i, part in enumerate(value):
            yield from _tensors_in(f"{path}[{i}]", part, kind, depth - 1)
    elif depth and isinstance(value, dict) and len(value) < 10_000:
        for key, part in list(value.items()):
            is_name = isinstance(key, str) and re.fullmatch(r"[A-Za-z_][\w.]*", key)
            inner = str(key) if is_name else f"{path}[{key!r}]"
            yield from _tensors_in(inner, part, kind, depth - 1)


def _numbers_of(leaves: list[Any]) -> tuple[array[float], array[float]]:
    """The numbers of some tensors, and their gradients, 0 where there is none."""
    data, grads = array("d"), array("d")
    for leaf in leaves:
        data.extend(_floats(leaf))
        grads.extend([0.0] * leaf.numel() if leaf.grad is None else _floats(leaf.grad))
    return data, grads


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size


def _indices(shape: tuple[int, ...]) -> list[str]:
    """`[0][0]`, `[0][1]`, ..."""
    found = [""]
    for n in shape:
        found = [f"{text}[{i}]" for text in found for i in range(n)]
    return found


def _age(result: tuple[Any, int]) -> tuple[int, int, int]:
    made_by, nr = result
    is_leaf = hasattr(made_by, "variable")
    return (int(not is_leaf), 0 if is_leaf else made_by._sequence_nr(), nr)


def _op(tensor: Tensor) -> str:
    """`AddmmBackward0` is an addmm."""
    if tensor.leaf is not None:
        return "input"
    name = tensor.made_by.name().rpartition("::")[2]
    name = re.sub(r"Backward\d*$", "", name)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower() or "op"


def _immediate(tensor: Tensor) -> float:
    exponent = getattr(tensor.made_by, "_saved_exponent", UNKNOWN)
    return float(exponent) if isinstance(exponent, (int, float)) else UNKNOWN


def _gradient(tensor: Tensor) -> Any:
    grad = tensor.leaf.grad if tensor.leaf is not None else None
    return None if grad is None else grad.detach().clone()


def _gradient_columns(name: str, grads: list[Any]) -> dict[str, Field]:
    column = array("d")
    for grad in grads:
        if grad is not None:
            column.extend(_floats(grad))
    return {
        name: column,
        f"{name}_sizes": array("q", [-1 if grad is None else grad.numel() for grad in grads]),
        f"{name}_shapes": ["" if grad is None else str(tuple(grad.shape)) for grad in grads],
    }


def _gradient_memory(tensors: Iterable[Tensor]) -> dict[str, Field]:
    """Which gradients are whole numbers, and which lie where an earlier one's do."""
    first: dict[int, int] = {}
    integer, shared = array("b"), array("q")
    for place, tensor in enumerate(tensors):
        grad: Any = tensor.leaf.grad if tensor.leaf is not None else None
        is_own = grad is not None and grad.numel() > 0
        integer.append(is_own and not (grad.is_floating_point() or grad.is_complex()))
        at = grad.data_ptr() if is_own else -1 - place
        shared.append(first.get(at, -1))
        first.setdefault(at, place)
    return {"grad_integer": integer, "grad_shared": shared}


def _floats(numbers: Any) -> array[float]:
    """The numbers of a tensor as a column that travels."""
    torch = sys.modules["torch"]
    return array("d", numbers.detach().to(device="cpu", dtype=torch.float64).reshape(-1).tolist())


def _bytes(column: Any) -> bytes:
    data: bytes = column.tobytes()
    return data
