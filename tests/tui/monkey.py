"""Random keys, clicks and resizes, from a seed, with pauses and in bursts without."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from textual.app import App
from textual.drivers.headless_driver import HeadlessDriver
from textual.events import Key, MouseDown, MouseScrollDown, MouseScrollUp, MouseUp, Resize
from textual.geometry import Size
from textual.keys import _character_to_key
from textual.pilot import Pilot

SIZES = ((80, 24), (120, 40), (200, 60), (40, 12), (20, 5), (3, 2), (100, 30))
LETTERS = [chr(code) for code in range(33, 127) if chr(code) != "q"]
NAMED = (
    "enter", "escape", "tab", "shift+tab", "space", "backspace", "delete", "up", "down", "left",
    "right", "home", "end", "pageup", "pagedown", "ctrl+p", "ctrl+a", "ctrl+u", "ctrl+k", "f1",
    "ctrl+left", "shift+right", "ctrl+r",
)  # fmt: skip
LINES = (
    ":step 5", ":back 2", ":why", ":goto end", ":goto start", ":break op == 'mul'", ":search relu",
    ":flow", ":health", ":anomalies", ":watch grad > 1", ":continue", ":reverse-continue", ":undo",
    ":zero #12", ":set #5 = 0.25", ":where", ":info #3", ":help", ":run", ":gradcheck",
    "/op == 'mul'", "ugrad > 0", "e0.5", "g1", "g2", "demma", "dava", "B",
)  # fmt: skip
"""Lines that a key opens, and what is typed into them."""


@dataclass
class Monkey:
    """Acts on an app until it has done enough, or the app is left."""

    app: App[None]
    rng: random.Random
    slowest: float = 0.0  # longest time the screen did not answer. Units: seconds.
    busiest: float = 0.0
    """The same, but for what other programs took of it: how long this process worked meanwhile, in
    all its threads, which take the interpreter's lock from each other. Units: seconds."""
    done: int = 0  # actions

    async def act(self, count: int) -> None:
        """So many keys, clicks and resizes; raises what ended the app."""
        watch = asyncio.create_task(self._watch())
        try:
            while self.done < count and self.app._running and not self.app._exit:
                for action in self._burst():
                    self.app.post_message(action)
                    self.done += 1
                await self._idle()
                if self.app._exception:
                    raise self.app._exception
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch

    async def _idle(self) -> None:
        """Sometimes what came is worked off before more comes, sometimes hardly anything is."""
        for _ in range(self.rng.choice((0, 1, 3, 10))):
            await asyncio.sleep(0)
        await asyncio.sleep(self.rng.choice((0, 0, 0.001, 0.02)))

    async def _watch(self) -> None:
        """How long the loop that answers keys is busy with one thing."""
        while True:
            began, worked = time.perf_counter(), time.process_time()
            await asyncio.sleep(0.01)
            wait = time.perf_counter() - began - 0.01
            self.slowest = max(self.slowest, wait)
            self.busiest = max(self.busiest, min(wait, time.process_time() - worked))

    def _burst(self) -> Iterator[Key | MouseDown | MouseUp | MouseScrollUp | Resize]:
        rng = self.rng
        kind = rng.random()
        if kind < 0.25:
            line = rng.choice(LINES)
            keys = [*line, rng.choice(("enter", "enter", "escape"))]
            yield from map(_key, keys[: rng.choice((len(keys), len(keys), 1, 2))])
        elif kind < 0.75:
            for _ in range(rng.choice((1, 1, 2, 5, 12))):
                yield _key(rng.choice(rng.choice((LETTERS, NAMED))))
        elif kind < 0.95:
            yield from self._mouse()
        else:
            yield self._resize()

    def _mouse(self) -> Iterator[MouseDown | MouseUp | MouseScrollUp]:
        size = self.app.size
        at = self.rng.randrange(max(1, size.width)), self.rng.randrange(max(1, size.height))
        if self.rng.random() < 0.3:
            kinds = [self.rng.choice((MouseScrollUp, MouseScrollDown))]
        else:
            kinds = [MouseDown, MouseUp] * self.rng.choice((1, 1, 2))
        for kind in kinds:
            yield kind(None, *at, 0, 0, 1, False, False, False, *at)

    def _resize(self) -> Resize:
        size = Size(*self.rng.choice(SIZES))
        if isinstance(self.app._driver, HeadlessDriver):
            self.app._driver._size = size
        return Resize(size, size)


def _key(key: str) -> Key:
    if len(key) == 1 and not key.isalnum():
        return Key(_character_to_key(key), key)
    return Key(key, key if len(key) == 1 else None)


@asynccontextmanager
async def under_a_monkey(app: App[None], seed: int) -> AsyncIterator[Monkey]:
    """The app, with a monkey at it."""
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        assert isinstance(pilot, Pilot)
        yield Monkey(app, random.Random(seed))
