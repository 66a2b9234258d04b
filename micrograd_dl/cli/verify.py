"""The command ``verify``: the conformance suite on a user's engine, in a process of its own.

Exit codes: 0, the engine conforms; 1, a gradient or a result is wrong; 2, it could not be run.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn
from xml.etree import ElementTree

from micrograd_dl.cli.expression import UsageError
from micrograd_dl.cli.parser import Parser, whole
from micrograd_dl.cli.terminal import write
from micrograd_dl.foundation.files import replacing, require_apart, require_place
from micrograd_dl.foundation.text import message_of, printable

_AT = ".at"  # the file beside the answer that says where the child is
_LOADING = (
    ", and it was still loading the file: "
    'what is more than the class belongs below `if __name__ == "__main__":`'
)
_CODES = {"conforms": 0, "wrong": 1, "could not be run": 2}


def add_options(parser: Parser) -> None:
    """Add the command's options and its help."""
    parser.description = (
        "Check the gradients of a scalar engine of your own, and name the mistake where\n"
        "one is wrong. The file runs in a process of its own, with limits of time and\n"
        "memory; it can do whatever a program of yours can do."
    )
    parser.epilog = "Exit codes: 0, it conforms; 1, a gradient is wrong; 2, it could not be run."
    parser.add_argument(
        "engine",
        metavar="FILE.py:CLASS",
        help="such as my_engine.py:Value; or a module: micrograd.engine:Value",
    )
    parser.add_argument("--json", metavar="FILE", help="write the outcome as JSON")
    parser.add_argument("--junit", metavar="FILE", help="write the outcome as JUnit XML")
    parser.add_argument("--seconds", type=whole, default=60, metavar="N", help="limit of time (60)")
    parser.add_argument("--memory", type=whole, default=4096, metavar="MB", help="limit of memory (4096)")
    parser.add_argument("--examples", type=whole, default=200, metavar="N", help="random graphs (200)")
    parser.add_argument("--depth", type=whole, default=10**6, metavar="N", help="longest chain (1000000)")


def run(options: argparse.Namespace) -> int:
    """Carry out the command and return the exit code."""
    file, _, name = options.engine.rpartition(":")
    if not file or not name.isidentifier():
        raise UsageError(f"{options.engine}: give the file and the class, such as my_engine.py:Value")
    is_module = not file.endswith(".py") and all(map(str.isidentifier, file.split(".")))
    if not is_module and not (file.endswith(".py") and os.path.isfile(file)):
        raise UsageError(f"{file}: there is no such Python file (a name that ends in .py) or module")
    for option in ("seconds", "memory", "examples"):
        if getattr(options, option) < 1:
            raise UsageError(f"--{option} is to be at least 1")
    for output in (options.json, options.junit):
        if output is not None:
            require_place(output)
            require_apart(output, {} if is_module else {"the engine": file})
    try:
        import micrograd_dl.testing  # noqa: F401 - to say at once that its extra is missing
    except ImportError as error:
        raise UsageError(message_of(error)) from None
    outcome = {"engine": options.engine, **_in_a_process(file, name, options)}
    write(outcome["text"])
    for output, text in ((options.json, _as_json), (options.junit, _as_junit)):
        if output is not None:
            with replacing(output) as stream:
                stream.write(text(outcome).encode())
    return _CODES[outcome["outcome"]]


