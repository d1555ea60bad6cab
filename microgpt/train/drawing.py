"""Samples and losses of a model by the fastest code that is ready, to the bits of `Value`.

Where a number is not finite, or there is no numpy, there is nothing: whoever asks has it done on
`Value`s, which say what is wrong.
"""

from __future__ import annotations

import random
from array import array
from collections.abc import Sequence
from types import ModuleType

from microgpt.model.parameters import ModelConfig
from microgpt.model.sampling import check_temperature, check_top_k, given_tokens
from microgpt.text.tokenizer import Tokenizer
from microgpt.train.engines import FASTEST, is_ready


def drawn_sample(
    model: ModelConfig,
    tokenizer: Tokenizer,
    data: array[float],
    rng: random.Random,
    temperature: float,
    prompt: str,
    top_k: int = 0,
) -> str | None:
    """Draws one document as `microgpt.model.sampling.characters` does, with the same draws.

    Args:
        data: every parameter's value, in the order of `Parameters.flat`.

    Returns:
        None, and nothing drawn, if it has to be done on `Value`s.

    Raises:
        InputError: the temperature, top_k or the prompt cannot be used.
    """
    check_temperature(temperature)
    check_top_k(top_k)
    given = given_tokens(prompt, model, tokenizer)
    code = _vectors() if top_k else _code()
    if code is None or type(rng) is not random.Random:  # another kind may draw otherwise
        return None
    try:
        inverse = float(temperature) ** -1 if temperature else 0.0
    except ArithmeticError:
        return None
    before = rng.getstate()
    most = model.block_size - len(given) if temperature else 0
    uniforms = [rng.random() for _ in range(most)]
    kept = {"top_k": top_k} if top_k else {}  # which the compiled code knows nothing of
    tokens = code.draw_document(model, tokenizer, data, given, uniforms, inverse, **kept)
    rng.setstate(before)
    if tokens is None:
        return None
    for _ in range(min(most, len(tokens) - len(given) + 1)):  # with BOS, unless the block is full
        rng.random()
    return tokenizer.decode(tokens)


def mean_losses(
    model: ModelConfig,
    tokenizer: Tokenizer,
    data: array[float],
    documents: Sequence[Sequence[int]],
) -> list[float]:
    """The mean loss of each document, none trained on. Units: nats.

    Args:
        documents: the tokens of each, as many as are read and one.

    Returns:
        Fewer than there are documents if the next one has to be done on `Value`s.
    """
    code = _code()
    if code is None:
        return []
    losses: list[float] = code.losses_of_documents(model, tokenizer, data, documents)
    return losses


def position_losses(
    model: ModelConfig,
    tokenizer: Tokenizer,
    data: array[float],
    documents: Sequence[Sequence[int]],
) -> list[list[float]]:
    """The same, of each position. Units: nats. Shape: `[document][position]`."""
    code = _vectors()
    if code is None:
        return []
    losses: list[list[float]] = code.losses_of_positions(model, tokenizer, data, documents)
    return losses


def _code() -> ModuleType | None:
    """The module that has both: compiled if that is loaded, else numpy's, None without numpy."""
    if is_ready(FASTEST):
        from microgpt.train.engines.kernel import kernel_engine  # noqa: PLC0415  # numba

        return kernel_engine
    return _vectors()


def _vectors() -> ModuleType | None:
    """numpy's, None without numpy."""
    try:
        from microgpt.train.engines.vectors import sampling  # noqa: PLC0415  # numpy
    except ImportError:
        return None
    return sampling
