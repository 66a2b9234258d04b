"""``%%backprop`` for IPython and Jupyter: a cell that steps through its last expression."""

from __future__ import annotations

import ast
from typing import Any

from micrograd_dl.explain.trace import Trace

_WALK = "_walk_of_backprop"  # what the cell calls, in the user's variables


def register(shell: Any) -> None:
    """Give an interactive shell the cell magic ``%%backprop``."""

    def backprop(line: str, cell: str) -> None:
        """Run the cell, and show the walk through the forward pass and backprop of its last expression.

        If the cell ends with ``J = ...``, it is the walk of J.
        """
        if line.strip():
            raise ValueError(f"%%backprop takes no options, and {line.strip()!r} is one: write it below")
        shell.user_ns[_WALK] = Trace
        transformer = _LastExpression()
        shell.ast_transformers.append(transformer)
        try:
            shell.run_cell(f"# %%backprop\n{cell}")  # so that its lines keep their numbers
        finally:
            shell.ast_transformers.remove(transformer)
            del shell.user_ns[_WALK]

    shell.register_magic_function(backprop, "cell")


class _LastExpression(ast.NodeTransformer):
    """Makes the last expression of a cell, or what its last line assigns, the walk of it."""

    def visit_Module(self, module: ast.Module) -> ast.Module:
        """Nothing is changed where a cell ends with something else, which shows nothing."""
        match module.body[-1:]:
            case [ast.Expr(value) as last]:
                last.value = _walk_of(value)
            case [ast.Assign([ast.Name(name)]) | ast.AnnAssign(ast.Name(name), value=ast.expr()) as last]:
                of_name = ast.copy_location(ast.Name(name, ast.Load()), last)
                module.body.append(ast.copy_location(ast.Expr(_walk_of(of_name)), last))
        return ast.fix_missing_locations(module)


def _walk_of(value: ast.expr) -> ast.expr:
    return ast.copy_location(ast.Call(ast.Name(_WALK, ast.Load()), [value], []), value)
