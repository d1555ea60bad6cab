"""A corpus in a few words, before a run is begun with it. Knows no screen."""

from __future__ import annotations

from dataclasses import dataclass

from microgpt import CorpusSummary, load_corpus
from microgpt.errors import MicrogptError
from microgpt.printable import printable

EXAMPLES = 12
"""Documents, spread evenly over the corpus."""


@dataclass(frozen=True, slots=True)
class CorpusPreview:
    """What a name or a path leads to."""

    spec: str
    num_documents: int = 0
    vocab_size: int = 0  # characters, and BOS
    told: tuple[str, ...] = ()  # lines
    problem: str = ""  # why it is none, one line

    @classmethod
    def of(cls, spec: str) -> CorpusPreview:
        """Reads the corpus, which may take a while."""
        try:
            corpus = load_corpus(spec)
            summary = CorpusSummary.of(corpus)
        except MicrogptError as error:
            return cls(spec, problem=str(error))
        n = summary.num_documents
        alphabet = printable(summary.alphabet.replace(" ", "␣"))
        documents = "1 document" if n == 1 else f"{n:,} documents"
        lengths = f"{summary.shortest} to {summary.longest}, half of them {summary.quartiles[1]:g}"
        some = [corpus.documents[place * n // EXAMPLES] for place in range(min(n, EXAMPLES))]
        return cls(
            spec, n, len(summary.alphabet) + 1,
            (
                f"{documents} of {lengths} or less · {len(summary.alphabet)} characters {alphabet}",
                " · ".join(printable(text) for text in dict.fromkeys(some)),
            ),
        )  # fmt: skip
