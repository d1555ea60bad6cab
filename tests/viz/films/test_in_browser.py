"""The page of a film in a real browser: slider, keys, play, sizes; no error, and no request."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from microgpt import Graph
from tests.viz.computations import square_graph
from tests.viz.films.test_films import FRAMES
from tests.viz.page.browser import Page, browser_page, found_browser
from tests.viz.page.hostile import LABELS, hostile_graph
from viz import export
from viz.drawn_graph import drawn_view
from viz.films.export import write_film
from viz.films.frames import Frame
from viz.films.page import frames_page
from viz.map_drawing import map_of
from viz.shown_graph import view_of
from viz.views.export import write_drawn
from viz.views.subject import ViewSubject
from viz.views.table import DrawnView
from viz.views.table import Page as ViewPage
from viz.views.themes import LIGHT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(found_browser() is None, reason="there is no Chromium to open pages in"),
]
BOX = "document.querySelector('#stage svg g rect').getAttribute('x')"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser_page(tmp_path_factory.mktemp("browser")) as page:
        yield page


def opened(browser: Page, path: Path, width: int = 1200, *, dark: bool = False) -> None:
    browser.problems.clear()
    browser.requests.clear()
    browser.size(width, 800, dark=dark)
    browser.open(path)


def assert_quiet(browser: Page, path: Path) -> None:
    assert browser.problems == []
    assert browser.requests == [path.as_uri()]


@pytest.fixture
def film(browser: Page, tmp_path: Path) -> Iterator[Page]:
    path = tmp_path / "film.html"
    write_film(FRAMES, "a film", path)
    opened(browser, path)
    yield browser
    assert_quiet(browser, path)


def test_keys_and_buttons_go_through_the_steps(film: Page) -> None:
    assert film.ask(BOX) == "0"
    film.press("ArrowRight")
    film.press("ArrowRight")
    assert film.ask(BOX) == "2"
    assert film.ask("document.getElementById('name').textContent") == "step 3"
    assert film.ask("document.getElementById('slider').getAttribute('aria-valuetext')") == "step 3"
    film.press("ArrowLeft")
    assert film.ask(BOX) == "1"
    film.click("#last")
    assert film.ask(BOX) == "4"
    film.press("ArrowRight")  # there is no further one
    assert film.ask(BOX) == "4"
    film.click("#first")
    assert film.ask(BOX) == "0"


def test_the_slider_shows_each_step_and_play_comes_to_the_end(film: Page) -> None:
    for place in (3, 1):
        film.ask(
            f"(() => {{ const s = document.getElementById('slider'); s.value = {place}; "
            "s.dispatchEvent(new Event('input')); })()"
        )
        assert film.ask(BOX) == str(place)
    film.ask("document.getElementById('speed').value = '30'")
    film.click("#play")
    assert film.ask("document.getElementById('play').textContent") == "pause"
    film.wait("document.body.dataset.frame === '4'")
    film.wait("document.getElementById('play').textContent === 'play'")


def test_larger_and_smaller(film: Page) -> None:
    width = "Math.round(document.querySelector('#stage svg').getBoundingClientRect().width)"
    assert film.ask(width) == 40
    film.press("+")
    assert film.ask(width) == 50
    film.press("ArrowRight")
    assert film.ask(width) == 50
    film.press("-")
    film.press("0")
    assert film.ask(width) == 40


def test_a_step_is_there_within_a_frame(browser: Page, tmp_path: Path, emma_graph: Graph) -> None:
    svg = map_of(emma_graph).drawn.part("svg")
    path = tmp_path / "film.html"
    path.write_text(frames_page([Frame(f"step {n}", svg) for n in range(9)], "emma"), "utf-8")
    opened(browser, path)
    took = browser.ask(
        "(() => { const from = performance.now(); for (let i = 0; i < 8; i += 1) "
        "document.getElementById('next').click(); document.body.offsetHeight; "
        "return (performance.now() - from) / 8; })()"
    )
    assert took < 100  # milliseconds; 10 alone on the machine
    assert_quiet(browser, path)


@pytest.mark.parametrize("dark", [False, True])
def test_a_graph_on_a_narrow_page(browser: Page, tmp_path: Path, dark: bool) -> None:
    path = tmp_path / "a.html"
    export.write_drawn(drawn_view(view_of(square_graph()), "narrow"), path)
    opened(browser, path, 360, dark=dark)
    assert browser.ask("document.documentElement.scrollWidth") == 360
    assert browser.ask("document.querySelector('#stage svg').getBoundingClientRect().width") <= 340
    assert browser.ask("getComputedStyle(document.getElementById('time')).display") == "none"
    light = browser.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert light is not dark
    assert_quiet(browser, path)


def test_labels_run_nothing(browser: Page, tmp_path: Path) -> None:
    graph, path = hostile_graph(), tmp_path / "a.html"
    drawn = drawn_view(view_of(graph), LABELS[0])
    export.write_drawn(drawn, path)
    opened(browser, path)
    assert browser.ask("window.hit") is None
    assert browser.ask("document.querySelectorAll('img').length") == 0
    titles = browser.ask(
        "[...document.querySelectorAll('#stage svg title')].map((e) => e.textContent)"
    )
    picture = ET.fromstring(drawn.part("svg"))
    assert titles == [each.text or "" for each in picture.iter("{http://www.w3.org/2000/svg}title")]
    assert_quiet(browser, path)


def test_the_pixels_of_an_image_stay_sharp(
    browser: Page, tmp_path: Path, emma_graph: Graph
) -> None:
    path = tmp_path / "nodes.html"
    view = DrawnView.of("nodes", [ViewSubject(given=emma_graph)])
    write_drawn(view, ViewPage(LIGHT, "nodes"), path)
    opened(browser, path)
    shown = "getComputedStyle(document.querySelector('#stage image')).imageRendering"
    assert browser.ask(shown) == "pixelated"
    assert browser.problems == []


def test_a_moving_svg_moves(browser: Page, tmp_path: Path) -> None:
    path = tmp_path / "film.svg"
    write_film(FRAMES, "a film", path, per_second=10)
    browser.problems.clear()
    browser.call("Page.navigate", url=path.as_uri())
    seen = (
        "[...document.querySelectorAll('svg > g')].map((g) => getComputedStyle(g).display)"
        ".flatMap((shown, place) => shown === 'none' ? [] : [place])"
    )
    for place in (0, 2, 4):
        browser.ask(
            "(() => { const s = document.querySelector('svg'); s.pauseAnimations(); "
            f"s.setCurrentTime({place / 10 + 0.05}); }})()"
        )
        assert browser.ask(seen) == [place]
    assert browser.problems == []
