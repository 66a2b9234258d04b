"""Write lessons as notebooks that have been run: ``python -m tools.notebooks FOLDER [NAME ...]``.

They are made from the files of ``examples/``, so that there is no second copy. Needs the extra `notebooks`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from micrograd_dl.cli.lesson import lessons

LESSONS = ("xor", "convexity", "vanishing_gradients")


def cells(source: str) -> Iterator[tuple[str, str]]:
    """The kind and the text of each cell: a title, what stands between functions, each function, the run."""
    lines, tree = source.splitlines(), ast.parse(source)
    yield "markdown", f"# {ast.get_docstring(tree)}"
    start, gathered, names = 0, "", []
    for node in tree.body:
        text, start = "\n".join(lines[start : node.end_lineno]).strip("\n"), node.end_lineno or 0
        if isinstance(node, ast.FunctionDef):
            if gathered:
                yield "code", gathered
            yield "code", text
            gathered = ""
            names.append(node.name)
        elif not (_is_docstring(node) or text.startswith("if __name__")):
            gathered = f"{gathered}\n{text}".lstrip("\n")
    if gathered:
        yield "code", gathered
    yield from (("code", f"{name}()") for name in ("main", "picture") if name in names)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def notebook(name: str) -> Any:
    """A lesson as a notebook that has been run; it stops at the first error."""
    nbclient, nbformat = map(import_module, ("nbclient", "nbformat"))
    new = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    source = lessons()[name].path.read_text(encoding="utf-8")
    made = nbformat.v4.new_notebook(cells=[new[kind](text) for kind, text in cells(source)])
    nbclient.NotebookClient(made, timeout=600, kernel_name="python3").execute()
    for cell in made.cells:
        if cell.cell_type == "code":  # without the progress bars, which are gone by then
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    return made


def main(folder: str, *names: str) -> None:
    """Write the notebooks of these lessons, or of the three, to a folder that is there."""
    nbformat = import_module("nbformat")
    for name in names or LESSONS:
        nbformat.write(notebook(name), Path(folder) / f"{name}.ipynb")


if __name__ == "__main__":
    main(*sys.argv[1:])
