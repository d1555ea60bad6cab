"""A script ends with whoever debugs it; and one that takes away what follows it is told as such."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from microgpt.attach import Ended, ScriptProcess, Stop
from microgpt.attach.child import hang_up
from tests.tui.debugger.test_script_app import SCALAR

BUSY = """
import os, sys
with open(sys.argv[1], "w") as file:
    file.write(str(os.getpid()))
while True:
    pass
"""
PASS = """
w = Scalar(3.0)
loss = w * w + w
loss.backward()
"""
SOON = 30.0
"""Units: seconds. Far more than any of this takes."""


def is_running(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}


def until(holds: object) -> None:
    deadline = time.monotonic() + SOON
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_a_busy_script_ends_with_whoever_debugs_it(number: signal.Signals, tmp_path: Path) -> None:
    script, told = tmp_path / "busy.py", tmp_path / "pid"
    script.write_text(BUSY)
    code = (
        "import sys; from microgpt.attach import ScriptProcess\n"
        f"with ScriptProcess({str(script)!r}, [{str(told)!r}]) as script: script.next_stop()"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as debugger:
        until(lambda: told.exists() and told.read_text())
        pid = int(told.read_text())
        assert is_running(pid)
        debugger.send_signal(number)
        debugger.wait()
        until(lambda: not is_running(pid))


def test_where_there_is_no_signal_for_it_a_thread_waits() -> None:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(writing)
        hang_up.wait(reading)
        os._exit(77)  # not reached
    os.close(reading)
    assert os.waitpid(pid, os.WNOHANG) == (0, 0)
    os.close(writing)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1


def test_a_script_that_closes_our_pipes_is_told_as_such(tmp_path: Path) -> None:
    """And nothing is ever written to what it opens in their place."""
    script = tmp_path / "closes.py"
    script.write_text(
        SCALAR
        + PASS
        + "import os\nos.closerange(3, 256)\n"
        + "files = [open(f'own{i}.txt', 'w+') for i in range(8)]\n"
        + "for _ in range(50):\n    (w * w + w).backward()\n"
        + "for file in files:\n    file.write('mine')\n    file.seek(0)\n"
        + "assert {file.read() for file in files} == {'mine'}\n"
    )
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        with ScriptProcess(script) as process:
            assert isinstance(process.next_stop(SOON), Stop)
            process.resume()
            end = process.next_stop(SOON)
            assert isinstance(end, Ended), end
            assert end.status == 0, process.output.lines
    finally:
        os.chdir(before)


def test_it_is_told_while_such_a_script_runs(tmp_path: Path) -> None:
    script = tmp_path / "closes.py"
    script.write_text(
        SCALAR + PASS + "import os, time\nos.closerange(3, 256)\nwhile True: time.sleep(0.05)\n"
    )
    with ScriptProcess(script) as process:
        process.next_stop(SOON)
        process.resume()
        until(lambda: "has closed the pipes" in process.waits_for)
        process.kill()
        end = process.next_stop(SOON)
    assert isinstance(end, Ended)
    assert end.reason == (
        "killed by SIGKILL; it has closed the pipes that it was followed through, as os.closerange "
        "does"
    )


def test_a_script_that_replaces_builtins_is_followed_or_told_as_such(tmp_path: Path) -> None:
    script = tmp_path / "replaces.py"
    replaced = "import builtins\nbuiltins.isinstance = lambda *_: True\nbuiltins.len = None\n"
    script.write_text(SCALAR + replaced + PASS)
    with ScriptProcess(script) as process:
        stop = process.next_stop(SOON)
        assert isinstance(stop, Stop)
        assert stop.graph is not None
        assert len(stop.graph) == 3
        process.resume()
        assert isinstance(end := process.next_stop(SOON), Ended)
        assert end.reason == "exit status 0; backward() was called once"
    script.write_text(
        "import builtins\nbuiltins.__build_class__ = lambda body, name: type(name, (), {})\n"
        "class Mine:\n    def __add__(self, other): return self\n"
    )
    with ScriptProcess(script) as process:
        end = process.next_stop(SOON)
    assert isinstance(end, Ended)
    assert "it has replaced builtins.__build_class__, which what follows it needs" in end.reason
