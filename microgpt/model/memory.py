"""Whether a model fits this machine, asked before anything is drawn."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from microgpt.errors import InputError
from microgpt.model.parameters import ModelConfig

BYTES_PER_PARAMETER = 64
"""Its number, gradient and both moments as floats of 8 bytes, and once as an object of Python's."""

_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where a container's limit is told, in bytes, or that there is none."""


def memory() -> int:
    """What this machine has, or this process may take; 0 if nobody tells. Units: bytes."""
    found: list[int] = []
    with suppress(AttributeError, ValueError, OSError):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in _LIMITS:
        with suppress(OSError, ValueError):
            found.append(int(Path(path).read_text(encoding="ascii")))
    with suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415  # not on every system

        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        if soft != resource.RLIM_INFINITY:
            found.append(soft)
    return min((size for size in found if size > 0), default=0)


def needed(model: ModelConfig, vocab_size: int) -> int:
    """What a model takes at the least. Units: bytes."""
    weights = model.n_layer * model.n_head * model.block_size**2
    return BYTES_PER_PARAMETER * model.num_parameters(vocab_size) + 8 * weights


def check_memory(model: ModelConfig, vocab_size: int) -> None:
    """Raises `InputError` for a model that this machine cannot hold."""
    takes, has = needed(model, vocab_size), memory()
    if takes > has > 0:
        raise InputError(
            f"a model of {model.num_parameters(vocab_size):,} parameters takes about "
            f"{in_words(takes)}, and there is {in_words(has)} of memory: n_embd {model.n_embd}, "
            f"n_layer {model.n_layer} or block_size {model.block_size} must be smaller"
        )


def in_words(size: int) -> str:
    """A number of bytes.

    >>> in_words(1_240_000_000), in_words(3_000), in_words(2 * 10**18)
    ('1.2 GB', '0.0 GB', '2,000,000,000.0 GB')
    """
    return f"{size / 1e9:,.1f} GB"
