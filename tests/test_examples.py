"""Every file in examples/ runs as a program of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_it_runs(example: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, example],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_scalar_graph_has_the_gradients_it_promises(tmp_path: Path) -> None:
    example = next(path for path in EXAMPLES if path.name == "scalar_graph.py")
    picture = tmp_path / "scalar.svg"
    done = subprocess.run(
        [sys.executable, example, "--graph", picture],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "a: data 2.0, grad 4.0\nb: data 3.0, grad 2.0\n" in done.stdout
    assert ">grad 4<" in picture.read_text(encoding="utf-8")
