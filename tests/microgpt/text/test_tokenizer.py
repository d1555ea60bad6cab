"""The tokenizer: characters to ids and back, and what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import InputError, Tokenizer


def test_ids_are_sorted_characters_and_bos_comes_last() -> None:
    tokenizer = Tokenizer.of(["emma", "ava"])
    assert tokenizer.chars == "aemv"
    assert (tokenizer.bos, tokenizer.vocab_size) == (4, 5)
    assert tokenizer.encode("emma") == (4, 1, 2, 2, 0, 4)


def test_order_of_documents_does_not_matter() -> None:
    assert Tokenizer.of(["ba", "ca"]) == Tokenizer.of(["ac", "ab"])


@given(st.text(min_size=1))
def test_decode_undoes_encode(document: str) -> None:
    tokenizer = Tokenizer.of([document, "any"])
    tokens = tokenizer.encode(document)
    assert (tokens[0], tokens[-1], len(tokens)) == (tokenizer.bos, tokenizer.bos, len(document) + 2)
    assert tokenizer.decode(tokens) == document


def test_unknown_character_is_named_with_its_place_and_the_vocabulary() -> None:
    with pytest.raises(InputError) as caught:
        Tokenizer.of(["emma"]).encode("em3a")
    assert str(caught.value) == (
        "character '3' (number 3 of 'em3a') is not in the vocabulary of this corpus: 'aem'"
    )


def test_labels() -> None:
    tokenizer = Tokenizer.of(["a b\tc"])
    assert [tokenizer.label(i) for i in range(6)] == ["⇥", "␣", "a", "b", "c", "BOS"]
