"""`ScriptMethods`: the methods of a script's class, called in its process from ours."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence

from microgpt.attach.wire import Field
from microgpt.graph.op_evaluator import Evaluated


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
