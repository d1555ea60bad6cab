"""The pages on faults: each kind has one, and its program runs, shows what it says, is mended."""

from __future__ import annotations

import ast
import contextlib
import io
import re
from pathlib import Path

import pytest

from tests.diagnosis.diagnosed import diagnosed

FAULTS = Path(__file__).parents[2] / "docs" / "faults"
PAGES = {path.stem: path for path in sorted(FAULTS.glob("*.md")) if path.stem != "README"}

KINDS = tuple(
    re.findall(
        "[a-z-]+",
        """
        overwritten upstream-dropped wrong-local operand-skipped visited-early visited-twice
        never-visited not-seeded wrong-forward changed-after-use detached no-gradient
        shape-not-reduced aliased stale-grads backward-twice update-without-grad ascent not-updated
        not-in-graph rebound graph-grows rate-too-large rate-too-small clip-misplaced adam-wrong
        symmetric future-leak target-not-shifted position-unused not-normalised softmax-twice
        unscaled no-residual output-unused aliased-parameters updated-twice update-mixed
        loss-upside-down computed-unused integer-gradient not-repeatable not-finite overflow-ahead
        saturated dead-units vanishing exploding error
        """,
    )
)
RAISES = {"error": ValueError}

SECTIONS = ["A program that has it", "How it shows", "How to mend it", "When it is meant"]
HERE = "  # <-- here"
LONGEST_PROGRAM, LONGEST_PAGE = 54, 100  # lines


def section(page: str, name: str) -> str:
    return page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def block(text: str, language: str) -> str:
    """The one block in that language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return found


def mended(program: str, diff: str) -> str:
    """The program with each hunk of the diff applied at the one place where it fits."""
    lines = program.replace(HERE, "").splitlines()
    for hunk in re.split(r"^@@\n", diff, flags=re.MULTILINE):
        changes = hunk.splitlines()
        old = [line[1:] for line in changes if line[0] in " -"]
        new = [line[1:] for line in changes if line[0] in " +"]
        (start,) = (at for at in range(len(lines)) if old and lines[at : at + len(old)] == old)
        lines[start : start + len(old)] = new
    return "\n".join(lines) + "\n"


def output(program: str, name: str) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(program, name, "exec"), {"__name__": "__main__"})
    return printed.getvalue()


def says_in_order(shown: str, printed: str) -> bool:
    """Whether all lines shown were printed, in that order."""
    lines = iter(printed.splitlines())
    return bool(shown) and all(line in lines for line in shown.splitlines())


def test_each_kind_has_a_page_and_each_page_a_kind() -> None:
    assert len(set(KINDS)) == len(KINDS)
    assert set(PAGES) == set(KINDS)
    index = (FAULTS / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\(([a-z-]+)\.md\)", index)) == set(KINDS)


@pytest.mark.parametrize("kind", PAGES)
def test_a_page_says_what_its_program_does(kind: str) -> None:
    page = PAGES[kind].read_text(encoding="utf-8")
    assert page.startswith(f"# `{kind}`: ")
    assert len(page.splitlines()) <= LONGEST_PAGE
    headings = re.findall(r"^## (.*)$", page, re.MULTILINE)
    assert headings == SECTIONS[: len(headings)]
    assert len(headings) >= 3
    assert set(re.findall(r"# microgpt: ok ([a-z-]+)", page)) <= {kind}

    program = block(section(page, SECTIONS[0]), "python")
    assert len(program.splitlines()) <= LONGEST_PROGRAM
    assert program.count("# <--") == program.count(HERE + "\n") <= 1
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            modules = names if isinstance(node, ast.Import) else [node.module]
            assert {*modules} <= {"math", "random", "numpy", "dataclasses"}

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = compile(program, kind, "exec")
        if kind in RAISES:
            with pytest.raises(RAISES[kind]):
                exec(code, {"__name__": "__main__"})
        else:
            exec(code, {"__name__": "__main__"})
    broken = printed.getvalue()
    assert says_in_order(block(section(page, SECTIONS[1]), "text"), broken)

    how = section(page, SECTIONS[2])
    right = mended(program, block(how, "diff"))
    if HERE in program:
        (marked,) = (line for line in program.splitlines() if line.endswith(HERE))
        assert marked.removesuffix(HERE) in re.findall(r"^[- ](.*)$", how, re.MULTILINE)
    printed_right = output(right, f"{kind}, mended")
    assert says_in_order(block(how, "text"), printed_right)
    assert printed_right != broken


def test_the_checks_see_what_is_wrong() -> None:
    assert says_in_order("a\nc", "a\nb\nc\n")
    assert not says_in_order("c\na", "a\nb\nc\n")
    assert not says_in_order("", "a\n")
    assert mended("a\nb  # <-- here\nc\n", "-b\n+d\n@@\n c\n+e\n") == "a\nd\nc\ne\n"
    with pytest.raises(ValueError, match="unpack"):
        mended("a\na\n", "-a\n+b\n")
    with pytest.raises(ValueError, match="unpack"):
        block("```python\n```\n```python\n```\n", "python")


@pytest.mark.slow
@pytest.mark.parametrize("kind", PAGES)
def test_the_program_of_a_page_is_diagnosed_and_sound_when_mended(
    kind: str, tmp_path: Path
) -> None:
    page = PAGES[kind].read_text(encoding="utf-8")
    program = block(section(page, SECTIONS[0]), "python")
    path = tmp_path / "program.py"
    path.write_text(program, encoding="utf-8")
    found = [finding.kind for finding in diagnosed(path).findings]
    assert found[:1] == [kind]
    path.write_text(mended(program, block(section(page, SECTIONS[2]), "diff")), encoding="utf-8")
    diagnosis = diagnosed(path)
    assert diagnosis.verdict == "sound"
    assert not diagnosis.findings
