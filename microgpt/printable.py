"""Texts of others (files, names, what was typed) as a terminal or a picture may show them.

Nothing of them is lost, and nothing of them is an order to a terminal.
"""

from __future__ import annotations

MOST_REPEATED = 200
"""So much of what was typed is repeated in a message: a long path, whole. Units: characters."""


def printable(text: str) -> str:
    r"""A text with a code for each character that one cannot see, such as those that turn its way.

    >>> printable("tab\t"), printable("\u202eabc \x1b[31m")
    ('tab\\t', '\\u202eabc \\x1b[31m')
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def one_line(text: str) -> str:
    r"""The same, with spaces for line breaks.

    >>> one_line("two\nlines \x1b")
    'two lines \\x1b'
    """
    return printable(" ".join(text.splitlines()))


def shortened(text: str) -> str:
    """A text of at most a line: of a longer one its beginning and end, and how much there is."""
    if len(text) <= MOST_REPEATED:
        return text
    half = MOST_REPEATED // 4
    return f"{text[: 2 * half]}… ({len(text):,} characters) …{text[-half:]}"
