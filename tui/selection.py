"""`Selection`: what a person has selected, one for all modes, in words that last from step to step.

Each way to select gives another selection in which all that is said fits together: a cell has its
position and head, a scalar its scope. What is not spoken of stays as it was. Knows no screen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from microgpt.graph.events import Phase
from microgpt.model.places import at_any_position, head_path, position_of

About: TypeAlias = Literal["", "position", "head", "cell", "matrix", "node", "event"]
"""What was selected last."""
_HEAD = re.compile(r"(?:^|/)layer(\d+)/attn/head(\d+)(?:/|$)")


def head_of(path: str) -> tuple[int, int] | None:
    """Layer and head that a scope's path belongs to, None outside any.

    >>> head_of("pos2/layer0/attn/head3/mix"), head_of("pos2/layer0/attn/q")
    ((0, 3), None)
    """
    found = _HEAD.search(path)
    return (int(found[1]), int(found[2])) if found else None


@dataclass(frozen=True, slots=True)
class Selection:
    """What is selected; nothing to begin with."""

    about: About = ""
    position: int | None = None  # of the token that is read
    head: tuple[int, int] | None = None  # layer and head
    scope: str = ""  # path of the cell or box, or of the scope that the scalar lies in
    matrix: str = ""  # name of a matrix of parameters
    node: str = ""  # a scalar, by its name or as `#id`
    offset: int = -1
    """Of a scalar without a name, its place in `scope`, counted from the first node there: ids are
    others in each text, and this is not."""
    moment: tuple[Phase, int] | None = None  # pass and event that one walks at; None while not

    def is_about(self, name: str) -> bool:
        """Whether a matrix, or a scope at any position, is what is selected or lies in it.

        >>> Selection().with_scope("pos2/layer0/attn/head3").is_about("layer0/attn/head3/softmax")
        True
        """
        if not name:
            return False
        if self.about in ("matrix", "node") and name == self.matrix:
            return True
        if self.about == "head" and self.head is not None:  # of any position, or none
            place = at_any_position(head_path(0, *self.head))
        else:
            place = at_any_position(self.scope) if self.about in ("cell", "node") else ""
        return bool(place) and (f"{name}/".startswith(f"{place}/") or place.startswith(f"{name}/"))

    def with_position(self, position: int) -> Selection:
        """A token of the text."""
        return replace(self._bare(), about="position", position=position)

    def with_head(self, layer: int, head: int, position: int | None = None) -> Selection:
        """A head, and the position that reads.

        Args:
            position: None for the one selected before, if there is one.
        """
        position = self.position if position is None else position
        scope = "" if position is None else head_path(position, layer, head)
        bare = self._bare()
        return replace(bare, about="head", head=(layer, head), position=position, scope=scope)

    def with_scope(self, path: str) -> Selection:
        """A cell of the Map, or the box of a scope.

        >>> chosen = Selection().with_scope("pos2/layer0/attn/head3/mix")
        >>> chosen.position, chosen.head
        (2, (0, 3))
        """
        return replace(self._at(path), about="cell")

    def with_matrix(self, matrix: str) -> Selection:
        """A matrix of parameters."""
        return replace(self._bare(), about="matrix", matrix=matrix)

    def with_node(
        self, node: str, scope: str = "", offset: int = -1, matrix: str = ""
    ) -> Selection:
        """A scalar.

        Args:
            node: its name, or `#id`.
            scope: path of the scope that it was made in.
            offset: its place there; -1 if it has a name.
            matrix: that it is an entry of, `""` if it is no parameter.
        """
        there = self._at(scope) if scope else self._bare()
        return replace(there, about="node", node=node, offset=offset, matrix=matrix)

    def at_event(self, moment: tuple[Phase, int] | None, scope: str = "") -> Selection:
        """The same at another moment of the passes.

        Where nothing but a moment is selected, the position and head visited are.

        Args:
            scope: path of the scope of the node that is visited.
        """
        if self.about not in ("", "event"):
            return replace(self, moment=moment)
        if moment is None:
            return replace(self._bare(), about="", moment=None)
        return replace(self._at(scope), about="event", moment=moment)

    def nothing(self) -> Selection:
        """Lets go of what is selected; a walk stays where it is."""
        return replace(Selection(), moment=self.moment, about="event" if self.moment else "")

    def _bare(self) -> Selection:
        """Without what lies in one place of the graph."""
        return replace(self, scope="", node="", offset=-1)

    def _at(self, path: str) -> Selection:
        """At a scope, with the position and head that it is of, if it is of any."""
        position, head = position_of(path), head_of(path)
        return replace(
            self._bare(), scope=path,
            position=self.position if position is None else position,
            head=self.head if head is None else head,
        )  # fmt: skip
