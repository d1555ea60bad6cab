"""What is said about graphs and training, by plain asserts: no widget is on any screen here."""

from __future__ import annotations

import re
from array import array
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from textual.geometry import Size

from microgpt import ModelSnapshot, StepResult, Value
from microgpt.debugger import DebugSession
from microgpt.graph.graph import Graph
from tests.tui.small_run import small_training
from tests.viz.computations import foreign_graph
from tui.debugger.canvas import narrow
from tui.debugger.explorer import Explorer
from tui.debugger.inspector import MAX_CONSUMERS, describe_box, describe_event
from tui.debugger.layout import title_of
from tui.themes import DARK
from tui.training.run_frame import RunFrame
from tui.widgets.document_strip import DocumentStrip
from tui.widgets.loss_plot import decimated, running_mean
from tui.widgets.status_bar import short_summary, summary
from viz.style import short_number

GRAD_LINE = re.compile(r"grad: (\S+) \+ (\S+) × (\S+) = (\S+)")


def go(explorer: Explorer, event: int) -> None:
    explorer.session.goto(f"backward {event}")
    explorer.follow()


def event_text(explorer: Explorer) -> str:
    return describe_event(explorer).plain


def box_text(explorer: Explorer) -> str:
    return describe_box(explorer).plain


# -- what nodes are called -------------------------------------------------------------------------


def test_a_scalar_is_called_by_its_place(emma_graph: Graph) -> None:
    explorer = Explorer(DebugSession(emma_graph))
    weight = emma_graph.find("layer0.attn_wq[3][7]")
    product = next(
        edge.consumer
        for edge in emma_graph.consumers_of(weight)
        if emma_graph.scope(edge.consumer).startswith("pos1/")
    )
    explorer.reveal(product)
    text = box_text(explorer)
    assert f"q[3] term 7 at 1 e #{product}\n" in text
    norm = emma_graph.operands_of(product)[1].operand
    assert f"θ layer0.attn_wq[3][7] #{weight} = " in text
    assert f"× attn/norm[7] at 1 e #{norm} = " in text
    assert f"+ q[3] sum to 7 at 1 e #{product + 1} = " in text
    titles = [title_of(emma_graph, box) for box in explorer.view.inside]
    assert f"× q[3] term 7 #{product}" in titles
    assert len(set(titles)) == len([t for t in titles if t != "c 0"]) + 1  # all but the start


def test_a_scalar_outside_says_where_it_lies(emma_graph: Graph) -> None:
    explorer = Explorer(DebugSession(emma_graph))
    explorer.look_into(explorer.folding.scope("pos1/loss"))
    (probability,) = (box for box in explorer.view.around if box.title.startswith("#")
                      and emma_graph.op(box.node) == "mul")  # fmt: skip
    assert title_of(emma_graph, probability, inside=False) == "× p1(m)"
    head = "pos4/layer0/attn/head0"
    explorer.reveal(emma_graph.scopes.find(f"{head}/scores").start)  # among all of scores[0]
    titles = [title_of(emma_graph, box, inside=False) for box in explorer.view.around]
    node = emma_graph.scopes.find(f"{head}/softmax").start + 1
    assert f"+ head0/softmax[0] add at 4 a #{node}" in titles


# -- inspector: the event --------------------------------------------------------------------------


def test_before_stepping_there_is_no_event_to_describe(small_graph: Graph) -> None:
    assert event_text(Explorer(DebugSession(small_graph))) == ""


def test_without_a_backward_pass_that_is_said() -> None:
    x = Value(2.0)
    text = event_text(Explorer(DebugSession(Graph.from_value(x * x))))
    assert text == "no backward pass to step through\ncall backward() on its root\n"


def test_the_first_event_sets_the_roots_grad(small_graph: Graph) -> None:
    explorer = Explorer(DebugSession(small_graph))
    go(explorer, 0)
    assert f"event 0 of {(explorer.graph.n_events - 1):,}" in event_text(explorer)
    assert "loss is the root\ngrad: set to 1\n" in event_text(explorer)


def test_each_operand_of_a_square_shows_both_additions(square_graph: Graph) -> None:
    explorer = Explorer(DebugSession(square_graph))
    go(explorer, 2)  # after the sum has given both its operands a gradient of 1
    lines = event_text(explorer).splitlines()
    assert lines[0] == "visiting · event 2 of 2"
    assert "adjoint 1 (complete)" in lines
    x = square_graph.find("x")
    assert lines[-4:] == [
        f"→ x #{x}", "  grad: 1 + 3 × 1 = 4", f"→ x #{x}", "  grad: 4 + 3 × 1 = 7",
    ]  # fmt: skip
    assert explorer.grads()[x] == 7.0


