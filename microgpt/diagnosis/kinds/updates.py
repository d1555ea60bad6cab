"""Kinds about what comes between passes: zeroing, updates, parameters forgotten or replaced."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from microgpt.diagnosis.evidence import Evidence, Interval
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.kinds.kind import Kind, matrix_of, said
from microgpt.diagnosis.program import Place
from microgpt.graph.debuggee import LeafUpdate, LeafWrite

SMALL_UPDATE = 1e-6
"""Updates below this part of the parameters' size are too small."""
EXACT = 1e-9


def _called(leaf: LeafUpdate) -> str:
    return leaf.name or ("a leaf" if leaf.node is None else f"#{leaf.node}")


def _update_line(interval: Interval, leaf: LeafUpdate, place: int) -> Place | None:
    """The line that wrote a leaf's number."""
    if leaf.line is not None:
        return leaf.line
    lines = [w.line for w in interval.updates.writes if w.leaf == place and not w.is_grad]
    return lines[-1] if lines else None


def _common_line(evidence: Evidence) -> Place | None:
    """The line that moves most parameters."""
    lines = Counter(
        line
        for interval in evidence.intervals
        for place, (_, leaf) in enumerate(interval.rows())
        if leaf.before != leaf.after and (line := _update_line(interval, leaf, place))
    )
    return lines.most_common(1)[0][0] if lines else None


def _finding(
    evidence: Evidence, interval: Interval, kind: str, certainty: str, what: str,
    line: Place | None, nodes: tuple[int | None, ...] = (), was: float | None = None,
    should: float | None = None, spoils: int | None = None, unless: str = "",
) -> Finding:  # fmt: skip
    return Finding(
        kind=kind, certainty=certainty, what=what, mend="",  # type: ignore[arg-type]
        file=line[0] if line else None, line=line[1] if line else None,
        nodes=tuple(node for node in nodes if node is not None),
        pass_number=evidence.passes[interval.after + 1].number, was=was, should=should,
        spoils=spoils, unless=unless,
    )  # fmt: skip


# -- gradients that are used again -----------------------------------------------------------------


def _stale_grads(evidence: Evidence) -> Iterator[Finding]:
    """A share that an update has used is still there when another update uses it."""
    used: dict[int, float] = {}  # by leaf: the gradient that its last update has used
    for interval in evidence.intervals:
        again: list[tuple[int, LeafUpdate]] = []
        for place, (who, leaf) in enumerate(interval.rows()):
            zeroed_first = _is_zeroed_before_update(interval, place)
            if leaf.before != leaf.after and leaf.grad != 0 and not zeroed_first:
                if who in used:
                    again.append((place, leaf))
                used[who] = leaf.grad
            if leaf.grad_now != leaf.grad or zeroed_first:
                used.pop(who, None)
        again = [(place, leaf) for place, leaf in again if _kept(evidence, interval, leaf, place)]
        if again:
            place, leaf = again[0]
            before = evidence.passes[interval.after].graph.grad_before
            own = _leaf_id(evidence, interval, place)
            what = (
                f"the gradient of {_called(leaf)} was not zeroed before this pass: it began at "
                f"{said(float(before[own]))}, which an earlier update has used, and the update "
                "after it uses that again"
            )
            line = _update_line(interval, leaf, place)
            yield _finding(
                evidence, interval, "stale-grads", "certain", what, line, (own,),
                was=leaf.grad, should=leaf.grad - float(before[own]), spoils=len(again),
            )  # fmt: skip
            return


def _leaf_id(evidence: Evidence, interval: Interval, place: int) -> int:
    """The id of a leaf in the earlier pass's graph."""
    graph = evidence.passes[interval.after].graph
    return int(np.flatnonzero(np.diff(graph.operand_start) == 0)[place])


def _kept(evidence: Evidence, interval: Interval, leaf: LeafUpdate, place: int) -> bool:
    """Whether the pass added to what was there, so that it is still part of the gradient."""
    own = _leaf_id(evidence, interval, place)
    seen = evidence.passes[interval.after]
    return bool(seen.before[own] != 0 and not seen.off[own] and leaf.grad != 0)


def _is_zeroed_before_update(interval: Interval, place: int) -> bool:
    for write in interval.writes_to(place):
        if not write.is_grad:
            return False
        if write.new == 0:
            return True
    return False


