"""`Y` copies the number at hand with all its digits, in every mode."""

from __future__ import annotations

from tests.tui.piloted import LARGE, piloted
from tests.tui.small_run import small_training


async def test_each_mode_copies_its_number() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        await ui.press("Y")
        assert ui.notices == ["select a number first"]
        await ui.train()
        result = ui.frame.result

        async def copied() -> str:
            await ui.press("Y")
            return ui.app.clipboard

        assert await copied() == repr(result.loss)
        await ui.press("right")
        assert await copied() == repr(result.position_losses[ui.app.screen.position])
        await ui.map()
        await ui.press("down")
        cell = ui.app.screen.panel
        assert await copied() == repr(float(cell._look.numbers[cell.selected]))
        await ui.press("escape", "s", "s")
        graph, node = ui.app.screen.explorer.graph, ui.app.screen.explorer.visited
        assert await copied() == f"{float(graph.data[node])!r} {float(graph.grad[node])!r}"
        await ui.attention()
        await ui.press("down", "down", "enter")
        await ui.until(lambda: ui.app.screen.source >= 0 and ui.app.screen.shown.numbers)
        row = result.attention[0][0][2]
        assert await copied() == repr(row[ui.app.screen.source])
        screen = await ui.generate()
        assert await copied() == repr(screen.made.probability(screen.position))
        screen = await ui.parameters()
        await ui.press("v", "down", "right")
        grads = screen.pane.matrix.numbers["gradient"]
        assert await copied() == repr(float(grads[1, 1]))
