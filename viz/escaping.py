"""Texts of a program as a page may hold them: data, never markup, whatever their characters."""

from __future__ import annotations

import json
from typing import Any

_FOR_SCRIPTS = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def script_json(data: Any) -> str:
    r"""JSON that may stand inside of a `<script>` element: nothing in it can end that.

    >>> script_json("</script>")
    '"\\u003c/script\\u003e"'
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(_FOR_SCRIPTS)
