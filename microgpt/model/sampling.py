"""Drawing new documents from the model."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence

from microgpt.autograd.collector import paused_collector
from microgpt.errors import DomainError, InputError
from microgpt.model.parameters import ModelConfig, Parameters
from microgpt.text.tokenizer import Tokenizer

DEFAULT_TEMPERATURE = 0.5
DEFAULT_SAMPLES = 20


def check_temperature(temperature: float) -> None:
    """Raises `InputError` unless `temperature` is a finite number, 0 or more."""
    if not (math.isfinite(temperature) and temperature >= 0):
        raise InputError(
            f"temperature is {temperature}; it must be a finite number, 0 (greedy) or more"
        )


def check_top_k(top_k: int) -> None:
    """Raises `InputError` unless `top_k` is 0 (all) or more."""
    if top_k < 0:
        raise InputError(f"top-k is {top_k}; it must be at least 1, or 0 for all tokens")


def drawing_weights(
    logits: Sequence[float], temperature: float, top_k: int = 0, where: str = ""
) -> list[float]:
    """How likely each token is to be drawn, as weights that need not sum to 1. Shape: `[token]`.

    They are the softmax of the logits over the temperature in microgpt's own order of floats, those
    of all but the `top_k` likeliest tokens set to 0.

    Args:
        temperature: 0 leaves only the likeliest token, the first of several.
        top_k: 0 for all; of equal logits the first count.
        where: said of numbers that are not finite, such as `" at position 0"`.

    Raises:
        DomainError: a number is not finite.
    """
    if not temperature:
        likeliest = max(range(len(logits)), key=logits.__getitem__)
        return [float(token == likeliest) for token in range(len(logits))]
    try:
        reciprocal = float(temperature) ** -1
    except ArithmeticError:
        raise DomainError(f"division by {temperature} is not finite") from None
    try:
        scaled = [logit * reciprocal for logit in logits]
        shift = -max(scaled)
        exps = [math.exp(logit + shift) for logit in scaled]
        total = 0.0
        for each in exps:
            total += each  # `sum` of floats compensates from Python 3.12 on
        inverse = math.pow(total, -1.0)
    except (ArithmeticError, ValueError):
        inverse = math.nan
    if not math.isfinite(inverse):
        raise DomainError(
            f"the probabilities{where} are not all finite, at temperature {temperature}"
        )
    weights = [each * inverse for each in exps]
    if top_k:
        by_size = sorted(range(len(logits)), key=lambda token: -logits[token])
        for token in by_size[top_k:]:
            weights[token] = 0.0
    return weights


def given_tokens(prompt: str, config: ModelConfig, tokenizer: Tokenizer) -> tuple[int, ...]:
    """The tokens of a prompt; raises `InputError` if it leaves no room or is not encodable."""
    given = tokenizer.encode(prompt)[1:-1]
    if len(given) >= config.block_size:
        raise InputError(
            f"prompt {prompt!r} has {len(prompt)} characters; with block_size {config.block_size} "
            f"at most {config.block_size - 1} leave room to go on"
        )
    return given


def sample(
    parameters: Parameters,
    config: ModelConfig,
    tokenizer: Tokenizer,
    rng: random.Random,
    temperature: float = DEFAULT_TEMPERATURE,
    prompt: str = "",
    top_k: int = 0,
) -> str:
    """One document; see `characters`."""
    with paused_collector():
        return "".join(characters(parameters, config, tokenizer, rng, temperature, prompt, top_k))


def characters(
    parameters: Parameters,
    config: ModelConfig,
    tokenizer: Tokenizer,
    rng: random.Random,
    temperature: float = DEFAULT_TEMPERATURE,
    prompt: str = "",
    top_k: int = 0,
) -> Iterator[str]:
    """One document, character by character, until the model says BOS or the block is full.

    Whoever has no time for the rest can stop after any of them.

    Args:
        prompt: how the document begins; the model goes on from there.
        rng: gives one draw a position; none at temperature 0.
        temperature: divides the logits before the softmax. Below 1 the likely gets likelier; 0
            always takes the likeliest token, the first of several.
        top_k: only the so many likeliest tokens are drawn; 0 for all.

    Raises:
        InputError: the temperature is negative or not finite, top_k is negative, or the prompt
            leaves no room in the block or is not encodable.
        DomainError: the model's numbers are not finite, or not after dividing by the temperature.
    """
    from microgpt.model.transformer import KeyValueCache, gpt  # noqa: PLC0415  # Values

    check_temperature(temperature)
    check_top_k(top_k)
    cache = KeyValueCache.empty(config.n_layer)
    given = given_tokens(prompt, config, tokenizer)
    token_id = tokenizer.bos
    for pos_id in range(config.block_size):
        logits, _ = gpt(token_id, pos_id, cache, parameters, config)
        if pos_id < len(given):
            token_id = given[pos_id]
            yield tokenizer.decode([token_id])
            continue
        if not all(math.isfinite(logit.data) for logit in logits):
            raise DomainError(f"the logits at position {pos_id} are not all finite")
        if temperature:
            numbers = [logit.data for logit in logits]
            weights = drawing_weights(numbers, temperature, top_k, f" at position {pos_id}")
            token_id = rng.choices(range(tokenizer.vocab_size), weights=weights)[0]
        else:
            token_id = max(range(tokenizer.vocab_size), key=lambda i: logits[i].data)
        if token_id == tokenizer.bos:
            break
        yield tokenizer.decode([token_id])
