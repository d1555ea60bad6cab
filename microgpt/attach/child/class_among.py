"""Which of the classes that are followed another class is of."""

from __future__ import annotations

from collections.abc import Iterable

from microgpt.attach.child.value_class import ValueClass


def class_among(kinds: Iterable[ValueClass], cls: type, watched: type) -> ValueClass | None:
    """Which of some classes one is or is derived from.

    Args:
        watched: the base of ours that all have, by which one that a decorator made is known.
    """
    found = next((kind for kind in kinds if issubclass(cls, kind.cls)), None)
    if found is None and watched in cls.__mro__:
        # A decorator made another class of it, as `dataclass(slots=True)` does.
        names = (cls.__module__, cls.__qualname__)
        for each in kinds:
            if (each.cls.__module__, each.cls.__qualname__) == names:
                each.replaced(cls)
                each.add_code(cls)
                found = each
    return found
