"""`microgpt-tui --web`: the app in a browser, one process and one run for each tab."""

from __future__ import annotations

import ipaddress
import shlex
import socket
import sys
from collections.abc import Sequence

from microgpt import InputError
from tui.cli.terminal.output import notice

OPTIONS = {"--web": 0, "--host": 1, "--port": 1}
"""Those of the server, with how many words follow."""


def serve(words: Sequence[str], host: str, port: int) -> int:
    """Serves the app until Ctrl-C; gives the exit status.

    Args:
        words: what the command was given.

    Raises:
        InputError: textual-serve is not there, or nothing can be served at the address.
    """
    try:
        from tui.web_server import GuardedServer  # noqa: PLC0415  # needs an extra
    except ImportError as error:
        raise InputError("--web needs textual-serve: pip install 'microgpt-tui[web]'") from error
    _check_address(host, port)
    if not is_this_machine(host):
        notice(
            f"warning: whoever reaches {host} can use it, without a password and unencrypted; "
            "without --host only this machine can"
        )
    GuardedServer(command_of(words), host, port, only_here=is_this_machine(host)).serve()
    return 0


def command_of(words: Sequence[str]) -> str:
    """The command of a tab: what was given, without what is the server's."""
    own, left = [], 0
    for word in words:
        if left:
            left -= 1
        elif word.partition("=")[0] in OPTIONS:
            left = 0 if "=" in word else OPTIONS[word]
        else:
            own.append(word)
    return shlex.join([sys.executable, "-m", "tui.main", "--served", *own])


def is_this_machine(host: str) -> bool:
    """Whether only programs of this machine can reach an address.

    >>> is_this_machine("127.0.0.1"), is_this_machine("::1"), is_this_machine("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_address(host: str, port: int) -> None:
    """Nothing is begun where the port is taken, or the address is none of this machine's."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as error:
        raise InputError(f"cannot serve at {host}:{port}: {error.strerror or error}") from error
