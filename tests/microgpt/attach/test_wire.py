"""Messages survive the way through a pipe, and nothing else does."""

from __future__ import annotations

import io
from array import array

from hypothesis import given
from hypothesis import strategies as st

from microgpt.attach.wire import LENGTH, decoded, encoded, received

TEXTS = st.text(max_size=10)
FIELDS = st.dictionaries(
    TEXTS,
    st.lists(TEXTS, max_size=4)
    | st.lists(st.floats(allow_nan=False), max_size=4).map(lambda numbers: array("d", numbers))
    | st.lists(st.integers(-(2**63), 2**63 - 1), max_size=4).map(lambda n: array("q", n)),
    max_size=4,
)
MESSAGES = st.tuples(TEXTS, FIELDS)


@given(st.lists(MESSAGES, max_size=3))
def test_messages_arrive_one_by_one(messages: list[tuple[str, dict[str, object]]]) -> None:
    stream = io.BytesIO(b"".join(encoded(*message) for message in messages))  # type: ignore[arg-type]
    for message in messages:
        assert received(stream.read) == message
    assert received(stream.read) is None


@given(MESSAGES, st.integers(0, 100))
def test_a_message_cut_short_is_none(message: tuple[str, dict[str, object]], cut: int) -> None:
    data = encoded(*message)  # type: ignore[arg-type]
    assert received(io.BytesIO(data[: min(cut, len(data) - 1)]).read) is None


def test_text_that_is_not_unicode_is_escaped() -> None:
    data = encoded("kind", {"file": ["\udcff.py"]})
    assert decoded(data[LENGTH:]) == ("kind", {"file": ["\\udcff.py"]})
