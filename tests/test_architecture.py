"""The architecture, as far as the source shows it: which module may import which, and what none may do.

The source is parsed, never imported, so that an import inside a function counts like one at the top.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("micrograd_dl", "viz")

# Every module, lowest first: a module may import those above its own line and no others. What only types need
# (`if TYPE_CHECKING:`) is free. A package's own name stands for its __init__.py.
LAYERS = (
    "micrograd_dl.wording",
    "micrograd_dl.coerce",
    "micrograd_dl.collector",
    "micrograd_dl.origin",
    "micrograd_dl.watching",
    "micrograd_dl.operation",
    "micrograd_dl.ops",
    "micrograd_dl.order",
    "micrograd_dl.value",
    "micrograd_dl.recording",
    "micrograd_dl.naming",
    "micrograd_dl.notation",
    "micrograd_dl.backprop",
    "micrograd_dl.explain",
    "micrograd_dl.differences",
    "micrograd_dl.disturbing",
    "micrograd_dl.verdict",
    "micrograd_dl.gradcheck",
    "micrograd_dl.trace",
    "micrograd_dl.source",
    "micrograd_dl.reference",
    "micrograd_dl.functions",
    "micrograd_dl.expression",
    "micrograd_dl.compiled.tape",
    "micrograd_dl.compiled.lowering",
    "micrograd_dl.compiled.schedule",
    "micrograd_dl.compiled.numpy_runner",
    "micrograd_dl.compiled.vectors",
    "micrograd_dl.compiled.tiles",
    "micrograd_dl.compiled.numba_functions",
    "micrograd_dl.compiled.numba_kernels",
    "micrograd_dl.compiled.numba_runner",
    "micrograd_dl.compiled.comparisons",
    "micrograd_dl.compiled.writing",
    "micrograd_dl.compiled.inputs",
    "micrograd_dl.compiled.listing",
    "micrograd_dl.compiled.graph",
    "micrograd_dl.atomic",
    "micrograd_dl.activations",
    "micrograd_dl.losses",
    "micrograd_dl.initialisers",
    "micrograd_dl.regularisers",
    "micrograd_dl.normalisation",
    "micrograd_dl.architecture",
    "micrograd_dl.shapes",
    "micrograd_dl.network",
    "micrograd_dl.neurons",
    "micrograd_dl.nn",
    "micrograd_dl.vectorized.formulas",
    "micrograd_dl.vectorized.normalisation",
    "micrograd_dl.vectorized.layer",
    "micrograd_dl.vectorized.mlp",
    "micrograd_dl.vectorized.logistic_regression",
    "micrograd_dl.vectorized",
    "micrograd_dl.compiled.network",
    "micrograd_dl.compiled",
    "micrograd_dl.compare.rounding",
    "micrograd_dl.compare.parting",
    "micrograd_dl.compare.comparison",
    "micrograd_dl.compare",
    "micrograd_dl.theta",
    "micrograd_dl.modelcheck",
    "micrograd_dl.optim.averages",
    "micrograd_dl.optim.clipping",
    "micrograd_dl.optim.schedules",
    "micrograd_dl.optim.optimisers",
    "micrograd_dl.optim",
    "micrograd_dl.data.dataset",
    "micrograd_dl.data.built_in",
    "micrograd_dl.data.csv_table",
    "micrograd_dl.data.tables",
    "micrograd_dl.data.preparation",
    "micrograd_dl.data.augmentation",
    "micrograd_dl.data",
    "micrograd_dl.storage",
    "micrograd_dl.training.fitting",
    "micrograd_dl.training.learning_curves",
    "micrograd_dl.training.diagnosis",
    "micrograd_dl.training.experiment",
    "micrograd_dl.training",
    "micrograd_dl.tuning.space",
    "micrograd_dl.tuning.logbook",
    "micrograd_dl.tuning.workers",
    "micrograd_dl.tuning.search",
    "micrograd_dl.tuning.trials",
    "micrograd_dl.tuning",
    "micrograd_dl.testing.gradients",
    "micrograd_dl.testing.strategies",
    "micrograd_dl.testing",
    "micrograd_dl",
    "micrograd_dl.shell",
    "micrograd_dl.shell.terminal",
    "micrograd_dl.shell.textgraph",
    "micrograd_dl.shell.lookup",
    "micrograd_dl.shell.presentation",
    "viz.labels",
    "viz.scene",
    "viz.style",
    "viz.convert",
    "viz.wasm",
    "viz.render",
    "viz.layout",
    "viz.svg",
    "viz.readings",
    "viz.graph",
    "viz.outline",
    "viz.dot",
    "viz.picture",
    "viz",
    "viz.plots.figures",
    "viz.plots.boundary",
    "viz.plots.cost",
    "viz.plots.lines",
    "viz.plots.network",
    "viz.plots.sizes",
    "viz.plots.parallel",
    "viz.plots",
    "viz.report",
    "micrograd_dl.learning_cli",
    "micrograd_dl.tuning_cli",
    "micrograd_dl.shell.prompt",
    "micrograd_dl.shell.questions",
    "micrograd_dl.shell.stepper",
    "micrograd_dl.cli",
    "micrograd_dl.__main__",
)

# The only modules of micrograd_dl that may import viz, and they only inside a function.
MAY_IMPORT_VIZ = {
    "micrograd_dl.shell.questions",
    "micrograd_dl.learning_cli",
    "micrograd_dl.tuning_cli",
    "micrograd_dl.cli",
}

MOST_LINES = 500

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


class ImportReader(ast.NodeVisitor):
    """Collects what a module imports when it runs, those inside functions included."""

    def __init__(self, module: str, is_package: bool) -> None:
        self.package = module if is_package else module.rpartition(".")[0]
        self.found: list[Import] = []
        self.depth = 0

    def add(self, module: str, node: ast.stmt | ast.expr) -> None:
        self.found.append(Import(module, node.lineno, self.depth > 0))

    def visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1

    visit_FunctionDef = visit_function
    visit_AsyncFunctionDef = visit_function

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            for statement in node.orelse:
                self.visit(statement)
        else:
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.add(alias.name, node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = node.module or ""
        if node.level:
            start = ".".join(self.package.split(".")[: len(self.package.split(".")) - node.level + 1])
            base = f"{start}.{base}" if base else start
        for alias in node.names:
            full = f"{base}.{alias.name}"
            self.add(full if full in MODULES or full in LAYERS else base, node)

    def visit_Call(self, node: ast.Call) -> None:
        called = ast.unparse(node.func).rpartition(".")[2]
        if called == "import_module" and node.args and isinstance(node.args[0], ast.Constant):
            self.add(str(node.args[0].value), node)
        self.generic_visit(node)


def imports_of(source: str, module: str, is_package: bool = False) -> list[Import]:
    reader = ImportReader(module, is_package)
    reader.visit(ast.parse(source))
    return reader.found


def imports(module: str) -> list[Import]:
    return imports_of(text_of(module), module, MODULES[module].name == "__init__.py")


def points_up(importer: str, imported: str) -> bool:
    return imported in LAYERS and LAYERS.index(imported) >= LAYERS.index(importer)


def is_ours(name: str) -> bool:
    return name.partition(".")[0] in PACKAGES


# The rules


def test_every_module_has_a_layer() -> None:
    missing = [name for name in MODULES if name not in LAYERS]
    assert not missing, (
        f"{', '.join(missing)}: not in LAYERS at the top of tests/test_architecture.py. "
        "Add each after all that it imports and before all that import it."
    )


def test_every_layer_has_a_module() -> None:
    gone = [name for name in LAYERS if name not in MODULES]
    assert not gone, (
        f"{', '.join(gone)}: in LAYERS at the top of tests/test_architecture.py, but no such file"
    )


def documented(folder: str, heading: str) -> list[str]:
    """The modules in the first column of a table; of a package, those in the second, or in its own table."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = text.partition(f"\n| {heading}")[2].partition("\n\n")[0]
    assert table, f"ARCHITECTURE.md has no table headed {heading!r}"
    shown = []
    for first, second in re.findall(r"^\| (`.+?) \| (.+) \|$", table, re.MULTILINE):
        for name in re.findall(r"`([\w/.]+)`", first):
            if not name.endswith("/"):
                shown.append(f"{folder}.{name.removesuffix('.py').replace('/', '.')}")
            elif "[below]" in second:
                shown += documented(f"{folder}.{name[:-1]}", f"module of `{name}`")
            else:
                shown += [f"{folder}.{name[:-1]}.{file}" for file in re.findall(r"`(\w+)\.py`", second)]
    return shown


