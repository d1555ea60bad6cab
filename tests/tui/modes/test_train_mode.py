"""Train mode: curves of this run and others, positions that open, samples, new runs."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from textual.widgets import Input, Static
from textual_plot.plot_widget import BarPlot, LinePlot, ScatterPlot

from microgpt import ModelConfig, ModelSnapshot, Training, TrainingConfig
from microgpt.graph.graph import Graph
from microgpt.model.places import position_losses
from microgpt.runs import Run, RunRecorder
from microgpt.train.hyperparameters import HYPERPARAMETERS
from tests.tui.piloted import LARGE, SMALL, Piloted, piloted
from tests.tui.small_run import small_training
from tui.dialogs.new_run import NewRunScreen
from tui.modes.map_mode import MapScreen
from tui.modes.train_mode import TrainScreen
from tui.widgets.document_strip import NAMES, DocumentStrip
from tui.widgets.loss_plot import HELD_OUT, LossPlot, running_mean
from tui.widgets.sample_lines import probability_in_words
from viz.style import short_number

FEW = (
    "emma", "ava", "mia", "noah", "liam", "ida", "olivia", "sophia", "luca", "leo", "ella", "nora",
    "mila", "aria", "ezra", "otto", "hugo", "ivy", "zoe", "eva", "ian", "max", "bo", "jane",
)  # fmt: skip


def record(path: Path, training: Training, stop_after: int) -> None:
    with RunRecorder.create(path, training) as recorder:
        for steps in training.losses(stop_after, pause_every=recorder.interval):
            recorder.record(steps)


def plot_data(ui: Piloted) -> list[object]:
    return list(ui.app.screen.query_one(LossPlot)._datasets)


def losses_at(graph: Graph) -> list[int]:
    """The nodes of the positions' losses, in order."""
    found = position_losses(graph)
    return [found[at] for at in sorted(found)]


async def test_before_the_first_step_no_axes_are_invented() -> None:
    async with piloted() as ui:
        plot = ui.app.screen.query_one(LossPlot)
        assert not plot.display
        assert "the curve begins with the first step" in ui.text
        await ui.train()
        assert plot.display
        assert "the curve begins" not in ui.text


async def test_a_position_of_the_document_opens_on_the_map() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        await ui.train()
        screen = ui.app.screen
        losses = ui.frame.result.position_losses
        await ui.press("right")
        worst = max(range(5), key=lambda at: losses[at])
        assert screen.position == worst, "first the one that surprised most"
        await ui.press(*["left"] * 5, "right")
        assert screen.position == 1
        await ui.press("enter")
        await ui.until(lambda: isinstance(ui.app.screen, MapScreen))
        mode = ui.app.screen
        await ui.until(lambda: mode.explorer and mode.panel.selected >= 0)
        grid = mode.panel._look.map.grid
        assert int(grid.column_of[mode.panel.selected]) == 1
        assert mode.panel.path == "pos1/loss"
        assert f"{losses[1]:.2f}" in ui.text


async def test_clicks_select_a_position_and_open_it() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        await ui.train()
        screen = ui.app.screen
        at = (2 + NAMES + 7 * 3 + 1, 2)
        await ui.pilot.click(DocumentStrip, offset=at)
        await ui.until(lambda: screen.position == 3)
        await ui.pilot.click(DocumentStrip, offset=at)
        await ui.until(lambda: isinstance(ui.app.screen, MapScreen))


async def test_enter_without_a_position_says_what_to_do() -> None:
    async with piloted() as ui:
        await ui.press("enter")
        assert ui.notices == ["select a position of the document first: ← →"]


# -- curves ----------------------------------------------------------------------------------------


def plotted(ui: Piloted, kind: type = LinePlot) -> list[tuple[list[float], list[float]]]:
    """Points of all that is drawn, in order."""
    plot = ui.app.screen.query_one(LossPlot)
    return [(list(data.x), list(data.y)) for data in plot._datasets if type(data) is kind]


