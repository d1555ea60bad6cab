"""`FaultKind`: a row of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Finding

Find: TypeAlias = Callable[[Evidence], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of fault: what the program does, and what looks for it."""

    name: str
    program: str  # what a program with it does, in words that follow "the program"
    mend: str  # what people do about it
    find: Find
    follows: frozenset[str] = frozenset()
    """Kinds that bring this one about: where one of them is found, it is not told."""

    def findings(self, evidence: Evidence) -> Iterator[Finding]:
        """What it finds, with what is meant as a note."""
        for finding in self.find(evidence):
            told = finding if finding.mend else replace(finding, mend=self.mend)
            if evidence.program.is_meant(self.name, told.file, told.line):
                told = replace(told, certainty="note", unless="", what=f"{told.what} (meant)")
            yield told


def matrix_of(name: str) -> str:
    """What a parameter is one of: its name without the indices at the end.

    >>> matrix_of("layers[0].w[3][7]"), matrix_of("b")
    ('layers[0].w', 'b')
    """
    return re.sub(r"(\[[^\]]*\])+$", "", name)


def said(number: float) -> str:
    """A number in a sentence.

    >>> said(-1.94280000001), said(2.0)
    ('-1.943', '2')
    """
    return f"{number:.4g}"


def said_apart(one: float, other: float) -> tuple[str, str]:
    """Two numbers in a sentence, with so many digits that they look different if they are.

    >>> said_apart(0.25, 0.5), said_apart(1.00001, 1.00002)
    (('0.25', '0.5'), ('1.00001', '1.00002'))
    """
    texts = said(one), said(other)
    for digits in range(5, 18):
        if texts[0] != texts[1] or one == other:
            break
        texts = f"{one:.{digits}g}", f"{other:.{digits}g}"
    return texts
