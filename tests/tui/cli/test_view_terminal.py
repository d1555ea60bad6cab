"""What is printed on a real terminal: views in colours, or without; Maps one below the other."""

from __future__ import annotations

import re
from pathlib import Path

from tests.tui.cli.command import TINY_MODEL
from tests.tui.cli.terminal import Terminal

COLOR = re.compile(r"\x1b\[[\d;]*m")


def test_all_nodes_are_coloured_dots(corpus: Path) -> None:
    arguments = ("view", "nodes", "emma", "--data", corpus, *TINY_MODEL)
    with Terminal(*arguments) as terminal:
        assert terminal.end() == 0
        colored = terminal.colored
    with Terminal(*arguments, NO_COLOR="1") as terminal:
        assert terminal.end() == 0
        plain = terminal.colored
    assert COLOR.search(colored)
    assert not COLOR.search(plain)
    lines = [line.rstrip() for line in COLOR.sub("", colored).split("\r\n")]
    assert lines[:-2] == [line.rstrip() for line in plain.split("\r\n")][:-1]
    assert lines[-2].startswith("coloured by the gradient an edge brings: ≤ ")
    assert len(lines) > 30


def test_maps_one_below_the_other_are_lines(corpus: Path) -> None:
    options = ("--data", corpus, *TINY_MODEL, "--steps", "1,2")
    with Terminal("map", "emma", *options, columns=60, NO_COLOR="1") as terminal:
        assert terminal.end() == 0
        assert "\\n" not in terminal.text
        lines = terminal.text.split("\r\n")
    assert lines.count("") == 2  # between them, and at the end
    assert {"after 1 step", "after 2 steps"} <= set(lines) | {lines[0].rpartition("[2K")[2]}
