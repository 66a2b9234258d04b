"""Whatever is wrong with the disk, code is compiled and runs, and one line says what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

numba = pytest.importorskip("numba")

from micrograd_dl.compiled import numba_cache  # noqa: E402  # it imports numba

COMPILING = "Compiling for this computer: the first time this takes some 10 seconds"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    return tmp_path / "micrograd-dl"


def twice(x: float) -> float:
    return 2.0 * x


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What a process says that compiles a function, or loads it."""
    numba_cache.say_once.cache_clear()
    caplog.clear()
    function: Any = numba.njit(twice)
    numba_cache.keep_on_disk(function)
    assert function(3.0) == 6.0
    return caplog.messages


def test_code_is_kept_for_the_user_alone(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert said(caplog) == [COMPILING]
    assert said(caplog) == []
    if os.name == "posix":
        assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x80\x04K\x01."])
@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_a_broken_file_is_written_anew(
    folder: Path, caplog: pytest.LogCaptureFixture, content: bytes, ending: str
) -> None:
    said(caplog)
    (path,) = folder.glob(f"*.{ending}")
    path.write_bytes(content)
    assert said(caplog) == [COMPILING]
    assert said(caplog) == []


@pytest.mark.skipif(os.name != "posix", reason="modes of folders")
def test_a_folder_that_is_open_to_others_is_not_used(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    (line,) = said(caplog)
    assert line.startswith("Compiled code cannot be kept on disk")
    assert "open to other users" in line
    assert not [*folder.iterdir()]


def test_a_folder_that_vanishes_or_a_full_disk(
    folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    said(caplog)
    for path in folder.iterdir():
        path.unlink()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device", str(folder))

    monkeypatch.setattr("numba.core.caching.IndexDataCacheFile._save_data", full)
    _, line = said(caplog)
    assert line.startswith("Compiled code cannot be kept on disk")
    assert "No space left on device" in line


def test_a_file_in_place_of_the_folder(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder.touch()
    (line,) = said(caplog)
    assert line.startswith("Compiled code cannot be kept on disk")


@pytest.mark.full  # it compiles every kernel
def test_without_a_folder_a_graph_is_replayed_all_the_same(tmp_path: Path) -> None:
    """In a process of its own: neither the home nor the package can be written to."""
    (tmp_path / "file").touch()
    program = (
        "from micrograd_dl import Value; from micrograd_dl.compiled import compile_graph; x = Value(2.0);"
        "print(compile_graph(x * x, [x], runner='numba')(3.0).value)"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "file")}
    found = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout == "9.0\n"
    (line,) = found.stderr.splitlines()
    assert line.startswith("Compiled code cannot be kept on disk")
