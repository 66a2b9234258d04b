"""Trainings shared by processes: here by threads with a communicator, and under a real mpiexec."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import micrograd_dl
from micrograd_dl import compiled, nn, vectorized
from micrograd_dl.cli.main import main
from micrograd_dl.data.built_in import moons
from micrograd_dl.nn.network import Array, Network
from micrograd_dl.optim import Adam
from micrograd_dl.training import fit
from micrograd_dl.training.experiment import Predictor
from micrograd_dl.training.fitting import INTERRUPTED, History
from micrograd_dl.training.sharing import OtherProcessError


class Threads:
    """A communicator of one of several threads."""

    def __init__(self, rank: int, barrier: threading.Barrier, board: list[Any]) -> None:
        self.rank, self.barrier, self.board = rank, barrier, board

    def Get_rank(self) -> int:
        return self.rank

    def Get_size(self) -> int:
        return len(self.board)

    def _all(self, x: Any) -> list[Any]:
        self.board[self.rank] = x
        self.barrier.wait()
        found = list(self.board)
        self.barrier.wait()
        return found

    def Allreduce(self, sent: Array, received: Array) -> None:
        received[...] = sum(self._all(sent))

    def bcast(self, x: Any) -> Any:
        return pickle.loads(pickle.dumps(self._all(x)[0]))


def shared(size: int, call: Callable[[Threads], Any]) -> list[Any]:
    """What each of `size` threads returns or raises."""
    barrier, board = threading.Barrier(size, timeout=60), [None] * size

    def run(rank: int) -> Any:
        try:
            return call(Threads(rank, barrier, board))
        except Exception as error:  # noqa: BLE001 - returned
            return error

    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(run, range(size)))


X, Y = moons(30, seed=3)
DEV = moons(11, seed=4).X, moons(11, seed=4).Y
OPTIONS = st.fixed_dictionaries(
    {
        "l2": st.sampled_from([0.0, 0.3]),
        "l1": st.sampled_from([0.0, 0.1]),
        "keep_prob": st.sampled_from([None, 0.7]),
        "normalisation": st.sampled_from([None, "layer"]),
        "max_norm": st.sampled_from([None, 1.0]),
    }
)


@settings(max_examples=25)
@given(st.sampled_from([nn.MLP, vectorized.MLP]), OPTIONS, st.integers(1, 4), st.sampled_from([None, 8, 1]))
def test_the_parameters_are_those_of_one_process(
    kind: type[Network], options: dict[str, Any], size: int, batch_size: int | None
) -> None:
    def model(seed: int = 1) -> Network:
        return kind(2, [3, 1], ["tanh", "sigmoid"], seed=seed, **options)

    def train(model: Network, **more: Any) -> tuple[Network, History]:
        optimiser = Adam(model.parameters(), 0.05)
        return model, fit(
            model, X[:, :10], Y[:, :10], epochs=2, batch_size=batch_size, dev=DEV, optimiser=optimiser, **more
        )

    alone, history = train(model())
    # Each has other initial weights: all begin with those of the first.
    for found, its in shared(size, lambda comm: train(model(1 + comm.rank), comm=comm)):
        for name, array in alone.named().items():
            np.testing.assert_allclose(found.named()[name], array, rtol=1e-12, atol=1e-13)
        for name in ("cost", "dev_cost", "accuracy", "dev_accuracy", "gradient_norm"):
            np.testing.assert_allclose(getattr(its, name), getattr(history, name), rtol=1e-12, atol=1e-13)
        assert found.passes == alone.passes


@pytest.mark.parametrize(("kind", "tolerance"), [("float32", 1e-5), ("compiled", 1e-12)])
def test_float32_and_compiled_networks(kind: str, tolerance: float) -> None:
    def train(comm: Threads | None) -> Network:
        shape = (2, [3, 1], ["tanh", "sigmoid"])
        if kind == "compiled":
            model: Network = compiled.MLP(*shape, seed=1, runner="numpy")
        else:
            model = vectorized.MLP(*shape, seed=1, dtype=kind)
        fit(model, X, Y, epochs=3, comm=comm)
        return model

    wanted = train(None).named()
    for found in shared(3, train):
        for name, array in wanted.items():
            assert found.named()[name].dtype == array.dtype
            np.testing.assert_allclose(found.named()[name], array, rtol=tolerance)


def test_a_checkpoint_is_of_all_processes(tmp_path: Path) -> None:
    path, seen = tmp_path / "c.npz", []

    def train(comm: Threads | None, epochs: int, path: Path | None) -> Network:
        model = vectorized.MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1, keep_prob=0.8)
        callbacks = [lambda epoch, _: seen.append((comm and comm.rank, epoch))]
        fit(model, X, Y, epochs=epochs, batch_size=7, checkpoint=path, callbacks=callbacks, comm=comm)
        return model

    shared(3, lambda comm: train(comm, 2, path))
    assert seen == [(0, 1), (0, 2)]
    wanted = train(None, 5, None).named()
    for found in shared(2, lambda comm: train(comm, 5, path)):
        for name, array in wanted.items():
            np.testing.assert_allclose(found.named()[name], array, rtol=1e-12)


def test_an_error_in_one_process_is_one_in_all() -> None:
    def train(comm: Threads, fails: int, where: str) -> Any:
        model = vectorized.MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1)

        def fail(*_: object) -> Any:
            raise OSError(f"the disk of {comm.rank} is full")

        if comm.rank == fails and where == "step":
            model.cost_and_grad = fail  # type: ignore[method-assign, assignment]
        callbacks = [fail] if comm.rank == fails and where == "callback" else []
        return fit(
            model,
            X,
            Y[:, :: -1 if comm.rank == fails and where == "data" else 1],
            callbacks=callbacks,
            comm=comm,
        )

    for fails, where, kind in ((2, "step", OSError), (0, "callback", OSError), (1, "data", ValueError)):
        found = shared(3, lambda comm: train(comm, fails, where))  # noqa: B023 - called at once
        assert [type(x) for x in found] == [kind if i == fails else OtherProcessError for i in range(3)]
        assert f"process {fails} of the training failed" in str(found[fails - 1])


def test_what_cannot_be_shared() -> None:
    class Own:
        def __init__(self) -> None:
            self.p = micrograd_dl.Value(1.0)

        def parameters(self) -> list[Any]:
            return [self.p]

        def cost_and_grad(self, X: Array, Y: Array) -> float:
            return 0.0 * X.size * Y.size

    comm: Any = Threads(0, threading.Barrier(1), [None])
    normalised = vectorized.MLP(2, [3, 1], "sigmoid", normalisation="batch")
    penalised = compiled.MLP(2, [3, 1], ["tanh", "sigmoid"], l2=0.1, runner="numpy")
    for model, kind, message in (
        (normalised, ValueError, "batch normalisation .*: use layer normalisation"),
        (penalised, ValueError, "a compiled network was recorded with .*: train a vectorized.MLP"),
        (Own(), TypeError, "a network of this package, not a Own"),
    ):
        with pytest.raises(kind, match=message):
            fit(model, X, Y, comm=comm)


# --- real processes -------------------------------------------------------------------------------------

MPIEXEC = shutil.which(
    "mpiexec", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
)
PROGRAM = """
import os, signal, sys, time
from micrograd_dl.cli.main import main
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores Ctrl-C
    sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def mpi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., subprocess.Popen[str]]:
    """Starts the command line in several processes."""
    pytest.importorskip("mpi4py", reason="takes micrograd-dl[cluster]")
    if MPIEXEC is None:
        pytest.skip("takes mpiexec, such as that of `pip install mpich`")
    monkeypatch.chdir(tmp_path)
    Path("program.py").write_text(PROGRAM)
    root = str(Path(micrograd_dl.__file__).parents[1])

    def start(processes: int, *words: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"}
        command = [MPIEXEC, "-n", str(processes), sys.executable, "program.py", *words]
        options: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, env=environment, start_new_session=True, **options)

    return start


