"""`TrainingDoctor`: watches a training of our own model, and says in plain words what it saw.

It speaks of the kinds of the catalogue, with their words for what people do. Losses are read whole,
which is cheap; of the steps it looks at some. A kind is told once at each place, and again only if
it has become worse. What one document can bring about, or the end of a schedule, is no finding.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from microgpt.autograd.bindings import ParameterBinding
from microgpt.diagnosis.finding import RANK, Certainty, Finding
from microgpt.diagnosis.gradient_depth import places_of
from microgpt.diagnosis.kinds import CATALOGUE
from microgpt.diagnosis.kinds.kind import said
from microgpt.diagnosis.kinds.rates import SMALL_UPDATE
from microgpt.diagnosis.kinds.sizes import EXTREME, MOST_FLAT, MUCH
from microgpt.diagnosis.units import FLAT, largest_weights
from microgpt.graph.arrays import Floats
from microgpt.graph.graph import Graph
from microgpt.model.places import at_any_position
from microgpt.train.graph_origin import GraphOrigin

MEAN_OF, SPREAD_OF = 50, 200
"""Over so many losses their mean is taken, and their spread. Units: steps."""
RISE = 0.3
"""So much the mean loss rises above its best. Units: of what guessing costs."""
WORSE = 0.1
"""So much it is above what guessing costs. Units: of that."""
FAR_OUT = 8.0
"""So far above the mean one loss lies that stands out. Units: standard deviations."""
LARGE_UPDATE = 0.3
"""Of its own size a matrix is moved by so much in one step, which is too far."""
LATE = 0.1
"""Below this part of the first learning rate small updates are meant."""
PARTED = 0.02
"""So much the loss of documents held out rises above its lowest. Units: of what guessing costs."""
FEW = 10
"""Losses at least of which a mean says something. Units: steps."""
PARTED_FOR = 3
"""Measurements in a row in which it does."""
ENOUGH_INPUTS = 200
"""Of so many inputs at least a unit has to be off."""
MENDS = {kind.name: kind.mend for kind in CATALOGUE}


@dataclass(slots=True)
class _Units:
    """The relus of one layer, over the looks."""

    fired: np.ndarray
    n_inputs: int = 0


@dataclass
class TrainingDoctor:
    """Takes losses and steps, and keeps findings by step, which `pass_number` of each is.

    Args:
        guess: what the loss is if all tokens are as likely as each other. Units: nats.
    """

    guess: float
    findings: tuple[Finding, ...] = ()
    _told: dict[tuple[str, str], Certainty] = field(default_factory=dict)
    _n_read: int = 0
    _best: float = math.inf
    _units: dict[str, _Units] = field(default_factory=dict)

    # -- losses ------------------------------------------------------------------------------------

    def read_losses(self, losses: Floats, first_step: int = 0) -> None:
        """Reads those that are new.

        Args:
            losses: all there are, in order. Units: nats.
            first_step: the step before the first of them.
        """
        begin, n = self._n_read, len(losses)
        if n <= begin:
            return
        self._n_read = n
        before = max(0, begin - SPREAD_OF)
        part = np.asarray(losses[before:], np.float64)
        if not np.isfinite(part).all():
            at = before + int(np.flatnonzero(~np.isfinite(part))[0])
            self._tell("not-finite", "numbers", "certain", first_step + at + 1,
                       f"the loss of step {first_step + at + 1:,} is {losses[at]}")  # fmt: skip
            return
        sums = np.concatenate(([0.0], np.cumsum(part)))
        self._read_means(sums, before, begin, first_step)
        self._read_spikes(part, sums, before, begin, first_step)

    def _read_means(self, sums: Floats, before: int, begin: int, first_step: int) -> None:
        ends = np.arange(max(MEAN_OF, begin - before + 1), len(sums))
        if not len(ends):
            return
        means = (sums[ends] - sums[ends - MEAN_OF]) / MEAN_OF
        best = np.minimum.accumulate(np.concatenate(([self._best], means)))
        self._best = float(best[-1])
        risen = np.flatnonzero(means - best[:-1] > RISE * self.guess)
        worse = np.flatnonzero((means > (1 + WORSE) * self.guess) & (before + ends >= 2 * MEAN_OF))
        if len(risen):
            i = int(risen[0])
            step = first_step + before + int(ends[i])
            self._tell(
                "rate-too-large", "loss rises", "likely", step,
                f"the mean loss of {MEAN_OF} steps rose from {said(best[i])} to {said(means[i])}: "
                "updates go further than the slope they follow holds",
                was=float(means[i]), unless="the documents have become harder",
            )  # fmt: skip
        if len(worse):
            i = int(worse[0])
            step = first_step + before + int(ends[i])
            self._tell(
                "rate-too-large", "loss above guessing", "likely", step,
                f"the mean loss of {MEAN_OF} steps is {said(means[i])}, and guessing costs "
                f"{said(self.guess)}: the model is sure of what is wrong",
                was=float(means[i]), unless="it was so before the training",
            )  # fmt: skip

    def _read_spikes(
        self, part: Floats, sums: Floats, before: int, begin: int, first_step: int
    ) -> None:
        new = np.arange(max(SPREAD_OF, begin - before), len(part))
        if not len(new):
            return
        squares = np.concatenate(([0.0], np.cumsum(np.square(part))))
        means = (sums[new] - sums[new - SPREAD_OF]) / SPREAD_OF
        spreads = np.sqrt(
            np.maximum((squares[new] - squares[new - SPREAD_OF]) / SPREAD_OF - means**2, 0.0)
        )
        out = np.flatnonzero(part[new] > means + FAR_OUT * np.maximum(spreads, 1e-12))
        if len(out):
            i = int(out[0])
            step = first_step + before + int(new[i]) + 1
            self._tell(
                "rate-too-large", "spike", "note", step,
                f"the loss of step {step:,} is {said(part[new[i]])}, and those of the "
                f"{SPREAD_OF} steps before it {said(means[i])} ± {said(spreads[i])}: a document "
                "unlike the others, or an update that went too far",
                was=float(part[new[i]]),
            )  # fmt: skip

    def read_validation(
        self, measured: Sequence[tuple[int, float]], losses: Floats, first_step: int = 0
    ) -> None:
        """Looks whether documents held out get worse while those trained on get better.

        That is no fault of the program, so it is an observation, of no kind of the catalogue.

        Args:
            measured: steps, rising, and the mean loss after each. Units: nats.
            losses: of the documents trained on, as in `read_losses`.
        """
        if len(measured) <= PARTED_FOR:
            return
        best, lowest = min(measured[:-PARTED_FOR], key=lambda at: (at[1], at[0]))
        last, now = measured[-1]
        least = min(loss for _, loss in measured[-PARTED_FOR:])
        then, lately = (self._mean_before(losses, step - first_step) for step in (best, last))
        if then is None or lately is None:
            return
        if least > lowest + PARTED * self.guess and lately < then:
            self._tell(
                "", "validation", "note", best,
                f"from step {best:,} to {last:,} the loss of documents held out rose from "
                f"{said(lowest)} to {said(now)}, and that of the documents trained on fell from "
                f"{said(then)} to {said(lately)}: they are being learnt by heart",
                was=now, mend="end at the lowest, branch off there with a smaller rate, take more "
                "documents or a smaller model",
            )  # fmt: skip

    @staticmethod
    def _mean_before(losses: Floats, n: int) -> float | None:
        """Mean of the last `MEAN_OF` of the first so many losses; None where they are too few."""
        return float(np.mean(losses[max(0, n - MEAN_OF) : n])) if n >= FEW else None

    # -- a step ------------------------------------------------------------------------------------

    def look_at_update(self, origin: GraphOrigin) -> None:
        """Looks at how far the step before has moved each matrix, which its moments tell."""
        state, config = origin.state, origin.config
        if not state.step:
            return
        lr, _, _, eps, m_correction, v_correction = config.rates_at(state.step)
        data, m, v = (np.frombuffer(array("d", each)) for each in (state.data, state.m, state.v))
        with np.errstate(all="ignore"):
            moved = lr * (m / m_correction) / (np.sqrt(v / v_correction) + eps)
            before = data + moved
            at, ratios = 0, {}
            shapes = origin.model.config.shapes(origin.model.tokenizer.vocab_size)
            for matrix, (rows, cols) in shapes.items():
                part = slice(at, at + rows * cols)
                at += rows * cols
                size = _root_mean_square(before[part])
                if size > 0:
                    ratios[matrix] = _root_mean_square(moved[part]) / size
        if not ratios:
            return
        largest = max(ratios, key=ratios.__getitem__)
        if not ratios[largest] <= LARGE_UPDATE:
            self._tell(
                "rate-too-large", "update", "likely", state.step,
                f"step {state.step:,} moved {largest} by {said(ratios[largest])} of its own size: "
                "what was there is overwritten",
                was=ratios[largest], unless="it is the first of a warm-up", about=largest,
            )  # fmt: skip
        elif max(ratios.values()) < SMALL_UPDATE and lr > LATE * config.lr:
            self._tell(
                "rate-too-small", "update", "likely", state.step,
                f"step {state.step:,} moved no matrix by more than {said(ratios[largest])} of its "
                "own size: nothing is learnt", was=ratios[largest],
                unless="it is the first of a warm-up",
            )  # fmt: skip

    def look_at_graph(self, graph: Graph, step: int) -> None:
        """Looks at all that a step computed."""
        if not (np.isfinite(graph.data[graph.root]) and np.isfinite(graph.grad).all()):
            self._tell("not-finite", "numbers", "certain", step,
                       f"step {step:,} has numbers that are not finite")  # fmt: skip
            return
        self._look_at_relus(graph, step)
        self._look_at_softmaxes(graph, step)
        self._look_at_depth(graph, step)

    def fails(self, step: int, problem: str) -> None:
        """The training has stopped at a step."""
        self._tell("not-finite", "numbers", "certain", step, f"the training stopped: {problem}")

    def _look_at_relus(self, graph: Graph, step: int) -> None:
        relus = graph.nodes_of("relu")
        if not len(relus):
            return
        scopes = graph.scope_of[relus]
        ends = [*(np.flatnonzero(np.diff(scopes)) + 1).tolist(), len(relus)]
        start = 0
        for end in ends:
            own, start = relus[start:end], end
            layer = at_any_position(graph.scope(int(own[0])))
            units = self._units.get(layer)
            if units is None or len(units.fired) != len(own):
                units = self._units[layer] = _Units(np.zeros(len(own), np.int64))
            units.fired += graph.data[own] > 0
            units.n_inputs += 1
        for layer, units in self._units.items():
            if units.n_inputs < ENOUGH_INPUTS:
                continue
            n, dead = len(units.fired), int(np.count_nonzero(units.fired == 0))
            n_inputs, units.fired, units.n_inputs = units.n_inputs, np.zeros(n, np.int64), 0
            if dead == n:
                self._tell(
                    "dead-units", layer, "likely", step,
                    f"{layer}: all {n} units are off for {n_inputs} inputs in a row: they get no "
                    "gradient, and what lies before them learns nothing",
                    unless="the layer is not needed", about=layer,
                )  # fmt: skip
            elif dead > MOST_FLAT * n:
                self._tell(
                    "dead-units", layer, "note", step,
                    f"{layer}: {dead} of {n} units are off for {n_inputs} inputs in a row: they "
                    "get no gradient, and may not come back", about=layer,
                )  # fmt: skip

    def _look_at_softmaxes(self, graph: Graph, step: int) -> None:
        weights = largest_weights(graph)
        by_place: dict[str, list[float]] = {}
        for node in weights.tolist():
            place = at_any_position(graph.scope(node))
            if "attn" in place:  # to be sure of the next token is what is learnt
                by_place.setdefault(place, []).append(float(graph.data[node]))
        for place, largest in by_place.items():
            flat = sum(weight > FLAT for weight in largest)
            if len(largest) > 1 and flat >= MOST_FLAT * len(largest):
                self._tell(
                    "saturated", place, "note", step,
                    f"{place}: in {flat} of {len(largest)} positions one weight is above {FLAT}: "
                    "where the softmax is flat, queries and keys hardly learn", about=place,
                )  # fmt: skip

    def _look_at_depth(self, graph: Graph, step: int) -> None:
        is_parameter = np.zeros(len(graph), np.bool_)
        groups = np.zeros(len(graph), np.int64)
        names: dict[str, int] = {}
        for node, binding in graph.bindings.items():
            if isinstance(binding, ParameterBinding):
                is_parameter[node] = True
                groups[node] = names.setdefault(binding.matrix, len(names))
        used = places_of(graph, graph.grad, is_parameter, groups, list(names))
        used = [each for each in used if each.grad > 0]
        if len(used) < 2:
            return
        first, last = used[0], used[-1]
        ratio = first.grad / last.grad
        told = (
            f"the gradient is {said(first.grad)} where {first.matrix} is used, and "
            f"{said(last.grad)} where {last.matrix} is"
        )
        if ratio < 1 / MUCH:
            certainty: Certainty = "likely" if ratio < 1 / EXTREME else "note"
            self._tell("vanishing", "depth", certainty, step,
                       f"{told}: the first layers stand still", was=ratio,
                       about=first.matrix)  # fmt: skip
        elif ratio > MUCH:
            certainty = "likely" if ratio > EXTREME else "note"
            self._tell("exploding", "depth", certainty, step,
                       f"{told}: no rate is right for both", was=ratio,
                       about=first.matrix)  # fmt: skip

    def _tell(
        self, kind: str, place: str, certainty: Certainty, step: int, what: str,
        was: float | None = None, unless: str = "", mend: str = "", about: str = "",
    ) -> None:  # fmt: skip
        before = self._told.get((kind, place))
        if before is not None and RANK[before] <= RANK[certainty]:
            return
        self._told[kind, place] = certainty
        found = Finding(kind, certainty, what, mend or MENDS[kind], pass_number=step, was=was,
                        unless=unless, about=about)  # fmt: skip
        self.findings = tuple(sorted((*self.findings, found), key=_step))


def _step(finding: Finding) -> int:
    return finding.pass_number or 0


def _root_mean_square(numbers: Floats) -> float:
    return float(np.sqrt(np.mean(np.square(numbers)))) if len(numbers) else 0.0
