"""Writing a file so that a process killed at any instant leaves the old one or the new one, whole."""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file to write bytes to, which takes the place of `path` when the block ends without an error.

    Until then it has a hidden name in the same folder, ending in ``.tmp``; it stays there only if the process
    is killed. What is not an ordinary file, such as ``/dev/null`` or a pipe, is written to directly.

    Raises:
        OSError: the file cannot be written.
    """
    target = Path(os.path.realpath(path))  # a link stays, and the file it points to is replaced
    if target.exists() and not target.is_file():
        with target.open("wb") as file:
            yield file
        return
    # A random name: several processes may write the same file at once. Opened in the ordinary way, so that
    # it gets the permissions any new file gets.
    hidden = target.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        with hidden.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # the content is on the disk before the name is: a power cut counts too
        hidden.replace(target)
    except BaseException as error:
        hidden.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename == str(hidden):
            error.filename = os.fspath(path)  # the name that whoever asked for the file knows
        raise


def require_place(path: str | os.PathLike[str]) -> None:
    """Raise OSError if there is no place for a file of that name: to be asked before long work."""
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        raise FileNotFoundError(
            errno.ENOENT, f"there is no folder {Path(path).parent}: make it first", os.fspath(path)
        )
    if os.path.isdir(path):
        raise IsADirectoryError(errno.EISDIR, "this is a folder: give the name of a file", os.fspath(path))
    # Even a file that may be written to is replaced by a new one; a device or a pipe is not.
    if not os.access(folder, os.W_OK) and (os.path.isfile(path) or not os.path.exists(path)):
        raise PermissionError(errno.EACCES, "nothing may be written to this folder", os.fspath(folder))


def require_folder(path: str | os.PathLike[str]) -> None:
    """Raise NotADirectoryError if a file is in the place of a folder of that name."""
    there = next(p for p in (Path(path), *Path(path).parents) if p.exists())
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "this is a file: give the name of a folder", os.fspath(there))


def require_apart(path: str | os.PathLike[str], others: Mapping[str, str | os.PathLike[str] | None]) -> None:
    """Raise ValueError if a file to be written is another one that is needed, each given with what it is."""
    for what, other in others.items():
        if other is not None and os.path.realpath(path) == os.path.realpath(other):
            raise ValueError(f"{path} is {what}, which would be written over: give another name")
