"""One HTML file with everything in it, which asks no network for anything and runs only its own.

What the program that is shown calls its parts is data: only the script and the style whose digests
stand in the page's policy count.
"""

from __future__ import annotations

import base64
from hashlib import sha256
from html import escape

from microgpt.printable import printable


def html_page(title: str, style: str, script: str, body: str, *, compiles: bool = False) -> str:
    """A whole page.

    Args:
        title: plain text.
        style: CSS.
        script: JavaScript, run at the end of the body.
        body: HTML, in which all that is data is escaped.
        compiles: whether the script may compile WebAssembly and start workers from blobs.
    """
    also = " 'wasm-unsafe-eval'" if compiles else ""
    workers = "worker-src blob:; " if compiles else ""
    policy = (
        f"default-src 'none'; script-src {_digest(script)}{also}; style-src {_digest(style)}; "
        f"{workers}img-src data:; base-uri 'none'; form-action 'none'"
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>{escape(printable(title))}</title>\n'
        f"<style>{style}</style>\n</head>\n<body>\n{body}\n<script>{script}</script>\n</body>\n"
        "</html>\n"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"