async def test_smoothing_is_told_and_turned_by_a_key() -> None:
    async with piloted(small_training(num_steps=40), size=LARGE) as ui:
        ui.app.session.train_steps(30)
        await ui.until(lambda: ui.step == 30)
        losses = np.array(ui.frame.losses_so_far)
        means = running_mean(losses, 25)
        assert means[-1] == pytest.approx(losses[-25:].mean(), abs=1e-12)
        curves = plotted(ui)
        assert [y[-1] for _, y in curves] == [losses[-1], means[-1]]
        assert f"mean of 25 {short_number(means[-1])}" in ui.text
        assert "each step" in ui.text
        await ui.press("tilde")
        assert [y[-1] for _, y in plotted(ui)] == [means[-1]]
        assert "each step" not in ui.text
        await ui.press("tilde")
        assert [y[-1] for _, y in plotted(ui)] == [losses[-1]]
        assert "mean of" not in ui.text
        await ui.press("tilde")
        assert len(plotted(ui)) == 2
        # Nothing is drawn right of the last step.
        assert max(max(x) for x, _ in plotted(ui)) == 30


async def test_views_show_positions_rates_and_hyperparameters() -> None:
    async with piloted(small_training("emma", "ava", num_steps=20), size=LARGE) as ui:
        await ui.train(3)
        await ui.press("v")
        screen = ui.app.screen
        await ui.until(lambda: screen._positions.latest and screen._positions.latest.step == 3)
        await ui.settle()
        documents = [ui.frame.origin.documents[(2 + at) % 2] for at in range(2)]
        graphs = [ui.frame.origin.model.graph(text) for text in documents]
        firsts = [float(graph.data[losses_at(graph)[0]]) for graph in graphs]
        ((x, y),) = plotted(ui, BarPlot)
        assert x == [0, 1, 2, 3, 4]
        assert y[0] == ((0.0 + firsts[0]) + firsts[1]) / 2
        assert "mean of 2 documents' losses" in ui.text
        await ui.press("v")
        ((x, y),) = plotted(ui)
        assert y == [ui.frame.config.lr_at(step) for step in range(1, 21)]
        assert "step 3: 0.009; falls from 0.01 to 0 over 20 steps" in ui.text
        await ui.press("v")
        for row in HYPERPARAMETERS:
            assert row.field in ui.text
            assert row.words in ui.text
            assert row.effect in ui.text
        await ui.press("v")
        assert len(plotted(ui)) == 2


async def test_hyperparameters_are_there_before_the_first_step() -> None:
    async with piloted() as ui:
        await ui.press("v", "v", "v")
        assert "n_embd" in ui.text
        n = ui.app.screen.frame.model.config.num_parameters(10)
        assert f"{n:,} parameters" in ui.text


async def test_other_runs_are_drawn_over_with_what_they_differ_in(tmp_path: Path) -> None:
    record(tmp_path / "slow.run", small_training(num_steps=40, lr=0.001), 40)
    record(tmp_path / "small.run", small_training(num_steps=40, n_embd=4), 20)
    async with piloted(small_training(num_steps=40), size=LARGE, folder=tmp_path) as ui:
        await ui.train(3)
        for name in ("slow.run", "small.run"):
            await ui.press("M")
            ui.app.screen.query_one(Input).value = str(tmp_path / name)
            await ui.press("enter")
            await ui.until(lambda name=name: any(r.name == name for r in ui.app.compared))
            await ui.settle()
        with Run(tmp_path / "slow.run") as run:
            slow = running_mean(np.array([at.loss for at in run.losses()]), 25)
        assert [y[-1] for _, y in plotted(ui)][1] == slow[-1]
        assert len(plotted(ui)) == 3  # means alone
        assert "a slow.run" in ui.text
        assert "lr 0.001 not 0.01" in ui.text
        assert "b small.run" in ui.text
        assert "n_embd 4 not 8" in ui.text
        markers = [data.marker for data in plot_data(ui) if isinstance(data, ScatterPlot)]
        assert markers == ["a", "b"]
        # The same again is none, and a letter takes one away.
        await ui.press("M")
        assert "shown: a slow.run, b small.run" in ui.text
        ui.app.screen.query_one(Input).value = str(tmp_path / "slow.run")
        await ui.press("enter")
        await ui.until(lambda: ui.notices)
        assert "is shown already" in ui.notices[-1]
        await ui.press("M", "a", "enter")
        await ui.until(lambda: [run.name for run in ui.app.compared] == ["small.run"])
        await ui.settle()
        assert "a small.run" in ui.text


