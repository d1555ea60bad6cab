"""Paths of scopes with `*` in them, which stands for any characters within one part.

`pos*/layer0/attn/head2` is head 2 at every position. No regular expressions: a path that is typed
must not be able to make matching slow.
"""

from __future__ import annotations

ANY = "*"


def part_matches(pattern: str, name: str) -> bool:
    """Whether one part of a path is of a pattern.

    >>> part_matches("pos*", "pos12"), part_matches("*.neuron*", "l0.neuron3")
    (True, True)
    >>> part_matches("linear[1]", "linear1"), part_matches("a*a", "a")
    (False, False)
    """
    first, *others = pattern.split(ANY)
    if not others:
        return name == pattern
    *middle, last = others
    at, end = len(first), len(name) - len(last)
    if at > end or not name.startswith(first) or not name.endswith(last):
        return False
    for text in middle:  # the first place where each fits leaves the most room for the others
        found = name.find(text, at, end)
        if found < 0:
            return False
        at = found + len(text)
    return True


def is_within(path: str, pattern: str) -> bool:
    """Whether a scope is one that a pattern stands for, or lies inside of one.

    >>> is_within("pos2/layer0/attn/q", "pos*/layer0"), is_within("pos2/layer0", "*/q")
    (True, False)
    """
    parts, names = pattern.split("/"), path.split("/")
    return len(parts) <= len(names) and all(map(part_matches, parts, names))
