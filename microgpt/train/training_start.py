"""What a run starts from: the draws before its first step. Needs no engine and trains nothing."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Self

from microgpt.model.memory import check_memory
from microgpt.model.parameters import ModelConfig, drawn_numbers
from microgpt.model.training_state import TrainingState
from microgpt.text.corpus import Corpus
from microgpt.text.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class TrainingStart:
    """A corpus in the order it will be trained on, and a model that nothing was trained into.

    >>> from microgpt import Corpus, ModelConfig, ModelSnapshot
    >>> start = TrainingStart.drawn(Corpus("mine", ("ab", "ba")), ModelConfig(n_embd=4), seed=42)
    >>> start.documents, ModelSnapshot.of(start).tokenizer.chars
    (('ba', 'ab'), 'ab')
    """

    model: ModelConfig
    documents: tuple[str, ...]  # in the order they are trained on
    tokenizer: Tokenizer
    state: TrainingState  # of step 0
    rng: random.Random  # after these draws; whatever is drawn later goes on with it

    @classmethod
    def drawn(cls, corpus: Corpus, model: ModelConfig, seed: int) -> Self:
        """Shuffles the documents, then draws the parameters: a run's own draws, in their order.

        Raises:
            InputError: the model is larger than this machine's memory.
        """
        rng = random.Random(seed)
        documents = list(corpus.documents)
        rng.shuffle(documents)
        tokenizer = Tokenizer.of(documents)
        check_memory(model, tokenizer.vocab_size)
        data = drawn_numbers(model, tokenizer.vocab_size, rng)
        return cls(model, tuple(documents), tokenizer, TrainingState.untrained(data), rng)
