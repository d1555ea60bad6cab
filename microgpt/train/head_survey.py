"""What the heads of a model do, measured on documents by forward passes alone."""

from __future__ import annotations

from collections.abc import Sequence

from microgpt.errors import DomainError
from microgpt.model.head_behaviours import HeadSurvey, survey
from microgpt.train.model_snapshot import ModelSnapshot

MOST_DOCUMENTS = 64
"""How many of the documents given are looked at: the first ones."""


def survey_heads(model: ModelSnapshot, documents: Sequence[str]) -> HeadSurvey:
    """Measures all heads of a model.

    Raises:
        InputError: a document is not encodable.
        DomainError: a number is not finite.
    """
    from microgpt.train.engines.vectors.attention import attention_of_documents  # noqa: PLC0415  # numpy

    size = model.config.block_size + 1
    encode, label = model.tokenizer.encode, model.tokenizer.label
    tokens = [encode(document)[:size] for document in documents[:MOST_DOCUMENTS]]
    attention = attention_of_documents(model.config, model.tokenizer, model.data, tokens)
    if len(attention) < len(tokens):
        raise DomainError(f"the attention to {documents[len(attention)]!r} is not all finite")
    return survey([[label(token) for token in each[:-1]] for each in tokens], attention)