def _in_a_process(file: str, name: str, options: argparse.Namespace) -> dict[str, Any]:
    """What the child process has found out, or why it has not."""
    with tempfile.TemporaryDirectory() as folder:
        answer = os.path.join(folder, "answer.json")
        limits = [options.seconds, options.memory, options.examples, options.depth]
        words = [os.path.abspath(file) if file.endswith(".py") else file, name, answer, *map(str, limits)]
        process = subprocess.Popen(  # noqa: S603 - this module, in another process
            [sys.executable, "-P", "-c", f"from {__name__} import child; child()", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": folder},
            start_new_session=True,
        )
        try:
            process.wait(options.seconds)
            ended = _how_it_ended(process.returncode)
        except subprocess.TimeoutExpired:
            ended = f"it took more than {options.seconds} seconds"
        finally:
            _end(process)
        try:
            outcome: dict[str, Any] = json.loads(Path(answer).read_bytes())
        except (OSError, ValueError):
            with suppress(OSError):
                ended += Path(answer + _AT).read_text(encoding="utf-8")
            outcome = {"outcome": "could not be run", "text": f"{name} could not be run: {ended}"}
    if outcome.pop("unfinished", False):  # all but the last part, which is no matter of right or wrong
        outcome["conventions"]["longer chains"] = f"could not be tried: {ended}"
        outcome["text"] += f"\n  longer chains: could not be tried: {ended}"
    return outcome


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and what it has started."""
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def _how_it_ended(code: int) -> str:
    if code < 0:
        with suppress(ValueError):
            return f"its process was ended by {signal.Signals(-code).name}"
    return f"its process ended with exit code {code}"


def child() -> NoReturn:
    """Run the suite in this process, whose arguments are those of ``_in_a_process``."""
    file, name, answer, *numbers = sys.argv[1:]
    with suppress(BaseException):  # the parent sees that there is no answer
        _run(file, name, answer, *map(int, numbers))
    os._exit(0)  # whatever threads the program has left behind


def _run(file: str, name: str, answer: str, seconds: int, memory: int, examples: int, depth: int) -> None:
    from micrograd_dl.testing.conformance import conformance, how_deep
    from micrograd_dl.testing.engines import described

    _limit(seconds, memory)
    with open(answer + _AT, "wb", buffering=0) as place:

        def progress(text: str) -> None:
            place.seek(0)
            place.truncate()
            place.write(text.encode())

        try:
            progress(_LOADING)
            make, functions = _load(file, name)
            found = conformance(
                make,
                functions=functions,
                examples=examples,
                depth=0,
                progress=lambda text: progress(f", in {text}"),
            )
        except BaseException as error:  # noqa: BLE001 - the program is the user's, and may even call sys.exit()
            why = f"it took more than {memory} MB" if isinstance(error, MemoryError) else described(error)
            text = f"{name} could not be run: {why}"
            _answer(answer, {"outcome": "could not be run", "text": text})
            return

    outcome = "conforms" if found.conforms else "wrong"

    def give(unfinished: bool) -> None:
        text = str(found)
        _answer(answer, {"outcome": outcome, "text": text, "unfinished": unfinished, **found.as_dict()})

    give(unfinished=True)
    for known in how_deep(make, depth):
        found.conventions["deep chains"] = known
        give(unfinished=True)
    give(unfinished=False)


def _answer(path: str, outcome: Mapping[str, Any]) -> None:
    with replacing(path) as stream:
        stream.write(json.dumps(outcome).encode())


def _limit(seconds: int, memory: int) -> None:
    """Bound this process, where the system can."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory * 2**20,) * 2)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds + 1,) * 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _load(file: str, name: str) -> tuple[Callable[[Any], Any], dict[str, Callable[..., Any]]]:
    """The class, and those functions of the module that have the name of an operation."""
    from micrograd_dl.testing.engines import OPERATIONS

    sys.argv = [file]
    if file.endswith(".py"):
        module = _load_file(Path(file))
    else:
        sys.path.insert(0, os.getcwd())
        module = importlib.import_module(file)
    make = getattr(module, name, None)
    if not callable(make):
        raise TypeError(f"there is no class {name} in {os.path.basename(file)}")
    named = {operation.name: getattr(module, operation.name, None) for operation in OPERATIONS}
    return make, {key: f for key, f in named.items() if callable(f) and not hasattr(make, key)}


def _load_file(path: Path) -> ModuleType:
    """The module, as part of its package if it is in one."""
    names, folder = [path.stem], path.parent
    while (folder / "__init__.py").is_file():
        names, folder = [folder.name, *names], folder.parent
    sys.path.insert(0, str(folder))
    if len(names) > 1:
        return importlib.import_module(".".join(names))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _as_json(outcome: Mapping[str, Any]) -> str:
    return json.dumps(outcome, indent=2, ensure_ascii=False) + "\n"


def _as_junit(outcome: Mapping[str, Any]) -> str:
    """One test case for each check."""
    checks = outcome.get("checks", {})
    wrong = [name for name, what in checks.items() if what not in ("right", "lacking")]
    lacking = [name for name, what in checks.items() if what == "lacking"]
    suite = ElementTree.Element(
        "testsuite",
        name=printable(outcome["engine"]),
        tests=str(max(1, len(checks))),
        failures=str(len(wrong)),
        errors=str(int(not checks)),
        skipped=str(len(lacking)),
    )

    def case(name: str, tag: str = "", message: str = "") -> None:
        element = ElementTree.SubElement(
            suite, "testcase", classname=printable(outcome["engine"]), name=printable(name)
        )
        if tag:
            ElementTree.SubElement(element, tag, message=printable(message))

    for name, what in checks.items():
        case(
            name,
            *{"right": (), "lacking": ("skipped", "the engine does not have it")}.get(
                what, ("failure", what)
            ),
        )
    if not checks:
        case("run", "error", outcome["text"])
    ElementTree.SubElement(suite, "system-out").text = printable(outcome["text"])
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
