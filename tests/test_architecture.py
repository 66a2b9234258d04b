"""The architecture, as far as the source shows it: which module may import which, and what none may do.

The source is parsed, never imported, so that an import inside a function counts like one at the top.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import TopologicalSorter
from importlib.metadata import packages_distributions
from importlib.util import resolve_name
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("micrograd_dl", "viz")

# The floors of the house, lowest first. A room is a folder; a module may import its own room and those on
# lower floors, and no others. What only types need (`if TYPE_CHECKING:`) is free.
FLOORS = (
    ("micrograd_dl.foundation",),
    ("micrograd_dl.engine",),
    ("micrograd_dl.notation", "micrograd_dl.operations"),
    ("micrograd_dl.nn", "micrograd_dl.optim"),
    ("micrograd_dl.compiled", "micrograd_dl.data", "micrograd_dl.gradcheck", "micrograd_dl.vectorized"),
    ("micrograd_dl.explain",),
    (
        "micrograd_dl",
        "micrograd_dl.compare",
        "micrograd_dl.interop",
        "micrograd_dl.testing",
        "micrograd_dl.training",
        "viz",
    ),
    ("micrograd_dl.sklearn", "micrograd_dl.tuning"),
    ("viz.plots",),
    ("micrograd_dl.cli",),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

# The rooms of micrograd_dl that may import viz, and they only inside a function: the command line, and a
# trace that shows itself in a notebook. They do so by the name micrograd_dl.viz, which no file viz.py of the
# user's can hide: a module that stands for viz.
MAY_IMPORT_VIZ = ("micrograd_dl.cli", "micrograd_dl.explain")
DOOR = "micrograd_dl.viz"

RUNS_TEXT_AS_CODE = {"eval", "exec", "compile", "__import__"}
UNSAFE_TO_LOAD = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}


class Import(NamedTuple):
    """One imported module, by its full name."""

    module: str
    line: int
    inside_function: bool


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}


def text_of(module: str) -> str:
    return MODULES[module].read_text(encoding="utf-8")


every_module = pytest.mark.parametrize("module", MODULES)


def imports_of(source: str, module: str, is_package: bool = False) -> list[Import]:
    """What a module imports when it runs, inside functions too."""
    package = module if is_package else module.rpartition(".")[0]

    def read(node: ast.AST, inside: bool) -> Iterator[Import]:
        children: Iterable[ast.AST] = ast.iter_child_nodes(node)
        match node:
            case ast.If(test=test) if ast.unparse(test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
                children = node.orelse
            case ast.Import(names=names):
                yield from (Import(alias.name, node.lineno, inside) for alias in names)
            case ast.ImportFrom(names=names):
                base = resolve_name("." * node.level + (node.module or ""), package)
                for alias in names:
                    full = f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base
                    if f"{full}.".startswith(f"{DOOR}."):
                        full = full.replace(DOOR, "viz", 1)
                    yield Import(full, node.lineno, inside)
            case ast.Call(func=func, args=[ast.Constant(value=str(name)), *_]):
                if ast.unparse(func).endswith("import_module"):
                    yield Import(name, node.lineno, inside)
        for child in children:
            yield from read(child, inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))

    return list(read(ast.parse(source), False))


def imports(module: str) -> list[Import]:
    return imports_of(text_of(module), module, MODULES[module].name == "__init__.py")


def room_of(module: str) -> str:
    """The folder that a module is in; of a package itself, its own."""
    if module in MODULES and MODULES[module].name == "__init__.py":
        return module
    if module == "micrograd_dl.__main__":
        return "micrograd_dl.cli"  # `python -m micrograd_dl` is the command line
    if module == DOOR:
        return "viz"
    return module.rpartition(".")[0]


def points_up(importer: str, imported: str) -> bool:
    """Whether an import leads to another room that is not on a lower floor."""
    here, there = room_of(importer), room_of(imported)
    if here == there or not is_ours(imported):
        return False
    return there not in FLOOR_OF or FLOOR_OF[there] >= FLOOR_OF[here]


def is_ours(name: str) -> bool:
    return name.partition(".")[0] in PACKAGES


# The rules


def test_every_folder_is_a_room_with_a_floor() -> None:
    rooms = {room_of(name) for name in MODULES}
    assert rooms == set(FLOOR_OF), "FLOORS at the top of this file and the folders differ"
    assert len(rooms - {"micrograd_dl"}) <= 20  # that is the front door, as tools/house.py has it
    assert len(FLOORS) <= 10


def test_the_documentation_has_a_row_for_every_room_with_its_floor() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\| (\d+) \| `([\w/]+)/` \|", text, re.MULTILINE)
    assert {
        f"micrograd_dl.{name}" if name.partition("/")[0] != "viz" else name.replace("/", "."): int(floor) - 1
        for floor, name in shown
    } == {room: floor for room, floor in FLOOR_OF.items() if room != "micrograd_dl"}


@every_module
def test_imports_point_down(module: str) -> None:
    up = {
        f"line {i.line} imports {i.module}"
        for i in imports(module)
        if points_up(module, i.module) and not (i.inside_function and room_of(module) in MAY_IMPORT_VIZ)
    }
    assert not up, f"{MODULES[module]}: {'; '.join(sorted(up))}, which is not in a room on a lower floor"


@pytest.mark.parametrize("room", FLOOR_OF)
def test_no_modules_of_a_room_import_each_other_in_a_circle(room: str) -> None:
    graph = {
        name: {i.module for i in imports(name) if room_of(i.module) == room and i.module != room}
        for name in MODULES
        if room_of(name) == room and name != room
    }
    list(TopologicalSorter(graph).static_order())  # CycleError names the circle


@pytest.mark.parametrize("module", [name for name in MODULES if room_of(name).startswith("micrograd_dl")])
def test_the_engine_does_not_know_its_pictures(module: str) -> None:
    for found in imports(module):
        if found.module.partition(".")[0] == "viz":
            where = f"{MODULES[module]}, line {found.line}"
            assert room_of(module) in MAY_IMPORT_VIZ, f"{where}: only {MAY_IMPORT_VIZ} may import viz"
            assert found.inside_function, f"{where}: viz is to be imported inside the function that needs it"


distributions = cache(packages_distributions)  # it reads the records of all that is installed


@every_module
def test_every_import_is_declared(module: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    packages = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    declared = set(re.findall(r"^[\w.-]+", "\n".join(packages), re.MULTILINE))
    for found in imports(module):
        top = found.module.partition(".")[0]
        if top in sys.stdlib_module_names or is_ours(top):
            continue
        # An optional one that is not installed here is taken to be named like its package.
        offered_by = {name.replace("_", "-") for name in distributions().get(top, [top])}
        assert offered_by & declared, f"{module}, line {found.line}: {top} is of no package in pyproject.toml"


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_loads_the_standard_library_only(package: str) -> None:
    program = (
        f"import sys; before = set(sys.modules); import {package}; "
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    run = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert package in loaded
    heavy = loaded - set(sys.stdlib_module_names) - set(PACKAGES)
    assert not heavy, f"import {package} loads {', '.join(sorted(heavy))}: import them where they are used"


@every_module
def test_no_text_is_run_as_code_and_nothing_is_loaded_that_can_run_code(module: str) -> None:
    unsafe = {found.module.partition(".")[0] for found in imports(module)} & UNSAFE_TO_LOAD
    for node in ast.walk(ast.parse(text_of(module))):
        # A method such as re.compile is an attribute, not a name.
        if isinstance(node, ast.Name) and node.id in RUNS_TEXT_AS_CODE:
            unsafe.add(f"{node.id} in line {node.lineno}")
        if (
            isinstance(node, ast.keyword)
            and node.arg == "allow_pickle"
            and ast.unparse(node.value) != "False"
        ):
            unsafe.add(f"allow_pickle in line {node.lineno}")
    assert not unsafe, f"{MODULES[module]}: {unsafe}"


# The reader of imports, on sources made for it: a rule that sees nothing forbids nothing


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import micrograd_dl.cli.main", Import("micrograd_dl.cli.main", 1, False)),
        ("from micrograd_dl import cli", Import("micrograd_dl.cli", 1, False)),
        ("from micrograd_dl import Value", Import("micrograd_dl", 1, False)),
        ("from . import value", Import("micrograd_dl.engine.value", 1, False)),
        ("def f():\n    from . import value", Import("micrograd_dl.engine.value", 2, True)),
        ("async def f():\n    import viz", Import("viz", 2, True)),
        ("class C:\n    import viz", Import("viz", 2, False)),
        ("if TYPE_CHECKING:\n    import numpy\nelse:\n    import viz", Import("viz", 4, False)),
        ("from micrograd_dl import viz", Import("viz", 1, False)),
        ("from micrograd_dl.viz import draw", Import("viz", 1, False)),
        ("importlib.import_module('micrograd_dl.cli')", Import("micrograd_dl.cli", 1, False)),
    ],
)
def test_reader_finds(source: str, expected: Import) -> None:
    assert imports_of(source, "micrograd_dl.engine.ops") == [expected]


def test_reader_resolves_relative_imports_of_a_package() -> None:
    assert imports_of("from . import cli", "micrograd_dl", is_package=True)[0].module == "micrograd_dl.cli"
    inside = "micrograd_dl.testing.strategies"
    assert imports_of("from ..engine.ops import TABLE", inside)[0].module == "micrograd_dl.engine.ops"


def test_up_is_up() -> None:
    assert points_up("micrograd_dl.engine.ops", "micrograd_dl.notation.naming")
    assert points_up("micrograd_dl.compiled.graph", "micrograd_dl.vectorized.mlp")  # on the same floor
    assert not points_up("micrograd_dl.engine.ops", "micrograd_dl.engine.value")
    assert not points_up("micrograd_dl.notation.naming", "micrograd_dl.engine.ops")
