"""The command ``draw``: save a picture of an expression's graph."""

from __future__ import annotations

import argparse

from micrograd_dl.cli.expression import describe, read_expression
from micrograd_dl.cli.parser import Parser
from micrograd_dl.cli.terminal import write


def add_options(parser: Parser) -> None:
    """Add the command's options and its help."""
    describe(
        parser, "[--edges] EXPR -o FILE", "Save a picture of the computation graph, with data and gradients."
    )
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="such as J.svg or J.png")
    parser.add_argument("--edges", action="store_true", help="write on each edge what flows along it")


def run(options: argparse.Namespace) -> int:
    """Carry out the command and return the exit code."""
    from micrograd_dl import viz

    _, expression = read_expression(options)
    expression.root.backward()
    viz.draw(expression.root, edges=options.edges).save(options.output)
    write(f"Wrote {options.output}")
    return 0