def _update_without_grad(evidence: Evidence) -> Iterator[Finding]:
    """Each time the gradients are zeroed between the pass and the update."""
    for interval in evidence.intervals:
        idle = []
        for place, (_, leaf) in enumerate(interval.rows()):
            writes = interval.writes_to(place)
            if leaf.grad == 0 or not any(not w.is_grad for w in writes):
                continue
            if _is_zeroed_before_update(interval, place) and leaf.before == leaf.after:
                idle.append((place, leaf, writes))
        moving = sum(leaf.before != leaf.after for _, leaf in interval.rows())
        if idle and len(idle) > moving:
            place, leaf, writes = idle[0]
            zeroed = next(w for w in writes if w.is_grad and w.new == 0)
            what = (
                f"the gradient of {_called(leaf)}, {said(leaf.grad)}, is set to 0 before the "
                "update reads it: nothing moves"
            )
            yield _finding(
                evidence, interval, "update-without-grad", "certain", what, zeroed.line,
                (_leaf_id(evidence, interval, place),), was=0.0, should=leaf.grad,
                spoils=len(idle),
            )  # fmt: skip
            return


def _backward_twice(evidence: Evidence) -> Iterator[Finding]:
    for place, seen in enumerate(evidence.passes[1:], 1):
        graph, updates = seen.graph, seen.updates
        inner = graph.forward_order
        if updates is None or not updates.n_shared or not len(inner):
            continue
        left = inner[(graph.grad_before[inner] != 0)]
        # The root's own gradient is set, whatever it was.
        left = left[left != graph.root]
        if not len(left) or updates.n_shared < len(inner):
            continue
        off = left[seen.off[left]]
        if not len(off) and not len(evidence.off_parameters(place)):
            continue
        node = int(left[-1])
        what = (
            f"the pass of one graph is run again: {graph.name(node)} begins at "
            f"{said(float(graph.grad_before[node]))}, which the pass before has left there"
        )
        yield Finding(
            kind="backward-twice", certainty="certain", what=what, mend="", file=seen.file,
            line=seen.line, nodes=(node,), pass_number=seen.number,
            was=float(graph.grad[node]), should=float(seen.true_grad[node]),
            spoils=int(np.count_nonzero(seen.off)),
        )  # fmt: skip
        return


def _graph_grows(evidence: Evidence) -> Iterator[Finding]:
    shared = [
        (place, seen) for place, seen in enumerate(evidence.passes)
        if seen.updates is not None and seen.updates.n_shared
    ]  # fmt: skip
    grows = [
        (place, seen) for place, seen in shared
        if len(seen.graph) > len(evidence.passes[place - 1].graph)
    ]  # fmt: skip
    if len(grows) < 2 or len(grows) < (len(evidence.passes) - 1) / 2:
        return
    place, seen = grows[0]
    assert seen.updates is not None
    sizes = [len(each.graph) for each in evidence.passes]
    line = _line_that_carries(evidence, place) or seen.place
    yield Finding(
        kind="graph-grows", certainty="likely",
        what=f"the graph of backward {seen.number} contains {seen.updates.n_shared} nodes of the "
        f"pass before: graphs grow from {sizes[0]} to {sizes[-1]} nodes",
        mend="", file=line[0] if line else None,
        line=line[1] if line else None, pass_number=seen.number,
        was=float(sizes[-1]), should=float(sizes[0]),
        unless="the state is meant to be carried from step to step",
    )  # fmt: skip


def _line_that_carries(evidence: Evidence, place: int) -> Place | None:
    """The line that first uses a node of the graph before in this one."""
    seen = evidence.passes[place]
    graph = seen.graph
    assert seen.updates is not None
    inner = graph.forward_order[: seen.updates.n_shared]  # the oldest
    if not len(inner):
        return None
    newest = int(inner[-1])
    uses = [edge.consumer for edge in graph.consumers_of(newest)]
    uses = [node for node in uses if node > newest]
    return graph.line(min(uses)) if uses else graph.line(newest)


# -- updates ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Move:
    """A leaf that an update moved."""

    who: int
    place: int
    leaf: LeafUpdate
    by: float


def _moves(interval: Interval) -> list[_Move]:
    return [
        _Move(who, place, leaf, leaf.after - leaf.before)
        for place, (who, leaf) in enumerate(interval.rows())
        if leaf.before != leaf.after
    ]


