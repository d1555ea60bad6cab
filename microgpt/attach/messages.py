"""What is said to a script's process, and what it says of a stop, beside graphs."""

from __future__ import annotations

from array import array
from collections.abc import Mapping

from microgpt.attach.leaf_updates import updates_of
from microgpt.attach.stop_rule import NO_LOSSES
from microgpt.attach.wire import Field
from microgpt.graph.debuggee import Stop
from microgpt.graph.graph import Graph
from microgpt.graph.op_evaluator import OpEvaluator


def order(
    about: int,
    stop: bool = False,
    quiet: int = 0,
    asks: bool = False,
    losses: tuple[float, float] = NO_LOSSES,
) -> bytes:
    """An `Instruction` of the child's, as bytes."""
    return array("q", [about, stop, quiet, asks]).tobytes() + array("d", losses).tobytes()


def name_of_class(fields: Mapping[str, Field]) -> str:
    """The name of a class that is told of, with its module unless that is the script."""
    module, name = str(fields["module"][0]), str(fields["name"][0])
    return name if module == "__main__" else f"{module}.{name}"


def stop_of(fields: Mapping[str, Field], graph: Graph | None, methods: OpEvaluator | None) -> Stop:
    """A stop from what the script's process says of it, with its graph."""
    return Stop(
        kind="backward" if fields["kind"] == ["backward"] else "exception",
        number=int(fields["number"][0]),
        loss=float(fields["loss"][0]),
        graph=graph,
        file=str(fields["place"][0]),
        line=int(fields["place_line"][0]),
        traceback=str(fields["traceback"][0]),
        problem=str(fields["problem"][0]),
        methods=methods,
        updates=updates_of(fields),
    )
