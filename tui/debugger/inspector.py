"""The inspector: the visited node with what its operands gain, then the selected box."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from microgpt.autograd.ops import OPS
from microgpt.graph.events import Edge, Event
from microgpt.graph.graph import Graph
from microgpt.model.place_names import named, place_name
from tui.debugger.explorer import Explorer
from tui.widgets.text_view import TextView
from viz.boxes import Box
from viz.dot import norm
from viz.style import op_style, short_number

MAX_CONSUMERS = 12


def describe_event(explorer: Explorer) -> Text:
    """The visit shown: each operand's `grad: old + local x adjoint = new`."""
    event = explorer.visit()
    graph, text = explorer.graph, Text()
    if event is None:
        if explorer.stepping:
            return _describe_computation(explorer)
        if not graph.backpropagated:
            text.append("no backward pass to step through\n", "italic")
            text.append(f"{graph.why_no_events}\n")
        return text
    text.append(f"visiting · event {event.index:,} of {graph.n_events - 1:,}\n", "bold")
    if event.index == 0:
        text.append(f"{named(graph, event.node)} is the root\n")
        if graph.ledger is None:
            text.append("grad: set to 1\n")
        _changes(text, explorer, event)
        return text
    _heading(text, graph, event.node)
    if event.visit > 1:
        text.append(f"visit {event.visit} of it\n", "bold")
    is_complete = event.adjoint == float(graph.grad[event.node])
    state = "complete" if is_complete else f"{float(graph.grad[event.node]):.6g} in the end"
    text.append(f"adjoint {event.adjoint:.6g} ({state})\n", "italic")
    _changes(text, explorer, event)
    return text


def _describe_computation(explorer: Explorer) -> Text:
    """The node that the forward pass computes, from what."""
    graph, node, text = explorer.graph, explorer.visited, Text()
    n_events = len(graph.forward_order)
    text.append(f"computing · event {explorer.state.event:,} of {n_events:,}\n", "bold")
    if node is None:
        text.append("only leaves have numbers yet\n", "italic")
        return text
    _heading(text, graph, node)
    for edge in graph.operands_of(node):
        style = op_style(graph.op(edge.operand))
        text.append(f"  {style.glyph} {_named(graph, edge.operand)}", style.color)
        text.append(f" = {float(graph.data[edge.operand])!r}\n")
    text.append(f"data: {float(graph.data[node])!r}\n")
    return text


def _changes(text: Text, explorer: Explorer, event: Event) -> None:
    graph = explorer.graph
    for change in event.changes:
        edge = change.edge
        should = explorer.sum_that_should_be(change)
        text.append(f"→ {_named(graph, change.node)}\n", op_style(graph.op(change.node)).color)
        if change.contribution is None or edge is None:
            told = f" ({change.kind})"
            if should is not None and change.kind == "replaced":
                told = f", overwrote {change.old:.6g}"
            text.append(f"  grad: {change.old:.6g} → {change.new:.6g}{told}", "bold")
            text.append(f"{_should_be(should)}\n", "bold")
            if change.line:
                text.append(f"  {Path(change.line[0]).name}:{change.line[1]}\n")
            continue
        product = f"{edge.local:.6g} × {change.adjoint:.6g}"
        if edge.local * change.adjoint != change.contribution:
            product = f"{change.contribution:.6g}"  # something else was added
        text.append(f"  grad: {change.old:.6g} + {product} = {change.new:.6g}")
        text.append(f"{_should_be(should)}\n", "bold")


def _should_be(number: float | None) -> str:
    return "" if number is None else f"; should be {number:.6g}"


def describe_box(explorer: Explorer) -> Text:
    """The selected box: a node with its edges, or what a folded part adds up to."""
    box = explorer.selected_box
    return _describe_node(explorer, box) if box.kind == "node" else _describe_part(explorer, box)


