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
from microgpt.train.validation import in_training_order


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
    held_out: tuple[str, ...] = ()  # of the documents, in the order they were chosen

    @classmethod
    def drawn(cls, corpus: Corpus, model: ModelConfig, seed: int, validation: int = 0) -> Self:
        """Shuffles the documents, then draws the parameters: a run's own draws, in their order.

        Args:
            validation: how many documents are held out. The model knows their characters, too.

        Raises:
            InputError: the model is larger than this machine's memory, or no document is left.
        """
        rng = random.Random(seed)
        documents, held_out = in_training_order(corpus.documents, validation, rng)
        tokenizer = Tokenizer.of(corpus.documents)
        check_memory(model, tokenizer.vocab_size)
        data = drawn_numbers(model, tokenizer.vocab_size, rng)
        state = TrainingState.untrained(data)
        return cls(model, documents, tokenizer, state, rng, held_out)
