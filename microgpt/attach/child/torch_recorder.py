"""`TorchRecorder`: keeps the tensors that a script computes with PyTorch, and where it does.

PyTorch keeps what it needs for a pass in `grad_fn` objects, but not the numbers that were computed.
While this is switched on every op passes through here, and its results are kept; switched off, it
is not there at all. torch is the script's own: it is used only where the script has loaded it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from types import CodeType, FrameType
from typing import Any

from microgpt.attach.child.script_failure import OWN_FOLDER
from microgpt.autograd.call_paths import CallPaths
from microgpt.autograd.scopes import Site

MOST_KEPT = 20_000
"""So many results are kept between two passes: evaluation alone must not fill the memory."""


class TorchRecorder:
    """Records while it is switched on.

    Args:
        base: the frame that runs the script.
    """

    def __init__(self, base: FrameType) -> None:
        self._base = base
        self._mode: Any = None
        self._is_wanted = False
        self._folder = ""
        self._paths: CallPaths | None = None
        # Results of which it is not known yet what made them: PyTorch says so after the op.
        self._fresh: list[tuple[Any, Any, Site]] = []
        self.results: dict[tuple[int, int], tuple[Any, Any, Site]] = {}
        """By `id()` of a `grad_fn` and number of its output: that object, the numbers, the site."""

    # -- on and off --------------------------------------------------------------------------------

    def on(self) -> None:
        """Records from now on, as soon as the script has loaded torch."""
        self._is_wanted = True
        self.forget()
        if self._mode is None and _is_loaded():
            self._paths = CallPaths(self._base, calls_in_scopes=True, skips=self._is_library)
            self._folder = os.path.dirname(sys.modules["torch"].__file__ or "") + os.sep
            self._mode = _mode(self._results_of)
            self._mode.__enter__()

    def off(self) -> None:
        """Records no more, and keeps what there is until `forget`."""
        self._is_wanted = False
        mode, self._mode = self._mode, None
        if mode is not None:
            mode.__exit__(None, None, None)
        self._settle()

    def forget(self) -> None:
        """Keeps nothing."""
        self._fresh, self.results = [], {}

    def wait_for_import(self, loaded: Callable[[], None]) -> None:
        """Switches on when the script's import of torch is over, if that is wanted then.

        Args:
            loaded: is called at that moment.
        """
        spec: Any = sys.modules["torch"].__spec__
        own: Any = type(spec)

        def set_attribute(waiting: Any, name: str, value: object) -> None:
            object.__setattr__(waiting, name, value)
            if name == "_initializing" and not value:  # which `import` does when it is done
                waiting.__class__ = own
                loaded()
                if self._is_wanted:
                    self.on()

        spec.__class__ = type(own.__name__, (own,), {"__setattr__": set_attribute})

    # -- what is seen ------------------------------------------------------------------------------

    def _is_library(self, code: CodeType) -> bool:
        return code.co_filename.startswith((self._folder, OWN_FOLDER, "<"))

    def _results_of(self, results: Any) -> None:
        self._settle()
        if len(self._fresh) + len(self.results) > MOST_KEPT:
            self.forget()
        torch = sys.modules["torch"]
        frame: Any = sys._getframe(1)
        while frame is not None and self._is_library(frame.f_code):
            frame = frame.f_back
        if frame is None or self._paths is None:
            return
        site = self._paths.site_of(frame)
        for result in results if isinstance(results, (tuple, list)) else (results,):
            if isinstance(result, torch.Tensor) and result.is_floating_point():
                self._fresh.append((result, _copy(result), site))

    def _settle(self) -> None:
        """Finds what made the results so far."""
        rest = []
        for result, numbers, site in self._fresh:
            made_by = made_by_of(result)
            if made_by is None:
                rest.append((result, numbers, site))
            else:
                self.results[id(made_by), result.output_nr] = (made_by, numbers, site)
        self._fresh = rest[-256:]  # those of an op of the script's own get theirs later


def made_by_of(tensor: Any) -> Any:
    """A tensor's `grad_fn`; None, too, for a view that PyTorch refuses to say it of."""
    try:
        return tensor.grad_fn
    except RuntimeError:  # its base was modified in place
        return None


def _is_loaded() -> bool:
    torch = sys.modules.get("torch")
    spec = getattr(torch, "__spec__", None)
    return torch is not None and not getattr(spec, "_initializing", False)


def _copy(result: Any) -> Any:
    """The numbers of a tensor as they are now; our own call passes through no recorder."""
    torch = sys.modules["torch"]
    with torch.utils._python_dispatch._disable_current_modes():
        return result.detach().clone()


def _mode(noted: Callable[[Any], None]) -> Any:
    """What PyTorch calls in the place of each op."""
    base: Any = sys.modules["torch"].utils._python_dispatch.TorchDispatchMode

    def __torch_dispatch__(  # noqa: N807
        self: Any,  # noqa: ARG001
        func: Any,
        types: Any,  # noqa: ARG001
        args: Any = (),
        kwargs: Any = None,
    ) -> Any:
        results = func(*args, **(kwargs or {}))
        with suppress(Exception):  # a script must not die of being looked at
            noted(results)
        return results

    return type("Recording", (base,), {"__torch_dispatch__": __torch_dispatch__})()
