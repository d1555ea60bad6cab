"""Corpora: the built-in ones by name, anyone's own as a text file with one document a line."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from microgpt.errors import InputError

DEFAULT_CORPUS = "names"


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents in the order of their file.

    Attributes:
        name: the built-in corpus's name, or the file's path as it was given.
        documents: the lines, stripped, blank ones left out.
    """

    name: str
    documents: tuple[str, ...]


def built_in_corpora() -> tuple[str, ...]:
    """Names of the corpora that come with the package, sorted."""
    files = (resources.files("microgpt") / "corpora").iterdir()
    return tuple(sorted(f.name.removesuffix(".txt") for f in files if f.name.endswith(".txt")))


def load_corpus(spec: str = DEFAULT_CORPUS) -> Corpus:
    """Loads a corpus.

    Args:
        spec: the name of a built-in corpus, or a file's path. Anything with a slash or a suffix is
            a path.

    Raises:
        InputError: there is no such corpus, or the file cannot be read, is not UTF-8 or holds no
            document.
    """
    is_path = "/" in spec or "\\" in spec or Path(spec).suffix != ""
    if is_path:
        try:
            raw = Path(spec).read_bytes()
        except OSError as error:
            raise InputError(f"cannot read corpus {spec!r}: {error.strerror}") from error
    elif spec in built_in_corpora():
        raw = (resources.files("microgpt") / "corpora" / f"{spec}.txt").read_bytes()
    else:
        raise InputError(
            f"no built-in corpus {spec!r}; there is {', '.join(built_in_corpora())}, and a file is "
            f"given with its folder or suffix, as ./{spec or 'FILE'}"
        )
    return Corpus(spec, _documents(raw, spec))


def _documents(raw: bytes, spec: str) -> tuple[str, ...]:
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
        raise InputError(f"corpus {spec!r} holds no document: one a line is expected")
    return documents
