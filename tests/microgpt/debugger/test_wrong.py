"""What is wrong: anomalies of each pass, post mortem graphs, health, gradient checks."""

from __future__ import annotations

import inspect
import math
import re
from dataclasses import replace

import numpy as np
import pytest

from microgpt import (
    Corpus,
    DomainError,
    Graph,
    GraphError,
    ModelConfig,
    ModelSnapshot,
    Training,
    TrainingConfig,
    Value,
    load_corpus,
    parameter,
    recording,
)
from microgpt.debugger import Console, DebugSession, GraphOrigin
from microgpt.debugger.checks import health_checks
from microgpt.debugger.checks.health_checks import HealthFinding
from microgpt.debugger.post_mortem import compute, failed_graph
from microgpt.diagnosis.kinds import CATALOGUE
from microgpt.model.transformer import forward
from tests.microgpt.debugger.conftest import DOCUMENTS


def session_of(root: Value) -> DebugSession:
    root.backward()
    return DebugSession(Graph.from_value(root))


# -- anomalies -------------------------------------------------------------------------------------


def test_a_healthy_model_has_none(tiny_graph: Graph) -> None:
    assert DebugSession(tiny_graph).anomalies() == ()


def test_the_first_value_out_of_range_is_told() -> None:
    with recording():
        a = Value(1.5e150, name="a")
        b = a * 2
        c = b * 1e150  # here
        loss = c * c * 0.5
    session = session_of(loss)
    forward = session.anomalies()[0]
    assert (forward.where, forward.op, forward.node) == ("forward", "mul", 4)
    assert forward.what == "its value 3e+300 is out of range: its square is no float"
    assert [(o.name, o.data) for o in forward.operands] == [("#2", 3e150), ("#3", 1e150)]
    assert forward.line is not None
    assert forward.line[0] == __file__
    assert session.goto_moment(forward.moment or 0).node == forward.node


def test_a_leaf_can_be_at_fault() -> None:
    (forward, *_) = session_of(Value(math.nan, name="x") * 2).anomalies()
    assert (forward.name, forward.what, forward.moment) == ("x", "its value is nan", None)


@pytest.mark.parametrize(
    ("op", "operand", "data", "says"),
    [
        ("log", 0.0, -math.inf, "log of 0, which is not positive"),
        ("log", -1.0, math.nan, "log of -1, which is not positive"),
        ("exp", 800.0, math.inf, "exp of 800 overflows: floats end at exp(709.78)"),
        ("pow", -2.0, math.nan, "-2 to the power of 0.5 has no real value"),
    ],
)
def test_operands_out_of_range(op: str, operand: float, data: float, says: str) -> None:
    """Of a class that does not refuse them, as others than `Value` do not."""
    a = Value(operand)
    out = Value(data, (a,), (1.0,), op)
    if op == "pow":
        out._detail = 0.5
    assert session_of(out).anomalies()[0].what == says


def test_the_first_gradient_out_of_range_is_told() -> None:
    w = parameter(1e-150, "w", 0, 0)
    loss = w * 1e150 * 1e100 * 1e-100 * 1e100  # d loss / d w = 1e250
    session = session_of(loss)
    backward, update = session.anomalies()
    assert (backward.where, update.where) == ("backward", "update")
    assert update.name == "w[0][0]"
    state = session.goto_moment(backward.moment or 0)
    worst = max(abs(change.contribution) for change in state.changes)
    assert worst > 1.35e154
    assert f" = {worst:.6g}, and its grad becomes {worst:.6g}" in backward.what


def test_the_first_gradient_that_is_not_finite_is_told() -> None:
    a = Value(1e-150, name="a")
    loss = a * 1e150 * 1e150 * 1e-150 * 1e150 * 1e-150 * 1e100 * 1e-100 * 1e150
    session = session_of(loss)
    (backward,) = session.anomalies()
    state = session.goto_moment(backward.moment or 0)
    session.back()
    before = session.graph.grads_at(session.state.event)
    assert (np.abs(before) < 1e155).all()
    assert any(abs(change.contribution) > 1e155 for change in state.changes)


def test_a_sum_out_of_range_shows_at_the_next_event() -> None:
    a = Value(1.0, name="a")
    part = Value(1.0, (a,), (1.3e154,), "relu")
    loss = Value(1.0, (part, part), (1.3e154, 1.3e154), "add")
    (backward,) = session_of(loss).anomalies()
    assert (backward.op, math.isinf(a.grad)) == ("relu", True)
    assert backward.what == "a gets 1.3e+154 × 2.6e+154 = inf, and its grad becomes inf"