def _describe_node(explorer: Explorer, box: Box) -> Text:
    graph, node, text = explorer.graph, box.node, Text()
    _heading(text, graph, node)
    text.append(f"scope {graph.scope(node) or '(none)'}\n")
    if line := graph.line(node):
        text.append(f"line  {Path(line[0]).name}:{line[1]}\n")
    text.append(f"data  {float(graph.data[node])!r}\n")
    now, final = float(explorer.grads()[node]), float(graph.grad[node])
    text.append(f"grad  {now!r}\n")
    if (should := explorer.grad_that_should_be(node)) is not None:
        text.append(f"✗     {should!r} it should be\n", "bold")
    if explorer.stepping and now != final:
        text.append(f"      {final!r} when complete\n", "italic")
    if explorer.edits and explorer.changed[node]:
        before = explorer.before(node)
        told = "new" if before is None else f"data {before[0]!r}, grad {before[1]!r}"
        text.append(f"✎ before the what-if: {told}\n", "italic")
    if given := float(graph.grad_before[node]):
        text.append(f"      started at {given!r}: gradients were not zeroed\n", "bold")
    if operands := graph.operands_of(node):
        text.append("\noperands\n", "bold")
        op = OPS.get(graph.op(node))  # None for one that only a program's own class has
        for edge in operands:
            _edge(text, graph, edge, edge.operand, f"{op.rule[edge.slot]} = " if op else "")
    if consumers := graph.consumers_of(node):
        text.append(f"\nconsumers ({len(consumers)})\n", "bold")
        for edge in consumers[:MAX_CONSUMERS]:
            _edge(text, graph, edge, edge.consumer)
        if len(consumers) > MAX_CONSUMERS:
            text.append(f"  … {len(consumers) - MAX_CONSUMERS} more\n", "italic")
    return text


def _describe_part(explorer: Explorer, box: Box) -> Text:
    text, id_of = Text(), explorer.graph.id_of
    text.append(f"{box.title}\n", "bold")
    if box.note:
        text.append(f"{box.note}\n")
    text.append(f"{len(box):,} nodes, #{id_of(box.ids[0])} to #{id_of(box.ids[-1])}\n")
    if explorer.stepping:
        text.append(f"{explorer.n_visited(box):,} of {explorer.n_visits(box):,} visited\n")
    outputs = explorer.view.outputs_of(box)
    size = short_number(norm(explorer.grads()[outputs]))
    text.append(f"out grad {size}: L2 norm over {len(outputs):,} outputs\n")
    bundles = explorer.view.bundles
    for title, own, other in (("from", "target", "source"), ("to", "source", "target")):
        mine = [bundle for bundle in bundles if getattr(bundle, own) == box.key]
        if mine:
            text.append(f"\n{title}", "bold")
            text.append(": edges, Σ|contribution|\n", "italic")
        for bundle in mine:
            box_there = next(b for b in explorer.view.boxes if b.key == getattr(bundle, other))
            label = _short(box_there)
            text.append(f"  {label:<12} {bundle.count:>6,} {short_number(bundle.magnitude):>10}\n")
    return text


def _short(box: Box) -> str:
    return f"{box.note} {box.label}" if box.kind == "node" and box.note else box.label


def _heading(text: Text, graph: Graph, node: int) -> None:
    style, op = op_style(graph.op(node)), OPS.get(graph.op(node))
    immediate = f" {op.immediate} = {graph.immediate[node]:g}" if op and op.immediate else ""
    text.append(f"{style.glyph} {graph.op(node)}{immediate}  ", f"bold {style.color}")
    text.append(f"{_named(graph, node)}\n", "bold")


def _edge(text: Text, graph: Graph, edge: Edge, other: int, rule: str = "") -> None:
    style = op_style(graph.op(other))
    text.append(f"  {style.glyph} {_named(graph, other)}", style.color)
    text.append(f" = {short_number(float(graph.data[other]))}\n")
    text.append(
        f"   local {rule}{short_number(edge.local)}  adds {short_number(edge.contribution)}\n"
    )


def _named(graph: Graph, node: int) -> str:
    label = graph.label(node)
    if not label.startswith("#"):
        return f"{label} #{graph.id_of(node)}"
    return f"{place_name(graph, node)} {label}".lstrip()


class Inspector(TextView):
    """Shows an `Explorer`'s event and selection as text."""

    _shown: tuple[int, str] | None = None

    def show(self, explorer: Explorer) -> None:
        """Shows what the explorer has selected."""
        self.show_sections(describe_event(explorer), describe_box(explorer))
        at = (explorer.state.moment, explorer.selected)
        if at != self._shown:  # something else: from its first line on
            self._shown = at
            self.scroll_home(animate=False)
