"""Scripts in the style of microgpt: operands in `_children`, numbers in `_local_grads`."""

from __future__ import annotations

from tests.microgpt.attach.conftest import SCRIPTS, Attach, all_stops

MICROGPT = SCRIPTS / "microgpt.py"


def test_a_script_named_microgpt_gives_the_graph_of_every_step(attach: Attach) -> None:
    process = attach(MICROGPT, "3")
    stops, ended = all_stops(process)
    assert process.class_names == ("Value",)
    assert [(stop.kind, stop.number) for stop in stops] == [("backward", i) for i in (1, 2, 3)]
    assert (ended.status, ended.n_backwards) == (0, 3)
    for stop, line in zip(stops, process.output.lines, strict=True):
        loss, *numbers = [float.fromhex(text) for text in line.split()]
        graph = stop.graph
        assert graph is not None
        assert graph.backpropagated, graph.why_no_events
        params = [node for node in range(len(graph)) if graph.op(node) == "param"]
        assert stop.loss == graph.data[graph.root] == loss
        assert graph.data[params].tolist() == numbers[::2]
        assert graph.grad[params].tolist() == numbers[1::2]
        assert graph.grads_at(graph.n_events - 1).tolist() == graph.grad.tolist()
