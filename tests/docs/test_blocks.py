"""Every command and every program of README.md and docs/*.md runs, and prints what is shown.

    make docs-check

Numbers have to be those of the page, but for the last digits, which the math library decides; a
line of `...` stands for any lines.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.docs.blocks import ALL, PAGES, ROOT, Block, blocks_of
from tests.docs.named_files import RUNS, TEXTS, make_file, make_folder, run
from tests.tui.terminal import Terminal, below_the_first_row
from tui.cli.main import command_parser

SAME = 1e-9
"""So far apart, relatively, are numbers of two math libraries at the most."""
NOTHING = 1e-12
"""Smaller numbers than this are rounding."""
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")
STATUSES = {"diff": (0, 1), "diagnose": (0, 1)}
"""These end with 1 where there is something to tell."""
PRINTS = re.compile(r"# prints (.*)$", re.MULTILINE)


def of(*languages: str) -> list[Block]:
    return [block for block in ALL if block.language in languages and not block.not_run]


def alike(shown: str, printed: str) -> bool:
    """Whether a line is the page's: its words, and its numbers but for their last digits."""
    shown_words, printed_words = (
        re.sub(" +", " ", NUMBER.sub("0", line)) for line in (shown, printed)
    )
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=False)
    return shown_words == printed_words and all(
        one == other or math.isclose(_read(one), _read(other), rel_tol=SAME, abs_tol=NOTHING)
        for one, other in pairs
    )


def _read(number: str) -> float:
    return float(number.replace(",", ""))


def all_alike(shown: Sequence[str], printed: Sequence[str]) -> bool:
    """Whether lines are the page's; a line of `...` stands for any number of them.

    >>> all_alike(["a 1.0000000001", "..."], ["a 1.0", "b", "c"]), all_alike(["a 1"], ["a 2"])
    (True, False)
    """
    if not shown:
        return not printed
    if shown[0] == "...":
        rests = range(len(printed) + 1)
        return any(all_alike(shown[1:], printed[begin:]) for begin in rests)
    return bool(printed) and alike(shown[0], printed[0]) and all_alike(shown[1:], printed[1:])


# -- what can be said without running anything -----------------------------------------------------


def test_every_page_is_read_and_marks_name_what_can_be_made() -> None:
    assert {page.name for page in PAGES} >= {"README.md", "debugger.md", "formats.md", "map.md"}
    assert len(of("sh")) >= 14
    assert len(of("console")) >= 15
    assert {need for block in ALL for need in block.needs} <= {*RUNS, *TEXTS, "~/env/bin/python"}


def test_an_unknown_mark_or_language_is_told(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    for text in ("<!-- check: maybe -->\n```sh\nls\n```\n", "```cobol\nSTOP RUN.\n```\n"):
        page.write_text(text)
        with pytest.raises(ValueError, match=r"a\.md:1: "):
            list(blocks_of(page))


@pytest.mark.parametrize("block", of("sh", "console"), ids=str)
def test_its_commands_are_ours_and_parse(block: Block) -> None:
    assert block.commands
    for command in block.commands:
        program, *arguments = shlex.split(command)
        program = Path(program).name
        assert program in {"microgpt", "microgpt-tui", "python", "make"}, command
        if program == "microgpt":
            assert command_parser().parse_args(arguments).run is not None
        if program == "make":
            makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
            assert re.search(rf"^{arguments[0]}:.*## ", makefile, re.MULTILINE), command


def test_lines_that_differ_are_told() -> None:
    assert alike("loss 3.366, 42,921 nodes", "loss 3.3660000000001, 42,921 nodes")
    assert not alike("loss 3.366", "loss 3.367")
    assert not alike("#12 mul", "#13 mul")
    assert not alike("grad 1", "loss 1")


# -- and by running it -----------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_folder(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("block", of("sh"), ids=str)
def test_its_commands_run(block: Block, folder: Path) -> None:
    for name in block.needs:
        make_file(folder, name)
    for command in block.commands:
        program, *arguments = shlex.split(command)
        if Path(program).name == "make":
            continue  # its rules are tested by those who work here
        if Path(program).name == "microgpt-tui":
            _opened_and_left(folder, arguments)
            continue
        done = run(folder, ["bash", "-c", command])
        statuses = STATUSES.get(arguments[0], (0,))
        assert done.returncode in statuses, (command, done.returncode, done.stdout)
        assert "Traceback" not in done.stdout
        for written in re.findall(r"(?:-o|--log|--graph|--run) (\S+)", command):
            assert (folder / written).stat().st_size, command


def _opened_and_left(folder: Path, arguments: Sequence[str]) -> None:
    """The app draws itself, and `q` leaves it."""
    with Terminal(*arguments, size=(80, 24), folder=folder) as terminal:
        terminal.until(below_the_first_row)
        terminal.type("q")
        assert terminal.exit_status() == 0


@pytest.mark.slow
@pytest.mark.parametrize("block", of("console"), ids=str)
def test_it_prints_what_is_shown(block: Block, folder: Path) -> None:
    for command, shown in zip(block.commands, block.printed, strict=True):
        done = run(folder, ["bash", "-c", command])
        printed = done.stdout.replace(f"{folder}/", "").replace(f"{ROOT}/", "")
        assert all_alike(shown.splitlines(), printed.splitlines()), (shown, printed)


def _programs() -> list[Path]:
    return list(dict.fromkeys(block.page for block in of("python")))


@pytest.mark.slow
@pytest.mark.parametrize("page", _programs(), ids=lambda page: page.name)
def test_its_programs_run(page: Path, folder: Path) -> None:
    """Of a page as one program, each line where it stands in the page."""
    blocks = [block for block in of("python") if block.page == page]
    lines: list[str] = []
    for block in blocks:
        lines += [""] * (block.line - 1 - len(lines)) + block.text.splitlines()
    path = folder / f"{page.stem}.py"
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    done = run(folder, ["python", path.name])
    ends_with = blocks[-1].ends_with
    assert done.returncode == bool(ends_with), done.stdout
    assert ends_with in done.stdout
    printed = iter(done.stdout.splitlines())
    for shown in PRINTS.findall("\n".join(lines)):
        assert any(alike(shown, line) for line in printed), (shown, done.stdout)
