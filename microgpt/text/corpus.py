"""Corpora: by name those built in or fetched, anyone's own as a text file; what one consists of.

A corpus is text in UTF-8 with one document a line. Nothing here writes a file or opens a
connection; `microgpt.text.fetching` does.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from microgpt.errors import InputError, NotFetchedError
from microgpt.files import read_whole

DEFAULT_CORPUS = "names"
ORIGINAL = "original"
"""The corpus microgpt itself trains on. It is not built in: it has to be fetched once."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents in the order of their file."""

    name: str  # the built-in corpus's name, or the file's path as it was given
    documents: tuple[str, ...]  # the lines, stripped, blank ones left out

    @property
    def fingerprint(self) -> str:
        """A checksum of the documents in their order, to know the corpus again by."""
        return hashlib.sha256("\n".join(self.documents).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class CorpusSummary:
    """What a corpus consists of.

    Quartile k of n sorted lengths is found at place k * (n - 1) / 4, counted from 0; between two
    places, on the straight line from one's length to the next's. The second is the median.

    Units: characters, for all lengths.

    >>> CorpusSummary.of(Corpus("mine", ("ab", "a", "cab", "abba"))).quartiles
    (1.75, 2.5, 3.25)
    """

    num_documents: int
    alphabet: str  # every character that occurs, once each, in the order of the tokenizer's ids
    shortest: int  # length of the shortest document
    quartiles: tuple[float, float, float]  # of the documents' lengths
    longest: int  # length of the longest document

    @classmethod
    def of(cls, corpus: Corpus) -> CorpusSummary:
        """The summary of a corpus. Raises `InputError` if it holds no document."""
        if not corpus.documents:
            raise _no_document(corpus.name)
        lengths = sorted(map(len, corpus.documents))
        return cls(
            num_documents=len(lengths),
            alphabet="".join(sorted(set().union(*corpus.documents))),
            shortest=lengths[0],
            quartiles=(_quartile(1, lengths), _quartile(2, lengths), _quartile(3, lengths)),
            longest=lengths[-1],
        )


def corpus_names() -> tuple[str, ...]:
    """Every name that `load_corpus` knows: the built-in corpora's, then the original's."""
    return (*built_in_corpora(), ORIGINAL)


def built_in_corpora() -> tuple[str, ...]:
    """Names of the corpora that come with the package, sorted."""
    names = (file.name for file in corpora_folder().iterdir())
    return tuple(sorted(name.removesuffix(".txt") for name in names if name.endswith(".txt")))


def corpora_folder() -> Path:
    """Where the built-in corpora are. Each is a file there, `NAME.txt`, and nothing else."""
    return Path(__file__).parent / "corpora"


def original_path() -> Path:
    """The file in the user's cache folder that holds the original corpus, once it is fetched."""
    import platformdirs  # noqa: PLC0415  # spares training a library

    return platformdirs.user_cache_path("microgpt-tui", appauthor=False) / f"{ORIGINAL}.txt"


def load_corpus(spec: str = DEFAULT_CORPUS) -> Corpus:
    """Loads a corpus.

    Args:
        spec: the name of a built-in corpus, `original`, or a file's path. Anything with a slash or
            a suffix is a path.

    Raises:
        InputError: there is no such corpus, or the file cannot be read, is not UTF-8 or holds no
            document.
        NotFetchedError: it is the original, and that has not been fetched; an `InputError` too.
    """
    if is_path(spec):
        raw = _read(spec)
    elif spec in built_in_corpora():
        raw = (corpora_folder() / f"{spec}.txt").read_bytes()
    elif spec == ORIGINAL:
        raw = _read_original()
    else:
        raise InputError(
            f"no corpus {spec!r}; there is {', '.join(corpus_names())}, and a file is given with "
            f"its folder or suffix, as ./{spec or 'FILE'}"
        )
    return Corpus(spec, documents_in(raw, spec))


def is_path(spec: str) -> bool:
    """Whether a corpus is named by its path: with a slash or a suffix."""
    return "/" in spec or "\\" in spec or Path(spec).suffix != ""


def documents_in(raw: bytes, spec: str) -> tuple[str, ...]:
    """The documents of a text.

    Args:
        raw: the whole file.
        spec: what an error calls it.

    Raises:
        InputError: it is not UTF-8 or holds no document.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"corpus {spec!r} is not UTF-8: byte 0x{raw[error.start]:02x} on line {line}"
        ) from error
    # On newlines only: str.splitlines() also breaks at form feeds and other separators.
    documents = tuple(line.strip() for line in text.split("\n") if line.strip())
    if not documents:
        raise _no_document(spec)
    return documents


def _read(path: str | Path) -> bytes:
    return read_whole(path, "corpus")


def _read_original() -> bytes:
    path = original_path()
    try:
        return _read(path)
    except InputError as error:
        if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
            raise NotFetchedError(
                f"corpus {ORIGINAL!r} has not been fetched; `microgpt corpora fetch` gets it"
            ) from error
        raise


def _no_document(spec: str) -> InputError:
    return InputError(f"corpus {spec!r} holds no document: one a line is expected")


def _quartile(number: int, lengths: list[int]) -> float:
    below, quarters = divmod(number * (len(lengths) - 1), 4)
    if quarters == 0:
        return float(lengths[below])
    return (lengths[below] * (4 - quarters) + lengths[below + 1] * quarters) / 4
