"""Drawing new documents from the model."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

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
) -> str:
    """One document; see `characters`."""
    with paused_collector():
        return "".join(characters(parameters, config, tokenizer, rng, temperature, prompt))


def characters(
    parameters: Parameters,
    config: ModelConfig,
    tokenizer: Tokenizer,
    rng: random.Random,
    temperature: float = DEFAULT_TEMPERATURE,
    prompt: str = "",
) -> Iterator[str]:
    """One document, character by character, until the model says BOS or the block is full.

    Whoever has no time for the rest can stop after any of them.

    Args:
        prompt: how the document begins; the model goes on from there.
        rng: gives one draw a position; none at temperature 0.
        temperature: divides the logits before the softmax. Below 1 the likely gets likelier; 0
            always takes the likeliest token, the first of several.

    Raises:
        InputError: the temperature is negative or not finite, or the prompt leaves no room in the
            block or is not encodable.
        DomainError: the model's numbers are not finite, or not after dividing by the temperature.
    """
    from microgpt.model.transformer import KeyValueCache, gpt, softmax  # noqa: PLC0415  # Values

    check_temperature(temperature)
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
            probs = softmax([logit / temperature for logit in logits])
            weights = [p.data for p in probs]
            if not all(map(math.isfinite, weights)):
                raise DomainError(
                    f"the probabilities at position {pos_id} are not all finite, at "
                    f"temperature {temperature}"
                )
            token_id = rng.choices(range(tokenizer.vocab_size), weights=weights)[0]
        else:
            token_id = max(range(tokenizer.vocab_size), key=lambda i: logits[i].data)
        if token_id == tokenizer.bos:
            break
        yield tokenizer.decode([token_id])