def test_what_was_not_finite_before_the_pass() -> None:
    a = Value(1.0, name="a")
    a.grad = math.nan
    (backward, *_) = session_of(a * 2).anomalies()
    assert backward.what == "its grad was nan before the pass"


def test_gradients_that_adam_cannot_square(tiny_model: ModelSnapshot) -> None:
    training = Training(Corpus("tiny", DOCUMENTS), ModelConfig(4, 2, 2, 6))
    graph = tiny_model.graph("ava")
    leaf = graph.find("wte[0][0]")
    grad = graph.grad.copy()
    grad[leaf] = 1e200
    changed = replace(graph, grad=grad)
    origin = GraphOrigin(tiny_model, "ava", 7, (), training.state, training.config)
    (update,) = DebugSession(changed, origin).anomalies()
    assert (update.where, update.name, update.step) == ("update", "wte[0][0]", 7)
    assert "no finite square" in update.what


def test_an_update_that_went_too_far_is_told_before_what_follows() -> None:
    """The parameters it left, the first number computed from them, the first infinite one."""
    training = Training(
        Corpus("tiny", DOCUMENTS), ModelConfig(4, 2, 2, 6), TrainingConfig(num_steps=3, lr=1e200)
    )
    steps = training.results()
    next(steps)
    with pytest.raises(DomainError) as caught:
        next(steps)
    model, document = ModelSnapshot.of(training), training.document_at(2)
    origin = GraphOrigin(model, document, 2, DOCUMENTS, training.state, training.config)
    computed = compute(model, document)
    assert computed.problem == ""
    graph = computed.graph
    session = DebugSession(graph, origin, str(caught.value))
    update, large, infinite, *later = session.anomalies()
    assert (update.where, update.step, update.op, update.moment) == ("update", 1, "param", None)
    wrong = np.abs(graph.data) > 1e154
    parameters = wrong & (graph.op_codes == graph.op_codes[update.node])
    assert update.node == np.flatnonzero(parameters)[0]
    assert f"so it is with {parameters.sum() - 1} more" in update.what
    computed_ones = np.flatnonzero(wrong & ~parameters)
    assert (large.where, large.step, large.node) == ("forward", 2, computed_ones[0])
    assert math.isfinite(graph.data[large.node])
    assert infinite.node == np.flatnonzero(~np.isfinite(graph.data))[0]
    assert {(each.where, each.step) for each in later} <= {("backward", 2), ("update", 2)}
    assert (session.state.node, session.state.stop.reason) == (large.node, "post mortem")
    assert session.state.moment == large.moment


# -- post mortem -----------------------------------------------------------------------------------


def scaled(model: ModelSnapshot, matrix: str, factor: float) -> ModelSnapshot:
    data = model.data[:]
    for place, leaf in enumerate(model.parameters().flat):
        if leaf.name.startswith(matrix):
            data[place] *= factor
    return ModelSnapshot(model.config, model.tokenizer, data)


def test_a_model_that_fails_is_there_up_to_the_failure(tiny_model: ModelSnapshot) -> None:
    failing = scaled(tiny_model, "lm_head", 1e6)
    computed = compute(failing, "ava")
    assert computed.problem.startswith("log(0.0) has no finite real value, in pos")
    graph = computed.graph
    assert (graph.op(graph.root), graph.backpropagated) == ("log", False)
    assert math.isnan(graph.data[graph.root])
    assert graph.root == len(graph) - 1
    session = DebugSession(graph, problem=computed.problem)
    assert session.state.node == graph.root
    assert str(session.state.stop) == "post mortem"
    assert session.anomalies()[0].node == graph.root
    assert graph.line(graph.root) is not None
    assert session.back().phase == "forward"
    assert session.goto("start").moment == 0
    assert session.until("exp").node is not None


def test_everything_made_before_is_there(tiny_model: ModelSnapshot) -> None:
    """Also what the failing op was not computed from: earlier positions' losses, here."""
    failing = scaled(tiny_model, "lm_head", 2e3)
    computed = compute(failing, "mia")
    assert "in pos3/loss" in computed.problem
    graph, parameters = computed.graph, failing.parameters()
    kept: list[Value] = []
    with recording(calls_in_scopes=False, kept=kept), pytest.raises(DomainError):
        forward(failing.tokenizer.encode("mia"), parameters, failing.config, failing.tokenizer)
    inner = [value.data for value in kept if value._children]
    assert graph.data[graph.forward_order].tobytes() == np.array(inner).tobytes()
    assert DebugSession(graph).find("pos1/loss") < graph.root


