"""The tour: five stops on the real model, for the first minutes."""

from __future__ import annotations

from tui.lessons.lesson import Lesson, Situation, TaskVerdict


def _in(mode: str, situation: Situation) -> TaskVerdict:
    return TaskVerdict(is_done=situation.mode == mode)


def _watched(situation: Situation) -> TaskVerdict:
    frame = situation.frame
    return TaskVerdict(is_done=frame is not None and frame.live_step >= 1)


def _walked(situation: Situation) -> TaskVerdict:
    return TaskVerdict(is_done=situation.is_walking)


def _opened(situation: Situation) -> TaskVerdict:
    return TaskVerdict(is_done=situation.mode == "graph" and situation.node is not None)


def _on_the_map(situation: Situation) -> TaskVerdict:
    return _in("map", situation)


def _among_heads(situation: Situation) -> TaskVerdict:
    return _in("attention", situation)


TOUR: tuple[Lesson, ...] = (
    Lesson(
        "watch",
        "A GPT learns",
        "It reads one name a step and guesses each next letter; the loss says how badly. The curve "
        "falls, and what it writes by itself begins to look like names. space pauses and goes on, "
        "+ and - change the pace, and , goes back in time.",
        (),
        _watched,
        course="",
    ),
    Lesson(
        "map",
        "The whole computation at once",
        "Press 2: the Map. A column is a letter that is read, a row a part of the model, and a "
        "cell all the numbers there; the more it is filled, the larger their gradients. Arrow keys "
        "select a cell, v shows values or the update instead.",
        (),
        _on_the_map,
        course="",
    ),
    Lesson(
        "walk",
        "Backprop, forwards and backwards",
        "Press n, again and again: the backward pass goes through the Map cell by cell, from the "
        "loss back to the letters. N goes back, p plays. s goes by single events: one node, and "
        "what it gives to each of its operands.",
        (),
        _walked,
        course="",
    ),
    Lesson(
        "scalars",
        "Down to single numbers",
        "Select a cell and press enter: its scalars as boxes, and what they are computed from. "
        "Enter opens further, backspace comes back. On a scalar, y says why its gradient has its "
        "value, and e asks: what if it had another?",
        (),
        _opened,
        course="",
    ),
    Lesson(
        "heads",
        "What heads read",
        "Press 4: attention. Each head mixes earlier letters, with the weights shown; 5 has the "
        "model write. That was all: ? tells what is on screen and every key, and `microgpt-tui "
        "learn` has lessons. J puts this away for good; Q brings it back.",
        (),
        _among_heads,
        course="",
    ),
)
