"""Where Numba's compiled code is kept: in a folder that only its user can write to, or nowhere.

The files are pickles, and machine code: whoever can write them can run what they like. So they are not kept
beside the package, and a folder is used only if it belongs to the user and is closed to others (mode 0700).
"""

from __future__ import annotations

import hashlib
import logging
import os
from functools import cache
from pathlib import Path
from typing import Any

from numba.core import config
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator

from micrograd_dl.foundation.text import message_of

_PACKAGE = Path(__file__).parent.parent
_NOT_KEPT = "Compiled code cannot be kept on disk ({}), so that every process compiles anew"
_config: Any = config  # its settings are made when it is imported
_log = logging.getLogger("micrograd_dl")


@cache
def say_once(message: str) -> None:
    """One line on stderr, unless logging of `micrograd_dl` is set up otherwise."""
    _log.warning("%s", message)


def keep_on_disk(function: Any) -> None:
    """Let a function that Numba compiles take its code from the disk, or put it there; if it can."""
    try:
        function._cache = _DiskCache(function.__wrapped__)  # type: ignore[no-untyped-call]  # Numba has no types
    except Exception as error:  # noqa: BLE001  # whatever is wrong with the disk, a graph is to be replayed
        say_once(_NOT_KEPT.format(message_of(error)))


def folder() -> Path:
    """The folder ``micrograd-dl`` in ``NUMBA_CACHE_DIR`` or else the user's caches, made if it is not there.

    Raises:
        OSError: it cannot be written to, or others could have written to it.
        RuntimeError: there is no home.
    """
    local = os.environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME")
    path = Path(_config.CACHE_DIR or local or Path.home() / ".cache") / "micrograd-dl"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if hasattr(os, "getuid"):
        found = path.stat()
        if found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise PermissionError(f"{path} is open to other users: chmod 700 it, or remove it")
    return path


@cache
def _stamp() -> str:
    """A stamp that changes with every source that the code is compiled from."""
    rooms = ("compiled", "engine", "foundation", "operations")
    sources = sorted([path for room in rooms for path in (_PACKAGE / room).glob("*.py")])
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


class _Locator(_CacheLocator):
    """A folder for compiled code, with the methods that Numba asks for."""

    @classmethod
    def from_function(cls, _function: Any, _file: str) -> Any:
        return cls()

    def get_cache_path(self) -> str:
        return str(folder())

    def get_source_stamp(self) -> str:
        return _stamp()

    def get_disambiguator(self) -> str:
        """The key of this installation of the package, since another has other code."""
        return hashlib.sha256(str(_PACKAGE).encode()).hexdigest()[:8]


class _Form(CompileResultCacheImpl):
    _locator_classes = [_Locator]  # type: ignore[list-item]  # noqa: RUF012  # as Numba has it


class _DiskCache(FunctionCache):
    """Numba's cache of a function; a fault in it never stops a program."""

    _impl_class = _Form

    def _index_key(self, signature: Any, codegen: Any) -> Any:
        """The processor is part of it. The rule inside is not: its name is that of the function."""
        return signature, codegen.magic_tuple()

    def load_overload(self, signature: Any, target: Any) -> Any:
        try:
            found = super().load_overload(signature, target)  # type: ignore[no-untyped-call]  # as above
        except Exception:  # noqa: BLE001  # an empty or broken file may raise anything; it is written anew
            found = None
        if found is None:
            say_once("Compiling for this computer: the first time this takes some 10 seconds")
        return found

    def save_overload(self, signature: Any, compiled: Any) -> None:
        save: Any = super().save_overload
        try:
            try:
                save(signature, compiled)
            except Exception:  # noqa: BLE001  # a broken index, which it reads first
                self._cache_file.flush()  # type: ignore[no-untyped-call]  # as above
                save(signature, compiled)
        except Exception as error:  # noqa: BLE001  # whatever is wrong with the disk
            say_once(_NOT_KEPT.format(message_of(error)))
