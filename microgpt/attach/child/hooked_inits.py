"""`HookedInits`: the classes whose `__init__` has a hook of ours in its place, and their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


class HookedInits:
    """Those of one Value-like class and of the classes derived from it."""

    def __init__(self) -> None:
        self._inits: dict[type, tuple[Any, Any]] = {}  # own and hook

    def put_on(self, cls: type, types: Iterable[type], hook_for: Callable[[type], Any]) -> None:
        """Puts a hook in the place of each `__init__`, once those from before are off.

        A derived class with an `__init__` of its own need not call that of its base.

        Args:
            cls: the class, which is hooked even if it inherits its `__init__`.
            types: it, and those derived from it.
            hook_for: makes the hook of one.
        """
        for each in types:
            own = vars(each).get("__init__")
            if own is not None or each is cls:
                self._inits[each] = (own, hook_for(each))
        for each, (_, hook) in self._inits.items():
            each.__init__ = hook  # type: ignore[misc]

    def take_off(self) -> None:
        """Gives all their own again."""
        inits, self._inits = self._inits, {}
        for cls, (own, hook) in inits.items():
            if vars(cls).get("__init__") is not hook:
                continue  # a decorator such as `dataclass` may have put its own over ours
            if own is not None:
                cls.__init__ = own  # type: ignore[misc]
            else:
                del cls.__init__  # type: ignore[misc]

    def are_on(self, cls: type, base: type) -> bool:
        """Whether a hook sees instances of a class, its own or that of the class it is based on."""
        if cls not in self._inits and "__init__" in vars(cls) and cls is not base:
            return False
        hooked = cls if cls in self._inits else base
        return hooked in self._inits and vars(hooked).get("__init__") is self._inits[hooked][1]
