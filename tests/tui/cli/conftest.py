"""A corpus of four short documents: a step on it takes a millisecond with `TINY_MODEL`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.cli.command import DOCUMENTS


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(DOCUMENTS) + "\n", encoding="utf-8")
    return path
