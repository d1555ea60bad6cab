"""`TorchPasses`: follows the passes of a script that computes with PyTorch."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
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
        self._has_functions = False  # whether these are hooked, too
        self._gives = False  # whether the pass under way gives its gradients, and keeps none
        self._found: dict[int, Any] | None = None  # what it gave, by `id()` of the tensor

    def hook(self, cls: Any, called: Called) -> None:
        """Calls ours in the place of `backward` of the class of tensors."""
        self.recorder.wait_for_import(lambda: self._hook_functions(called))
        backward = cls.backward

        def hooked(tensor: Any, *args: Any, **keywords: Any) -> Any:
            return called(tensor, lambda: backward(tensor, *args, **keywords), calling_frame())

        cls.backward = looking_like(backward, hooked)

    def _hook_functions(self, called: Called) -> None:
        """The same for `torch.autograd.backward` and `torch.autograd.grad`."""
        if self._has_functions:
            return
        self._has_functions = True
        autograd = sys.modules["torch"].autograd
        backward, grad = autograd.backward, autograd.grad

        def hooked_backward(tensors: Any, *args: Any, **keywords: Any) -> Any:
            run = partial(backward, tensors, *args, **keywords)
            return called(_only(tensors), run, calling_frame())

        def hooked_grad(outputs: Any, inputs: Any, *args: Any, **keywords: Any) -> Any:
            def run() -> Any:
                found = grad(outputs, inputs, *args, **keywords)
                if isinstance(found, tuple) and not isinstance(inputs, dict):
                    self._found = dict(zip(map(id, _several(inputs)), found))
                return found

            self._found = None
            keeps, self._gives = self._gives, True
            try:
                return called(_only(outputs), run, calling_frame())
            finally:
                self._gives, self._found = keeps, None

        autograd.backward = looking_like(backward, hooked_backward)
        autograd.grad = looking_like(grad, hooked_grad)

    @staticmethod
    def loss(root: Any) -> float:
        """The number of a root, the sum of several."""
        return float(sum(float(each.detach().sum()) for each in _several(root)))

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
        if len(several := _several(root)) != 1:
            raise ReadingError(f"its pass begins at {len(several)} tensors: a graph has one root")
        if root.grad_fn is None:
            raise ReadingError("its loss was made of nothing that has a gradient")
        graph = TorchGraph(root, self.recorder, frames, keeps=not self._gives)
        self.recorder.forget()
        kept, self._kept = self._kept, None
        return graph, graph.fields(), {} if kept is None else graph.updates(kept)

    def _after(self, graph: TorchGraph, number: int) -> dict[str, Field]:
        """The columns after the pass, whose leaves are kept."""
        graph.found = self._found
        self._kept = graph.keep(number)
        return graph.fields()


def _several(tensors: Any) -> tuple[Any, ...]:
    """One tensor or several as several."""
    return tuple(tensors) if isinstance(tensors, (list, tuple)) else (tensors,)


def _only(tensors: Any) -> Any:
    """The one tensor of several, or all if they are more."""
    several = _several(tensors)
    return several[0] if len(several) == 1 else several
