"""Files: written so that a process killed at any instant leaves the old one or the new one, whole."""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeAlias

Name: TypeAlias = str | os.PathLike[str]


@contextmanager
def replacing(path: Name) -> Iterator[IO[bytes]]:
    """A file to write bytes to, which replaces `path` when the block ends without an error.

    Until then it has a hidden name in the same folder, ending in ``.tmp``. The permissions of the old file
    are kept. A stream is written to directly. An OSError has the name of the file.
    """
    _require_file_name(path)
    opening = _stream if is_stream(path) else _hidden_file
    with _named(path), opening(path) as file:
        yield file


@contextmanager
def _named(path: Name) -> Iterator[None]:
    """Give the name of the file to an error that has none, as of a full disk, or a hidden one."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and (error.filename is None or str(error.filename).endswith(".tmp")):
            error.filename = os.fspath(path)
        raise


@contextmanager
def _hidden_file(path: Name) -> Iterator[IO[bytes]]:
    """A new file beside that of this name, whose place it takes at the end."""
    target = Path(os.path.realpath(path))
    old = target.stat().st_mode & 0o777 if target.exists() else None
    # A random name: several processes may write the same file at once.
    hidden = target.with_name(f".{uuid.uuid4().hex}.tmp")
    # Never open to more people than the old file is; a new one gets what any new file gets.
    first = 0o666 if old is None else old
    try:
        with open(hidden, "xb", opener=lambda name, flags: os.open(name, flags, first)) as file:
            if old is not None and hidden.stat().st_mode & 0o777 != old:  # the umask has removed some
                os.chmod(hidden, old)
            yield file
            file.flush()
            os.fsync(file.fileno())  # the content reaches the disk before the name does, for power cuts
        hidden.replace(target)
    except BaseException:
        hidden.unlink(missing_ok=True)
        raise


def is_stream(path: Name) -> bool:
    """Whether `path` is a pipe, a device or an open file (``/dev/stdout``), none of which can be replaced."""
    ordinary = os.path.isfile(path) or os.path.isdir(path)
    return _descriptor(path) is not None or (os.path.exists(path) and not ordinary)


def _stream(path: Name) -> IO[bytes]:
    """A stream, opened to be written to from its current position."""
    number = _descriptor(path)
    # An open file is not opened by its name, which would empty it.
    return open(path, "wb") if number is None else os.fdopen(os.dup(number), "wb")


def _descriptor(path: Name) -> int | None:
    """The number of the open file of this process that a name stands for."""
    name = os.path.abspath(path)
    folder, _, last = name.rpartition("/")
    if folder in ("/dev/fd", "/proc/self/fd") and last.isdecimal():
        return int(last)
    return {"/dev/stdout": 1, "/dev/stderr": 2}.get(name)


def require_place(path: Name) -> None:
    """Raise OSError if no file of that name could be written: to be asked before long work."""
    _require_file_name(path)
    folder = Path(os.path.realpath(path)).parent
    if is_stream(path):
        if _descriptor(path) is not None:
            with _named(path), _stream(path):  # is it open? (A pipe must not be opened twice.)
                pass
    elif not folder.is_dir():
        problem = f"there is no folder {Path(path).parent}: make it first"
        raise FileNotFoundError(errno.ENOENT, problem, os.fspath(path))
    else:
        _require_writable(folder, path)  # even a file that may be written to is replaced by a new one


def _require_file_name(path: Name) -> None:
    """Raise IsADirectoryError if it is the name of a folder, whether the folder exists or not."""
    if os.path.isdir(path) or os.fspath(path).endswith(tuple(filter(None, (os.sep, os.altsep)))):
        raise IsADirectoryError(errno.EISDIR, "this is a folder: give the name of a file", os.fspath(path))


def require_folder(path: Name) -> None:
    """Raise OSError if nothing could be written to a folder of that name, which may have to be made first."""
    there = next(p for p in (Path(path), *Path(path).parents) if p.exists())
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "this is a file: give the name of a folder", os.fspath(there))
    _require_writable(there, path)


def _require_writable(folder: Path, path: Name) -> None:
    if not os.access(folder, os.W_OK):
        problem = f"nothing may be written to {folder.resolve()}: give another folder"
        raise PermissionError(errno.EACCES, problem, os.fspath(path))


def require_apart(path: Name, others: Mapping[str, Name | None]) -> None:
    """Raise ValueError if a file to be written is one of `others`, which are named by their purpose."""
    for what, other in others.items():
        if other is not None and os.path.realpath(path) == os.path.realpath(other):
            raise ValueError(f"{path} is {what}, which would be written over: give another name")
