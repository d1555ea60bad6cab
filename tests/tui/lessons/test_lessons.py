"""Every lesson played through: what is right is done, what is not is told why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from microgpt import DomainError, Graph, Value
from microgpt.debugger import DebugSession
from microgpt.model.places import position_losses
from tests.tui.lessons.situations import after, session_after, session_at
from tests.tui.small_run import small_training
from tui.lessons import LESSONS
from tui.lessons.added_twice import ADDED_TWICE, first_added_again
from tui.lessons.another_letter import ANOTHER_LETTER
from tui.lessons.broken_pass import BROKEN_PASS
from tui.lessons.complete_gradient import COMPLETE_GRADIENT
from tui.lessons.lesson import Lesson, Situation
from tui.lessons.looks_back import LOOKS_BACK, weight_on_letter_before
from tui.lessons.most_surprised import MOST_SURPRISED
from tui.lessons.silenced_unit import SILENCED_UNIT
from tui.lessons.why_it_stopped import WHY_IT_STOPPED, chain_of_zeros


@pytest.fixture(scope="module")
def at_step_21() -> DebugSession:
    return session_after(small_training(), 20)


@pytest.fixture
def session(at_step_21: DebugSession) -> DebugSession:
    """At its start, without what other tests did."""
    return DebugSession(at_step_21.graph, at_step_21.origin)


def is_done(lesson: Lesson, situation: Situation) -> bool:
    return lesson.check(situation).is_done


def said(lesson: Lesson, situation: Situation) -> str:
    verdict = lesson.check(situation)
    assert not verdict.is_done
    return verdict.said


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_nothing_is_done_before_anything_is_done(lesson: Lesson, session: DebugSession) -> None:
    assert not is_done(lesson, Situation())
    assert not is_done(lesson, Situation(session=session, mode="train"))


def test_each_has_a_name_of_its_own_and_hints() -> None:
    names = [lesson.name for lesson in LESSONS]
    assert sorted(names) == sorted(set(names))
    assert all(2 <= len(lesson.hints) <= 3 for lesson in LESSONS)


# -- the loss --------------------------------------------------------------------------------------


def test_the_most_surprised_position(session: DebugSession) -> None:
    graph = session.graph
    losses = {p: float(graph.data[node]) for p, node in position_losses(graph).items()}
    best = max(losses, key=losses.__getitem__)
    right = after(session, selected=f"pos{best}/layer0/mlp/relu")
    assert is_done(MOST_SURPRISED, right)
    assert f"{losses[best]:.4g}" in MOST_SURPRISED.check(right).said
    for position in losses:
        wrong = after(session, selected=f"pos{position}/loss")
        assert is_done(MOST_SURPRISED, wrong) == (position == best)
    assert "Select a cell" in said(MOST_SURPRISED, after(session, selected="lm_head"))


# -- sums of gradients -----------------------------------------------------------------------------


def test_the_event_that_adds_again(session: DebugSession) -> None:
    graph = session.graph
    wanted = first_added_again(graph)
    assert wanted is not None
    # The same from the events themselves: a change that does not begin at 0.
    assert wanted == next(
        event
        for event in range(graph.n_events)
        if any(change.old for change in graph.event(event).changes)
    )
    assert is_done(ADDED_TWICE, after(session, f"goto backward {wanted}"))
    assert "begins at 0" in said(ADDED_TWICE, after(session, f"goto backward {wanted - 1}"))
    assert "too late" in said(ADDED_TWICE, after(session, f"goto backward {wanted + 1}"))
    assert "forward" in said(ADDED_TWICE, after(session, "goto start"))
    session.goto_moment(session.timeline.moment_of(int(graph.visit_order[wanted - 1]), "backward"))
    assert not is_done(ADDED_TWICE, after(session, is_walking=False))


def test_no_event_adds_again_where_nothing_is_used_twice() -> None:
    loss = Value(2.0) * Value(3.0)
    loss.backward()
    assert first_added_again(Graph.from_value(loss)) is None


def test_where_a_gradient_is_complete(session: DebugSession) -> None:
    node = session.graph.find("lm_head[0][0]")
    last = max(int(session.graph.event_of[e.consumer]) for e in session.graph.consumers_of(node))
    assert not is_done(COMPLETE_GRADIENT, after(session, f"goto backward {last}"))  # none is set
    assert "nothing that it watches" in said(
        COMPLETE_GRADIENT, after(session, "watch lm_head[0][0]", "goto backward 1")
    )
    first = after(session, "continue")
    assert "more is added" in said(COMPLETE_GRADIENT, first)
    done = after(session, "goto end", "reverse-continue")
    assert session.state.event == last
    assert is_done(COMPLETE_GRADIENT, done)
    assert f"{session.graph.grad[node]:.4g}" in COMPLETE_GRADIENT.check(done).said


def test_a_number_that_is_no_parameter_is_not_meant(session: DebugSession) -> None:
    watched = after(session, f"watch #{session.graph.root}", "goto backward 0")
    assert not is_done(COMPLETE_GRADIENT, watched)


# -- heads -----------------------------------------------------------------------------------------


def test_the_head_that_looks_back(session: DebugSession) -> None:
    assert session.origin
    weights = weight_on_letter_before(session.origin)
    assert weights is not None
    assert weights.shape == (1, 2)
    best = int(weights[0].argmax())
    assert is_done(LOOKS_BACK, after(session, head=(0, best)))
    told = said(LOOKS_BACK, after(session, head=(0, 1 - best)))
    assert f"{weights[0, 1 - best]:.0%}" in told
    assert "Attention mode" in said(LOOKS_BACK, after(session))


def test_its_weights_are_the_graphs(session: DebugSession) -> None:
    origin = session.origin
    assert origin
    there: list[list[float]] = [[], []]
    for document in origin.documents:
        graph = origin.model.graph(document)
        for head, found in enumerate(there):
            for position in range(1, min(len(document) + 1, origin.model.config.block_size)):
                scope = graph.scopes.find(f"pos{position}/layer0/attn/head{head}/softmax")
                found.append(float(graph.data[graph.outputs_of(scope)][position - 1]))
    weights = weight_on_letter_before(origin)
    assert weights is not None
    assert np.array(there).mean(axis=1) == pytest.approx(weights[0])


# -- what-ifs --------------------------------------------------------------------------------------


def test_a_unit_that_is_worth_something(session: DebugSession) -> None:
    graph = session.graph
    units = [u for u in graph.nodes_of("relu").tolist() if graph.data[u] > 0]
    was = float(graph.data[graph.root])
    outcomes = set()
    for unit in units[::10]:
        silenced = after(session, f"set #{unit} = 0")
        rises = float(session.graph.data[session.graph.root]) > was
        assert is_done(SILENCED_UNIT, silenced) == rises
        if not rises:
            assert "down to" in said(SILENCED_UNIT, silenced)
        outcomes.add(rises)
        after(session, "undo")
    assert outcomes == {True, False}, "the test tells nothing else"


def test_what_is_no_unit_silenced(session: DebugSession) -> None:
    graph = session.graph
    dead = next(u for u in graph.nodes_of("relu").tolist() if graph.data[u] == 0)
    assert "gave 0 before" in said(SILENCED_UNIT, after(session, f"set #{dead} = 0"))
    unit = next(u for u in graph.nodes_of("relu").tolist() if graph.data[u] > 0)
    assert "More than one" in said(SILENCED_UNIT, after(session, f"set #{unit} = 0"))
    after(session, "undo", "undo")
    assert "Zero one relu" in said(SILENCED_UNIT, after(session, f"set #{unit} = 2"))
    after(session, "undo")
    assert "Zero one relu" in said(SILENCED_UNIT, after(session, "zero pos1/layer0/mlp/relu"))


def test_a_likelier_letter(session: DebugSession) -> None:
    was = float(session.graph.data[session.graph.root])
    outcomes = set()
    for letter in "aeimnovl":
        tried = after(session, f"token 1 = {letter}")
        falls = float(session.graph.data[session.graph.root]) < was
        assert is_done(ANOTHER_LETTER, tried) == falls
        outcomes.add(falls)
        after(session, "undo")
    assert outcomes == {True, False}, "the test tells nothing else"


def test_what_is_no_letter_changed(session: DebugSession) -> None:
    unit = session.graph.nodes_of("relu")[0]
    assert "nothing else" in said(ANOTHER_LETTER, after(session, f"set #{unit} = 0"))
    assert "nothing else" in said(ANOTHER_LETTER, after(session, "token 1 = a"))


# -- numbers out of range --------------------------------------------------------------------------


@pytest.fixture
def stopped() -> DebugSession:
    training = small_training(lr=3.0)
    with pytest.raises(DomainError):
        session_after(training, 100)
    return session_at(training)


def test_the_node_that_was_the_first_to_become_0(stopped: DebugSession) -> None:
    graph = stopped.graph
    assert np.isnan(graph.data[graph.root])
    chain = chain_of_zeros(graph)
    assert graph.op(chain[-1]) == "exp"
    for node in chain[:-1]:
        told = said(WHY_IT_STOPPED, after(stopped, node=node))
        assert "one of its operands" in told
    done = WHY_IT_STOPPED.check(after(stopped, node=chain[-1]))
    assert done.is_done
    score = float(graph.data[graph.operands_of(chain[-1])[0].operand])
    assert f"exp({score:.4g})" in done.said


def test_what_is_not_to_blame(stopped: DebugSession) -> None:
    graph = stopped.graph
    assert "Here it failed" in said(WHY_IT_STOPPED, after(stopped, node=graph.root))
    assert "not to blame" in said(WHY_IT_STOPPED, after(stopped, node=0))
    assert "Select a single node" in said(WHY_IT_STOPPED, after(stopped, node=None))


def test_nothing_stopped_in_a_run_that_is_well(session: DebugSession) -> None:
    assert chain_of_zeros(session.graph) == []
    assert not is_done(WHY_IT_STOPPED, after(session, node=session.graph.root))


# -- a program that is wrong -----------------------------------------------------------------------


def mended(text: str) -> str:
    for operand in ("self.grad = other", "other.grad = self"):
        assert text.count(operand) == 1
        text = text.replace(operand, operand.replace("=", "+="))
    return text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text, "One is -2 and should be -4"),
        (lambda text: text.replace("other.grad = self", "other.grad += self"), "Still ill"),
        (lambda text: text.replace("loss.backward()", "pass"), "No backward pass"),
        (lambda text: text + "(", "SyntaxError"),
        (lambda text: text.replace("error * error", "error")[: text.index("weight, bias")]
         + "x = Value(2.0) + Value(1.0)\nx.backward()\n", "too little"),
        (mended, ""),
    ],
    ids=["as it is", "half mended", "without a pass", "no Python", "hardly anything", "mended"],
)  # fmt: skip
def test_a_program_is_mended(tmp_path: Path, change: Callable[[str], str], told: str) -> None:
    file = tmp_path / BROKEN_PASS.file_name
    file.write_text(change(BROKEN_PASS.file_text))
    verdict = BROKEN_PASS.check(Situation(file=str(file)))
    assert verdict.is_done == (not told)
    assert told in verdict.said
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_a_program_that_is_gone(tmp_path: Path) -> None:
    verdict = BROKEN_PASS.check(Situation(file=str(tmp_path / "gone.py")))
    assert not verdict.is_done
    assert "gone.py" in verdict.said