def _ascent(evidence: Evidence) -> Iterator[Finding]:
    """Updates along the gradient, while the loss rises."""
    along = against = 0.0
    sample: tuple[Interval, _Move] | None = None
    groups: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for interval in evidence.intervals:
        for move in _moves(interval):
            product = move.by * move.leaf.grad
            along += max(product, 0.0)
            against += max(-product, 0.0)
            groups[matrix_of(move.leaf.name)][product < 0] += abs(product)
            if product > 0 and sample is None:
                sample = (interval, move)
    losses = [seen.loss for seen in evidence.passes]
    if sample is None or len(losses) < 3 or along <= 10 * against:
        return
    half = len(losses) // 2
    if not np.mean(losses[-half:]) > np.mean(losses[:half]):
        return
    interval, move = sample
    line = _update_line(interval, move.leaf, move.place)
    what = (
        f"updates go along the gradient: {_called(move.leaf)} moved by {said(move.by)} where its "
        f"gradient was {said(move.leaf.grad)}, and the loss rises from {said(losses[0])} to "
        f"{said(losses[-1])}"
    )
    yield _finding(
        evidence, interval, "ascent", "likely", what, line,
        (_leaf_id(evidence, interval, move.place),), was=move.by, should=-move.by,
        spoils=len(_moves(interval)), unless="the objective is to be made large",
    )  # fmt: skip


def _not_updated(evidence: Evidence) -> Iterator[Finding]:
    if len(evidence.intervals) < 2 or not evidence.moved:
        return
    held: dict[int, list[tuple[Interval, int, LeafUpdate]]] = defaultdict(list)
    for interval in evidence.intervals:
        for place, (who, leaf) in enumerate(interval.rows()):
            if who not in evidence.moved and who in evidence.lasting:
                held[who].append((interval, place, leaf))
    idle = [
        rows for rows in held.values()
        if len(rows) == len(evidence.intervals) and all(leaf.grad != 0 for _, _, leaf in rows)
    ]  # fmt: skip
    idle = [rows for rows in idle if _is_parameter(evidence, *rows[0])]
    groups: dict[str, list[list[tuple[Interval, int, LeafUpdate]]]] = defaultdict(list)
    for rows in idle:
        groups[matrix_of(_called(rows[0][2]))].append(rows)
    for group, members in groups.items():
        interval, place, leaf = members[0][0]
        node = _leaf_id(evidence, interval, place)
        graph = evidence.passes[interval.after].graph
        line = graph.line(node)
        many = f" and {len(members) - 1} more of {group}" if len(members) > 1 else ""
        what = (
            f"{_called(leaf)}{many} has gradients that are not 0, {said(leaf.grad)} say, and is "
            "moved by no update, while others are"
        )
        yield _finding(
            evidence, interval, "not-updated", "likely", what, line, (node,),
            was=leaf.after, spoils=len(members), unless="it is frozen on purpose",
        )  # fmt: skip


def _is_parameter(evidence: Evidence, interval: Interval, place: int, leaf: LeafUpdate) -> bool:
    """Whether a leaf that lasts is a parameter, and no input: by its neighbours among the moved.

    One of a list, or of an object, of which others are moved, or made on the same line as these;
    else one that results are combined with, and not the parameters themselves.
    """
    graph = evidence.passes[interval.after].graph
    who = evidence.who(interval.after)
    node = _leaf_id(evidence, interval, place)
    moved = np.flatnonzero(np.isin(who, list(evidence.moved)) & (who >= 0)).tolist()
    if graph.line_of[node] >= 0 and graph.line_of[node] in graph.line_of[moved]:
        return True
    root = _root(leaf.name)
    leads_to_all = any(
        _root(name) == root for n, name in graph.names.items() if not graph.is_leaf(n)
    )
    if root and not leads_to_all and any(_root(graph.names.get(m, "")) == root for m in moved):
        return True
    is_moved = set(moved)
    uses = graph.consumers_of(node)
    if len(uses) < 2:
        return False  # a target is used once
    meets = [{edge.operand for edge in graph.operands_of(use.consumer)} - {node} for use in uses]
    return not all(others and others <= is_moved for others in meets)


def _root(name: str) -> str:
    """The variable that a name begins with."""
    return name.partition("[")[0].partition(".")[0]


