"""Lines that add to what they store, told from lines that replace it."""

from __future__ import annotations

from pathlib import Path

import pytest

from microgpt.attach.additions import adds


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x.grad += y", True),
        ("x.grad -= y", True),
        ("x.grad = x.grad + y", True),
        ("x.grad = y + x.grad", True),
        ("x.grad = a + b + x.grad", True),
        ("x.grad = x.grad - y", True),
        ("p.grad = g if p.grad is None else p.grad + g", True),
        ("x.grad = y  # should be +=", False),
        ("x.grad = y - x.grad", False),
        ("x.grad = y + z.grad", False),
        ("x.grad *= y", False),
        ("x.grad = x.grad", False),
        ("x.grad = '+='", False),
    ],
)
def test_a_line(tmp_path: Path, line: str, expected: bool) -> None:
    path = tmp_path / "script.py"
    path.write_text(f"# first\n{line}\n")
    assert adds(str(path), 2) is expected
    assert adds(str(path), 1) is False


def test_what_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text("x +=\n")
    assert not adds(str(path), 1)
    assert not adds(str(tmp_path / "none.py"), 1)
