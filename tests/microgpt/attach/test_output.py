"""The tail of what a script prints."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from microgpt.attach.output import MAX_LINE, OutputTail

TEXTS = st.text(st.sampled_from("ab→\n\r"), max_size=60)


def tail_of(*parts: bytes, max_lines: int = 5) -> OutputTail:
    tail = OutputTail(max_lines)
    for part in parts:
        tail.feed(part)
    return tail


@given(TEXTS, st.lists(st.integers(0, 200), max_size=6))
def test_how_the_stream_is_cut_does_not_matter(text: str, cuts: list[int]) -> None:
    data = text.encode()
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    parts = [data[a:b] for a, b in pairwise(places)]
    whole, pieces = tail_of(data), tail_of(*parts)
    assert whole.lines == pieces.lines
    assert whole.n_lines == pieces.n_lines


@given(st.lists(st.text("ab→", max_size=5), max_size=12))
def test_the_last_lines_are_kept_and_all_are_counted(lines: list[str]) -> None:
    tail = tail_of("".join(f"{line}\n" for line in lines).encode())
    assert tail.lines == tuple(lines[-5:])
    assert tail.n_lines == len(lines)


def test_an_unfinished_line_counts() -> None:
    tail = tail_of(b"one\ntw")
    assert (tail.lines, tail.n_lines) == (("one", "tw"), 2)
    tail.feed(b"o\n")
    assert (tail.lines, tail.n_lines) == (("one", "two"), 2)


def test_a_carriage_return_starts_the_line_anew() -> None:
    tail = tail_of(b"step 1\rstep 2\r")
    assert tail.lines == ("step 2",)
    tail.feed(b"step 3")
    assert tail.lines == ("step 3",)
    tail.feed(b"\r\ndone\r\n")
    assert tail.lines == ("step 3", "done")


def test_a_line_without_end_is_cut() -> None:
    tail = tail_of(*[b"x" * 1_000] * 25)
    assert [len(line) for line in tail.lines] == [MAX_LINE, MAX_LINE, 5_000]


def test_bytes_that_are_no_text() -> None:
    assert tail_of(b"a\xff\xe2\x86", b"\x92b").lines == ("a\ufffd→b",)