async def test_runs_that_are_asked_for_in_one_go_are_all_read(tmp_path: Path) -> None:
    names = [f"{letter}.run" for letter in "xyz"]
    for name in names:
        record(tmp_path / name, small_training(num_steps=5), 5)
    async with piloted() as ui:
        await ui.train()
        for name in names:
            ui.app.compare_with(str(tmp_path / name))
        await ui.until(lambda: [run.name for run in ui.app.compared] == names)
        ui.app.compare_with("b")
        await ui.settle()
        assert [run.name for run in ui.app.compared] == ["x.run", "z.run"]
        ui.app.compare_with("ab")  # a file's name, though of letters
        await ui.until(lambda: ui.notices)
        assert "'ab'" in ui.notices[0]
        assert [run.name for run in ui.app.compared] == ["x.run", "z.run"]


@pytest.mark.parametrize("told", ["no.run", "text.txt", "."])
async def test_what_is_no_run_is_not_compared(tmp_path: Path, told: str) -> None:
    (tmp_path / "text.txt").write_text("emma\n")
    async with piloted() as ui:
        await ui.train()
        ui.app.compare_with(str(tmp_path / told))
        await ui.until(lambda: ui.notices)
        assert told.strip(".") in ui.notices[0]
        await ui.settle()
        assert ui.app.compared == ()


async def test_held_out_losses_have_rings_and_the_doctor_says_when_they_part() -> None:
    training = small_training(*FEW, num_steps=100, lr=0.02)
    config = replace(training.config, validation=6)
    training = Training(training.corpus, training.model, config, "numpy")
    async with piloted(training, size=LARGE, paused=False, speed=0.0) as ui:
        await ui.until(lambda: ui.mode.frame and ui.frame.status == "finished")
        await ui.until(lambda: any(not finding.kind for finding in ui.app.findings))
        await ui.settle()
        (finding,) = (finding for finding in ui.app.findings if not finding.kind)
        assert "learnt by heart" in finding.what
        best = min(ui.frame.measured, key=lambda at: (at[1], at[0]))
        assert finding.certainty == "note"
        assert dict(ui.frame.measured)[finding.pass_number] >= best[1]
        rings = [data for data in plot_data(ui) if getattr(data, "marker", "") == HELD_OUT]
        assert {*zip(rings[0].x, rings[0].y, strict=True)} <= {*ui.frame.measured}
        assert f"6 held out {ui.frame.measured[-1][1]:.4f}" in ui.text
        await ui.press("F")
        assert "observation" in ui.text


# -- samples ---------------------------------------------------------------------------------------


async def test_samples_have_the_probability_that_the_graph_has() -> None:
    async with piloted(size=LARGE) as ui:
        await ui.train(3)
        newest = ui.frame.samples[0]
        assert newest.step == 3
        assert ui.frame.after
        graph = ui.frame.after.graph(newest.text)
        total = 0.0
        for node in losses_at(graph):
            total += float(graph.data[node])
        assert newest.log_probability == -total
        assert f"p {probability_in_words(newest.log_probability)}" in ui.text
        await ui.press("comma")
        await ui.until(lambda: ui.frame.past and ui.frame.samples)
        past = ui.frame.samples[0]
        assert ui.frame.after
        assert past.log_probability == ui.frame.after.log_probability(past.text)


@pytest.mark.parametrize("text", ["", "emma", "abbaabba"])
def test_the_probability_of_a_text_is_the_product_of_its_letters(text: str) -> None:
    model = ModelSnapshot.of(small_training("emma", "ab"))
    graph = model.graph(text)
    total = 0.0
    for node in losses_at(graph):
        total += float(graph.data[node])
    assert model.log_probability(text) == -total
    product = math.prod(math.exp(-float(graph.data[node])) for node in losses_at(graph))
    assert math.exp(model.log_probability(text)) == pytest.approx(product, rel=1e-12)


