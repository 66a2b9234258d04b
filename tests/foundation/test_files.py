"""A file is replaced whole or not at all; what could not be written or never ends is refused."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from micrograd_dl.foundation import files
from micrograd_dl.foundation.files import replacing, require_folder, require_place

posix = pytest.mark.skipif(os.name != "posix", reason="permissions, links and devices as POSIX has them")


def write(path: Any, content: bytes = b"new") -> None:
    with replacing(path) as file:
        file.write(content)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_text("old")
    return path


def test_the_old_file_is_there_until_the_new_one_is_whole(old: Path) -> None:
    with replacing(old) as file:
        file.write(b"new")
        file.flush()
        assert old.read_text() == "old"
    assert old.read_text() == "new"
    assert list(old.parent.iterdir()) == [old]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_old_file_and_nothing_else(old: Path, error: type[BaseException]) -> None:
    def half() -> None:
        with replacing(old) as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        half()
    assert old.read_text() == "old"
    assert list(old.parent.iterdir()) == [old]


def test_two_writers_at_once_do_not_mix(old: Path) -> None:
    with replacing(old) as one, replacing(old) as other:
        one.write(b"1111")
        other.write(b"22")
    assert old.read_text() == "1111"


@posix
@pytest.mark.parametrize("mode", [0o600, 0o444, 0o666, 0o755])
def test_permissions_stay(old: Path, mode: int) -> None:
    old.chmod(mode)
    with replacing(old) as file:
        assert [p.stat().st_mode & 0o777 for p in old.parent.iterdir()] == [mode, mode]  # the hidden one too
        file.write(b"new")
    assert old.stat().st_mode & 0o777 == mode
    assert old.read_bytes() == b"new"


@posix
def test_a_new_file_is_an_ordinary_one_and_links_stay(tmp_path: Path) -> None:
    plain, path, link = tmp_path / "plain", tmp_path / "a.txt", tmp_path / "link"
    plain.touch()
    link.symlink_to(path)
    write(link)
    assert link.is_symlink()
    assert path.read_text() == "new"
    assert path.stat().st_mode == plain.stat().st_mode


@posix
def test_a_pipe_is_written_to_and_read_from(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with replacing(pipe) as file:
            file.write(b"through")
            file.flush()
            with open(pipe, "rb") as other_end:
                os.write(file.fileno(), b"!")
                assert other_end.read(8) == b"through!"
    finally:
        os.close(reading)
    assert pipe.is_fifo()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="devices as Linux has them")
def test_devices(tmp_path: Path) -> None:
    full = tmp_path / "y.csv"
    full.symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"No space left on device: '.*y\.csv'"):
        write(full)


def test_a_full_disk_names_the_file_and_leaves_the_old_one(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*a\.txt'"):
        write(old)
    assert old.read_text() == "old"
    assert list(old.parent.iterdir()) == [old]


# Without /dev/fd there is no name for what is tested.
@pytest.mark.skipif(not os.path.isdir("/dev/fd"), reason="open files have names on some systems only")
@pytest.mark.parametrize("flags", [os.O_APPEND, 0])
def test_an_open_file_is_written_to_from_where_it_stands(tmp_path: Path, flags: int) -> None:
    """As the shell opens what stands behind ``>>`` and ``>``; /dev/stdout is one of these names."""
    log = tmp_path / "log"
    number = os.open(log, os.O_WRONLY | os.O_CREAT | flags)
    try:
        os.write(number, b"header\n")
        for path in (f"/dev/fd/{number}", f"/proc/self/fd/{number}"):
            assert files.is_stream(path)
            require_place(path)
            write(path, b"more\n")
    finally:
        os.close(number)
    assert log.read_bytes() == b"header\nmore\nmore\n"
    for refused in (require_place, write):
        with pytest.raises(OSError, match=f"'/dev/fd/{number}'"):  # which is closed now
            refused(f"/dev/fd/{number}")


def test_what_is_no_stream(tmp_path: Path) -> None:
    (tmp_path / "1").touch()
    (tmp_path / "round").symlink_to(tmp_path / "round")
    assert not any(map(files.is_stream, (tmp_path, tmp_path / "1", tmp_path / "none", tmp_path / "round")))


@pytest.mark.parametrize("of", [require_place, write])
@pytest.mark.parametrize(
    ("name", "error"),
    [("none/a.txt", FileNotFoundError), ("", IsADirectoryError), ("new/", IsADirectoryError)],
)
def test_a_name_where_no_file_can_be(tmp_path: Path, of: Any, name: str, error: type[OSError]) -> None:
    with pytest.raises(error) as caught:
        of(f"{tmp_path}/{name}")
    assert caught.value.filename == f"{tmp_path}/{name}"  # and not the hidden name beside it


def test_a_folder_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_place(tmp_path / "a.txt")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    require_place(os.devnull)
    for refused, path in ((require_place, "a.txt"), (require_folder, "."), (require_folder, "new/deeper")):
        with pytest.raises(PermissionError, match=r"nothing may be written to .*: give another folder"):
            refused(tmp_path / path)


def test_a_place_for_a_folder(old: Path) -> None:
    for fine in ("", "new", "new/deeper"):
        require_folder(old.parent / fine)
    for path in (old, old / "deeper"):
        with pytest.raises(
            NotADirectoryError, match=r"this is a file: give the name of a folder: '.*a\.txt'"
        ):
            require_folder(path)


def test_a_file_that_is_needed_is_not_written_over(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(old.parent)
    Path("link").symlink_to("a.txt")
    files.require_apart("b.txt", {"the data": "a.txt", "the model": None})
    for path in ("a.txt", Path(".") / "a.txt", old, "link"):
        with pytest.raises(ValueError, match=r"is the data, which would be written over: give another name"):
            files.require_apart(path, {"the model": None, "the data": "a.txt"})
