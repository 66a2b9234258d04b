"""Print docs/operations.md, the reference of operations, from the table: ``python -m tools.operations``."""

from __future__ import annotations

from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.formulas import Notation

_OPENING = """\
<!-- Written from the table. To write it again:
     python -m tools.operations > docs/operations.md -->

# Operations

Every primitive operation of `micrograd_dl`, as its entry in `micrograd_dl/engine/ops.py` or
`micrograd_dl/operations/further.py` has it. `mean`, `var`, `norm` and `softmax` of a list are put together
from them, and `operation` adds one of your own. In a local derivative, `out` is the operation's own result.
An operation with a kink has a slope there too, by the convention that the meaning names. What happens at
infinity, at NaN and on overflow is the same for all: see the opening of `micrograd_dl/engine/ops.py`.

| name | written | local derivatives | meaning | undefined or kinked |
|---|---|---|---|---|
"""


def document() -> str:
    """The reference: a Markdown table with a row for every operation."""
    return _OPENING + "".join(f"{_row(operation)}\n" for operation in TABLE.values())


def _row(operation: Operation) -> str:
    node = _example(operation)
    write = Notation([*dict.fromkeys(node.operands), node])
    derivatives = ", ".join(f"`{write.local_formula(node, index)}`" for index in range(len(node.operands)))
    edges = [f"needs {operation.requirement}"] if operation.requirement else []
    edges += ["kink"] if operation.kink else []
    cells = [
        f"`{operation.name}`",
        f"`{write.formula(node)}`",
        derivatives,
        operation.meaning,
        "; ".join(edges),
    ]
    escaped = [cell.replace("|", r"\|") for cell in cells]
    return f"| {' | '.join(escaped)} |"


def _example(operation: Operation) -> Value:
    """The operation on as many named operands as it takes; of any number, on few that show its pattern."""
    for count in [operation.arity] if operation.arity is not None else [3, 4]:
        try:
            node: Value = operation(*(Value(float("nan"), name) for name in Operation.operand_names(count)))
        except ValueError:
            continue  # dot takes pairs
        node.label = "out"
        return node
    raise ValueError(
        f"{operation.name} is undefined on 3 and on 4 operands: say how to show it in the reference"
    )


if __name__ == "__main__":
    print(document(), end="")
