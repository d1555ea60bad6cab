"""Draws the pictures of the README: the app's modes, and what the commands draw.

    make docs-img

Every picture is made by the program itself, on the built-in names, with the default seed.
"""

import asyncio
from pathlib import Path

import viz
from microgpt import Training, Value, load_corpus
from tui.app import MicrogptApp
from tui.base.screenshot import screenshot
from tui.cli.main import main as microgpt
from tui.debugger.debugger_pane import DebuggerPane

HERE = Path(__file__).parent
STEPS = 150
GRAPH_STEPS = 152  # at a short document, "amos", whose graph is seen at a glance
SIZE = (120, 40)
WEIGHT = "layer0.attn_wq[3][7]"


def draw_graphs() -> None:
    """A folded graph, scalar graphs, an attention graph."""
    a, b = Value(2.0, name="a"), Value(3.0, name="b")
    c = a * b
    c.name = "c"
    loss = c + a
    loss.name = "L"
    loss.backward()
    viz.write_picture(viz.draw(loss), HERE / "scalar.svg")
    for command in (
        ["graph", "emma", "-o", HERE / "folded.svg"],
        ["graph", "emma", "--scope", "pos1/layer0/attn", "-o", HERE / "attn.svg"],
        ["graph", "emma", "--scope", "pos2/layer0/attn/head0/softmax", "-o", HERE / "softmax.svg"],
        ["attention", "emma", "--train", str(STEPS), "-o", HERE / "attention.svg"],
        ["map", "emma", "--train", "300", "-o", HERE / "map.svg"],
        ["view", "nodes", "emma", "--train", "300", "--by", "scope", "-o", HERE / "nodes.svg"],
        ["map", HERE.parents[1] / "examples" / "train3.py", "-o", HERE / "map-script.svg"],
    ):
        status = microgpt([str(word) for word in command])
        if status:
            raise SystemExit(status)


async def draw_app() -> None:
    """The modes after some steps of training."""
    app = MicrogptApp(Training(load_corpus()), paused=True)
    async with app.run_test(size=SIZE) as pilot:
        await _train_until(STEPS, app, pilot)
        await _shoot(app, pilot, "tui-train.svg", [])
        await _shoot(app, pilot, "tui-map.svg", ["2", *["down"] * 6, *["right"] * 3])
        await _shoot(app, pilot, "tui-walk.svg", ["escape", *"n" * 60])
        await pilot.press("r")  # the walk would hold its step
        await _shoot(app, pilot, "tui-attention.svg", ["4", "right"])
        await _shoot(app, pilot, "tui-weight.svg", ["enter"])
        await pilot.press("backspace")
        await _shoot(app, pilot, "tui-generate.svg", ["5", "right", "right"])
        matrix = [*["pagedown"] * 7, "down", "down", "right", "v"]
        await _shoot(app, pilot, "tui-parameters.svg", ["6", *matrix])
        await _train_until(GRAPH_STEPS, app, pilot)
        # The first key after that selects the first cell.
        head = ["2", "escape", *["down"] * 6, "right", "right"]
        await _shoot(app, pilot, "tui-graph.svg", [*head, "enter"])
        await _shoot(app, pilot, "tui-step.svg", ["home", *"nnn", *"sss"])
        app.screen.query_one(DebuggerPane).run_line(f"watch {WEIGHT}")
        app.screen.query_one(DebuggerPane).run_line("continue", quietly=True)
        app.screen.query_one(DebuggerPane).run_line(f"why {WEIGHT}")
        await _shoot(app, pilot, "tui-why.svg", [])


async def _train_until(step: int, app: MicrogptApp, pilot) -> None:
    frame = app.screen.frame
    app.session.train_steps(step - (frame.result.step if frame and frame.result else 0))
    while not (frame := app.screen.frame) or not frame.result or frame.result.step < step:
        await pilot.pause(0.2)


async def _shoot(app: MicrogptApp, pilot, name: str, keys: list[str]) -> None:
    for key in keys:
        await pilot.press(key)
        await pilot.pause(0.3)
    await pilot.pause(1.5)
    (HERE / name).write_text(screenshot(app, "microgpt-tui"), encoding="utf-8")
    print(f"wrote {HERE / name}")  # noqa: T201


if __name__ == "__main__":
    draw_graphs()
    asyncio.run(draw_app())