TRAIN = [
    "train",
    "moons",
    "--hidden",
    "5",
    "--epochs",
    "6",
    "--batch-size",
    "16",
    "--l2",
    "0.1",
    "--patience",
    "5",
]


def test_the_command_under_mpiexec(mpi: Any, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = mpi(3, *TRAIN, "--checkpoint", "c.npz", "--film", "film.html").communicate(timeout=300)
    assert err == ""
    assert main([*TRAIN, "-o", "alone.npz"]) == 0
    wanted = capsys.readouterr().out
    shown = [line for line in wanted.splitlines() if line.startswith("right:")]
    assert shown
    assert shown[0] in out
    assert out.count("The model is in") == 1
    there, here = (Predictor.load(name).model.named() for name in ("model.npz", "alone.npz"))
    for name, array in here.items():
        np.testing.assert_allclose(there[name], array, rtol=1e-12, atol=1e-13)
    assert Path("film.html").exists()


def test_an_error_under_mpiexec_is_told_once(mpi: Any) -> None:
    process = mpi(2, "train", "nowhere.csv", "--target", "y")
    out, err = process.communicate(timeout=300)
    assert (process.returncode != 0, out, err.count("No such file")) == (True, "", 1)


def test_ctrl_c_under_mpiexec(mpi: Any) -> None:
    process = mpi(2, "train", "moons", "--epochs", "1000000", "--checkpoint", "c.npz")
    deadline = time.monotonic() + 300
    while not Path("c.npz").exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        pytest.skip("takes Linux's /proc")
    tree = [process.pid]
    for pid in tree:
        tree += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    programs = [pid for pid in tree if "program.py" in Path(f"/proc/{pid}/cmdline").read_text()]
    os.kill([pid for pid in programs if pid != process.pid][-1], signal.SIGINT)  # one of them only
    out, err = process.communicate(timeout=300)
    assert (INTERRUPTED in out, "The model is in" in out, "Traceback" in err) == (True, True, False), err
