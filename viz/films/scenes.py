"""The frames of a film: one thing drawn at each of some steps, of one size and on one scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from microgpt.errors import InputError
from microgpt.graph.graph import Graph
from viz.films.frames import Frame, FramesInMaking
from viz.maps.captions import document_captions
from viz.maps.folding import with_open_layer
from viz.maps.lenses import DEFAULT_LENS, Look, Question, look
from viz.maps.scale import Ends
from viz.maps.step_map import StepMap
from viz.maps.svg import ends_of, maps_svg, strongest_reader
from viz.views.subject import ViewSubject
from viz.views.table import Choices, DrawnView, Page, shared_largest, view_kind
from viz.views.themes import Theme

FOR_SCALE = 24
"""So many steps' Maps say where a film's scales end: all of them at once would fill memory."""

MAP_LENSES = ("grad", "value", "update")
"""Those that ask about one step."""

At = Callable[[int], ViewSubject]
"""A text at a step."""


@dataclass(frozen=True, slots=True)
class Work:
    """What whoever waits for frames wants to know and to say."""

    done: Callable[[int], None] = lambda _: None  # is told how many parts of it are done
    stopped: Callable[[], bool] = lambda: False  # whether to come to an end with what there is


def map_frames(
    at: At,
    steps: Sequence[int],
    title: str,
    lens: str = DEFAULT_LENS,
    layer: int | None = None,
    updated: Callable[[int], Graph] | None = None,
    work: Work | None = None,
    unit: str = "step",
) -> list[Frame]:
    """Maps. Colours and widths end where they do in the largest of `FOR_SCALE` of the steps.

    Args:
        at: the text at a step.
        layer: of a model of three layers or more, the one whose rows are shown.
        updated: the text's graph after a step's update, for the lens `update`.
        unit: what the numbers in `steps` count.

    Raises:
        InputError: there is no such lens, or it asks about more than one step.
    """
    work = work or Work()
    frames = maps_in_making(at, steps, title, lens, layer, updated, work, unit)
    already = min(FOR_SCALE, len(steps))
    shown: list[Frame] = []
    for place in range(len(frames)):
        if work.stopped():
            break
        shown.append(frames[place])
        work.done(already + len(shown))
    return shown


def maps_in_making(
    at: At,
    steps: Sequence[int],
    title: str,
    lens: str = DEFAULT_LENS,
    layer: int | None = None,
    updated: Callable[[int], Graph] | None = None,
    work: Work | None = None,
    unit: str = "step",
) -> Sequence[Frame]:
    """The same, made when they are asked for; none if somebody stops it before scales are known."""
    if lens not in MAP_LENSES:
        raise InputError(f"--lens {lens}: a film of Maps has {', '.join(MAP_LENSES)}")
    work = work or Work()

    def seen_at(step: int) -> Look:
        after = updated(step) if updated and lens == "update" else None
        return _look(at(step), lens, layer, after)

    ends, reader = Ends(), None
    kept: dict[int, Look] = {}
    for step in spread(steps, FOR_SCALE):
        if work.stopped():
            return ()
        kept[step] = seen = seen_at(step)
        ends = ends.and_of(ends_of(seen))
        reader = strongest_reader(seen)  # of the last one
        work.done(len(kept))

    def made(place: int) -> Frame:
        step = steps[place]
        name = f"{unit} {step}"
        seen = kept.pop(step) if step in kept else seen_at(step)
        has_reader = reader is None or reader < len(seen.map.captions)  # passes differ in columns
        whose = reader if has_reader else strongest_reader(seen)
        return Frame(name, maps_svg([seen], [name], title, whose, ends))

    return FramesInMaking(len(steps), made)


def _look(subject: ViewSubject, lens: str, layer: int | None, updated: Graph | None) -> Look:
    graph = subject.graph
    step_map = StepMap.of(graph, document_captions(graph, subject.tokens), subject.step)
    return look(with_open_layer(step_map, layer), lens, Question(updated=updated))


def view_frames(
    at: At,
    steps: Sequence[int],
    title: str,
    name: str,
    choices: Choices,
    theme: Theme,
    work: Work | None = None,
    unit: str = "step",
) -> list[Frame]:
    """Views of one kind, on scales that all of them share.

    Raises:
        InputError: there is no such view, it does not know a choice, or it shows several steps.
    """
    kind = view_kind(name)
    if kind.needs == "steps":
        raise InputError(f"view {name} shows many steps in one picture (microgpt view {name})")
    work = work or Work()
    views: list[DrawnView] = []
    for step in steps:
        if work.stopped():
            break
        views.append(DrawnView.of(name, [at(step)], choices))
        work.done(len(views))
    largest = shared_largest(views)
    return [
        Frame(f"{unit} {step}", view.svg(Page(theme, f"{title}, {unit} {step}", largest)))
        for step, view in zip(steps, views, strict=False)
    ]


def n_parts(name: str, n_steps: int) -> int:
    """How much work a film is, in the parts that `Work` is told of."""
    return n_steps + min(FOR_SCALE, n_steps) if name == "map" else n_steps


def spread(steps: Sequence[int], count: int) -> list[int]:
    """At most so many of some steps, evenly, the first and the last among them.

    >>> spread(range(1, 11), 4), spread([3, 4], 9)
    ([1, 4, 7, 10], [3, 4])
    """
    if len(steps) <= count:
        return list(steps)
    if count == 1:
        return [steps[-1]]
    places = (round(place * (len(steps) - 1) / (count - 1)) for place in range(count))
    return [steps[place] for place in places]
