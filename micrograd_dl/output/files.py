"""Writing a file so that a process killed at any instant leaves the old one or the new one, whole."""

from __future__ import annotations

import errno
import os
import re
import stat
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_MOST_LINKS = 40  # as many as Linux follows
_OPEN_FILES = re.compile(r"/proc/\d+(/task/\d+)?/fd")  # the folder of those of a process


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file to write bytes to, which takes the place of `path` when the block ends without an error.

    Until then it has a hidden name in the same folder, ending in ``.tmp``; it stays there only if the process
    is killed. The permissions of the old file stay. What is not a file by its own name is a stream, see
    `is_stream`, and is written to as it comes.

    Raises:
        OSError: the file cannot be written.
    """
    _require_name(path)
    if is_stream(path):
        with _stream(path) as file:
            yield file
        return
    target = Path(os.path.realpath(path))  # a link stays, and the file it points to is replaced
    old = _permissions(target) if target.exists() else None
    # A random name: several processes may write the same file at once.
    hidden = target.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        # Never open to more people than the old file is; a new one gets what any new file gets.
        first = 0o666 if old is None else old
        with open(hidden, "xb", opener=lambda name, flags: os.open(name, flags, first)) as file:
            if old is not None and _permissions(hidden) != old:  # the umask has left some out
                os.chmod(hidden, old)
            yield file
            file.flush()
            os.fsync(file.fileno())  # the content is on the disk before the name is: a power cut counts too
        hidden.replace(target)
    except BaseException as error:
        hidden.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename == str(hidden):
            error.filename = os.fspath(path)  # the name that whoever asked for the file knows
        raise


def _permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode) & 0o777


def is_stream(path: str | os.PathLike[str]) -> bool:
    """Whether there is something of that name that cannot be replaced: a pipe, a device, an open file.

    An open file is what ``/dev/stdout`` and ``/dev/fd/3`` stand for, whatever the shell has opened there.
    """
    return _descriptor(path) is not None or (
        os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)
    )


def _stream(path: str | os.PathLike[str]) -> IO[bytes]:
    """A stream, to be written to from where it stands."""
    number = _descriptor(path)
    if number is None:
        return open(path, "wb")
    try:
        # Opened by its name, a file would be emptied, or written from its beginning.
        return os.fdopen(os.dup(number), "wb")
    except OSError as error:
        error.filename = os.fspath(path)
        raise


def _descriptor(path: str | os.PathLike[str]) -> int | None:
    """The number of the open file of this process that a name stands for, through whatever links.

    Raises:
        PermissionError: it stands for an open file of another process.
    """
    name = os.path.abspath(path)
    for _ in range(_MOST_LINKS):
        folder, last = os.path.split(name)
        folder = os.path.realpath(folder)
        if last.isdecimal() and (folder == "/dev/fd" or _OPEN_FILES.fullmatch(folder)):
            if not folder.startswith(("/dev/fd", os.path.realpath("/proc/self") + "/")):
                problem = "this is open in another process: give the name of a file"
                raise PermissionError(errno.EPERM, problem, os.fspath(path))
            return int(last)
        if not os.path.islink(name):
            return None
        name = os.path.join(folder, os.readlink(name))
    return None


def require_place(path: str | os.PathLike[str]) -> None:
    """Raise OSError if there is no place for a file of that name: to be asked before long work."""
    _require_name(path)
    if is_stream(path):
        if _descriptor(path) is not None:
            _stream(path).close()  # is it open? (A pipe is not to be opened twice.)
        return
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        raise FileNotFoundError(
            errno.ENOENT, f"there is no folder {Path(path).parent}: make it first", os.fspath(path)
        )
    # Even a file that may be written to is replaced by a new one.
    if not os.access(folder, os.W_OK):
        raise PermissionError(errno.EACCES, "nothing may be written to this folder", os.fspath(folder))


def _require_name(path: str | os.PathLike[str]) -> None:
    """Raise IsADirectoryError if it is the name of a folder, be it there or not."""
    if os.path.isdir(path):
        raise IsADirectoryError(errno.EISDIR, "this is a folder: give the name of a file", os.fspath(path))
    if os.fspath(path).endswith(tuple(filter(None, (os.sep, os.altsep)))):
        problem = "this is how a folder is written: leave out what the name of a file does not end in"
        raise IsADirectoryError(errno.EISDIR, problem, os.fspath(path))


def require_folder(path: str | os.PathLike[str]) -> None:
    """Raise OSError if nothing could be written to a folder of that name, be it there or still to be made."""
    there = next(p for p in (Path(path), *Path(path).parents) if p.exists())
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "this is a file: give the name of a folder", os.fspath(there))
    if not os.access(there, os.W_OK):
        raise PermissionError(
            errno.EACCES, f"nothing may be written to {there.resolve()}: give another folder", os.fspath(path)
        )


def require_apart(path: str | os.PathLike[str], others: Mapping[str, str | os.PathLike[str] | None]) -> None:
    """Raise ValueError if a file to be written is another one that is needed, each given with what it is."""
    for what, other in others.items():
        if other is not None and os.path.realpath(path) == os.path.realpath(other):
            raise ValueError(f"{path} is {what}, which would be written over: give another name")
