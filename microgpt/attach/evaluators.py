"""Who computes nodes again by the methods of their own class: a script's process, or this one."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Mapping, Sequence

from microgpt.attach.child.native_class import NativeClass
from microgpt.attach.child.own_methods import OwnMethods
from microgpt.attach.child.shapes import SHAPES
from microgpt.attach.wire import Field
from microgpt.autograd.backward_order import topological_order
from microgpt.autograd.value import Value
from microgpt.graph.freezing import values_of
from microgpt.graph.op_evaluator import Evaluated, OpEvaluator


class ScriptMethods:
    """An `OpEvaluator` for the graph of one stop, as long as the script stands still there.

    Args:
        ask: puts a question about that graph to the script and gives the answer; raises
            `InputError` where it cannot.
    """

    def __init__(self, ask: Callable[[Mapping[str, Field]], Mapping[str, Field]]) -> None:
        self._ask = ask

    def evaluate(self, nodes: Sequence[int], operands: Sequence[float]) -> Evaluated:
        """Computes some nodes for these operands; see `OpEvaluator`."""
        answer = self._ask({"nodes": array("q", nodes), "operands": array("d", operands)})
        data, local_grads, problems = (answer[name] for name in ("data", "local_grads", "problems"))
        assert isinstance(data, array)
        assert isinstance(local_grads, array)
        return Evaluated(data, local_grads, list(map(str, problems)))


def methods_of(root: Value) -> OpEvaluator:
    """Computes the nodes of `Graph.from_value(root)` again, as the Values themselves would.

    That differs from the op table where a program has put a method of its own on the class, or has
    derived one.
    """
    return OwnMethods(
        NativeClass(Value, SHAPES[0], sys._getframe()), values_of(root, topological_order(root))
    )
