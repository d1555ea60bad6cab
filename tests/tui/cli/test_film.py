"""`microgpt film`: frames of a recorded run, their numbers, and how it refuses and ends."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from microgpt.runs import Run
from microgpt.script_runs.recorded_script import RecordedScript
from tests.tui.cli.command import MICROGPT, TINY_MODEL, assert_error, environment
from tests.tui.cli.in_process import run_here
from tui.cli.commands import film as film_module
from viz.maps.step_map import StepMap

STEPS = 12


@pytest.fixture(scope="module")
def run_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    corpus = folder / "names.txt"
    corpus.write_text("emma\nava li\néva\nmia\n", encoding="utf-8")
    path = folder / "names.run"
    options = ("--data", corpus, *TINY_MODEL, "--steps", str(STEPS), "--samples", "0")
    assert run_here("train", *options, "--run", path).returncode == 0
    return path


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """An interrupted command lets no further signal through; the process of tests goes on."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def frames_in(page: Path) -> list[str]:
    """The SVG of each frame of a page."""
    text = re.search(r'id="frames">(.*?)</script>', page.read_text("utf-8"))
    assert text is not None
    packed = json.loads(gzip.decompress(base64.b64decode(text[1])))
    return ["\n".join(packed["lines"][n] for n in numbers) for numbers in packed["frames"]]


