"""Reading a page back, as its program does: its JSON, its arrays to the bit, its scripts."""

from __future__ import annotations

import base64
import gzip
import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ReadPage:
    """What a page holds."""

    html: str

    def element(self, tag: str, about: str = "") -> str:
        found = re.search(rf"<{tag}{about}>(.*?)</{tag}>", self.html, re.DOTALL)
        assert found, (tag, about)
        return found[1]

    @cached_property
    def about(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(
            self.element("script", ' type="application/json" id="about"')
        )
        return read

    @cached_property
    def arrays(self) -> dict[str, NDArray[Any]]:
        text = self.element("script", ' type="text/plain" id="arrays"')
        content = gzip.decompress(base64.b64decode(text))
        return {
            name: np.frombuffer(content, f"<{kind}", length, at)
            for name, (kind, length, at) in self.about["arrays"].items()
        }

    @cached_property
    def engine(self) -> bytes:
        text = self.element("script", ' type="text/plain" id="engine"')
        return gzip.decompress(base64.b64decode(text))