def _updated_twice(evidence: Evidence) -> Iterator[Finding]:
    for interval in evidence.intervals:
        counts: Counter[tuple[int, Place]] = Counter(
            (write.leaf, write.line) for write in interval.updates.writes if not write.is_grad
        )
        by_line: dict[Place, dict[int, int]] = defaultdict(dict)
        for (at, line), n in counts.items():
            by_line[line][at] = n
        for line, times in by_line.items():
            usual = Counter(times.values()).most_common(1)[0][0]
            usual = min(usual, *times.values())
            more = [at for at, n in times.items() if n > usual]
            if not more or len(times) < 2 or len(more) == len(times):
                continue
            rows = [*interval.updates.leaves, *interval.updates.others]
            leaf = rows[more[0]]
            what = (
                f"{_called(leaf)} is updated {times[more[0]]} times in one update, where others "
                f"are {'once' if usual == 1 else f'{usual} times'}: it is in the list more often"
            )
            node = (_leaf_id(evidence, interval, more[0])
                    if more[0] < len(interval.updates.leaves) else None)  # fmt: skip
            yield _finding(
                evidence, interval, "updated-twice", "certain", what, line, (node,),
                was=float(times[more[0]]), should=float(usual), spoils=len(more),
            )  # fmt: skip
            return


def _not_in_graph(evidence: Evidence) -> Iterator[Finding]:
    """A whole matrix that updates write to, and that is in no pass's graph."""
    in_graphs: set[str] = set()
    for seen in evidence.passes:
        in_graphs |= {matrix_of(name) for name in seen.graph.names.values()}
    groups: dict[str, list[tuple[Interval, LeafUpdate, LeafWrite]]] = defaultdict(list)
    for interval in evidence.intervals:
        n = len(interval.updates.leaves)
        lines = {w.line for w in interval.updates.writes if w.leaf < n and not w.is_grad}
        for write in interval.updates.writes:
            if write.leaf >= n and not write.is_grad and write.line in lines:
                leaf = interval.updates.others[write.leaf - n]
                if leaf.node is None and leaf.grad == 0:
                    groups[matrix_of(leaf.name)].append((interval, leaf, write))
    for group, rows in groups.items():
        intervals = {interval.after for interval, _, _ in rows}
        if group in in_graphs or len(intervals) < len(evidence.intervals):
            continue
        interval, leaf, write = rows[0]
        what = (
            f"{group or 'a parameter'} is updated with the others, and is in the graph of none of "
            f"the {len(evidence.passes)} passes: the loss does not use it"
        )
        yield _finding(
            evidence, interval, "not-in-graph", "certain", what, write.line, was=leaf.after,
            spoils=len({row[1].name for row in rows}),
        )  # fmt: skip


def _rate_too_small(evidence: Evidence) -> Iterator[Finding]:
    sizes: list[float] = []
    for interval in evidence.intervals:
        moves = _moves(interval)
        before = np.array([m.leaf.before for m in moves])
        by = np.array([m.by for m in moves])
        if len(moves):
            size = float(np.linalg.norm(before))
            sizes.append(float(np.linalg.norm(by)) / max(size, 1e-300))
    if len(sizes) < 2 or max(sizes) >= SMALL_UPDATE or sizes[-1] > 2 * sizes[0]:
        return
    interval = evidence.intervals[0]
    move = _moves(interval)[0]
    line = _update_line(interval, move.leaf, move.place)
    yield _finding(
        evidence, interval, "rate-too-small", "certain",
        f"updates move the parameters by {said(max(sizes))} of their size at most, in "
        f"{len(sizes)} updates, and do not grow", line, was=max(sizes), should=SMALL_UPDATE,
    )  # fmt: skip


