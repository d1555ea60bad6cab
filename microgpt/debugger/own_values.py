"""The methods of this process's own `Value`s, for what-ifs and gradient checks of their graph."""

from __future__ import annotations

from microgpt.attach.child.native_class import NativeClass
from microgpt.attach.child.own_methods import OwnMethods
from microgpt.attach.child.shapes import SHAPES
from microgpt.autograd.backward_order import topological_order
from microgpt.autograd.value import Value
from microgpt.graph.freezing import values_of
from microgpt.graph.op_evaluator import OpEvaluator


def methods_of(root: Value) -> OpEvaluator:
    """Computes the nodes of `Graph.from_value(root)` again, as the Values themselves would.

    That differs from the op table where a program has put a method of its own on the class, or has
    derived one.
    """
    return OwnMethods(NativeClass(Value, SHAPES[0]), values_of(root, topological_order(root)))
