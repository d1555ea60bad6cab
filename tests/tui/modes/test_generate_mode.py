"""Generate mode: the letters of `microgpt sample`, and the numbers of their graph."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from microgpt import Corpus, ModelConfig, ModelSnapshot, Training, TrainingConfig
from microgpt.runs import Run, RunRecorder
from microgpt.train.generation import Drawing, Generation
from tests.tui.cli.in_process import run_here
from tests.tui.piloted import LARGE, SMALL, Piloted, piloted
from tests.tui.small_run import small_training
from tui.dialogs.prefix import PrefixScreen
from tui.modes.generate_mode import GenerateScreen
from tui.widgets.drawn_text import DrawnText, percent
from tui.widgets.next_characters import NextCharacters


def shown(ui: Piloted) -> Generation:
    screen = ui.app.screen
    assert isinstance(screen, GenerateScreen)
    assert screen.made
    return screen.made


async def pressed(ui: Piloted, *keys: str) -> Generation:
    """Presses keys, until what they asked for is shown."""
    screen = ui.app.screen
    assert isinstance(screen, GenerateScreen)
    await ui.press(*keys)
    await ui.until(lambda: screen.is_up_to_date)
    await ui.settle()
    return shown(ui)


def texts(model: ModelSnapshot, seed: int, temperature: float = 0.5, top_k: int = 0) -> str:
    return model.sample(random.Random(seed), temperature, top_k=top_k)


def row(ui: Piloted, name: str) -> list[str]:
    line = next(one for one in ui.text_of("#drawn").splitlines() if one.startswith(f"│ {name}"))
    return line.strip("│").split()[1:]


@pytest.mark.slow
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
async def test_the_letters_are_those_of_the_command(size: tuple[int, int], tmp_path: Path) -> None:
    """Of the recorded run, at each step, with each seed and temperature."""
    path = tmp_path / "small.run"
    training = small_training(lr=0.05)
    recorder = RunRecorder.create(path, training, corpus="small")
    expected = {}
    async with piloted(training, recorder=recorder, size=size) as ui:
        await ui.train(6)
        await ui.generate()
        for _ in range(3):
            made = await pressed(ui, "a", "right_parenthesis")
            expected[6, made.drawing.seed, made.drawing.temperature] = made.text
        await ui.press("less_than_sign")
        await ui.until(lambda: ui.frame.past)
        made = await pressed(ui)
        assert "drawn after step 1 " in ui.text
        expected[1, made.drawing.seed, made.drawing.temperature] = made.text
    for (step, seed, temperature), text in expected.items():
        told = run_here(
            "sample", "--run", str(path), "--step", str(step), "--seed", str(seed),
            "--temperature", str(temperature), "--count", "1",
        )  # fmt: skip
        assert told.stdout == f"sample  1: {text}\n"


async def test_numbers_on_screen_are_the_graphs() -> None:
    training = small_training(lr=0.05, n_layer=2)
    list(training.losses(9))
    async with piloted(training, size=LARGE) as ui:
        await ui.generate()
        made = await pressed(ui, "T", *"em", "enter")
        assert made.text.startswith("em")
        assert row(ui, "reads") == ["BOS", *made.text][: made.n_positions]
        assert row(ui, "next") == [made.label(at + 1) for at in range(made.n_positions)]
        assert row(ui, "p") == [
            "given" if at < 2 else percent(made.probability(at)) for at in range(made.n_positions)
        ]
        computed = made.model.computed(made.text)
        for at in (0, made.n_positions - 1):
            ui.app.screen._read_to(at)
            ui.app.screen.action_letter(0)
            await ui.settle()
            told = re.findall(
                r"^│[ ▸]{2}(\S+) +[▏▎▍▌▋▊▉█ ]* +(\S+%) +(-?\d+\.\d{3})",
                ui.text_of("#next"), re.MULTILINE,
            )  # fmt: skip
            logits = made._logits(at)
            assert len(told) == len(logits) == made.model.tokenizer.vocab_size
            assert [float(logit) for _, _, logit in told] == [
                float(f"{logit:.3f}") for logit in sorted(logits, reverse=True)
            ]
            assert [share for _, share, _ in told] == [
                percent(each.probability) for each in made.candidates(at)
            ]
            reads = ui.text_of("#reads")
            for layer, heads in enumerate(computed.attention_weights()):
                for head, weights in enumerate(heads):
                    most = max(range(at + 1), key=lambda source: weights[at][source])
                    name = "itself" if most == at else f"{made.label(most)} ({most})"
                    told_most = f"{name} {100 * weights[at][most]:.0f} %"
                    assert f"L{layer} H{head} {told_most}" in reads
            lens = ui.text_of("#lens")
            for stage in made.lens(at):
                best = max(range(len(logits)), key=stage.logits.__getitem__)
                assert re.search(rf"{stage.name} +{made.model.tokenizer.label(best)} \d", lens)


async def test_back_and_forth_through_the_letters() -> None:
    async with piloted(size=LARGE) as ui:
        screen = await ui.generate()
        n, seen = shown(ui).n_positions, []
        for key in ("left", *["right"] * (n + 1), "left"):
            await ui.press(key)
            seen.append(screen.position)
        assert seen == [0, *range(1, n), n - 1, n - 1, n - 2]
        assert f"after “{shown(ui).text[: n - 2]}”" in ui.text


@pytest.mark.slow
async def test_settings_are_live_and_have_ends() -> None:
    async with piloted() as ui:
        screen = await ui.generate()
        model = ui.frame.newest_model
        for key, expected in (
            ("right_parenthesis", Drawing(temperature=0.6)),
            ("a", Drawing(temperature=0.6, seed=43)),
            ("A", Drawing(temperature=0.6)),
            ("right_curly_bracket", Drawing(temperature=0.6)),
            ("left_curly_bracket", Drawing(temperature=0.6, top_k=7)),
            ("left_curly_bracket", Drawing(temperature=0.6, top_k=5)),
        ):
            made = await pressed(ui, key)
            assert made.drawing == expected
            assert made.text == texts(model, expected.seed, expected.temperature, expected.top_k)
            kept = expected.top_k or "all"
            told = f"temperature {expected.temperature} · top-k {kept} · seed {expected.seed}"
            assert told in ui.text
        assert (await pressed(ui, *["left_curly_bracket"] * 9)).drawing.top_k == 1
        made = await pressed(ui, *["left_parenthesis"] * 9)
        assert made.drawing.temperature == 0
        assert made.probability(0) == 1
        assert screen.made.text == texts(model, 42, 0, 1)


async def test_another_letter_can_come() -> None:
    async with piloted(size=LARGE) as ui:
        screen = await ui.generate()
        first = shown(ui)
        await ui.press("right", "up")
        candidates = first.candidates(1)
        place = screen.selected
        assert candidates[max(0, place)].probability >= first.probability(1)
        letter = next(at for at, each in enumerate(candidates) if each.label != "BOS")
        screen.selected = letter
        made = await pressed(ui, "enter")
        assert made.drawing.prompt == first.text[:1] + candidates[letter].label
        assert made.text.startswith(made.drawing.prompt)
        assert screen.position == 2
        made = await pressed(ui, "backspace")
        assert made.drawing.prompt == first.text[:1]
        assert made.text.startswith(first.text[:1])
        assert (await pressed(ui, "backspace", "backspace")).text == first.text


async def test_nothing_comes_after_bos() -> None:
    async with piloted() as ui:
        screen = await ui.generate()
        made = shown(ui)
        screen.selected = next(
            at for at, each in enumerate(made.candidates(0)) if each.label == "BOS"
        )
        await ui.press("enter")
        assert ui.notices == ["BOS ends the document: nothing comes after it"]
        assert screen.made is made


@pytest.mark.parametrize(
    ("typed", "told"),
    [("emq", "'q'"), ("emmaemma", "at most 7 leave room to go on")],
)
async def test_a_prefix_that_cannot_be_is_refused_in_place(typed: str, told: str) -> None:
    async with piloted() as ui:
        await ui.generate()
        before = shown(ui)
        await ui.press("T")
        await ui.until(lambda: isinstance(ui.app.screen, PrefixScreen))
        await ui.press(*typed, "enter")
        assert isinstance(ui.app.screen, PrefixScreen)
        assert told in ui.text
        await ui.press("escape")
        await ui.until(lambda: isinstance(ui.app.screen, GenerateScreen))
        assert shown(ui) is before


@pytest.mark.slow
async def test_it_draws_from_the_newest_model_while_training_runs() -> None:
    async with piloted(paused=False, speed=20.0) as ui:
        screen = await ui.generate()
        await ui.press("right")
        moments = set()

        def is_seen() -> bool:
            moments.add(screen.shown.question.moment)
            return len(moments) > 3

        await ui.until(is_seen)
        await ui.press("space")
        await ui.until(lambda: ui.frame.status == "paused" and screen.is_up_to_date)
        assert screen.made.model.data == ui.frame.after.data
        assert screen.position == 1


async def test_the_untrained_model_draws_too() -> None:
    training = small_training()
    model = ModelSnapshot.of(training)
    async with piloted(training) as ui:
        screen = await ui.generate()
        assert screen.made.text == texts(model, 42)
        assert "drawn untrained" in ui.text


async def test_a_recorded_run_is_drawn_from(tmp_path: Path) -> None:
    path, training = tmp_path / "small.run", small_training(num_steps=5, lr=0.05)
    with RunRecorder.create(path, training, corpus="small") as recorder:
        for losses in training.losses():
            recorder.record(losses)
    async with piloted(Run(path)) as ui:
        await ui.until(lambda: ui.step == 5)
        screen = await ui.generate()
        assert screen.made.text == texts(ModelSnapshot.of(training), 42)


async def test_what_cannot_be_drawn_is_told_once() -> None:
    training = small_training()
    training.state.data[:] = type(training.state.data)(
        "d", [float("nan")] * len(training.state.data)
    )
    async with piloted(training) as ui:
        screen = await ui.generate()
        assert screen.made is None
        assert "the logits at position 0 are not all finite" in ui.text_of("#drawn")
        await pressed_only(ui, "a", "right", "up", "enter", "backspace")
        assert len(ui.notices) == 1


async def pressed_only(ui: Piloted, *keys: str) -> None:
    screen = ui.app.screen
    await ui.press(*keys)
    await ui.until(lambda: screen.is_up_to_date)


@pytest.mark.slow
async def test_a_long_text_is_moved_through() -> None:
    training = Training(
        Corpus("small", ("abcd" * 12,)), ModelConfig(8, 2, 1, 48), TrainingConfig(lr=0.05)
    )
    async with piloted(training) as ui:
        screen = await ui.generate()
        await pressed(ui, "T", *"abcd" * 11, "enter")
        await ui.press("left")
        at = screen.position
        assert at == 43
        assert "◂" in ui.text_of("#drawn").splitlines()[1]
        assert ui.text_of("#drawn").splitlines()[1].endswith("▸│") == (
            screen.query_one(DrawnText)._columns.stop < screen.made.n_positions
        )


@pytest.mark.slow
async def test_clicks_select() -> None:
    async with piloted(size=LARGE) as ui:
        screen = await ui.generate()
        width = screen.query_one(DrawnText)._width
        await ui.pilot.click(DrawnText, offset=(2 + 7 + width, 1))
        await ui.until(lambda: screen.position == 1)
        await ui.pilot.click(NextCharacters, offset=(5, 3))
        await ui.until(lambda: screen.selected == 2)


async def test_the_map_takes_the_place_of_the_heads_where_there_is_no_room() -> None:
    async with piloted() as ui:
        screen = await ui.generate()
        step_map, whence = screen.query_one("SmallMap"), screen.query_one("#whence")
        assert (step_map.display, whence.display) == (False, True)
        await ui.press("v")
        assert (step_map.display, whence.display) == (True, False)
        assert "embed" in ui.text
