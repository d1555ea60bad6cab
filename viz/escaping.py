"""Texts of a program as a page may hold them: data, never markup, whatever their characters."""

from __future__ import annotations

import json
from typing import Any

_FOR_SCRIPTS = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def printable(text: str) -> str:
    r"""A text with a code for each character that one cannot see, such as those that turn its way.

    >>> printable("tab\t"), printable("\u202eabc")
    ('tab\\t', '\\u202eabc')
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def script_json(data: Any) -> str:
    r"""JSON that may stand inside of a `<script>` element: nothing in it can end that.

    >>> script_json("</script>")
    '"\\u003c/script\\u003e"'
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(_FOR_SCRIPTS)
