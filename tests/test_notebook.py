"""`examples/notebook.ipynb` runs from top to bottom, and each of its pictures shows itself."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

PATH = Path(__file__).parents[1] / "examples" / "notebook.ipynb"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),  # those of Jupyter's own parts are not ours
]


@pytest.fixture(scope="module")
def outputs() -> list[list[Any]]:
    """What each code cell put out, in a kernel of its own."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    notebook = nbformat.read(PATH, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)  # none are committed
    client = nbclient.NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(PATH.parents[1])}}
    )
    client.execute()
    return [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]


def shown(outputs: list[list[Any]]) -> list[dict[str, str]]:
    return [
        output.data for cell in outputs for output in cell if output.output_type == "execute_result"
    ]


def test_nothing_is_complained_about(outputs: list[list[Any]]) -> None:
    streams = [output for cell in outputs for output in cell if output.output_type == "stream"]
    assert {stream.name for stream in streams} == {"stdout"}
    printed = "".join(stream.text for stream in streams)
    assert "42,921 scalars, loss " in printed
    assert "head.graphml head.json head.mmd head.png head.svg\n" in printed


def test_each_picture_is_an_svg_with_a_title(outputs: list[list[Any]]) -> None:
    pictures = [data for data in shown(outputs) if "image/svg+xml" in data]
    titles = [ET.fromstring(data["image/svg+xml"])[0].text for data in pictures]
    assert titles == [
        "#6: 7 nodes, 9 edges",
        "“emma” after 200 steps",
        "why one weight",
        "“emma” after 200 steps",
        "pos2/layer0/attn/head0/softmax, how much the first m reads of whom",
        "1 hop around layer0.attn_wq[3][7]",
    ]
    assert all(data["text/plain"] for data in pictures)


def test_the_page_is_in_a_frame(outputs: list[list[Any]]) -> None:
    (page,) = [data for data in shown(outputs) if "text/html" in data]
    assert page["text/html"].startswith("<iframe srcdoc=")
