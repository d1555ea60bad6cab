"""Runs a script as `python script.py` would, attached. It is started as a program of its own.

    python run.py ORDERS REPORTS LIFE OUTPUT script|module|notebook TARGET [ARGUMENT ...]

The first three are open file descriptors. OUTPUT is `piped` if somebody else shows what the script
prints, `inherited` if it shares a terminal with whoever debugs it. Our own modules are taken out of
`sys.modules` again before the script starts, so that a module named `microgpt` is whatever the
script finds under that name.
"""

from __future__ import annotations

import builtins
import os
import sys
from _frozen_importlib_external import PathFinder, SourceFileLoader
from contextlib import suppress
from io import StringIO, TextIOWrapper
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from microgpt.attach.child.conversation import Conversation

__builtins__ = dict(vars(builtins))  # type: ignore[assignment]
"""A copy of Python's own functions for ours: a script may put others in their place."""

CORE = os.path.abspath(f"{__file__}/../../..")


def main() -> None:
    """Runs the program; ends as it ends."""
    orders, reports, life, output, kind, target, *arguments = sys.argv[1:]
    session, put_back = _opened(
        int(orders), int(reports), int(life), shares_terminal=output == "inherited"
    )
    if output == "piped":
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(encoding="utf-8", line_buffering=True)
    sys.argv = [target, *arguments]
    try:
        try:
            _RUNS[kind](target, session)
        finally:
            replaced = put_back()
    except SystemExit:
        session.ended(replaced)
        raise
    except BaseException as error:  # noqa: BLE001  # whatever the script dies of
        with suppress(KeyboardInterrupt):  # a second Ctrl-C, at that stop
            session.failed(error)
        sys.excepthook(type(error), error, error.__traceback__)
        session.ended(replaced)
        sys.exit(130 if isinstance(error, KeyboardInterrupt) else 1)
    session.ended(replaced)


def _opened(
    orders: int, reports: int, life: int, *, shares_terminal: bool
) -> tuple[Conversation, Callable[[], list[str]]]:
    """Loads our modules without leaving a trace, and opens the conversation.

    Returns:
        With what is to be called when the script is over: it undoes what that did to Python's own
        functions, and gives their names.
    """
    os.set_inheritable(orders, False)
    os.set_inheritable(reports, False)
    # Bare packages: the real ones would import all of the product, and numpy.
    for name, folder in (("microgpt", CORE), ("microgpt.attach", f"{CORE}/attach")):
        package: Any = ModuleType(name)
        package.__path__ = [folder]
        sys.modules[name] = package
    sys.meta_path.insert(0, _WithOwnBuiltins)
    from microgpt.attach.child.channel import Channel  # noqa: PLC0415  # found only now
    from microgpt.attach.child.conversation import Conversation  # noqa: PLC0415
    from microgpt.attach.child.hang_up import end_with  # noqa: PLC0415
    from microgpt.attach.child.shapes import put_back  # noqa: PLC0415

    end_with(life)
    sys.meta_path.remove(_WithOwnBuiltins)
    for name in [name for name in sys.modules if name.partition(".")[0] == "microgpt"]:
        del sys.modules[name]
    session = Conversation(Channel(orders, reports, shares_terminal=shares_terminal))
    os.register_at_fork(after_in_child=session.close)
    return session, put_back


class _WithOwnBuiltins(SourceFileLoader):
    """Finds our modules, and loads them with the copy of Python's own functions."""

    @classmethod
    def find_spec(cls, name: str, path: Any = None, target: Any = None) -> Any:
        found = PathFinder.find_spec(name, path, target)
        if found is None or name.partition(".")[0] != "microgpt" or found.origin is None:
            return found
        found.loader = cls(name, found.origin)
        return found

    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__builtins__"] = __builtins__
        super().exec_module(module)


def _look_beside(path: str) -> None:
    """Imports find what lies beside the program first."""
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.path.dirname(os.path.realpath(path))


def _main_module(**variables: Any) -> ModuleType:
    module = ModuleType("__main__")
    vars(module).update(__builtins__=builtins, __cached__=None, **variables)
    sys.modules["__main__"] = module
    return module


def _run_script(script: str, session: Conversation) -> None:
    """Runs a script as the module `__main__`; its scopes are the calls below this one."""
    script = os.path.abspath(script)
    _look_beside(script)
    module = _main_module(__file__=script, __loader__=SourceFileLoader("__main__", script))
    with open(script, "rb") as file:
        source = file.read()
    session.start(base=sys._getframe())
    exec(compile(source, script, "exec", dont_inherit=True), vars(module))  # noqa: S102


def _run_module(name: str, session: Conversation) -> None:
    """Runs a module as `python -m` does, a package by its `__main__`."""
    from importlib.util import find_spec  # noqa: PLC0415  # `python -m` imports it, too

    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.getcwd()
    session.start(base=sys._getframe())  # its packages are imported by looking for it
    try:
        spec: Any = find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            name += ".__main__"
            spec = find_spec(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        spec = None
    code = spec.loader.get_code(name) if spec is not None and spec.loader is not None else None
    if code is None:
        sys.stderr.write(f"{sys.executable}: No module named {name}\n")
        raise SystemExit(1)
    module = _main_module(
        __file__=spec.origin, __loader__=spec.loader, __spec__=spec, __package__=spec.parent
    )
    sys.argv[0] = spec.origin
    exec(code, vars(module))  # noqa: S102


def _run_notebook(path: str, session: Conversation) -> None:
    """Runs the code cells of a notebook, in order, in one module.

    The cells come from our process, as Python without magics: see `notebook.py`.
    """
    import json  # noqa: PLC0415  # only here
    import linecache  # noqa: PLC0415  # so that `traceback` finds the lines of cells

    cells = sys.argv.pop(1)
    path = os.path.abspath(path)
    _look_beside(path)
    module = _main_module(display=_display)
    session.start(base=sys._getframe())
    for name, source in json.loads(cells):
        lines = StringIO(source).readlines()  # as Python counts them, not at form feeds
        linecache.cache[name] = (len(source), None, lines, name)
        exec(compile(source, name, "exec", dont_inherit=True), vars(module))  # noqa: S102


def _display(*things: Any, **_: Any) -> None:
    """What notebooks show things with, as far as text goes."""
    for thing in things:
        print(repr(thing))  # noqa: T201


_RUNS = {"script": _run_script, "module": _run_module, "notebook": _run_notebook}


if __name__ == "__main__":
    main()
