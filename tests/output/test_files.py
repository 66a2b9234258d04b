"""A file is replaced whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from micrograd_dl.output.files import is_stream, replacing, require_apart, require_folder, require_place


def test_replaces(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def half() -> None:
        with replacing(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_at_once_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with replacing(path) as one, replacing(path) as other:
        one.write(b"1111")
        other.write(b"22")
    assert path.read_text() == "1111"


# Windows has no permission bits, and links only for some users.
@pytest.mark.skipif(os.name != "posix", reason="permissions and links as POSIX has them")
def test_the_file_is_an_ordinary_one_and_links_stay(tmp_path: Path) -> None:
    plain, path, link = tmp_path / "plain", tmp_path / "a.txt", tmp_path / "link"
    plain.touch()
    link.symlink_to(path)
    with replacing(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert path.read_text() == "new"
    assert path.stat().st_mode == plain.stat().st_mode


# Windows has no pipes and devices among its files.
@pytest.mark.skipif(os.name != "posix", reason="devices as POSIX has them")
def test_a_device_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with replacing(pipe) as file:
            file.write(b"through")
        assert os.read(reading, 100) == b"through"
    finally:
        os.close(reading)
    assert pipe.is_fifo()


# Without /dev/fd there is no name for what is tested.
@pytest.mark.skipif(not os.path.isdir("/dev/fd"), reason="open files have names on some systems only")
@pytest.mark.parametrize("flags", [os.O_APPEND, 0])
def test_an_open_file_is_written_to_from_where_it_stands(tmp_path: Path, flags: int) -> None:
    """As the shell opens what stands behind ``>>`` and ``>``; /dev/stdout is one of these names."""
    log, link = tmp_path / "log", tmp_path / "link"
    number = os.open(log, os.O_WRONLY | os.O_CREAT | flags)
    link.symlink_to(f"/dev/fd/{number}")
    try:
        os.write(number, b"header\n")
        for path in (f"/dev/fd/{number}", link):
            assert is_stream(path)
            require_place(path)
            with replacing(path) as file:
                file.write(b"more\n")
    finally:
        os.close(number)
    assert log.read_bytes() == b"header\nmore\nmore\n"
    assert link.is_symlink()
    for refused in (require_place, lambda path: replacing(path).__enter__()):
        with pytest.raises(OSError, match=f"'/dev/fd/{number}'"):  # which is closed now
            refused(f"/dev/fd/{number}")


# Without /proc there is no name for an open file of another process.
@pytest.mark.skipif(not os.path.isdir("/proc/1/fd"), reason="processes have a folder on Linux only")
def test_an_open_file_of_another_process_is_refused() -> None:
    with pytest.raises(PermissionError, match="this is open in another process: give the name of a file"):
        require_place("/proc/1/fd/1")


def test_what_is_no_stream(tmp_path: Path) -> None:
    (tmp_path / "1").touch()
    (tmp_path / "round").symlink_to(tmp_path / "round")
    for path in (tmp_path, tmp_path / "1", tmp_path / "none", tmp_path / "round"):
        assert not is_stream(path)


@pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")
@pytest.mark.parametrize("mode", [0o600, 0o444, 0o666, 0o755])
def test_permissions_stay(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.txt"
    path.touch()
    path.chmod(mode)
    with replacing(path) as file:
        assert [p.stat().st_mode & 0o777 for p in tmp_path.iterdir()] == [mode, mode]  # the hidden one too
        file.write(b"new")
    assert path.stat().st_mode & 0o777 == mode
    assert path.read_bytes() == b"new"


def test_the_name_of_a_folder_is_none_of_a_file(tmp_path: Path) -> None:
    name = f"{tmp_path / 'new'}{os.sep}"
    with pytest.raises(IsADirectoryError, match="this is how a folder is written: leave out what"):
        require_place(name)
    with pytest.raises(IsADirectoryError), replacing(name):
        pytest.fail("there is nothing to write to")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "none" / "a.txt"
    with pytest.raises(FileNotFoundError) as error, replacing(path):
        pytest.fail("there is nothing to write to")
    assert error.value.filename == str(path)  # and not the hidden name beside it


def test_a_folder_is_asked_for_before_long_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    require_place("a.txt")
    with pytest.raises(FileNotFoundError, match=r"there is no folder none: make it first: 'none.a.txt'"):
        require_place(Path("none") / "a.txt")
    with pytest.raises(IsADirectoryError, match=r"this is a folder: give the name of a file"):
        require_place(tmp_path)


def test_a_folder_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    with pytest.raises(PermissionError, match="nothing may be written to this folder"):
        require_place(tmp_path / "a.txt")
    require_place(os.devnull)
    for folder in (tmp_path, tmp_path / "new" / "deeper"):
        with pytest.raises(PermissionError, match=r"nothing may be .*: give another folder") as error:
            require_folder(folder)
        assert error.value.filename == str(folder)


def test_a_place_for_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    for fine in (tmp_path, "new", Path("new") / "deeper"):
        require_folder(fine)
    for path in ("file", Path("file") / "deeper"):
        with pytest.raises(NotADirectoryError, match=r"this is a file: give the name of a folder: 'file'"):
            require_folder(path)


def test_a_file_that_is_needed_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("link").symlink_to("a.txt")
    require_apart("b.txt", {"the data": "a.txt", "the model": None})
    for path in ("a.txt", Path(".") / "a.txt", tmp_path / "a.txt", "link"):
        with pytest.raises(ValueError, match=r"is the data, which would be written over: give another name"):
            require_apart(path, {"the model": None, "the data": "a.txt"})


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    with pytest.raises((IsADirectoryError, PermissionError)), replacing(tmp_path):
        pytest.fail("there is nothing to write to")
