"""Damaged and crafted run files, read by the commands: right numbers or a line, and soon."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.microgpt.runs.crafted_files import CRAFTS
from tests.reliability.attempts import CRAFTED, MUTATED, attempt
from tests.reliability.run_readings import LINE, READINGS, RIGHT, counted


def assert_safe(kind: str, seeds: range, folder: Path) -> None:
    reads = [attempt(kind, seed, folder) for seed in seeds]
    assert [why for read in reads for why in read.why] == []
    counts = counted(reads)
    assert list(counts) == list(READINGS)
    for counter in counts.values():
        assert counter[RIGHT] + counter[LINE] == len(seeds)
    # else the files are all whole, or nothing is read at all
    assert sum(counter[RIGHT] for counter in counts.values()) > len(seeds) / 10
    assert sum(counter[LINE] for counter in counts.values()) > len(seeds)


def test_some_of_each(tmp_path: Path) -> None:
    assert_safe(MUTATED, range(2), tmp_path)
    assert_safe(CRAFTED, range(3), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("kind", [MUTATED, CRAFTED])
def test_two_hundred_of_each(kind: str, part: int, tmp_path: Path) -> None:
    assert len(CRAFTS) < 50
    assert_safe(kind, range(50 * part, 50 * part + 50), tmp_path)
