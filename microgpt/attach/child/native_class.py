"""`NativeClass`: our own `microgpt.Value` in a script; it keeps its records itself."""

from __future__ import annotations

import sys
from types import CodeType, FrameType
from typing import Any

from microgpt.attach.child.recorded import Call, Label, MatrixPlace, Node
from microgpt.attach.child.value_class import ValueClass
from microgpt.autograd.scopes import Scope, Site

_OPERATORS = {"add": "__add__", "mul": "__mul__", "pow": "__pow__"}


class NativeClass(ValueClass):
    """A Value that knows its op, its number and its scope.

    What it does not know while nothing is recorded are source lines, and the calls it is made in.
    Its own package knows how to record these: the one that the script has imported.
    """

    has_records = True
    _recording: Any = None

    @staticmethod
    def fits(cls: type) -> bool:  # noqa: PLW0211  # a class, but not this one
        """Whether a class is such a Value."""
        return cls.__module__ == "microgpt.autograd.value" and {"_op", "_number", "_scope"} <= set(
            vars(cls)
        )

    def arm(self, base: FrameType) -> None:
        """Opens a recording of the script's own microgpt."""
        self.disarm()
        recording = sys.modules.get("microgpt.autograd.recording")
        if recording is None:  # the package is being imported, so wait for the first Value
            super().arm(base)
        else:
            self._recording = recording.start_recording(base)

    def disarm(self) -> None:
        """Closes that recording."""
        super().disarm()
        recording, self._recording = self._recording, None
        if recording is not None:
            sys.modules["microgpt.autograd.recording"].stop_recording(recording)

    @property
    def is_armed(self) -> bool:
        """Whether nodes are recorded."""
        return self._recording is not None or super().is_armed

    def _recording_init(self, cls: type, base: FrameType) -> Any:
        init = cls.__init__  # type: ignore[misc]

        def __init__(node: Node, *args: Any, **keywords: Any) -> None:  # noqa: N807
            __import__("microgpt.autograd.recording")  # the package does so when asked for it
            self.arm(base)
            init(node, *args, **keywords)

        # It counts as code of the class's own, and not as the place where the first node is made.
        __init__.__code__ = __init__.__code__.replace(co_filename=init.__code__.co_filename)
        return __init__

    def owns(self, code: CodeType) -> bool:
        """Whether code is of the class's own package: the one that the script has imported."""
        own: bool = sys.modules["microgpt.autograd.call_paths"].is_own_frame(code)
        return own

    # -- what is known of a node -------------------------------------------------------------------

    def number(self, node: Node) -> int | None:
        """Its creation number."""
        number: int | None = getattr(node, "_number", None)  # not while it is being made
        return number

    def site(self, node: Node) -> Site | Scope | None:
        """Where it was made."""
        site: Site | Scope | None = node._scope
        return site

    def op(self, node: Node, is_leaf: bool) -> str:  # noqa: ARG002
        """Its op's name."""
        return str(node._op)

    def immediate(self, node: Node) -> float | None:
        """The exponent of a pow."""
        detail = getattr(node, "_detail", None)
        return detail if isinstance(detail, float) else None

    def call(self, node: Node, operands: tuple[Node, ...]) -> Call | str:
        """The method of its first operand that its op is named after."""
        name = _OPERATORS.get(node._op, node._op)
        method = getattr(type(operands[0]), name, None)
        if method is None:
            return f"{type(operands[0]).__name__} has no method {name}"
        immediate = self.immediate(node)
        return Call(method, operands if immediate is None else (*operands, immediate), {})

    def label(self, node: Node) -> Label | None:
        """The name that it was given."""
        if not (text := node.name):
            return None
        detail: Any = getattr(node, "_detail", None)
        if not hasattr(detail, "matrix"):
            return Label(text)
        return Label(text, MatrixPlace(detail.matrix, detail.row, detail.col, detail.token))

    def maximum_of(self, node: Node) -> tuple[Node, ...]:
        """The nodes whose largest value it stands for."""
        inputs: tuple[Node, ...] = getattr(getattr(node, "_detail", None), "inputs", ())
        return inputs