@pytest.mark.parametrize(
    ("package", "heading"), [("micrograd_dl", "module |"), ("viz", "module of `viz/`")], ids=PACKAGES
)
def test_the_table_in_the_documentation_has_every_module_in_this_order(package: str, heading: str) -> None:
    packages = {module_name(path) for path in MODULES.values() if path.name == "__init__.py"}
    ours = [name for name in LAYERS if name.startswith(f"{package}.") and name not in packages]
    shown = documented(package, heading)
    if package == "micrograd_dl":
        ours.remove("micrograd_dl.__main__")
    assert not set(ours) - set(shown), "ARCHITECTURE.md has no line for these"
    assert shown == ours, "the table of ARCHITECTURE.md has other modules, or another order, than LAYERS"


@pytest.mark.parametrize("module", [name for name in LAYERS if name in MODULES])
def test_imports_point_down(module: str) -> None:
    up = {f"line {i.line} imports {i.module}" for i in imports(module) if points_up(module, i.module)}
    assert not up, (
        f"{MODULES[module]}: {'; '.join(sorted(up))}, which does not come before {module} in LAYERS"
    )


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("micrograd_dl")])
def test_the_engine_does_not_know_its_pictures(module: str) -> None:
    for found in imports(module):
        if found.module.partition(".")[0] == "viz":
            where = f"{MODULES[module]}, line {found.line}"
            assert module in MAY_IMPORT_VIZ, f"{where}: of micrograd_dl, only {MAY_IMPORT_VIZ} may import viz"
            assert found.inside_function, f"{where}: viz is to be imported inside the function that needs it"