@given(st.data())
def test_the_numbers_of_an_event_are_the_graphs(small_graph: Graph, data: st.DataObject) -> None:
    explorer = Explorer(DebugSession(small_graph))
    event = data.draw(st.integers(1, (explorer.graph.n_events - 1)))
    go(explorer, event)
    text = event_text(explorer)
    node = int(small_graph.visit_order[event - 1])
    changes = small_graph.event(event).changes
    assert f"event {event:,} of {(explorer.graph.n_events - 1):,}\n" in text
    assert f"adjoint {small_graph.grad[node]:.6g} (complete)\n" in text
    before, after = small_graph.grads_at(event - 1), small_graph.grads_at(event)
    first, last = changes[0].edge.operand, changes[-1].edge.operand
    found = GRAD_LINE.findall(text)
    assert found == [
        tuple(f"{x:.6g}" for x in (c.old, c.edge.local, c.adjoint, c.new)) for c in changes
    ]
    assert found[0][0] == f"{before[first]:.6g}"
    assert found[-1][3] == f"{after[last]:.6g}"


# -- inspector: the selected box -------------------------------------------------------------------


@pytest.mark.slow
@given(st.data())
def test_a_scalar_shows_its_own_numbers(small_graph: Graph, data: st.DataObject) -> None:
    explorer = Explorer(DebugSession(small_graph))
    node = data.draw(st.integers(0, len(small_graph) - 1))
    event = data.draw(st.none() | st.integers(0, (explorer.graph.n_events - 1)))
    if event is not None:
        go(explorer, event)
    explorer.reveal(node)
    text = box_text(explorer)
    now, final = float(explorer.grads()[node]), float(small_graph.grad[node])
    assert f"{small_graph.op(node)}" in text.splitlines()[0]
    assert f"#{node}\n" in text
    assert f"scope {small_graph.scope(node) or '(none)'}\n" in text
    assert f"data  {float(small_graph.data[node])!r}\n" in text
    assert f"grad  {now!r}\n" in text
    assert ("when complete" in text) == (event is not None and now != final)
    if "when complete" in text:
        assert f"{final!r} when complete" in text
    operands, consumers = small_graph.operands_of(node), small_graph.consumers_of(node)
    edges = (*operands, *consumers[:MAX_CONSUMERS])
    adds = re.findall(r"local.* (\S+)  adds (\S+)\n", text)
    assert adds == [(short_number(edge.local), short_number(edge.contribution)) for edge in edges]
    assert ("\noperands\n" in text) == bool(operands)
    assert (f"\nconsumers ({len(consumers)})\n" in text) == bool(consumers)
    more = len(consumers) - MAX_CONSUMERS
    assert (f"… {more} more" in text) == (more > 0)


def test_an_op_that_the_table_lacks_has_a_local_gradient_and_no_rule() -> None:
    explorer = Explorer(DebugSession(foreign_graph()))
    explorer.reveal(1)
    text = box_text(explorer)
    assert text.startswith("tanh tanh  #1\n")
    assert re.findall(r"local (\S+)  adds", text) == ["0.07065", "0.5"]


def test_a_square_has_its_operand_twice(square_graph: Graph) -> None:
    explorer = Explorer(DebugSession(square_graph))
    explorer.reveal(next(i for i in range(3) if square_graph.op(i) == "mul"))
    text = box_text(explorer)
    assert text.count("x #0 = 3\n") == 2
    assert re.findall(r"local (.) = (\S+)  adds (\S+)\n", text) == [
        ("b", "3", "3"), ("a", "3", "3"),
    ]  # fmt: skip


def test_a_power_shows_its_exponent() -> None:
    x = Value(2.0, name="x")
    y = x**-0.5
    y.backward()
    explorer = Explorer(DebugSession(Graph.from_value(y)))
    go(explorer, 1)
    assert "pow n = -0.5" in box_text(explorer).splitlines()[0]
    assert "pow n = -0.5" in event_text(explorer)


def test_gradients_that_were_not_zeroed_are_shown() -> None:
    x = Value(2.0, name="x")
    x.grad = 0.5
    loss = x * 3.0
    loss.backward()
    explorer = Explorer(DebugSession(Graph.from_value(loss)))
    go(explorer, 1)
    assert GRAD_LINE.findall(event_text(explorer))[0] == ("0.5", "3", "1", "3.5")
    explorer.reveal(explorer.graph.find("x"))
    assert "started at 0.5: gradients were not zeroed" in box_text(explorer)


