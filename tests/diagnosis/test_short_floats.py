"""Programs of 32-bit floats: right ones are not called faulty by their rounding, wrong ones are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.diagnosis.diagnosed import diagnosed

ARRAYS = Path(__file__).parents[1] / "attach" / "programs" / "arrays"
TANH = "1 - out.data"


def in_short_floats(name: str, folder: Path) -> Path:
    """One of the programs with arrays, its numbers cut to 32 bits."""
    source = (ARRAYS / name).read_text(encoding="utf-8")
    short = source.replace("dtype=float", "dtype=np.float32").replace(", float)", ", np.float32)")
    assert short != source
    path = folder / name
    path.write_text(short, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["closures.py", "function_apply.py", "free_tape.py"])
def test_a_right_program_is_sound(name: str, tmp_path: Path) -> None:
    diagnosis = diagnosed(in_short_floats(name, tmp_path))
    assert (diagnosis.verdict, diagnosis.findings) == ("sound", ())


def test_a_wrong_derivative_is_named(tmp_path: Path) -> None:
    path = in_short_floats("closures.py", tmp_path)
    source = path.read_text(encoding="utf-8")
    assert TANH in source
    path.write_text(source.replace(TANH, "1 + out.data"), encoding="utf-8")
    diagnosis = diagnosed(path)
    assert diagnosis.verdict == "faulty"
    assert {finding.kind for finding in diagnosis.findings} == {"wrong-local"}
