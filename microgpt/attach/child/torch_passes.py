"""`TorchPasses`: follows the passes of a script that computes with PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType
from typing import Any

from microgpt.attach.child.answers import answer
from microgpt.attach.child.channel import Channel
from microgpt.attach.child.learner import Learner
from microgpt.attach.child.pass_functions import looking_like
from microgpt.attach.child.pass_log import calling_frame
from microgpt.attach.child.reading import FrozenColumns, ints, read_safely
from microgpt.attach.child.snapshot import ReadingError
from microgpt.attach.child.torch_graph import KeptLeaves, TorchGraph
from microgpt.attach.child.torch_recorder import TorchRecorder
from microgpt.attach.wire import Field

Called = Callable[[Any, "Callable[[], Any]", FrameType], Any]
"""A tensor, what runs its pass, and who called that -> what that gave."""


class TorchPasses:
    """From one pass to the next.

    Args:
        base: the frame that runs the script.
    """

    def __init__(self, base: FrameType) -> None:
        self.recorder = TorchRecorder(base)
        self._kept: KeptLeaves | None = None  # of the pass before

    def hook(self, cls: Any, called: Called) -> None:
        """Calls ours in the place of `backward` of the class of tensors."""
        self.recorder.wait_for_import()
        backward = cls.backward

        def hooked(tensor: Any, *args: Any, **keywords: Any) -> Any:
            return called(tensor, lambda: backward(tensor, *args, **keywords), calling_frame())

        cls.backward = looking_like(backward, hooked)

    @staticmethod
    def loss(root: Any) -> float:
        """The number of a root, the sum of several."""
        return float(root.detach().sum())

    def looked_at(
        self,
        root: Any,
        run: Callable[[], Any],
        frames: list[FrameType],
        number: int,
        channel: Channel,
        learner: Learner,
    ) -> tuple[Any, FrozenColumns, dict[str, Field]]:
        """The result of a pass, the computation, and what became of leaves since the last pass.

        PyTorch is asked before its pass: that frees what it would need to answer.

        Args:
            root: the tensor that it begins at.
            run: does it.
            frames: the calls under way.
            number: of the pass.
            channel: to our process.
            learner: is not to watch meanwhile.
        """
        before = read_safely(lambda: self._before(root, frames), learner)
        if isinstance(before, str):
            return run(), before, {}
        graph, fields, updates = before
        channel.send("tensors", number=ints(number), **fields)
        with channel.leaving_ctrl_c():
            while channel.order(about=number).asks:
                answer(channel, learner, graph)
        result = run()
        found = read_safely(lambda: self._after(graph, number), learner)
        return result, found if isinstance(found, str) else (found, graph), updates

    def _before(
        self, root: Any, frames: list[FrameType]
    ) -> tuple[TorchGraph, dict[str, Field], dict[str, Field]]:
        """The computation, its columns before the pass, and what became of leaves."""
        if root.grad_fn is None:
            raise ReadingError("its loss was made of nothing that has a gradient")
        graph = TorchGraph(root, self.recorder, frames)
        self.recorder.forget()
        kept, self._kept = self._kept, None
        return graph, graph.fields(), {} if kept is None else graph.updates(kept)

    def _after(self, graph: TorchGraph, number: int) -> dict[str, Field]:
        """The columns after the pass, whose leaves are kept."""
        self._kept = graph.keep(number)
        return graph.fields()
