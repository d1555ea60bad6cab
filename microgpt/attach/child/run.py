"""Runs a script as `python script.py` would, attached. It is started as a program of its own.

    python run.py ORDERS REPORTS OUTPUT SCRIPT [ARGUMENT ...]

The first two are open file descriptors. OUTPUT is `piped` if somebody else shows what the script
prints, `inherited` if it shares a terminal with whoever debugs it. Our own modules are taken out of
`sys.modules` again before the script starts, so that a module named `microgpt` is whatever the
script finds under that name.
"""

from __future__ import annotations

import builtins
import os
import sys
from _frozen_importlib_external import SourceFileLoader
from contextlib import suppress
from io import TextIOWrapper
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from microgpt.attach.child.conversation import Conversation

CORE = os.path.abspath(f"{__file__}/../../..")


def main() -> None:
    """Runs the script; ends as it ends."""
    orders, reports, output, script, *arguments = sys.argv[1:]
    session = _opened(int(orders), int(reports), shares_terminal=output == "inherited")
    if output == "piped":
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(encoding="utf-8", line_buffering=True)
    sys.argv = [script, *arguments]
    script = os.path.abspath(script)
    if not sys.flags.safe_path:
        sys.path[0] = os.path.dirname(os.path.realpath(script))
    try:
        _run(script, session)
    except SystemExit:
        session.ended()
        raise
    except BaseException as error:  # noqa: BLE001  # whatever the script dies of
        with suppress(KeyboardInterrupt):  # a second Ctrl-C, at that stop
            session.failed(error)
        sys.excepthook(type(error), error, error.__traceback__)
        session.ended()
        sys.exit(130 if isinstance(error, KeyboardInterrupt) else 1)
    session.ended()


def _opened(orders: int, reports: int, *, shares_terminal: bool) -> Conversation:
    """Loads our modules without leaving a trace, and opens the conversation."""
    os.set_inheritable(orders, False)
    os.set_inheritable(reports, False)
    # Bare packages: the real ones would import all of the product, and numpy.
    for name, folder in (("microgpt", CORE), ("microgpt.attach", f"{CORE}/attach")):
        package: Any = ModuleType(name)
        package.__path__ = [folder]
        sys.modules[name] = package
    from microgpt.attach.child.conversation import Conversation  # noqa: PLC0415  # found only now

    for name in [name for name in sys.modules if name.partition(".")[0] == "microgpt"]:
        del sys.modules[name]
    return Conversation(orders, reports, shares_terminal=shares_terminal)


def _run(script: str, session: Conversation) -> None:
    """Runs the script as the module `__main__`; its scopes are the calls below this one."""
    module = ModuleType("__main__")
    vars(module).update(
        __file__=script,
        __builtins__=builtins,
        __loader__=SourceFileLoader("__main__", script),
        __cached__=None,
    )
    sys.modules["__main__"] = module
    with open(script, "rb") as file:
        source = file.read()
    session.start(base=sys._getframe())
    exec(compile(source, script, "exec", dont_inherit=True), vars(module))  # noqa: S102


if __name__ == "__main__":
    main()