def test_each_frame_is_the_map_of_its_step(run_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "film.html"
    result = run_here("film", run_file, "emma", "--view", "map", "-o", path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == (f"wrote {path}: 12 frames, step 1 to 12, map of “emma” in names.run\n")
    frames = frames_in(path)
    assert len(frames) == STEPS
    with Run(run_file) as run:
        for step in (1, 7, 12):
            step_map = StepMap.of(run.at(step).graph("emma"), (), step)
            root = ET.fromstring(frames[step - 1])
            cells = {
                (int(e.attrib["data-row"]), int(e.attrib["data-column"])): e.attrib["data-value"]
                for e in root.iter()
                if e.attrib.get("class") == "cell" and "data-column" in e.attrib
            }
            assert f">step {step}</text>" in frames[step - 1]
            norms = set(map(repr, step_map.grad_norm.tolist()))
            on_scale = [value for (row, _), value in cells.items() if row < len(step_map.rows) - 3]
            assert len(on_scale) > 50
            assert set(on_scale) <= norms  # to the last bit


def legends_in(frames: list[str]) -> list[list[str]]:
    return [re.findall(r">= ([.\d]+)</text>", frame) for frame in frames]


def test_all_frames_are_on_one_scale(run_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "film.html"
    assert run_here("film", run_file, "emma", "-o", path).returncode == 0
    legends = legends_in(frames_in(path))
    assert len(legends[0]) == 2  # bands and ribbons
    assert all(legend == legends[0] for legend in legends)


@pytest.mark.parametrize("view", ["map", "lens"])
@pytest.mark.parametrize("suffix", [".html", ".svg", ".gif"])
def test_every_view_in_every_format(view: str, suffix: str, run_file: Path, tmp_path: Path) -> None:
    path = tmp_path / f"film{suffix}"
    result = run_here("film", run_file, "--view", view, "--frames", "3", "-o", path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(f"wrote {path}: 3 frames, step 1 to 12, {view} of “")
    if suffix == ".gif":
        with Image.open(path) as film:
            assert film.n_frames == 3
    elif suffix == ".svg":
        root = ET.parse(path).getroot()
        shown = [
            each for each in root if each.find("{http://www.w3.org/2000/svg}animate") is not None
        ]
        assert len(shown) == 3
    else:
        assert len(frames_in(path)) == 3


def test_some_steps(run_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "film.html"
    result = run_here("film", run_file, "--from", "3", "--to", "9", "--frames", "4", "-o", path)
    assert "4 frames, step 3 to 9, map of “" in result.stdout
    names = re.search(r'"names":(\[.*?\])', path.read_text("utf-8"))
    assert names is not None
    assert json.loads(names[1]) == ["step 3", "step 5", "step 7", "step 9"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-o", "a.png"], "suffix '.png', which is no film; it can be .html, .svg, .gif"),
        (["--view", "nope", "-o", "a.html"], "--view nope: must be one of map, "),
        (["--view", "lens", "--head", "1", "-o", "a.html"], "view lens has no such choice"),
        (["--view", "lens", "--theme", "pink", "-o", "a.html"], "no theme 'pink'"),
        (["--view", "lens", "--lens", "grad", "-o", "a.html"], "--lens grad: is for Maps"),
        (["--lens", "why", "-o", "a.html"], "--lens why: a film of Maps has grad, value, update"),
        (["--theme", "dark", "-o", "a.html"], "--theme dark: is for views"),
        (["--top", "3", "-o", "a.html"], "--top: a Map has no such choice"),
        (["--from", "13", "-o", "a.html"], "--from 13: the run has steps 1 to 12"),
        (["--from", "9", "--to", "3", "-o", "a.html"], "--from 9: must be at most 3"),
        (["--frames", "0", "-o", "a.html"], "--frames 0: must be at least 1"),
        (["-o", "there.svg"], "a file is there that is no SVG of this program: --force"),
        (["emmä", "-o", "a.html"], "character 'ä'"),
    ],
)  # fmt: skip
def test_what_cannot_be(
    options: list[str], words: str, run_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.svg").write_text("mine")
    assert_error(run_here("film", run_file, *options), words)
    assert [path.name for path in tmp_path.iterdir()] == ["there.svg"]
    assert (tmp_path / "there.svg").read_text() == "mine"


def test_a_file_that_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "no.run").write_text("no")
    assert_error(run_here("film", tmp_path / "no.run", "-o", tmp_path / "a.html"), "no.run")


def test_ctrl_c_makes_a_film_of_what_is_done(
    run_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []

    class Bar:
        def __enter__(self) -> object:
            return self.show

        def __exit__(self, *error: object) -> None:
            pass

        def show(self, done: int) -> None:
            told.append(done)
            if len(told) == STEPS + 5:  # all are looked at for the scale, and five are drawn
                os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(film_module, "_bar", lambda what, total: Bar())
    path = tmp_path / "film.html"
    result = run_here("film", run_file, "emma", "-o", path)
    assert result.returncode == 128 + signal.SIGINT
    assert result.stdout == (
        f"wrote {path}: 5 of 12 frames (Ctrl-C), step 1 to 5, map of “emma” in names.run\n"
    )
    assert len(frames_in(path)) == 5


def test_ctrl_c_while_a_gif_is_put_together(
    run_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Bar:
        def __init__(self, what: str) -> None:
            self.is_last = what == "putting together"

        def __enter__(self) -> object:
            return self.show

        def __exit__(self, *error: object) -> None:
            pass

        def show(self, done: int) -> None:
            if self.is_last and done == 2:
                os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(film_module, "_bar", lambda what, total: Bar(what))
    path = tmp_path / "film.gif"
    result = run_here("film", run_file, "emma", "--frames", "4", "-o", path)
    assert result.returncode == 128 + signal.SIGINT
    assert "2 of 4 frames (Ctrl-C), step 1 to 5, map" in result.stdout
    with Image.open(path) as film:
        assert film.n_frames == 2


@pytest.mark.slow
def test_a_second_ctrl_c_ends_it_without_a_trace(run_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "film.gif"
    process = subprocess.Popen(
        [*MICROGPT, "film", str(run_file), "-o", str(path)], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), text=True,
    )  # fmt: skip
    try:
        process.wait(1.5)
    except subprocess.TimeoutExpired:
        for _ in range(2):
            process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    assert process.returncode in {0, 130}
    assert {each.name for each in tmp_path.iterdir()} <= {"film.gif"}


def test_help_is_quick_and_has_an_example() -> None:
    program = (
        "import sys; from tui.cli.main import command_parser; command_parser('film').format_help();"
        "print('numpy' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout == "False\n"
    assert "microgpt film names.run" in run_here("film", "--help").stdout


# -- of a script's passes --------------------------------------------------------------------------

SCRIPT = """\
from microgpt import Value

w = Value(0.5, name="w")
for step in range(4):
    w.grad = 0.0
    loss = w * 2.0
    for _ in range(step % 2):
        loss = loss * 3.0
    loss.backward()
    w.data -= 0.25
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("script")
    (folder / "train.py").write_text(SCRIPT, encoding="utf-8")
    path = folder / "mine.run"
    assert run_here("debug", folder / "train.py", "--run", path).returncode == 0
    return path


def test_each_frame_is_the_map_of_its_pass(recording: Path, tmp_path: Path) -> None:
    path = tmp_path / "film.html"
    result = run_here("film", recording, "--lens", "value", "-o", path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.endswith("4 frames, pass 1 to 4, map of train.py in mine.run\n")
    assert '"names":["pass 1","pass 2","pass 3","pass 4"]' in path.read_text("utf-8")
    frames = frames_in(path)
    losses = [1.0, 1.5, 0.0, -1.5]  # 2 × w, and three times that in every second pass
    with RecordedScript(recording) as script:
        assert [loss for _, loss in script.losses] == losses
        for frame, (number, loss) in zip(frames, script.losses, strict=True):
            graph = script.pass_at(number).graph
            assert graph is not None
            assert graph.data[graph.root] == loss
            titles = [each.text or "" for each in ET.fromstring(frame).iter() if each.text]
            assert any(repr(abs(loss)) in title for title in titles)


def test_some_passes_as_another_view(recording: Path, tmp_path: Path) -> None:
    path = tmp_path / "film.gif"
    options = ("--view", "nodes", "--from", "2", "--to", "3")
    result = run_here("film", recording, *options, "-o", path)
    assert result.stdout.endswith("2 frames, pass 2 to 3, nodes of train.py in mine.run\n")
    with Image.open(path) as picture:
        assert picture.n_frames == 2


@pytest.mark.parametrize(
    ("options", "naming"),
    [
        (["emma"], "emma is a text"),
        (["--view", "lens"], "of a script there are map, attention, paths, nodes"),
        (["--lens", "update"], "a script's passes has grad, value"),
        (["--to", "9"], "the run has passes 1 to 4"),
        (["--from", "3", "--to", "2"], "the last pass of the film"),
        (["--engine", "kernel"], "is a script's"),
    ],
)
def test_what_a_scripts_film_cannot_have(
    recording: Path, tmp_path: Path, options: list[str], naming: str
) -> None:
    result = run_here("film", recording, *options, "-o", tmp_path / "a.html")
    assert_error(result, naming)
    assert not [*tmp_path.iterdir()]


def test_between_two_recorded_passes_there_is_no_film(tmp_path: Path) -> None:
    path = tmp_path / "few.run"
    script = tmp_path / "train.py"
    script.write_text(SCRIPT.replace("range(4)", "range(6)"), encoding="utf-8")
    assert run_here("debug", script, "--run", path, "--every", "3").returncode == 0
    with RecordedScript(path) as recorded:
        assert [number for number, _ in recorded.losses] == [3, 6]
    result = run_here("film", path, "--from", "4", "--to", "5", "-o", tmp_path / "a.html")
    naming = "--from 4 --to 5: no pass between them is recorded; the nearest are 3 and 6"
    assert_error(result, naming)
    assert not (tmp_path / "a.html").exists()