distributions = cache(packages_distributions)  # it reads the records of all that is installed


@every_module
def test_every_import_is_declared(module: str) -> None:
    declared = set(re.findall(r"^[\w.-]+", "\n".join(requires("micrograd-dl") or []), re.MULTILINE))
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
def test_a_file_can_be_read_in_one_sitting(module: str) -> None:
    lines = len(text_of(module).splitlines())
    assert lines <= MOST_LINES, f"{MODULES[module]} has {lines} lines, over {MOST_LINES}: split it"


@every_module
def test_no_text_is_run_as_code(module: str) -> None:
    for node in ast.walk(ast.parse(text_of(module))):
        # A method such as re.compile is an attribute, not a name.
        if isinstance(node, ast.Name):
            assert node.id not in RUNS_TEXT_AS_CODE, f"{module}, line {node.lineno}: {node.id}"


@every_module
def test_nothing_is_loaded_that_can_run_code(module: str) -> None:
    for found in imports(module):
        top = found.module.partition(".")[0]
        assert top not in UNSAFE_TO_LOAD, f"{module}, line {found.line}: {found.module}"
    for node in ast.walk(ast.parse(text_of(module))):
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert ast.unparse(node.value) == "False", f"{module}, line {node.lineno}: allow_pickle"


# The reader of imports, on sources made for it: a rule that sees nothing forbids nothing


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import micrograd_dl.cli", Import("micrograd_dl.cli", 1, False)),
        ("import micrograd_dl.cli as c", Import("micrograd_dl.cli", 1, False)),
        ("from micrograd_dl import cli", Import("micrograd_dl.cli", 1, False)),
        ("from micrograd_dl import Value", Import("micrograd_dl", 1, False)),
        ("from micrograd_dl.cli import main", Import("micrograd_dl.cli", 1, False)),
        ("from .cli import main", Import("micrograd_dl.cli", 1, False)),
        ("from . import cli", Import("micrograd_dl.cli", 1, False)),
        ("def f():\n    from . import cli", Import("micrograd_dl.cli", 2, True)),
        ("async def f():\n    import viz", Import("viz", 2, True)),
        ("class C:\n    def f(self):\n        import viz", Import("viz", 3, True)),
        ("class C:\n    import viz", Import("viz", 2, False)),
        ("try:\n    import numpy\nexcept ImportError:\n    pass", Import("numpy", 2, False)),
        ("if TYPE_CHECKING:\n    import numpy\nelse:\n    import viz", Import("viz", 4, False)),
        ("importlib.import_module('micrograd_dl.cli')", Import("micrograd_dl.cli", 1, False)),
    ],
)
def test_reader_finds(source: str, expected: Import) -> None:
    assert imports_of(source, "micrograd_dl.ops") == [expected]


def test_reader_resolves_relative_imports_of_a_package() -> None:
    assert imports_of("from . import cli", "micrograd_dl", is_package=True)[0].module == "micrograd_dl.cli"
    inside = "micrograd_dl.testing.strategies"
    assert imports_of("from ..ops import TABLE", inside)[0].module == "micrograd_dl.ops"
    assert imports_of("from .. import cli", inside)[0].module == "micrograd_dl.cli"


@pytest.mark.parametrize("test", ["TYPE_CHECKING", "typing.TYPE_CHECKING"])
def test_reader_leaves_out_what_only_types_need(test: str) -> None:
    assert imports_of(f"if {test}:\n    import micrograd_dl.cli", "micrograd_dl.ops") == []


def test_up_is_up() -> None:
    assert points_up("micrograd_dl.ops", "micrograd_dl.value")
    assert points_up("micrograd_dl.ops", "micrograd_dl.ops")
    assert not points_up("micrograd_dl.value", "micrograd_dl.ops")
    assert not points_up("micrograd_dl.value", "math")
