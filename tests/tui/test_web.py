"""The app in a browser: what is served, to whom, and where it stays."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from textual.widgets import Input, Static

from microgpt.errors import InputError
from tests.tui.piloted import piloted
from tests.viz.page.browser import browser_page, found_browser
from tui import main
from tui.cli.options.inside import check_inside
from tui.dialogs.branch import BranchScreen
from tui.dialogs.other_run import OtherRunScreen
from tui.web import command_of, is_this_machine

aiohttp = pytest.importorskip("aiohttp")
pytest.importorskip("textual_serve")

SOON = 40.0
"""Units: seconds."""


@dataclass
class Served:
    """A server in a folder of its own."""

    port: int
    folder: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state")}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    server = subprocess.Popen(
        [sys.executable, "-m", "tui.main", "--web", "--port", str(port), "--paused"],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert server.stdout
    try:
        assert (
            server.stdout.readline()
            == f"microgpt-tui is at http://127.0.0.1:{port}; ctrl-C ends it\n"
        )
        deadline = time.monotonic() + SOON
        while time.monotonic() < deadline:
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield Served(port, folder)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(SOON)
        server.stdout.close()


# -- without a server ------------------------------------------------------------------------------


def test_a_tab_gets_what_the_command_was_given_but_for_the_servers_own() -> None:
    words = ["--web", "--n-layer", "2", "--host=127.0.0.1", "--port", "80", "--data", "a b.txt"]
    command = command_of(words)
    assert command.endswith("-m tui.main --served --n-layer 2 --data 'a b.txt'")


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.0.7", False),
        ("example.org", False),
    ],
)
def test_which_addresses_are_this_machine_alone(host: str, told: bool) -> None:
    assert is_this_machine(host) is told


def test_files_outside_a_folder_are_told_from_those_inside(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    check_inside(folder / "a" / "new.run", folder)
    for outside in (tmp_path / "new.run", folder / ".." / "new.run", folder / "link" / "new.run"):
        with pytest.raises(InputError, match="lies outside"):
            check_inside(outside, folder)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--web", "--data", "/etc/passwd"], "lies outside"),
        (["--web", "../x.run"], "lies outside"),
        (["--served", "/x.run"], "lies outside"),
        (["--web", "--run", "a.run"], "each tab has a run of its own"),
        (["--host", "0.0.0.0"], "needs --web"),
        (["--port", "99"], "needs --web"),
        (["--web", "--port", "70000"], "from 1 to 65535"),
        (["--web", "--host", "no.such.invalid"], "cannot serve at"),
        (["run", "--web", "x.py"], "--web"),
    ],
)
def test_what_cannot_be_served_is_said_in_a_line(
    words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main.main(words) == 2
    captured = capsys.readouterr()
    assert told in captured.err
    assert "Traceback" not in captured.err
    assert list(tmp_path.iterdir()) == []


async def test_a_branch_goes_to_no_file_outside(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    async with piloted(folder=folder) as ui:
        ui.app.kept_in = folder
        await ui.train(2)
        await ui.press("comma")
        await ui.until(lambda: ui.frame.past)
        await ui.press("B")
        await ui.until(lambda: isinstance(ui.app.screen, BranchScreen))
        ui.app.screen.query_one("#path", Input).value = str(tmp_path / "elsewhere.run")
        await ui.press("enter")
        assert "lies outside" in str(ui.app.screen.query_one("#dialog-keys", Static).content)
        assert [path.name for path in tmp_path.iterdir()] == ["here"]
        ui.app.screen.query_one("#path", Input).value = str(folder / "mine.run")
        await ui.press("enter")
        await ui.until((folder / "mine.run").exists)


async def test_no_run_outside_is_compared_with(tmp_path: Path) -> None:
    async with piloted() as ui:
        ui.app.kept_in = tmp_path / "here"
        await ui.train()
        screen = await ui.attention()
        await ui.until(lambda: screen.shown)
        await ui.press("M")
        await ui.until(lambda: isinstance(ui.app.screen, OtherRunScreen))
        ui.app.screen.query_one(Input).value = f"{tmp_path / 'elsewhere.run'}:3"
        await ui.press("enter")
        await ui.until(lambda: any("lies outside" in notice for notice in ui.notices))


# -- with one --------------------------------------------------------------------------------------


async def status_of(served: Served, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    async with (
        aiohttp.ClientSession() as client,
        client.get(served.address + path, headers=headers) as answer,
    ):
        return answer.status, dict(answer.headers)


@pytest.mark.slow
async def test_a_page_of_another_site_gets_nothing(served: Served) -> None:
    status, headers = await status_of(served, "/")
    assert status == 200
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert (await status_of(served, "/", Host="evil.example"))[0] == 403
    assert (await status_of(served, "/", Host=f"localhost:{served.port}"))[0] == 200
    async with aiohttp.ClientSession() as client:
        for origin in ("http://evil.example", "null", None):
            headers = {"Origin": origin} if origin else {}
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await client.ws_connect(f"{served.address}/ws", headers=headers)
            assert refused.value.status == 403


@pytest.mark.slow
async def test_no_file_is_served_but_the_pages_own(served: Served) -> None:
    (served.folder / "secret.txt").write_text("secret")
    for path in ("/secret.txt", "/static/..%2f..%2fserver.py", "/download/../secret.txt"):
        assert (await status_of(served, path))[0] in (403, 404)


@pytest.mark.slow
async def test_keys_come_to_the_app_and_its_screen_to_the_page(served: Served) -> None:
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(
            f"{served.address}/ws?width=100&height=30", headers={"Origin": served.address}
        ) as page,
    ):
        seen = b""

        async def until(words: bytes) -> None:
            nonlocal seen
            while words not in seen:
                message = await page.receive(SOON)
                assert message.type == aiohttp.WSMsgType.BINARY, (message, seen[-500:])
                seen += message.data

        await until(b"fresh samples")
        seen = b""
        await page.send_json(["stdin", "?"])
        await until(b"on screen: train mode")


@pytest.mark.slow
@pytest.mark.skipif(not found_browser(), reason="there is no Chromium")
def test_a_browser_shows_it_and_asks_nobody_else(served: Served, tmp_path: Path) -> None:
    with browser_page(tmp_path / "profile") as page:
        page.size(1200, 800)
        page.call("Page.navigate", url=served.address)
        page.wait("document.body && document.body.classList.contains('-first-byte')")
        assert page.ask("document.querySelectorAll('.xterm-screen').length") == 1
        assert page.requests
        assert all(url.startswith((served.address, "data:")) for url in page.requests)
        assert not [told for told in page.problems if "Content Security" in told]
        page.click(".xterm-screen")
        page.ask("document.querySelector('.xterm-helper-textarea').focus()")
        page.press("2")
        page.ask("new Promise(done => setTimeout(done, 2000))")
        page.picture(tmp_path / "page.png")
        before = (tmp_path / "page.png").read_bytes()
        page.press("q")
        page.wait("document.body.classList.contains('-closed')")
        page.picture(tmp_path / "page.png")
        assert (tmp_path / "page.png").read_bytes() != before
