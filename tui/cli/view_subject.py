"""What commands draw views of: a trained model and a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli.options.trained_model import TrainedModel

if TYPE_CHECKING:
    from viz.views.subject import ViewSubject

MOST_TITLE = 40
"""Characters of a document."""


def view_subject(looked_at: TrainedModel, document: str) -> ViewSubject:
    """The document as that model computes it."""
    from viz.views.subject import ViewSubject  # noqa: PLC0415  # numpy

    return ViewSubject(
        document, looked_at.model, looked_at.state, looked_at.config, looked_at.step,
        looked_at.moment,
    )  # fmt: skip


def shortened(document: str) -> str:
    """A document as a title can hold it."""
    if len(document) <= MOST_TITLE:
        return document
    return f"{document[:MOST_TITLE]}… ({len(document):,} characters)"
