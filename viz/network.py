"""Nodes and edges with what is known of them: what formats for graph programs are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Attribute = str | int | float | bool


@dataclass(frozen=True, slots=True)
class NetworkNode:
    """A node of a picture."""

    key: str  # unique in its network
    label: str
    namespace: str = ""  # the path of what it lies in, as `pos1/layer0`
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NetworkEdge:
    """An edge of a picture; there may be several between two nodes."""

    source: str
    target: str
    label: str = ""  # short; it may be drawn
    slot: int = 0  # which input of its target it is
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Network:
    """Nodes and edges, in an order of their own."""

    title: str
    nodes: tuple[NetworkNode, ...]
    edges: tuple[NetworkEdge, ...]
