"""`observed()`: diagnoses passes and updates of this process, for tests and notebooks."""

from __future__ import annotations

import contextlib
import html
import sys
from collections.abc import Iterable
from types import FrameType, TracebackType
from typing import Self

from microgpt.attach.own_process import OwnProcess
from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Diagnosis
from microgpt.diagnosis.kinds import CATALOGUE
from microgpt.diagnosis.pass_evidence import PassEvidence
from microgpt.diagnosis.program import Program
from microgpt.diagnosis.watching import MOST_PASSES, Watching, diagnosis_of
from microgpt.diagnosis.wording import Paint, lines_of, plain
from microgpt.errors import InputError
from microgpt.graph.debuggee import Stop

MOST_NAMED = 3
"""So many classes are named when no pass was seen."""


def observed(passes: int = MOST_PASSES, allow: Iterable[str] = ()) -> Observed:
    """Watches the backward passes in a `with` block, and what comes between them.

        with microgpt.observed() as seen:
            for x, y in data:
                loss = model(x, y)
                loss.backward()
                update()
        seen.assert_sound()

    Any class is observed that `microgpt debug` could attach to, but PyTorch's tensors: our own
    `Value`, micrograd's, or one of the test itself. When the block ends all classes are as they
    were. Of nodes that were made before it begins neither lines nor methods are known; gradients
    that would need these count as unchecked. Blocks may lie in each other, each sees what happens
    in it; only this thread is watched.

    Args:
        passes: the first so many are looked at; those after them are let pass.
        allow: kinds that are meant, as `--allow` of `microgpt diagnose`.

    Raises:
        InputError: a kind is none, or no passes are to be looked at.
    """
    return Observed(passes, allow)


class Observed:
    """What is seen in a block, and what is to be said of it; a notebook's cell shows it."""

    def __init__(self, passes: int, allow: Iterable[str]) -> None:
        allowed, kinds = frozenset(allow), [kind.name for kind in CATALOGUE]
        for kind in sorted(allowed):
            if kind not in kinds:
                raise InputError(f"allow={kind!r}: no such kind; there are {', '.join(kinds)}")
        if passes < 1:
            raise InputError(f"passes={passes}: at least one is to be looked at")
        self._watching = Watching(Program(allowed), passes)
        self._has_begun = False
        self._is_open = False
        self._lacking: list[str] = []

    # -- the block ---------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        if self._has_begun:
            raise InputError("a block was observed with this already: call observed() again")
        self._has_begun = self._is_open = True
        _BLOCKS.begin(self, _frame_of_block(sys._getframe(1)))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lacking, self._watching.was_cut_short = _BLOCKS.end(self, error)
        self._is_open = False
        if error is not None and not isinstance(error, Exception):
            self._watching.was_cut_short = f"the block was left by {type(error).__name__}"

    def take(self, stop: Stop) -> None:
        """One pass more, or the exception that the block ends with."""
        if stop.kind == "backward" and not self.wants_more:
            return
        try:
            self._watching.take(stop)
        except Exception as error:  # noqa: BLE001  # what is watched must not die of it
            self._watching.unseen(stop, f"{type(error).__name__}: {error}")

    @property
    def wants_more(self) -> bool:
        """Whether more passes would be looked at."""
        return not self._watching.is_enough

    # -- what is said of it ------------------------------------------------------------------------

    @property
    def passes(self) -> tuple[PassEvidence, ...]:
        """The passes that were looked at: each with its graph, and as it should have been."""
        return self._watching.evidence.passes

    @property
    def evidence(self) -> Evidence:
        """All that was seen up to now."""
        if not self._watching.n_seen and not self._watching.was_cut_short:
            self._watching.was_cut_short = self._why_nothing()
        return self._watching.evidence

    def _why_nothing(self) -> str:
        if not self._has_begun:
            return "nothing was observed: `with microgpt.observed() as seen:` begins it"
        if self._is_open:
            return ""
        told = "no backward pass in the block"
        if self._lacking:
            told += f"; {'; '.join(self._lacking[:MOST_NAMED])}"
        return told

    def diagnose(self) -> Diagnosis:
        """As `microgpt diagnose` says it, of what was seen up to now."""
        return diagnosis_of(self.evidence)

    def assert_sound(self) -> None:
        """Fails unless every gradient was compared with the true one and nothing was found.

        Raises:
            AssertionError: something is wrong or suspect, or could not be verified; the message is
                the findings, with the lines of code that they are about.
        """
        __tracebackhide__ = True  # pytest shows the test's line then
        if self.diagnose().verdict != "sound":
            raise AssertionError(str(self))

    # -- as text, and in a notebook ----------------------------------------------------------------

    def __str__(self) -> str:
        return "\n".join(self._lines(plain))

    __repr__ = __str__

    def _lines(self, paint: Paint) -> list[str]:
        return lines_of(self.diagnose(), self._watching.program, paint, None)

    def _repr_html_(self) -> str:
        told = "\n".join(self._lines(_as_html))
        return f'<pre style="white-space: pre-wrap">{told}</pre>'

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._repr_html_()}


STYLES = {
    "heading": "font-weight: bold", "certain": "font-weight: bold; color: #d33",
    "likely": "font-weight: bold; color: #b80", "note": "color: #28a", "code": "color: #28a",
    "muted": "opacity: 0.7",
}  # fmt: skip
"""As a notebook's cell shows them, on light and on dark."""


def _as_html(text: str, style: str) -> str:
    return f'<span style="{STYLES[style]}">{html.escape(text)}</span>'


class _Blocks:
    """The blocks that are open in this process, and what watches it for them."""

    def __init__(self) -> None:
        self._open: list[Observed] = []
        self._process: OwnProcess | None = None

    def begin(self, block: Observed, frame: FrameType) -> None:
        """One more, inside of the others."""
        if self._process is None:
            self._process = OwnProcess(self._take)
            self._process.begin(frame)
        self._open.append(block)
        self._process.wake(True)

    def end(self, block: Observed, error: BaseException | None) -> tuple[list[str], str]:
        """One less; with the last the watch ends.

        Returns:
            classes whose passes were not seen, and what failed in the watch, if that is over.
        """
        process = self._process
        assert process is not None
        process.finish_pass()
        if len(self._open) == 1:
            process.end(error)
            self._process = None
        self._open.remove(block)
        return process.used_without_pass(), process.fault

    def _take(self, stop: Stop) -> None:
        for block in self._open:
            block.take(stop)
        if self._process is not None and not any(block.wants_more for block in self._open):
            self._process.wake(False)


_BLOCKS = _Blocks()


def _frame_of_block(frame: FrameType) -> FrameType:
    while frame.f_code.co_filename == contextlib.__file__ and frame.f_back:
        frame = frame.f_back
    return frame