async def test_samples_of_a_recorded_run_have_theirs(tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    training = small_training(num_steps=20)
    with RunRecorder.create(path, training) as recorder:
        for steps in training.losses(5):
            recorder.record(steps)
        recorder.record_sample(1, 0.5, "ma")
    async with piloted(Run(path), size=LARGE) as ui:
        await ui.until(lambda: ui.mode.frame and ui.frame.samples)
        await ui.until(lambda: ui.frame.samples[0].log_probability is not None)
        expected = ModelSnapshot.of(training).log_probability("ma")
        assert ui.frame.samples[0].log_probability == expected


# -- a new run -------------------------------------------------------------------------------------


async def asked(ui: Piloted, **values: str) -> NewRunScreen:
    """The dialog, with what is typed into it."""
    await ui.press("R")
    screen = ui.app.screen
    assert isinstance(screen, NewRunScreen)
    for name, value in values.items():
        screen.query_one(f"#{name}", Input).value = value
    await ui.settle()
    await ui.until(lambda: screen._preview)
    return screen


async def test_a_new_run_has_what_was_chosen_and_is_compared(tmp_path: Path) -> None:
    corpus = tmp_path / "mine.txt"
    corpus.write_text("\n".join(FEW))
    async with piloted(size=LARGE, folder=tmp_path) as ui:
        await ui.train(3)
        target = tmp_path / "new.run"
        screen = await asked(ui, corpus=str(corpus), preset="small", validation="0.25")
        assert screen.query_one("#preset", Input).value == "small"
        screen.query_one("#num_steps", Input).value = "30"
        screen.query_one("#path", Input).value = str(target)
        await ui.settle()
        typed = {field.id: field.value for field in screen.query(Input)}
        assert (typed["n_embd"], typed["n_head"], typed["lr"]) == ("8", "2", "0.02")
        assert typed["preset"] == ""  # another number of steps is not the preset's
        assert f"{len(FEW)} documents of 2 to" in ui.text
        assert FEW[0] in ui.text
        await ui.press("enter")
        await ui.until(lambda: ui.app.run_name == "new.run" and ui.app.compared)
        await ui.until(lambda: ui.mode.frame and ui.frame.live_step > 0)
        await ui.press("space")
        assert ui.frame.config == TrainingConfig(num_steps=30, lr=0.02, validation=6)
        assert ui.frame.model.config == ModelConfig(n_embd=8, n_head=2)
        (left,) = ui.app.compared
        assert (left.name, left.last_step) == ("run 1", 3)
    with Run(target, "value") as run:
        assert (run.info.corpus, run.info.config.validation) == (str(corpus), 6)


REFUSED = (
    ({"n_head": "3"}, "n_embd 8 is not divisible by n_head 3; n_head can be 1, 2, 4, 8"),
    ({"n_layer": "0"}, "n_layer must be at least 1"),
    ({"lr": "much"}, "lr must be a number, finite and 0 or more"),
    ({"corpus": "poems"}, "no corpus 'poems'; there is"),
    ({"corpus": "./no.txt"}, "cannot read corpus './no.txt'"),
    ({"preset": "huge"}, "no preset 'huge'; there is small, article, larger"),
    ({"validation": "-1"}, "validation must be more than 0 and less than 1"),
    ({"validation": "1.0"}, "validation must be more than 0 and less than 1"),
    ({"validation": "9000"}, "the corpus has 8,000 documents"),
    ({"n_embd": "900000", "n_head": "1"}, "of memory: n_embd 900000"),
    ({"path": "/"}, "/ exists: choose another name"),
)


async def test_a_new_run_that_cannot_be_is_refused_in_place() -> None:
    async with piloted(size=LARGE) as ui:
        await ui.train()
        before = ui.app._run_path
        screen = await asked(ui, corpus="names")
        right = {str(field.id): field.value for field in screen.query(Input)}
        for values, said in REFUSED:
            for name, value in (right | values).items():
                screen.query_one(f"#{name}", Input).value = value
            await ui.settle()
            await ui.until(lambda: screen._preview)
            await ui.press("enter")
            assert ui.app.screen is screen
            assert said in str(screen.query_one("#dialog-keys", Static).content)
            typed = {str(field.id): field.value for field in screen.query(Input)}
            assert typed == right | values, "nothing typed is lost"
        assert ui.app._run_path == before


async def test_arrows_choose_presets_and_corpora() -> None:
    async with piloted(size=SMALL) as ui:
        screen = await asked(ui)
        await ui.press("down")
        assert screen.query_one("#preset", Input).value == "small"
        await ui.press("down", "down")
        typed = {field.id: field.value for field in screen.query(Input)}
        assert (typed["preset"], typed["n_embd"], typed["num_steps"]) == ("larger", "32", "10000")
        await ui.press("tab", "down")
        assert screen.query_one("#corpus", Input).value == "cities"
        await ui.until(lambda: "4,000 documents" in ui.text)
        assert "esc back" in ui.text  # all of it is there in the smallest window
        await ui.press("escape")
        assert isinstance(ui.app.screen, TrainScreen)
