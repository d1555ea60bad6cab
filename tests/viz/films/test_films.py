"""Films: frames that share lines, a page, an SVG that moves, a GIF."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from microgpt import InputError
from viz.films import export as export_module
from viz.films import gif as gif_module
from viz.films import moving_svg as moving_module
from viz.films import page as page_module
from viz.films.export import check_film_output, write_film
from viz.films.frames import Frame, FramesInMaking, drawing, of_one_size, shared_lines
from viz.films.gif import film_gif
from viz.films.moving_svg import HOLD, moving_svg
from viz.films.page import frames_page
from viz.films.pixels import frame_pixels
from viz.fonts import SHOWN
from viz.formats.png import svg_png, svg_size
from viz.maps.svg_elements import words

SVG = "{http://www.w3.org/2000/svg}"


def frame(place: int, color: str = "", size: int = 40) -> Frame:
    fill = color or f"#{place * 40:02x}0000"
    return Frame(
        f"step {place + 1}",
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="20" '
        f'viewBox="0 0 {size} 20">\n<title>film, step {place + 1}</title>\n'
        f'<rect width="{size}" height="20" fill="#ffffff"/>\n<g>\n'
        f'<rect x="{place}" width="10" height="10" fill="{fill}"/>\n</g>\n'
        '<rect y="15" width="5" height="5" fill="#00ff00"/>\n</svg>\n',
    )


FRAMES = [frame(place) for place in range(5)]


@given(st.lists(st.lists(st.sampled_from(["a", "b", "c", "", "<g>"])), max_size=5))
def test_frames_come_out_of_their_lines_again(texts: list[list[str]]) -> None:
    frames = [Frame("", "\n".join(["<svg>", *lines, "</svg>"])) for lines in texts]
    shared = shared_lines(frames)
    assert len(set(shared.lines)) == len(shared.lines)
    for made, numbers in zip(frames, shared.frames, strict=True):
        assert "\n".join(shared.lines[number] for number in numbers) == drawing(made.svg)


def test_frames_come_on_paper_of_one_size(tmp_path: Path) -> None:
    frames = of_one_size([frame(0), frame(1, size=50)])
    assert [svg_size(each.svg) for each in frames] == [(50, 20), (50, 20)]
    assert 'viewBox="0 0 50 20"' in frames[0].svg
    assert '<rect width="50" height="20" fill="#ffffff"/>' in frames[0].svg
    assert of_one_size(FRAMES) == FRAMES
    for suffix in (".svg", ".gif", ".html"):
        write_film([frame(0), frame(1, size=50)], "", tmp_path / f"film{suffix}")


# -- a page ----------------------------------------------------------------------------------------


def packed_in(page: str) -> dict[str, list[list[int]] | list[str]]:
    text = re.search(r'<script type="text/plain" id="frames">(.*?)</script>', page)
    assert text is not None
    found: dict[str, list[list[int]] | list[str]] = json.loads(
        gzip.decompress(base64.b64decode(text[1]))
    )
    return found


def test_a_page_holds_every_frame_and_shows_the_first() -> None:
    page = frames_page(FRAMES, "a film")
    packed = packed_in(page)
    for made, numbers in zip(FRAMES, packed["frames"], strict=True):
        assert "\n".join(packed["lines"][n] for n in numbers) == drawing(made.svg)
    assert drawing(FRAMES[0].svg) in page
    assert '"names":["step 1","step 2"' in page
    assert page == frames_page(FRAMES, "a film")


def test_a_page_of_one_picture_has_no_more_than_that() -> None:
    page = frames_page([Frame("", FRAMES[0].svg)], "</title><script>")
    assert 'id="frames"></script>' in page
    assert "<title>&lt;/title&gt;&lt;script&gt;</title>" in page
    assert "<h1>&lt;/title&gt;&lt;script&gt;</h1>" in page


def test_too_much_for_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    size = sum(map(len, shared_lines(FRAMES).lines))
    monkeypatch.setattr(page_module, "MOST_BYTES", size / 2)
    with pytest.raises(InputError, match=r"5 frames of .* fewer frames fit \(--frames 2\)"):
        frames_page(FRAMES, "")


# -- an SVG ----------------------------------------------------------------------------------------


def shown_at(root: ET.Element, second: float) -> list[int]:
    """The frames that the groups of a moving SVG show at a time, by the x of their box."""
    found = []
    for group in root.findall(f"{SVG}g"):
        animation = group.find(f"{SVG}animate")
        assert animation is not None
        part = second / float(animation.attrib["dur"].removesuffix("s")) % 1
        times = [float(time) for time in animation.attrib["keyTimes"].split(";")]
        values = animation.attrib["values"].split(";")
        last = max(place for place, time in enumerate(times) if time <= part)
        if values[last] == "inline":
            (box,) = group.iter(f"{SVG}rect")
            found.append(int(box.attrib["x"]))
    return found


def test_one_frame_is_seen_at_a_time() -> None:
    root = ET.fromstring(moving_svg(FRAMES, "a film", 2.0))
    seen = [shown_at(root, (place + 0.5) / 2) for place in range(5)]
    assert seen == [[0], [1], [2], [3], [4]]
    assert shown_at(root, 2.5 + HOLD - 0.01) == [4]
    assert shown_at(root, 2.5 + HOLD + 0.01) == [0]
    # Where nothing moves, the last one stands there.
    still = [group.attrib.get("display") for group in root.findall(f"{SVG}g")]
    assert still == ["none"] * 4 + [None]


def test_what_does_not_change_is_drawn_once() -> None:
    text = moving_svg(FRAMES, "a film", 2.0)
    assert text.count("#00ff00") == text.count("#ffffff") == 1
    assert text.count("<title>") == 1  # of the whole
    assert text == moving_svg(FRAMES, "a film", 2.0)
    ET.fromstring(moving_svg(FRAMES[:1], "one", 2.0))


def test_frames_of_several_sizes_are_a_page_only() -> None:
    odd = [*FRAMES, frame(1, size=50)]
    for make in (lambda: moving_svg(odd, "", 2.0), lambda: film_gif(odd, 2.0)):
        with pytest.raises(InputError, match=r"not of one size: \.html holds them"):
            make()
    assert len(packed_in(frames_page(odd, ""))["frames"]) == 6


def test_too_much_for_an_svg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving_module, "MOST_BYTES", 150)
    with pytest.raises(InputError, match=r"fewer frames fit \(--frames \d\), and \.html holds"):
        moving_svg(FRAMES, "", 2.0)


# -- a GIF -----------------------------------------------------------------------------------------


def test_pillow_reads_each_frame_of_a_gif() -> None:
    colors = ["#ff0000", "#00c000", "#0000ff"]
    told: list[int] = []
    content = film_gif([frame(i, color) for i, color in enumerate(colors)], 4.0, told.append)
    assert told == [1, 2, 3]
    film = Image.open(io.BytesIO(content))
    assert (film.n_frames, film.size, film.info["loop"]) == (3, (40, 20), 0)
    for place, color in enumerate(colors):
        film.seek(place)
        found = film.convert("RGB").getpixel((place + 4, 4))
        wanted = tuple(int(color[at : at + 2], 16) for at in (1, 3, 5))
        assert found == pytest.approx(wanted, abs=24)
        assert film.info["duration"] == (250 if place < 2 else gif_module.LAST)
    assert content == film_gif([frame(i, color) for i, color in enumerate(colors)], 4.0)


def test_every_frame_of_a_gif_is_near_what_its_svg_shows() -> None:
    # Only what changed is in a frame, and the last one goes back to what the first one had.
    shown = [*FRAMES, FRAMES[0]]
    film = Image.open(io.BytesIO(film_gif(shown, 4.0)))
    for place, made in enumerate(shown):
        film.seek(place)
        found = np.asarray(film.convert("RGB")).astype(int)
        wanted = np.asarray(frame_pixels(made.svg)).astype(int)
        assert np.abs(found - wanted).max() <= 40
        assert np.array_equal(found[18], wanted[18])  # all of it background
        assert found[18, 20].tolist() == [255, 255, 255]


def test_a_palette_keeps_the_colours_of_areas() -> None:
    colors = [(place, 255 - place, 9 * place % 256) for place in range(0, 200, 10)]
    boxes = "".join(
        f'<rect x="{10 * place}" width="10" height="10" fill="#{r:02x}{g:02x}{b:02x}"/>\n'
        for place, (r, g, b) in enumerate(colors)
    )
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="200" height="10">\n{boxes}</svg>\n'
    film = Image.open(io.BytesIO(film_gif([Frame("", svg)], 4.0)))
    found = film.convert("RGB")
    assert [found.getpixel((10 * place + 5, 5)) for place in range(20)] == colors


WORDS = [
    words(10, 30, "plain .0123", "#1f2430", 13),
    words(150, 30, "middle & <b>", "#d25a3c", 16, "middle", 'font-weight="600"'),
    words(290, 30, "end", "#0072b2", 12, "end"),
    words(60, 60, "turned", "#009e73", 13, "middle", 'transform="rotate(-90 60 60)"'),
    words(150, 60, "日本", "#1f2430", 13),  # not in our font
]


def test_words_stand_where_the_svg_has_them() -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="100" viewBox="0 0 300 100" '
        f'font-family="{SHOWN}">\n<rect width="300" height="100" fill="#ffffff"/>\n'
        + "\n".join(WORDS)
        + "\n</svg>\n"
    )
    apart = [np.asarray(frame_pixels(svg), int), _rendered(svg)]
    dark = [np.abs(255 - picture).sum(axis=2) > 150 for picture in apart]
    for rows, columns in [
        (slice(15, 35), slice(0, 95)),
        (slice(15, 35), slice(95, 220)),
        (slice(15, 35), slice(250, 300)),
        (slice(36, 100), slice(40, 80)),
    ]:
        ours, theirs = (np.argwhere(picture[rows, columns]) for picture in dark)
        assert np.abs(ours.min(axis=0) - theirs.min(axis=0)).max() <= 2
        assert np.abs(ours.max(axis=0) - theirs.max(axis=0)).max() <= 4
    assert np.array_equal(apart[0][36:], apart[1][36:])  # what is not plain is left as it was


def test_words_of_a_moved_group_are_left_to_the_renderer() -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="60" viewBox="0 0 80 60">\n'
        f'<g transform="translate(0 30)">{words(5, 20, "moved", "#000000")}</g>\n</svg>\n'
    )
    assert np.array_equal(np.asarray(frame_pixels(svg)), _rendered(svg))


def _rendered(svg: str) -> NDArray[np.int64]:
    return np.asarray(Image.open(io.BytesIO(svg_png(svg, 1.0))).convert("RGB"), np.int64)


def test_frames_in_the_making_are_made_until_somebody_stops_it() -> None:
    made: list[int] = []
    told: list[int] = []

    def make(place: int) -> Frame:
        made.append(place)
        return FRAMES[place]

    frames = FramesInMaking(5, make)
    content = film_gif(frames, 4.0, told.append, lambda: told[-1] == 3)
    assert Image.open(io.BytesIO(content)).n_frames == 3
    assert made == [0, 2, 4, 1]  # three for the palette, and the others as they are drawn


def test_frames_in_the_making_are_the_same_film(tmp_path: Path) -> None:
    for suffix in (".gif", ".svg", ".html"):
        one, other = tmp_path / f"one{suffix}", tmp_path / f"other{suffix}"
        write_film(FRAMES, "a film", one)
        write_film(FramesInMaking(5, FRAMES.__getitem__), "a film", other)
        assert one.read_bytes() == other.read_bytes()
    assert FramesInMaking(5, FRAMES.__getitem__)[1:3] == FRAMES[1:3]


@pytest.mark.slow
def test_several_processes_draw_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gif_module, "FEW", 2)
    shared = film_gif(FRAMES, 4.0)
    assert film_gif(FramesInMaking(5, FRAMES.__getitem__), 4.0) == shared
    monkeypatch.setattr(gif_module, "FEW", 99)
    assert shared == film_gif(FRAMES, 4.0)


def test_too_much_for_a_gif(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gif_module, "MOST_PIXELS", 2 * 40 * 20)
    with pytest.raises(InputError, match=r"a GIF of 5 frames of 40 × 20 .* \(--frames 2\)"):
        film_gif(FRAMES, 4.0)


# -- files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".html", ".svg", ".gif"])
def test_a_file_of_another_kind_is_kept(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"film{suffix}"
    path.write_text("notes")
    with pytest.raises(InputError, match="--force overwrites it"):
        check_film_output(path)
    write_film(FRAMES, "a film", path, force=True)
    written = path.read_bytes()
    write_film(FRAMES, "a film", path)
    assert path.read_bytes() == written


def test_what_is_no_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"suffix '\.png', which is no film; it can be \.html"):
        check_film_output(tmp_path / "a.png")
    monkeypatch.setattr(export_module, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"\.gif needs Pillow, .*\[pictures\]"):
        check_film_output(tmp_path / "a.gif")
    check_film_output(tmp_path / "a.svg")
