"""Dataclasses; the edges are objects of their own."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Edge:
    source: Quantity
    weight: float


@dataclass(eq=False)
class Quantity:
    amount: float
    edges: list[Edge] = field(default_factory=list)
    slope: float = 0.0

    def __add__(self, other):
        return Quantity(self.amount + other.amount, [Edge(self, 1.0), Edge(other, 1.0)])

    def __mul__(self, other):
        return Quantity(
            self.amount * other.amount, [Edge(self, other.amount), Edge(other, self.amount)]
        )


def ordered(q, seen):
    if id(q) in seen:
        return []
    seen.add(id(q))
    return [e for edge in q.edges for e in ordered(edge.source, seen)] + [q]


def propagate(root):
    root.slope = 1.0
    for q in reversed(ordered(root, set())):
        for edge in q.edges:
            edge.source.slope += edge.weight * q.slope


a, b, c = Quantity(2.0), Quantity(-3.0), Quantity(0.5)
d = a * b + c
loss = d * d + a * d
propagate(loss)
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].amount).hex(), float(globals()[name].slope).hex())
