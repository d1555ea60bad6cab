"""Writes docs/keys.md, and the most important keys into the README, from the table in tui/keys.py.

make docs-keys
"""

import re
from collections.abc import Iterable
from pathlib import Path

from tui.app import MODE_KEYS, MicrogptApp
from tui.keys import ALONE, DIFFERENCE, RECORDING, SCRIPT, Key, KeySection

ROOT = Path(__file__).parents[1]
PAGE, README = ROOT / "docs" / "keys.md", ROOT / "README.md"
SECTIONS = (*MicrogptApp.KEY_SECTIONS, ALONE, SCRIPT, RECORDING, DIFFERENCE)
MOST_IMPORTANT = (
    "app.run_or_halt", "app.travel(-1)", "app.travel(1)", "step('step')", "open_cell", "why",
    "app.findings", "app.help", "app.quit",
)  # fmt: skip
"""Their actions, after the modes' own keys."""
HEAD = """\
# Keys

<!-- Written by `make docs-keys` from tui/keys.py and the modes. -->

Every key of every screen; `?` shows those of the screen you are at. One key means one thing in
all modes. `microgpt-tui` has what stands under *everywhere* in each of its modes, and beside it
the keys of the mode; where a mode shows a graph, those of *walk along the passes*. The apps
without modes, for one graph, a script or its recorded passes, have *program*, the walk, the Map
and the boxes.
"""
MARKED = re.compile(r"(<!-- keys: begin -->\n).*?(\n<!-- keys: end -->)", re.DOTALL)


def table(rows: Iterable[tuple[str, str]]) -> str:
    """Keys as they are written, and what they do."""
    lines = (f"| {key} | {what} |" for key, what in rows)
    return "\n".join(("| key | |", "|---|---|", *lines))


def page(sections: Iterable[KeySection] = SECTIONS) -> str:
    """All keys, a table for each place where they work."""
    parts = [HEAD.rstrip()]
    for section in sections:
        keys = ((f"`{key.written}`", key.tooltip) for key in section.keys)
        parts.append(f"## {section.title}\n\n{table(keys)}")
    return "\n\n".join(parts) + "\n"


def short_table() -> str:
    """The ten of them that stand in the README."""
    modes = ", ".join(key.title for key in MODE_KEYS)
    ends = f"`{MODE_KEYS[0].written}` … `{MODE_KEYS[-1].written}`"
    found = map(_key_of, MOST_IMPORTANT)
    rows = ((f"`{key.written}`", key.tooltip) for key in found)
    return table(((ends, f"The modes: {modes}"), *rows))


def _key_of(action: str) -> Key:
    return next(key for section in SECTIONS for key in section.keys if key.action == action)


def with_short_table(readme: str) -> str:
    """The README with the table as it is now."""
    return MARKED.sub(lambda found: f"{found[1]}{short_table()}{found[2]}", readme)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    README.write_text(with_short_table(README.read_text(encoding="utf-8")), encoding="utf-8")