def test_a_folded_part_adds_up(small_graph: Graph) -> None:
    explorer = Explorer(DebugSession(small_graph))
    explorer.select("pos1")
    box = explorer.selected_box
    text = box_text(explorer)
    assert text.splitlines()[0] == "pos1"
    assert "e → m" in text
    assert f"{len(box):,} nodes, #{box.ids[0]} to #{box.ids[-1]}\n" in text
    outputs = small_graph.outputs_of(small_graph.scopes.find("pos1"))
    assert (
        f"out grad {short_number(float(np.linalg.norm(small_graph.grad[outputs])))}: "
        f"L2 norm over {len(outputs)} outputs\n" in text
    )
    assert "visited" not in text
    for bundle in explorer.view.bundles:
        if "pos1" in (bundle.source, bundle.target):
            assert re.search(
                rf"\S+ +{bundle.count:,} +{re.escape(short_number(bundle.magnitude))}\n", text
            )


def test_a_folded_part_counts_its_visits(small_graph: Graph) -> None:
    explorer = Explorer(DebugSession(small_graph))
    ids = explorer.folding.scope("pos1").ids
    visits = sorted(int(e) for e in small_graph.event_of[ids] if e > 0)
    for visited, event in ((0, visits[0] - 1), (1, visits[0]), (len(visits), visits[-1])):
        go(explorer, event)
        while explorer.close():
            pass
        explorer.select("pos1")
        assert f"\n{visited:,} of {len(visits):,} visited\n" in box_text(explorer)


def test_text_of_a_document_is_never_read_as_markup() -> None:
    for document in ("[bold]", "a]b[", "[/]", "\\["):
        graph = ModelSnapshot.of(small_training(document)).graph(document)
        explorer = Explorer(DebugSession(graph))
        explorer.select("pos1")
        note = f"{document[0]} → {document[1]}"
        assert note in box_text(explorer).splitlines()


# -- the status line -------------------------------------------------------------------------------


def result_of(*documents: str) -> StepResult:
    return next(small_training(*documents).results())


def frame(result: StepResult | None = None, **changes: object) -> RunFrame:
    fields: dict[str, object] = {
        "status": "running",
        "result": result,
        "model": ModelSnapshot.of(small_training(*([result.document] if result else []))),
        "losses": array("d"),
        "samples": (),
        "rate": 0.0,
        "speed": 0.0,
        "num_steps": 1000,
    }
    return RunFrame(**(fields | changes))  # type: ignore[arg-type]


def said(shown: RunFrame) -> str:
    """The summary without the sign at its beginning."""
    sign, _, words = summary(shown).partition(" ")
    assert len(sign) == 1
    return words


def test_summary_before_the_first_step() -> None:
    assert said(frame()) == "running · step 0/1000"
    assert said(frame(status="paused")) == "paused · step 0/1000"


def test_summary_while_running() -> None:
    result = result_of("ava")
    words = said(frame(result, rate=12.34, speed=10.0))
    assert words.startswith(f"running · step 1/1000 · loss {result.loss:.4f} · 12.3 steps/s")
    assert "at most 10/s" in words


def test_the_engine_being_compiled_is_said_where_there_is_little_room() -> None:
    engine = "value, compiling kernel"
    shown = frame(result_of("ava"), rate=2.5, num_steps=1000, engine=engine)
    assert summary(shown).endswith(" left")
    at_100_columns = summary(shown, room=66)
    assert at_100_columns.endswith(f" · {engine}")
    assert len(at_100_columns) <= 66


def test_summary_says_no_rate_while_paused() -> None:
    result = result_of("ava")
    words = said(frame(result, status="paused", rate=12.34, speed=0.5))
    assert words == f"paused · step 1/1000 · loss {result.loss:.4f} · at most 0.5/s"


def test_summary_of_an_end() -> None:
    assert said(frame(status="finished")) == "finished · step 0/1000"
    assert said(frame(status="failed", problem="step 1: no")) == (
        "failed · step 0/1000 · step 1: no"
    )


def test_each_status_has_a_sign_of_its_own() -> None:
    statuses = ("running", "paused", "finished", "failed")
    assert len({summary(frame(status=status))[0] for status in statuses}) == 4


