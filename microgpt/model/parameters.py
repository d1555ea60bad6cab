"""The model's parameters: named matrices of `Value` leaves, in the order they are drawn."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from microgpt.errors import InputError
from microgpt.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    from microgpt.autograd.value import Value

Matrix: TypeAlias = "list[list[Value]]"

INIT_STD = 0.08
RMSNORM_EPS = 1e-5
"""What rmsnorm adds to the mean square; every engine does."""

LARGEST_SIZE = 1_000_000_000
"""Of each number of a `ModelConfig`: whatever is larger fits no machine."""


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The model's size.

    Raises:
        InputError: a size below 1 or beyond all bounds, or n_embd that n_head does not divide.
    """

    n_embd: int = 16  # width of the residual stream
    n_head: int = 4  # attention heads a layer; each works on `n_embd / n_head` of the width
    n_layer: int = 1
    block_size: int = 16  # the most positions a document may take

    def __post_init__(self) -> None:
        for name in ("n_embd", "n_head", "n_layer", "block_size"):
            if not 1 <= getattr(self, name) <= LARGEST_SIZE:
                raise InputError(
                    f"{name} is {getattr(self, name)}; it must be at least 1"
                    + (f" and at most {LARGEST_SIZE:,}" if getattr(self, name) > 1 else "")
                )
        if self.n_embd % self.n_head:
            small = [d for d in range(1, math.isqrt(self.n_embd) + 1) if self.n_embd % d == 0]
            divisors = sorted({*small, *(self.n_embd // d for d in small)})
            raise InputError(
                f"n_embd {self.n_embd} is not divisible by n_head {self.n_head}; "
                f"n_head can be {', '.join(map(str, divisors))}"
            )

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.n_embd // self.n_head

    def num_parameters(self, vocab_size: int) -> int:
        """How many numbers all of `shapes` hold, however many that are."""
        n_embd = self.n_embd
        return n_embd * (2 * vocab_size + self.block_size + 12 * n_embd * self.n_layer)

    def shapes(self, vocab_size: int) -> dict[str, tuple[int, int]]:
        """Rows and columns of every matrix, in the order in which they are drawn."""
        n_embd = self.n_embd
        shapes = {
            "wte": (vocab_size, n_embd),
            "wpe": (self.block_size, n_embd),
            "lm_head": (vocab_size, n_embd),
        }
        for layer in range(self.n_layer):
            for projection in ("attn_wq", "attn_wk", "attn_wv", "attn_wo"):
                shapes[f"layer{layer}.{projection}"] = (n_embd, n_embd)
            shapes[f"layer{layer}.mlp_fc1"] = (4 * n_embd, n_embd)
            shapes[f"layer{layer}.mlp_fc2"] = (n_embd, 4 * n_embd)
        return shapes


def drawn_numbers(config: ModelConfig, vocab_size: int, rng: random.Random) -> array[float]:
    """Untrained parameters as plain numbers, in the order of `Parameters.flat`."""
    size = sum(rows * cols for rows, cols in config.shapes(vocab_size).values())
    return array("d", [rng.gauss(0, INIT_STD) for _ in range(size)])


class Parameters:
    """All parameters, by matrix and as one flat list in the same order."""

    def __init__(self, config: ModelConfig, tokenizer: Tokenizer, data: Iterable[float]) -> None:
        """Takes `data` in the order of `flat`; it must have a number for every parameter."""
        from microgpt.autograd.bindings import parameter  # noqa: PLC0415  # fast engines need none

        numbers = iter(data)
        tokens = [tokenizer.label(token_id) for token_id in range(tokenizer.vocab_size)]
        # By name. Shape: `[rows][cols]`.
        self.matrices: dict[str, Matrix] = {
            name: [
                [
                    parameter(next(numbers), name, row, col, tokens[row] if name == "wte" else "")
                    for col in range(cols)
                ]
                for row in range(rows)
            ]
            for name, (rows, cols) in config.shapes(tokenizer.vocab_size).items()
        }
        # Row by row, matrix after matrix.
        self.flat: list[Value] = [
            leaf for rows in self.matrices.values() for row in rows for leaf in row
        ]

    @classmethod
    def random(cls, config: ModelConfig, tokenizer: Tokenizer, rng: random.Random) -> Parameters:
        """Untrained parameters: one draw of N(0, 0.08) each, in order."""
        return cls(config, tokenizer, drawn_numbers(config, tokenizer.vocab_size, rng))

    def __getitem__(self, name: str) -> Matrix:
        return self.matrices[name]

    def __len__(self) -> int:
        return len(self.flat)

    def data(self) -> array[float]:
        """A copy of every parameter's value, in the order of `flat`. Units: 8 bytes each."""
        return array("d", [leaf.data for leaf in self.flat])
