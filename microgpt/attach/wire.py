"""Messages between a script's process and ours: named fields of numbers and texts, as bytes.

Nothing of the script's own types crosses, and nothing that arrives is run. Both ends are on one
machine, so numbers travel in its own byte order. The child imports this too: it must load nothing
that a plain interpreter does not have.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeAlias

Field: TypeAlias = "array[float] | array[int] | list[str]"
Message: TypeAlias = "tuple[str, Mapping[str, Field]]"

LENGTH = 8
"""A message starts with its length without this. Units: bytes."""


def encoded(kind: str, fields: Mapping[str, Field]) -> bytes:
    """A message as bytes, its length first."""
    parts = [_text(kind)]
    for name, field in fields.items():
        if isinstance(field, array):
            parts += [_text(name), field.typecode.encode(), _size(len(field)), field.tobytes()]
        else:
            parts += [_text(name), b"s", _size(len(field)), *map(_text, field)]
    body = b"".join(parts)
    return _size(len(body)) + body


def decoded(body: bytes) -> Message:
    """A message from its bytes after the length."""
    reader = _Reader(body)
    kind = reader.text()
    fields: dict[str, Field] = {}
    while not reader.at_end():
        name, typecode, count = reader.text(), reader.take(1).decode(), reader.size()
        if typecode == "s":
            fields[name] = [reader.text() for _ in range(count)]
        else:
            numbers = array(typecode)
            numbers.frombytes(reader.take(count * numbers.itemsize))
            fields[name] = numbers
    return kind, fields


def received(read: Callable[[int], bytes]) -> Message | None:
    """The next message, or None at the end of the stream, also in the middle of a message.

    Args:
        read: gives at most so many bytes, none at the end.
    """
    length = _exactly(read, LENGTH)
    body = _exactly(read, int.from_bytes(length, "little")) if length else None
    return None if body is None else decoded(body)


def _exactly(read: Callable[[int], bytes], count: int) -> bytes | None:
    parts = []
    while count:
        part = read(min(count, 1 << 20))
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _size(number: int) -> bytes:
    return number.to_bytes(LENGTH, "little")


def _text(text: str) -> bytes:
    data = text.encode("utf-8", "backslashreplace")  # a file's name may be no valid text
    return _size(len(data)) + data


class _Reader:
    """Takes a message's body apart, front to back."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def at_end(self) -> bool:
        return self._at == len(self._body)

    def take(self, count: int) -> bytes:
        self._at += count
        return self._body[self._at - count : self._at]

    def size(self) -> int:
        return int.from_bytes(self.take(LENGTH), "little")

    def text(self) -> str:
        return self.take(self.size()).decode("utf-8")
