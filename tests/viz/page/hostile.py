"""A computation whose every label tries to be something else than a label."""

from __future__ import annotations

from microgpt import Graph, Value, scope
from tests.viz.computations import frozen

LABELS = (
    "</script><script>window.hit = 1</script>",
    '<img src=x onerror="window.hit = 1">',
    "\"'&amp; tab\there",
    "אבג \u202e turned",
    "🦊 emoji",
    "${window.hit = 1}",
    "<!--<script>",
    "]]> -->",
)


def hostile_graph() -> Graph:
    weights = [Value(0.5, name=LABELS[0]), Value(0.25, name=LABELS[1])]
    made = []
    for place, label in enumerate(LABELS):
        with scope(label.replace("/", "|")), scope(LABELS[place - 1].replace("/", "|")):
            made.append((weights[0] * Value(float(place), name=label) + weights[1]).relu())
    loss = made[0]
    for each in made[1:]:
        loss = loss + each
    return frozen(loss)