def _clip_misplaced(evidence: Evidence) -> Iterator[Finding]:
    """Gradients are scaled where nobody uses them: after the update."""
    for interval in evidence.intervals:
        late: list[tuple[int, LeafWrite]] = []
        n = len(interval.updates.leaves)
        grads = {place: leaf.grad for place, (_, leaf) in enumerate(interval.rows())}
        done: set[int] = set()
        for write in interval.updates.writes:
            if write.leaf >= n or write.leaf < 0:
                continue
            if not write.is_grad:
                done.add(write.leaf)
                continue
            old = grads[write.leaf]
            grads[write.leaf] = write.new
            if write.leaf in done and write.new not in (0.0, old) and old:
                late.append((write.leaf, write))
        unused = [
            (place, write) for place, write in late
            if interval.updates.leaves[place].grad_now == 0
            or _zeroed_by_pass(evidence, interval, place)
        ]  # fmt: skip
        if unused and len(unused) > 1 and len(unused) == len(late):
            ratios = [w.new / interval.updates.leaves[p].grad for p, w in unused
                      if interval.updates.leaves[p].grad]  # fmt: skip
            if not all(abs(ratio) <= 1 for ratio in ratios):
                continue
            place, write = unused[0]
            leaf = interval.updates.leaves[place]
            what = (
                f"gradients are scaled after the update has used them: that of {_called(leaf)} "
                f"from {said(leaf.grad)} to {said(write.new)}"
            )
            yield _finding(
                evidence, interval, "clip-misplaced", "certain", what, write.line,
                (_leaf_id(evidence, interval, place),), was=leaf.grad, should=write.new,
                spoils=len(unused),
            )  # fmt: skip
            return


def _zeroed_by_pass(evidence: Evidence, interval: Interval, place: int) -> bool:
    node = interval.updates.leaves[place].node
    seen = evidence.passes[interval.after + 1]
    return node is not None and seen.before[node] == 0


def _symmetric(evidence: Evidence) -> Iterator[Finding]:
    """Rows of one matrix that are equal, with equal gradients that are not 0, at every pass."""
    alike: dict[str, int] = {}
    first: dict[str, tuple[int, int]] = {}
    for place, seen in enumerate(evidence.passes):
        graph = seen.graph
        rows: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        params = evidence.parameters(place)
        for node, name in graph.names.items():
            if params[node] and name.count("[") >= 2:
                row, _, _ = name.rpartition("[")
                matrix, _, _ = row.rpartition("[")
                rows[matrix][row].append(node)
        for matrix, by_row in rows.items():
            tables = [
                (tuple(graph.data[nodes].tolist()), tuple(graph.grad[nodes].tolist()))
                for nodes in by_row.values()
            ]
            is_alike = (
                len(tables) > 1 and len(set(tables)) == 1 and any(tables[0][1])
                and all(len(nodes) > 0 for nodes in by_row.values())
            )  # fmt: skip
            if is_alike:
                alike[matrix] = alike.get(matrix, 0) + 1
                first.setdefault(matrix, (place, next(iter(by_row.values()))[0]))
    for matrix, n in alike.items():
        if n < len(evidence.passes) or n < 2:
            continue
        place, node = first[matrix]
        graph = evidence.passes[place].graph
        line = graph.line(node)
        yield Finding(
            kind="symmetric", certainty="certain",
            what=f"all rows of {matrix} are equal, and so are their gradients, at each of {n} "
            "passes: its units stay copies of one another",
            mend="", file=line[0] if line else None, line=line[1] if line else None,
            nodes=(node,), pass_number=evidence.passes[place].number,
        )  # fmt: skip


KINDS = (
    Kind("backward-twice", "runs the pass of one graph again",
         "run it once, or zero the gradients of all nodes in between", _backward_twice,
         frozenset({"graph-grows"})),
    Kind("graph-grows", "keeps graphs of earlier steps",
         "carry the number over, not the node", _graph_grows),
    Kind("stale-grads", "never zeroes", "set all gradients to 0 before each pass", _stale_grads),
    Kind("update-without-grad", "zeroes before it updates, or updates before the pass",
         "update first, then zero", _update_without_grad),
    Kind("not-updated", "forgets parameters in its list",
         "put them into the list that updates go through", _not_updated,
         frozenset({"rebound", "never-visited", "operand-skipped"})),
    Kind("not-in-graph", "updates parameters that the loss does not use",
         "use them in the forward pass, or take them out of the list", _not_in_graph,
         frozenset({"rebound", "detached"})),
    Kind("updated-twice", "has a parameter twice in its list",
         "put it into the list once", _updated_twice),
    Kind("ascent", "adds the gradient", "subtract the gradient", _ascent,
         frozenset({"wrong-local", "overwritten", "upstream-dropped", "visited-early"})),
    Kind("clip-misplaced", "clips gradients before the pass or after the update",
         "clip between the pass and the update", _clip_misplaced),
    Kind("symmetric", "starts all units alike",
         "draw the first numbers at random", _symmetric),
    Kind("rate-too-small", "moves hardly at all", "take a larger learning rate", _rate_too_small),
)  # fmt: skip
