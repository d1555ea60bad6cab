"""What the whole graph of a document would cost, asked before it is made."""

from __future__ import annotations

from collections.abc import Sequence

from microgpt.errors import InputError
from microgpt.model.memory import in_words, memory
from microgpt.model.parameters import ModelConfig

MOST_SCALARS = 1_500_000
"""A larger step has its Map made of vectors, which takes seconds less. Units: nodes."""
MOST_BYTES = 6_000_000_000
"""No graph is made that would take more, whatever the machine has. Units: bytes."""
BYTES_PER_NODE = 420
"""Of a whole graph that is looked at: itself and what is kept for questions, measured. Units:
bytes."""
SECONDS_PER_NODE = 1.8e-6
"""What making one takes, and the first questions to it, roughly."""


def n_nodes(config: ModelConfig, vocab_size: int, tokens: Sequence[int]) -> int:
    """How many nodes the graph of a document has.

    Args:
        tokens: as many as are read, and one.
    """
    n, p = config.n_embd, len(tokens) - 1

    def linear(rows: int, cols: int) -> int:
        return rows * (2 * cols + 1)

    norm = linear(1, n) + 5 + n  # mean, epsilon and power, with their two constants; n products
    head_dim, h = config.head_dim, config.n_head
    pairs = p * (p + 1) // 2
    read = (len(set(tokens[:-1])) + p) * n + config.num_parameters(vocab_size)
    read -= (vocab_size + config.block_size) * n
    attention = p * (norm + 4 * linear(n, n) + n) + h * (
        pairs * (2 * head_dim + 3 + 4 + 1 + 2 * head_dim) + p * (head_dim + 2)
    )
    mlp = p * (norm + linear(4 * n, n) + 4 * n + linear(n, 4 * n) + n)
    around = p * (n + norm + linear(vocab_size, n) + 3 * vocab_size + 4 + 3) + p + 3
    return read + config.n_layer * (attention + mlp) + around


def check_whole(config: ModelConfig, vocab_size: int, tokens: Sequence[int]) -> None:
    """Raises `InputError` for a document whose whole graph would take more than this machine has.

    It says what that would be, and that a region is to be had.
    """
    count = n_nodes(config, vocab_size, tokens)
    if count * BYTES_PER_NODE > min(memory() or MOST_BYTES, MOST_BYTES):
        raise InputError(
            f"the whole step is too large to be opened, {cost_in_words(count)}: name a region of "
            "it, as in microgpt debug TEXT --region pos0/layer0/attn/head0"
        )


def cost_in_words(count: int) -> str:
    """What so many nodes would take, in words.

    >>> cost_in_words(28_471_427)
    '28,471,427 nodes in about 12.0 GB of memory and 51 s'
    """
    return (
        f"{count:,} nodes in about {in_words(count * BYTES_PER_NODE)} of memory and "
        f"{count * SECONDS_PER_NODE:.0f} s"
    )