@given(st.integers(1, 10**30), st.floats(1e-6, 1e6))
def test_summary_of_any_length_of_run(num_steps: int, rate: float) -> None:
    assert f"step 1/{num_steps}" in summary(frame(FIRST_RESULT, rate=rate, num_steps=num_steps))


FIRST_RESULT = result_of("ava")


# -- the document strip ----------------------------------------------------------------------------


class StripOffScreen(DocumentStrip):
    """A strip with a width, but on no screen."""

    app = SimpleNamespace(  # type: ignore[assignment]
        theme_variables={"background": DARK.background, "muted": DARK.variables["muted"]}
    )
    width = 120

    @property
    def size(self) -> Size:
        return Size(self.width, 8)


def strip_of(shown: RunFrame, width: int = 120) -> list[str]:
    strip = StripOffScreen()
    strip.width = width
    strip._frame = shown
    return strip._table().plain.splitlines()


@pytest.mark.parametrize("document", ["mia", "a b", "[/]", "a"])
@pytest.mark.parametrize("width", [120, 40])
def test_the_strip_shows_what_each_position_read_and_predicted(document: str, width: int) -> None:
    result = result_of(document)
    shown = frame(result)
    head, *rows = strip_of(shown, width)
    assert head.startswith(f"“{document}”")
    assert f"step 1 · loss {result.loss:.4f} · lr {result.lr:.4g}" in head
    cells = {row.split()[0]: row.split()[1:] for row in rows if row[:1].strip()}
    n = len(result.position_losses)
    assert cells["reads"] == list(shown.labels[:n])
    assert cells["next"] == list(shown.labels[1:])
    assert cells["loss"] == [f"{loss:.2f}" for loss in result.position_losses]
    p = [result.probs[i][result.tokens[i + 1]] for i in range(n)]
    assert cells["p"] == [f"{100 * x:.1f}%" for x in p]
    assert np.allclose(-np.log(p), result.position_losses)


def test_bars_are_as_high_as_losses() -> None:
    result = result_of("oliver and mia")
    bars = [bar[0] for bar in strip_of(frame(result))[-1].split()]
    losses = result.position_losses
    assert bars[losses.index(max(losses))] == "█"
    by_loss = [bar for _, bar in sorted(zip(losses, bars, strict=True))]
    assert by_loss == sorted(bars)


def test_columns_stay_in_line() -> None:
    shown = frame(result_of("a b c d"))
    rows = strip_of(shown)[1:]
    starts = [[m.start() for m in re.finditer(r"\S+", row[8:])] for row in rows]
    assert all(row == starts[0] for row in starts)


# -- the loss curve --------------------------------------------------------------------------------

losses = arrays.arrays(np.float64, st.integers(0, 300), elements=st.floats(0, 100))


@given(losses, st.integers(1, 60))
def test_the_running_mean_is_the_mean(values: np.ndarray, of: int) -> None:
    naive = [values[max(0, i + 1 - of) : i + 1].mean() for i in range(len(values))]
    assert np.allclose(running_mean(values, of), naive, rtol=1e-9, atol=1e-9)


@given(losses, st.integers(2, 80))
def test_decimated_points_are_points_of_the_curve(values: np.ndarray, most: int) -> None:
    steps, points = decimated(values, most)
    assert len(steps) <= max(most, 2)
    assert (np.diff(steps) > 0).all()
    assert points.tolist() == values[steps - 1].tolist()
    if len(values):
        assert points.min() == values.min()
        assert points.max() == values.max()
    if len(values) <= most:
        assert steps.tolist() == list(range(1, len(values) + 1))


@given(losses.filter(lambda values: len(values) > 40))
def test_decimation_keeps_the_extremes_of_every_stretch(values: np.ndarray) -> None:
    steps, _ = decimated(values, 40)
    for stretch in np.array_split(np.arange(len(values)), 20):
        kept = [values[s - 1] for s in steps if s - 1 in stretch]
        assert min(kept) == values[stretch].min()
        assert max(kept) == values[stretch].max()


# -- characters ------------------------------------------------------------------------------------


def test_what_would_shift_a_line_is_replaced() -> None:
    assert narrow("é → 漢 ␣") == "é → ? ␣"
    assert narrow("a\u0301\x1b") == "a??"


def test_a_narrow_window_says_which_engine_runs_too() -> None:
    running = frame(FIRST_RESULT, status="running", rate=12.34, engine="value, compiling kernel")
    assert short_summary(running).endswith(" · 12.3/s · value, compiling kernel")
