"""Searches on executors and clusters: the same trials as in one process, whatever becomes of the workers."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from micrograd_dl import tuning
from micrograd_dl.cli.main import main
from micrograd_dl.data.built_in import moons
from micrograd_dl.tuning import Plan, Range, tune
from micrograd_dl.tuning.results import Verdict
from micrograd_dl.tuning.search import Found, search

PLAN = Plan(trials=4, epochs=4, rungs=2, keep=2, rounds=2)
SPACE = {"learning_rate": Range(0.001, 1, "log")}


def judge(options: Mapping[str, Any], epochs: int) -> Verdict:
    return Verdict(options["learning_rate"], 1 / epochs, epochs)


def killed_once(marker: str, options: Mapping[str, Any], epochs: int) -> Verdict:
    """Kills the process it runs in, but for one that finds the marker."""
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return judge(options, epochs)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a killed process goes on")


def killed(*_: object) -> Verdict:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a killed process goes on")


def all_of(found: Found) -> list[tuple[Any, ...]]:
    return [(t.name, t.options, t.rung, t.verdict) for t in found.trials]


def test_on_threads_and_processes_as_in_this_process(tmp_path: Path) -> None:
    wanted = all_of(tune(moons(60), SPACE, PLAN))
    with ThreadPoolExecutor(3) as executor:
        assert all_of(tune(moons(60), SPACE, PLAN, executor=executor)) == wanted
        path = tmp_path / "t.jsonl"
        assert all_of(tune(moons(60), SPACE, PLAN, executor=executor, results=path)) == wanted
    with ProcessPoolExecutor(1, get_context("spawn")) as processes:  # which goes on from the file
        assert all_of(tune(moons(60), SPACE, PLAN, executor=processes, results=path)) == wanted


def test_an_executor_or_processes() -> None:
    with (
        ThreadPoolExecutor(1) as executor,
        pytest.raises(ValueError, match="in 2 processes of this search, n"),
    ):
        search(judge, SPACE, PLAN, processes=2, executor=executor)


def test_an_error_leaves_nothing_in_the_queue() -> None:
    done = []

    def broken(_: Mapping[str, Any], epochs: int) -> Verdict:
        done.append(epochs)
        raise ValueError("it is broken")

    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(ValueError, match="it is broken"):
            search(broken, SPACE, Plan(trials=200, epochs=1, rungs=1, rounds=1), executor=executor)
        assert executor.submit(len, "abc").result() == 3  # it takes work as before
    assert len(done) < 200


@pytest.mark.skipif(sys.platform == "win32", reason="takes the signals of Unix")
def test_killed_processes_are_replaced(tmp_path: Path) -> None:
    once = functools.partial(killed_once, str(tmp_path / "marker"))
    assert all_of(search(once, SPACE, PLAN, processes=1)) == all_of(search(judge, SPACE, PLAN))
    with pytest.raises(RuntimeError, match=r"were killed 3 times without a result .* enough memory"):
        search(killed, SPACE, PLAN, processes=1)


# --- clusters -------------------------------------------------------------------------------------------


@contextmanager
def cluster() -> Iterator[Any]:
    """Two processes of Dask on this machine."""
    distributed = pytest.importorskip("distributed", reason="takes micrograd-dl[cluster]")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    # Its own threads and sockets may warn when they are cleared away.
    with distributed.LocalCluster(**options) as found, distributed.Client(found) as client:
        yield client


@pytest.mark.filterwarnings("ignore")
def test_on_dask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["tune", "moons", "--trials", "3", "--epochs", "6", "--rungs", "2", "--rounds", "1"]
    with cluster() as client:
        executor = client.get_executor()
        assert all_of(tune(moons(60), SPACE, PLAN, executor=executor)) == all_of(tune(moons(60), SPACE, PLAN))
        once = functools.partial(killed_once, str(tmp_path / "marker"))
        client.run(sys.path.append, str(Path(__file__).parent))
        assert all_of(search(once, SPACE, PLAN, executor=executor)) == all_of(search(judge, SPACE, PLAN))
        assert (tmp_path / "marker").exists()
        assert main([*command, "-o", "a.jsonl", "--dask", client.scheduler.address]) == 0
    assert main([*command, "-o", "b.jsonl", "--processes", "0"]) == 0
    a, b = (sorted(Path(name).read_text().splitlines()) for name in ("a.jsonl", "b.jsonl"))
    assert a == b


def test_without_dask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["tune", "moons", "--dask", "tcp://127.0.0.1:1"]) == 1
    assert "--dask takes distributed" in capsys.readouterr().err


PROGRAM = """
from mpi4py.futures import MPIPoolExecutor
import test_executors as t
if __name__ == "__main__":
    with MPIPoolExecutor() as executor:
        there = t.tune(t.moons(60), t.SPACE, t.PLAN, executor=executor)
    assert t.all_of(there) == t.all_of(t.tune(t.moons(60), t.SPACE, t.PLAN))
    print("the same")
"""


def test_on_mpi(tmp_path: Path) -> None:
    pytest.importorskip("mpi4py", reason="takes micrograd-dl[cluster]")
    here, root = Path(__file__).parent, Path(tuning.__file__).parents[2]
    search_path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    if (mpiexec := shutil.which("mpiexec", path=search_path)) is None:
        pytest.skip("takes mpiexec, such as that of `pip install mpich`")
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    words = [mpiexec, "-n", "3", sys.executable, "-m", "mpi4py.futures", str(script)]
    environment = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{here}"}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, "the same\n"), done.stderr
