"""The command ``check``: compare the gradient of an expression with numerical derivatives."""

from __future__ import annotations

import argparse

from micrograd_dl.cli.expression import describe, read_expression
from micrograd_dl.cli.parser import Parser
from micrograd_dl.cli.terminal import write


def add_options(parser: Parser) -> None:
    """Add the command's help."""
    describe(
        parser,
        "EXPR",
        """\
Compare the gradient with numerical derivatives. The exit code is 1 if they
differ, or if a derivative could not be judged. At a kink, such as that of relu
at 0, the slope is a choice, which no difference can judge: it does not count as
a failure.""",
    )


def run(options: argparse.Namespace) -> int:
    """Carry out the command and return the exit code."""
    from micrograd_dl.gradcheck.graphs import check

    _, expression = read_expression(options)
    found = check(expression.root)
    write(str(found))
    return 0 if found.ok and found.complete else 1
