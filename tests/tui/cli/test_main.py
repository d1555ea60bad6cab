"""`microgpt` itself: help, version, commands that do not exist, and what is imported when."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import microgpt as package
from microgpt import InputError
from tests.tui.cli.command import MICROGPT, TINY_MODEL, assert_error, environment, microgpt
from tui.cli import main as main_module
from tui.cli.main import COMMANDS, command_parser, main
from tui.cli.options.parser import CommandParser
from tui.cli.terminal.exit_status import exit_status

COMMAND_NAMES = [
    command.__name__.rpartition(".")[2].replace("_", "-")  # type: ignore[attr-defined]
    for command in COMMANDS
]


def test_version() -> None:
    result = microgpt("--version")
    assert (result.returncode, result.stdout) == (0, f"microgpt {package.__version__}\n")


@pytest.mark.parametrize("arguments", [(), ("--help",)])
def test_help_lists_every_command(arguments: tuple[str, ...]) -> None:
    result = microgpt(*arguments)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("usage: microgpt ")
    for name in COMMAND_NAMES:
        assert f"\n    {name} " in result.stdout


@pytest.mark.parametrize("arguments", [[], *([name] for name in COMMAND_NAMES)])
def test_help_has_examples_that_parse(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--help"]) == 0
    text = capsys.readouterr().out
    assert all(len(line) < 80 for line in text.splitlines())
    begin = f"  {' '.join(['microgpt', *arguments])}"
    examples = [line for line in text.splitlines() if line.startswith(begin)]
    assert examples
    for example in examples:
        command_parser().parse_args(shlex.split(example)[1:])  # exits on an error


def test_help_and_errors_import_nothing_slow() -> None:
    program = (
        "import sys; from tui.cli.main import main\n"
        "main(['--help']); main(['train', '--steps', 'x'])\n"
        "slow = {'textual', 'rich', 'numpy', 'networkx', 'graphviz', 'numba'} & set(sys.modules)\n"
        "sys.exit(f'imported: {slow}' if slow else 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_training_never_imports_textual(corpus: Path) -> None:
    program = (
        "import sys; from tui.cli.main import main\n"
        f"main(['train', '--data', {str(corpus)!r}, '--steps', '1', '--n-embd', '4'])\n"
        "sys.exit('imported textual' if 'textual' in sys.modules else 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "sample 20: " in result.stdout


def test_an_unknown_command_is_named_with_those_there_are() -> None:
    result = microgpt("trian")
    assert_error(result, "'trian'", *COMMAND_NAMES)
    assert result.stdout == ""


def test_an_unknown_option_comes_with_its_commands_usage() -> None:
    result = microgpt("train", "--step", "3")  # not an abbreviation of --steps
    assert_error(result, "--step 3")
    assert result.stderr.splitlines()[1].startswith("usage: microgpt train [-h] [--data NAME|FILE]")


def test_another_programs_errors_begin_with_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    parser = CommandParser(prog="microgpt-tui")
    with pytest.raises(SystemExit, match="2"):
        parser.parse_args(["--theme"])
    assert capsys.readouterr().err == (
        "microgpt-tui: error: unrecognized arguments: --theme\nusage: microgpt-tui [-h]\n"
    )


def test_an_error_is_one_line_whatever_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise InputError("two\nlines,\r\n a \x1b[31mcolour and \udcff")

    assert exit_status("microgpt", fail, ()) == 2
    assert capsys.readouterr().err == (
        "microgpt: error: two lines,  a \\x1b[31mcolour and \\udcff\n"
    )


def test_a_defect_keeps_its_traceback() -> None:
    def fail() -> int:
        raise KeyError("a defect")

    with pytest.raises(KeyError):
        exit_status("microgpt", fail, ())


def test_ctrl_c_outside_training_ends_quietly(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise KeyboardInterrupt

    assert exit_status("microgpt", fail, ()) == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_to_a_full_disk_is_an_error() -> None:
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [*MICROGPT, "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            check=False,
        )
    assert result.stderr == "microgpt: error: cannot write the output: No space left on device\n"
    assert result.returncode == 2


def test_closed_streams_are_no_trouble(corpus: Path) -> None:
    arguments = (*MICROGPT, "train", "--data", str(corpus), *TINY_MODEL, "--steps", "1")
    result = subprocess.run(
        ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *arguments], env=environment(), check=False
    )
    assert result.returncode == 0


# -- the table of commands -------------------------------------------------------------------------


GREET = '''
"""`microgpt greet`: says good day."""
from tui.cli.terminal.output import say


def add_parser(subparsers):
    parser = subparsers.add_parser("greet", help="say good day", epilog="example: microgpt greet")
    parser.add_argument("name")
    return parser


def run(arguments):
    say(f"good day, {arguments.name}")
    return 0
'''


@pytest.fixture
def _a_command_more(monkeypatch: pytest.MonkeyPatch) -> None:
    greet = ModuleType("greet")
    exec(GREET, greet.__dict__)
    monkeypatch.setattr(main_module, "COMMANDS", (*COMMANDS, greet))


@pytest.mark.usefixtures("_a_command_more")
def test_a_row_makes_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["greet", "emma"]) == 0
    assert capsys.readouterr().out == "good day, emma\n"
    assert main(["--help"]) == 0
    assert "\n    greet           say good day\n" in capsys.readouterr().out
    assert main(["greet", "--help"]) == 0
    assert "example: microgpt greet" in capsys.readouterr().out
    assert main(["greet", "emma", "--loudly"]) == 2
    assert "microgpt: error: unrecognized arguments: --loudly" in capsys.readouterr().err
