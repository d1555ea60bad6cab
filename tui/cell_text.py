"""Text set into an exact number of character cells: some characters take two, some none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size


def set_left(text: str, width: int) -> str:
    """The text at the left of `width` cells, cut off if it is longer.

    >>> set_left("漢", 4)
    '漢  '
    """
    return set_cell_size(text, width)


def set_right(text: str, width: int) -> str:
    """The text at the right of `width` cells, cut off if it is longer.

    >>> set_right("漢", 4), set_right("BOS", 2)
    ('  漢', 'BO')
    """
    cut = set_cell_size(text, min(width, cell_len(text)))
    return " " * (width - cell_len(cut)) + cut


def elided(text: str, width: int) -> str:
    """The text in at most `width` cells; if it is longer, without most of what is not its end.

    At the end stand the numbers that tell things of one kind apart.

    >>> elided("head0/scores[2] term 3 #11720", 20), elided("#11720", 20)
    ('head0/…term 3 #11720', '#11720')
    """
    if cell_len(text) <= width:
        return text
    front = set_cell_size(text, max(0, (width - 1) // 3))
    back, room = "", width - cell_len(front) - 1
    for char in reversed(text):
        room -= cell_len(char)
        if room < 0:
            break
        back = char + back
    return set_cell_size(f"{front}…{back}", min(width, cell_len(front) + 1 + cell_len(back)))


def told_apart(texts: Sequence[str], width: int) -> list[str]:
    """Texts in at most `width` cells each, cut so that no two look alike that are not the same.

    Those that would are numbered; only where a number does not fit is a text longer than `width`.

    >>> told_apart(["softmax first of all", "softmax after it all", "short"], 13)
    ['soft…t of all', 'soft…r it all', 'short']
    >>> told_apart(["layer_one_norm_weight", "layer_two_norm_weight"], 10)
    ['la…eight~1', 'la…eight~2']
    """
    cut = {text: elided(text, width) for text in texts}
    often = Counter(cut.values())
    taken, number = {one for one in often if often[one] == 1}, 0
    for text, one in cut.items():
        while often[one] > 1:
            number += 1
            mark = f"~{number}"
            marked = elided(text, max(0, width - len(mark))) + mark
            if marked not in taken:
                cut[text] = marked
                taken.add(marked)
                break
    return [cut[text] for text in texts]
