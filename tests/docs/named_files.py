"""The files that the pages name without making them, and the folder in which their commands run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.docs.blocks import ROOT
from tests.tui.cli.command import environment

PROGRAM = """\
import argparse

from microgpt import Value

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.05)
rate = parser.parse_args().lr
w = Value(0.5, name="w")
for step in range(400):
    w.grad = 0.0
    error = w * 2.0 - 3.0
    loss = error * error  # overflows at a rate of 0.5
    loss.backward()
    w.data -= rate * w.grad
"""
RUNS = {
    "names.run": ["--steps", "320"],
    "slow.run": ["--steps", "20"],
    "fast.run": ["--steps", "20", "--lr", "0.02"],
}
NOTEBOOK = {
    "cells": [
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [],
         "source": PROGRAM.replace("parser.parse_args()", "parser.parse_args([])")},
    ],
    "metadata": {}, "nbformat": 4, "nbformat_minor": 5,
}  # fmt: skip
TEXTS = {
    "train.py": PROGRAM,
    "my_train.py": PROGRAM,
    "lessons/train.py": PROGRAM,
    "lesson.ipynb": json.dumps(NOTEBOOK),
    "mine.txt": "emma\nava\nmia\nanna\n",
}
COMMANDS = {"python": "", "microgpt": "-m tui.cli.main", "microgpt-tui": "-m tui.main"}


def make_folder(folder: Path) -> None:
    """What a checkout has: the examples, and the commands in `.venv`."""
    (folder / "examples").symlink_to(ROOT / "examples")
    _make_commands(folder / ".venv" / "bin", COMMANDS)


def _make_commands(bin_folder: Path, commands: dict[str, str]) -> None:
    bin_folder.mkdir(parents=True)
    for name, module in commands.items():
        path = bin_folder / name
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
        path.chmod(0o755)


def make_file(folder: Path, name: str) -> None:
    """One that a mark says has to be there.

    Raises:
        KeyError: nobody knows how to make it.
    """
    if name in RUNS:
        options = ["--samples", "0", "--quiet", "--run", name]
        run(folder, ["microgpt", "train", *RUNS[name], *options]).check_returncode()
    elif name == "~/env/bin/python":
        _make_commands(folder / "env" / "bin", {"python": ""})
    else:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(TEXTS[name], encoding="utf-8")


def run(folder: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    """A command in the folder; who asks gets an end of input, and both streams are one."""
    commands = folder / ".venv" / "bin"
    changes = {
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
    }
    return subprocess.run(
        command, cwd=folder, env=environment(changes), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=240,
        check=False,
    )  # fmt: skip
