"""Numbers in rows and columns as an SVG heatmap: a box each, or one picture of many."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from microgpt.graph.arrays import Floats, Mask
from viz.maps.svg_elements import xml
from viz.style import rgb
from viz.views.color_scale import LEVELS, ColorScale

MOST_BOXES = 6_000
"""Of more numbers boxes would be too many for a reader; they are one picture's pixels."""


@dataclass(frozen=True)
class DrawnHeatmap:
    """Where it stands, and on which scale."""

    numbers: Floats  # Shape: `[row][column]`.
    scale: ColorScale
    x: float
    y: float
    cell_width: float
    cell_height: float
    absent: Mask | None = None  # where there is no number. Shape: `[row][column]`.
    as_boxes: bool | None = None  # whether each is a box; if they are few enough, if None
    step: int = 1  # of the levels of the scale only every so many: pixels take less room then

    @property
    def width(self) -> float:
        """Of all columns."""
        return float(self.numbers.shape[1] * self.cell_width)

    @property
    def height(self) -> float:
        """Of all rows."""
        return float(self.numbers.shape[0] * self.cell_height)

    @property
    def has_boxes(self) -> bool:
        """Whether each number is a box of its own, with its digits."""
        few = self.numbers.size <= MOST_BOXES
        return few if self.as_boxes is None else self.as_boxes

    def drawn(self, title: Callable[[int, int], str] | None = None) -> Iterator[str]:
        """Its elements.

        Args:
            title: the tooltip of a number by row and column, where each is a box.
        """
        levels = self.scale.levels(self.numbers)
        absent = np.zeros(levels.shape, np.bool_) if self.absent is None else self.absent
        if not self.has_boxes:
            unknown = levels < 0
            levels = (levels + self.step // 2) // self.step * self.step
            levels[unknown] = LEVELS + 1
            levels[absent] = LEVELS + 2
            yield self._picture(levels)
            return
        colors = self.scale.colors
        width, height = f"{self.cell_width:.2f}", f"{self.cell_height:.2f}"
        rows = zip(levels.tolist(), absent.tolist(), strict=True)
        for row, (of_row, not_there) in enumerate(rows):
            y = f"{self.y + row * self.cell_height:.2f}"
            for column, (level, is_absent) in enumerate(zip(of_row, not_there, strict=True)):
                if is_absent:
                    continue
                fill = self.scale.theme.unknown if level < 0 else colors[level]
                about = f"<title>{xml(title(row, column))}</title>" if title else ""
                yield (
                    f'<rect x="{self.x + column * self.cell_width:.2f}" y="{y}" width="{width}" '
                    f'height="{height}" fill="{fill}">{about}</rect>'
                )

    def _picture(self, places: NDArray[np.int64]) -> str:
        theme = self.scale.theme
        palette = [*self.scale.colors, theme.unknown, theme.none]
        data = b64encode(indexed_png(places.astype(np.uint8), palette)).decode()
        is_large = min(self.cell_width, self.cell_height) >= 1
        style = ' style="image-rendering:pixelated"' if is_large else ""
        return (
            f'<image x="{self.x:.2f}" y="{self.y:.2f}" width="{self.width:.2f}" '
            f'height="{self.height:.2f}" preserveAspectRatio="none"{style} '
            f'href="data:image/png;base64,{data}"/>'
        )


def indexed_png(places: NDArray[np.uint8], palette: list[str]) -> bytes:
    """Pixels as PNG.

    Args:
        places: of each pixel's colour in the palette. Shape: `[row][column]`.
        palette: at most 256 colours, `#rrggbb`.
    """
    height, width = places.shape
    lines = np.zeros((height, width + 1), np.uint8)  # each begins with its filter: none
    lines[:, 1:] = places
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", b"".join(bytes(rgb(color)) for color in palette)),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