def test_a_model_that_does_not_fail(tiny_model: ModelSnapshot) -> None:
    computed = compute(tiny_model, "ava")
    assert computed.problem == ""
    assert computed.graph.backpropagated


def test_anyones_computation_post_mortem() -> None:
    a = Value(3.0, name="a")
    with pytest.raises(DomainError) as caught:
        (a * 1000).exp()
    graph = failed_graph(caught.value)
    assert [graph.op(node) for node in range(len(graph))] == ["input", "const", "mul", "exp"]
    with pytest.raises(DomainError) as of_a_power:
        Value(-1.0) ** 0.5
    assert failed_graph(of_a_power.value).immediate.tolist()[-1] == 0.5
    with pytest.raises(DomainError) as of_plain_numbers:
        a / 0
    with pytest.raises(DomainError, match="division by 0"):
        failed_graph(of_plain_numbers.value)


def test_recordings_keep_values_only_where_asked() -> None:
    kept: list[Value] = []
    with recording(kept=kept):
        made = [Value(1.0), Value(2.0) + 3]
    Value(4.0)
    assert [value.data for value in kept] == [1.0, 2.0, 3.0, 5.0]
    assert kept[-1] is made[-1]


# -- health ----------------------------------------------------------------------------------------


def checks(found: tuple[HealthFinding, ...]) -> set[str]:
    return {finding.check for finding in found}


def with_origin(model: ModelSnapshot, lr: float = 0.01) -> DebugSession:
    config = TrainingConfig(lr=lr)
    training = Training(Corpus("tiny", DOCUMENTS), ModelConfig(4, 2, 2, 6), config)
    return DebugSession(
        model.graph("ava"), GraphOrigin(model, "ava", 1, (), training.state, config)
    )


def test_dead_units_and_idle_parameters(tiny_model: ModelSnapshot) -> None:
    graph = scaled(tiny_model, "layer1.mlp_fc1", 0.0).graph("ava")
    found = DebugSession(graph).health()
    assert checks(found) == {"dead-units", "no-gradient"}
    dead = next(f for f in found if f.check == "dead-units")
    assert dead.what == "layer1/mlp/relu: 16 of 16 units are off at all 4 positions"
    assert dead.value == 1
    assert graph.data[dead.node] == 0
    told = [f for f in found if f.check == "no-gradient"]
    assert {f.what for f in told} == {
        "layer1.mlp_fc1: 64 of 64 used get no gradient",
        "layer1.mlp_fc2: 64 of 64 used get no gradient",
    }
    assert all(graph.grad[f.node] == 0 for f in told)


def test_units_that_one_document_does_not_need_are_not_told(tiny_graph: Graph) -> None:
    """Some are off at all of its positions, in a model that is well."""
    scopes = [tiny_graph.scopes.find(f"pos{p}/layer1/mlp/relu") for p in range(4)]
    units = np.array([tiny_graph.data[scope.start : scope.stop] for scope in scopes])
    assert 0 < np.count_nonzero(units.any(axis=0)) < 16
    assert DebugSession(tiny_graph).health() == ()


@pytest.mark.parametrize("steps", [0, 1, 30, 200])
def test_a_run_that_learns_is_well(steps: int) -> None:
    training = Training(load_corpus("names"), config=TrainingConfig(num_steps=1000))
    for _ in range(steps):
        next(training.losses(training.step + 1))
    origin = GraphOrigin(
        ModelSnapshot.of(training), training.document_at(steps + 1), steps + 1, (),
        training.state.copy(), training.config,
    )  # fmt: skip
    assert DebugSession(origin.model.graph(origin.document), origin).health() == ()


def test_saturated_softmaxes(tiny_model: ModelSnapshot) -> None:
    session = DebugSession(scaled(tiny_model, "layer0.attn_wq", 1e4).graph("ava"))
    found = [f for f in session.health() if f.check == "saturated"]
    assert any(re.match(r"layer0/attn/head\d/softmax", f.what) for f in found)
    for finding in found:
        assert 0.99 < finding.value <= 1
        assert session.graph.op(finding.node) == "exp"


