"""A file is written whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from microgpt import InputError
from microgpt.files import write_atomically


def test_it_writes_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    write_atomically(path, b"first")
    assert path.read_bytes() == b"first"
    write_atomically(path, b"second")
    assert path.read_bytes() == b"second"
    assert [file.name for file in tmp_path.iterdir()] == ["a.svg"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("moment", ["write", "replace"])
def test_a_failure_keeps_the_old_content_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, moment: str
) -> None:
    path = tmp_path / "a.svg"
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise error

    if moment == "replace":
        monkeypatch.setattr(Path, "replace", fail)
    else:
        write_bytes = Path.write_bytes

        def fail_halfway(path: Path, content: bytes) -> None:
            write_bytes(path, content[:2])
            raise error

        monkeypatch.setattr(Path, "write_bytes", fail_halfway)
    raised = InputError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(raised) as caught:
        write_atomically(path, b"new content")
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.svg"]
    if raised is InputError:
        assert str(caught.value) == f"cannot write {str(path)!r}: No space left on device"


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot write .*: No such file or directory"):
        write_atomically(tmp_path / "no" / "a.svg", b"")


def test_a_file_in_the_folders_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(InputError, match=r"cannot write .*: Not a directory"):
        write_atomically(tmp_path / "file" / "a.svg", b"")
    assert (tmp_path / "file").read_bytes() == b"mine"


def test_a_name_too_long(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot write .*: File name too long"):
        write_atomically(tmp_path / f"{300 * 'a'}.svg", b"")
    assert not list(tmp_path.iterdir())


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "a.svg").mkdir()
    with pytest.raises(InputError, match="cannot write"):
        write_atomically(tmp_path / "a.svg", b"")
    assert [file.name for file in tmp_path.iterdir()] == ["a.svg"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permission bits")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_follow_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        write_atomically(tmp_path / "a.svg", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.svg").stat().st_mode) == mode
