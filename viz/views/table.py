"""`VIEWS`: every view, a row each: its question, what it needs, what may be chosen of it.

A command's help reads this table, so nothing here is slow to import. What computes and draws a view
is in a module of its own, imported when it is asked for. To add a view, write that module, with its
`PARTS`, and give it a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar

from microgpt.errors import InputError

if TYPE_CHECKING:
    from viz.views.subject import ViewSubject
    from viz.views.themes import Theme

VERSION = 1
"""Of the JSON of all views."""

Needs: TypeAlias = Literal["graph", "model", "update", "steps"]
"""`graph`: any computation will do; `model`: a document and the parameters that compute it;
`update`: also the state before a training step; `steps`: several moments of one training."""

ViewModel = TypeVar("ViewModel")


@dataclass(frozen=True, slots=True)
class Choices:
    """What may be chosen of a view; None for what the view takes by itself."""

    layer: int | None = None
    head: int | None = None  # counted within its layer
    position: int | None = None
    top: int | None = None  # how many of the strongest are shown
    node: str | None = None  # an id, a name or a place
    matrix: str | None = None  # by its name, as `layer0.attn_wq`
    by: str | None = None  # what rows and columns are in the order of


@dataclass(frozen=True, slots=True)
class Page:
    """What a picture is drawn on."""

    theme: Theme
    title: str = ""
    largest: Mapping[str, float] | None = None
    """The ends of scales, by name, where pictures beside each other share them."""


@dataclass(frozen=True, slots=True)
class ViewParts(Generic[ViewModel]):
    """What a view is made by; `ViewModel` is its model, which is frozen and draws nothing."""

    compute: Callable[[Sequence[ViewSubject], Choices], ViewModel]
    svg: Callable[[ViewModel, Page], str]
    as_json: Callable[[ViewModel], Mapping[str, Any]]
    largest: Callable[[ViewModel], Mapping[str, float]] | None = None
    """The ends of its scales, by name: for pictures that are to share them, as those of a film.
    None where all scales have ends that do not depend on the numbers."""
    lines: Callable[[ViewModel, int], list[str]] | None = None
    """In so many characters a line; None of what is a picture only."""
    colored: Callable[[ViewModel, int], list[list[tuple[str, str]]]] | None = None
    """The same as pieces, each with its colour for a terminal, `#rrggbb` or `""`; None of what is
    black and white there."""


@dataclass(frozen=True, slots=True)
class ViewKind:
    """A row of the table."""

    name: str
    question: str  # that it answers, for a help
    module: str  # in `viz.views`; it has `PARTS`
    needs: Needs
    takes: tuple[str, ...] = ()  # the fields of `Choices` that it knows

    @property
    def parts(self) -> ViewParts[Any]:
        """What it is made by."""
        parts: ViewParts[Any] = import_module(f"viz.views.{self.module}").PARTS
        return parts

    def check(self, choices: Choices) -> None:
        """Raises `InputError` if something was chosen that the view does not know."""
        for field in fields(choices):
            if getattr(choices, field.name) is not None and field.name not in self.takes:
                known = ", ".join(f"--{name}" for name in self.takes) or "none of these"
                raise InputError(
                    f"--{field.name}: view {self.name} has no such choice; it takes {known}"
                )


VIEWS: dict[str, ViewKind] = {
    row.name: row
    for row in (
        ViewKind("attention", "who reads from whom, and the gradient by each weight",
                 "attention_picture", "graph", ("layer", "head", "position", "top")),
        ViewKind("scores", "how one head comes to its weights at one position, term by term",
                 "score_terms_picture", "model", ("layer", "head", "position", "top")),
        ViewKind("residual", "what each block writes to the residual stream, and to the logits",
                 "residual_writes_picture", "model", ("position",)),
        ViewKind("lens", "what would be predicted after each block", "logit_lens_picture", "model",
                 ("position", "top")),
        ViewKind("parameters", "each matrix with its gradient and its update",
                 "parameter_matrices_picture", "update", ("matrix",)),
        ViewKind("paths", "the heaviest paths of one gradient to the loss, alone",
                 "heaviest_ways_picture", "graph", ("node", "top")),
        ViewKind("nodes", "where the operands of all nodes lie, every scalar at once",
                 "all_nodes_picture", "graph", ("by",)),
        ViewKind("embeddings", "which tokens are alike: the rows of a matrix as points",
                 "embedding_points_picture", "model", ("matrix",)),
        ViewKind("training", "how one text's loss and gradients change as the model is trained",
                 "training_course_picture", "steps"),
    )
}  # fmt: skip
"""By name."""


@dataclass(frozen=True, slots=True)
class DrawnView:
    """A view of something, ready to be drawn in any way."""

    kind: ViewKind
    shown: Any  # its model

    @classmethod
    def of(
        cls, name: str, subjects: Sequence[ViewSubject], choices: Choices | None = None
    ) -> DrawnView:
        """Computes a view.

        Args:
            subjects: what it is of; most views are of the last one alone.

        Raises:
            InputError: there is no such view, it does not know a choice, or what it needs is not
                there.
            GraphError: there is no such node.
        """
        kind, choices = view_kind(name), choices or Choices()
        kind.check(choices)
        return cls(kind, kind.parts.compute(subjects, choices))

    @property
    def largest(self) -> Mapping[str, float]:
        """The ends of its scales, by name."""
        largest = self.kind.parts.largest
        return {} if largest is None else largest(self.shown)

    def svg(self, page: Page) -> str:
        """The picture."""
        return self.kind.parts.svg(self.shown, page)

    def as_json(self) -> Mapping[str, Any]:
        """All its numbers, to the bit; those that are not finite as they are."""
        return {"version": VERSION, "view": self.kind.name, **self.kind.parts.as_json(self.shown)}

    def lines(self, width: int) -> list[str] | None:
        """In so many characters a line, None if it is a picture only."""
        lines = self.kind.parts.lines
        return None if lines is None else lines(self.shown, width)

    def colored(self, width: int) -> list[list[tuple[str, str]]] | None:
        """The same as pieces, each with its colour for a terminal, `""` for none."""
        colored = self.kind.parts.colored
        if colored is not None:
            return colored(self.shown, width)
        lines = self.lines(width)
        return None if lines is None else [[(line, "")] for line in lines]


def view_kind(name: str) -> ViewKind:
    """The view of a name. Raises `InputError` with all names if there is none."""
    if name not in VIEWS:
        raise InputError(f"no view {name!r}; there are {', '.join(VIEWS)}")
    return VIEWS[name]


def shared_largest(views: Iterable[DrawnView]) -> dict[str, float]:
    """The ends of the scales that some views can share: of each name the largest."""
    largest: dict[str, float] = {}
    for view in views:
        for name, number in view.largest.items():
            largest[name] = max(number, largest.get(name, number))
    return largest
