"""One file, damaged or crafted from a seed, read by every command; many of them in turn."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

from tests.microgpt.runs.crafted_files import crafted
from tests.microgpt.runs.damaged_files import Right, mutated
from tests.reliability.run_readings import NAME, Read, expected, read_by_commands

MUTATED, CRAFTED = "mutated", "crafted"


@cache
def _right(folder: Path) -> tuple[Right, dict[str, str]]:
    """The whole file, made once a process."""
    place = folder / f"right-{os.getpid()}"
    place.mkdir()
    right = Right.recorded(place)
    return right, expected(right, place / "expected")


def attempt(kind: str, seed: int, folder: Path) -> Read:
    """What the commands made of the file of this seed.

    Args:
        kind: `MUTATED` or `CRAFTED`.
        folder: for what is made on the way.
    """
    right, said = _right(folder)
    place = folder / f"{kind}-{seed}"
    place.mkdir()
    if kind == MUTATED:
        path = place / NAME
        path.write_bytes(mutated(right.path.read_bytes(), seed))
    else:
        _, made = crafted(right.path, place, seed)
        for file in list(made.parent.glob(f"{made.name}*")):  # with what SQLite keeps beside it
            file.rename(file.with_name(NAME + file.name.removeprefix(made.name)))
        path = made.with_name(NAME)
    read = read_by_commands(path, said if kind == MUTATED else None, right)
    shutil.rmtree(place, ignore_errors=True)
    return Read(read.came, [f"{kind} {seed}: {why}" for why in read.why], read.slowest)


def attempts(kind: str, seeds: Iterable[int]) -> list[Read]:
    """The same of many, on all processors."""
    seeds = list(seeds)
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name,
        ProcessPoolExecutor(os.cpu_count()) as pool,
    ):
        folder = Path(name)
        return list(
            pool.map(attempt, [kind] * len(seeds), seeds, [folder] * len(seeds), chunksize=10)
        )
