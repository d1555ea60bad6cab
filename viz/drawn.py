"""Something drawn: each way to write it is made when it is asked for, and once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from viz.kinds import DrawingKind

if TYPE_CHECKING:
    from viz.network import Network


@dataclass(frozen=True, eq=False, kw_only=True)
class Drawn:
    """A drawing, as far as its kind has parts."""

    kind: DrawingKind
    title: str
    svg: Callable[[], str]
    json: Callable[[], str] | None = None
    page: Callable[[], str] | None = None  # an HTML page of its own
    dot: Callable[[], str] | None = None
    network: Callable[[], Network] | None = None
    scalars: Callable[[], Network] | None = None  # of a network of boxes, the single nodes in them
    text: Callable[[], str] | None = None  # what is printed
    smaller: Callable[[], str] | None = None
    """What to ask for where it is too large, in words: "--depth 1 has 12 boxes and 30 edges"."""
    _made: dict[str, Any] = field(default_factory=dict, repr=False)

    def part(self, name: str) -> Any:
        """One of `viz.kinds.PARTS`, made once."""
        if name not in self._made:
            self._made[name] = getattr(self, name)()
        return self._made[name]

    @property
    def or_smaller(self) -> str:
        """The end of an error about its size."""
        advice = self.smaller() if self.smaller is not None else ""
        return f"; {advice}" if advice else ""
