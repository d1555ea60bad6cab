"""Characters to token ids and back: the vocabulary is the characters of a corpus, and BOS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from microgpt.errors import InputError
from microgpt.printable import printable, shortened

BOS_LABEL = "BOS"


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """A character tokenizer with one special token, BOS, that begins and ends every document.

    >>> Tokenizer.of(["emma"]).encode("mama")
    (3, 2, 0, 2, 0, 3)
    """

    chars: str  # sorted; a character's place is its token id, and BOS comes last

    @classmethod
    def of(cls, documents: Iterable[str]) -> Tokenizer:
        """The tokenizer of a corpus."""
        return cls("".join(sorted(set("".join(documents)))))

    @property
    def bos(self) -> int:
        """Token id of BOS, the last id."""
        return len(self.chars)

    @property
    def vocab_size(self) -> int:
        """Number of token ids, BOS included."""
        return len(self.chars) + 1

    def encode(self, document: str) -> tuple[int, ...]:
        """BOS, a token id for each character, BOS.

        Raises:
            InputError: a character is not in the vocabulary.
        """
        ids = _token_ids(self.chars)
        for place, char in enumerate(document, start=1):
            if char not in ids:
                raise InputError(
                    f"character {char!r} (number {place} of {shortened(document)!r}) is not in the "
                    f"vocabulary of this corpus: {shortened(self.chars)!r}"
                )
        return (self.bos, *(ids[char] for char in document), self.bos)

    def decode(self, token_ids: Sequence[int]) -> str:
        """The characters of `token_ids`, BOS left out."""
        return "".join(self.chars[token_id] for token_id in token_ids if token_id != self.bos)

    def label(self, token_id: int) -> str:
        """What to call a token on screen: its character, `BOS`, `␣` for a space."""
        if token_id == self.bos:
            return BOS_LABEL
        char = self.chars[token_id]
        return {" ": "␣", "\t": "⇥"}.get(char, printable(char))


@lru_cache(maxsize=8)  # a fast engine asks tens of thousands of times a second
def _token_ids(chars: str) -> Mapping[str, int]:
    return {char: token_id for token_id, char in enumerate(chars)}