def test_vanishing_and_exploding_gradients(tiny_model: ModelSnapshot) -> None:
    small = scaled(tiny_model, "wpe", 1e6)  # behind a norm of what is large, gradients are small
    found = DebugSession(small.graph("ava")).health()
    assert "exploding" not in checks(found)
    large = scaled(scaled(tiny_model, "layer1.mlp_fc2", 1e7), "lm_head", 1e-8)
    assert isinstance(DebugSession(large.graph("ava")).health(), tuple)
    told = [f for f in found if f.check == "vanishing"]
    for finding in told:
        assert finding.value < 1e-3


@pytest.mark.parametrize(
    ("lr", "words"), [(1.0, "more than 0.25"), (1e-9, "less than 0.0001"), (1e-4, "")]
)
def test_sizes_of_updates(tiny_model: ModelSnapshot, lr: float, words: str) -> None:
    session = with_origin(tiny_model, lr)
    found = [f for f in session.health() if f.check == "update size"]
    assert len(found) == (15 if words else 0)
    for finding in found:
        assert words in finding.what
        assert "step 1 moves it by" in finding.what
    if found:  # Adam's first step moves every weight that gets a gradient by lr
        wpe = next(f for f in found if f.what.startswith("lm_head:"))
        names = [leaf.name for leaf in tiny_model.parameters().flat]
        before = [x for n, x in zip(names, tiny_model.data, strict=True) if n.startswith("lm_head")]
        expected = lr / math.sqrt(sum(x * x for x in before) / len(before))
        assert wpe.value == pytest.approx(expected, rel=1e-3)


# -- gradient checks -------------------------------------------------------------------------------


def leaky(a: Value) -> Value:
    """A relu whose author forgot that it passes nothing on below 0."""
    return Value(max(0.0, a.data), (a,), (1.0,), "relu")


def test_a_relu_that_passes_gradients_at_negative_inputs_is_found() -> None:
    with recording():
        xs = [Value(x, name=f"x{i}") for i, x in enumerate([0.5, -0.3, 1.2, -2.0])]
        total = Value(0.25)
        for x in xs:
            total = total + leaky(x * 2) * x
        loss = total**2
    session = session_of(loss)
    for what in (None, "x1"):
        checked = session.check_gradients(what)
        assert checked.n_wrong > 0
        assert checked.worst[0].error > 0.5
        assert {session.graph.op(node) for node in checked.at_fault} == {"relu"}
        operands = [session.graph.operands_of(node)[0].operand for node in checked.at_fault]
        assert all(session.graph.data[operand] < 0 for operand in operands)
    assert len(session.check_gradients().at_fault) == 2
    assert session.check_gradients("x0").n_wrong == 0


def test_the_models_gradients_are_right(tiny_graph: Graph) -> None:
    session = DebugSession(tiny_graph)
    checked = session.check_gradients("layer0.attn_wk[1]", 1e-5)
    assert (checked.n_checked, checked.n_unchecked, checked.n_wrong) == (4, 0, 0)
    assert [c.error for c in checked.worst] == sorted(
        (c.error for c in checked.worst), reverse=True
    )
    for c in checked.worst:
        assert c.step == 1e-5
        assert c.analytic == tiny_graph.grad[c.node]
        difference = abs(c.analytic - c.numeric)
        assert c.error == difference / max(abs(c.analytic), abs(c.numeric), 1e-8)
    assert session.check_gradients("pos2/layer0/attn/head0").n_wrong == 0


def test_what_is_told_of_a_check(tiny_graph: Graph) -> None:
    session = DebugSession(tiny_graph)
    outcome = Console(session).execute("G layer0.attn_wk[1][2] step 1e-5")
    assert outcome is not None
    first, second = outcome.lines()
    assert first == "1 gradient checked, 0 wrong"
    assert re.fullmatch(
        r"  error \S+ +analytic (\S+), numeric \S+, step 1e-05: layer0.attn_wk\[1\]\[2\] .* param",
        second,
    )


def test_gradients_that_are_not_there_cannot_be_checked() -> None:
    with pytest.raises(GraphError, match="no backward pass"):
        DebugSession(Graph.from_value(Value(1.0) * 2)).check_gradients()


def test_checks_have_the_names_of_the_kinds() -> None:
    source = inspect.getsource(health_checks)
    names = set(re.findall(r'_finding\(graph, "([^"]+)"', source))
    assert len(names) == 9
    assert names - {kind.name for kind in CATALOGUE} == {"update size", "wrong pass"}
