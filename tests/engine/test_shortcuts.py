"""The plain engine and the fast one are the same engine: the same tests pass, the same numbers come out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import random
from micrograd_dl import nn
from micrograd_dl.engine import functions, ops
from micrograd_dl.engine.gradients import grad
from micrograd_dl.notation.forward import recompute
from micrograd_dl.engine.value import Value

rng = random.Random(0)
for _ in range(30):
    leaves = [Value(rng.uniform(-2, 2)) for _ in range(5)]
    values = list(leaves)
    for _ in range(60):
        operation = rng.choice([op for op in ops.TABLE.values() if op is not ops.pow])
        count = operation.arity or (4 if operation is ops.dot else 5)
        operands = [rng.choice(values) if rng.random() < 0.9 else rng.uniform(-2, 2) for _ in range(count)]
        try:
            node = operation(*operands)
        except (ValueError, ZeroDivisionError) as error:
            print(error)
            continue
        if isinstance(node, Value) and abs(node.data) < 1e3:
            values.append(node)
            values.append(node * operands[0] + rng.uniform(-1, 1) - operands[0])
    J = functions.sum(values[-20:]) + functions.affine(leaves, leaves[::-1], 1.0)
    J.backward()
    print(J.data.hex(), [leaf.grad.hex() for leaf in leaves], [x.hex() for x in grad(J, leaves)])
    leaves[0].data += 1e-3
    try:
        recompute(J)
        print(J.data.hex())
    except (ValueError, ZeroDivisionError) as error:
        print(error)
model = nn.MLP(2, [4, 3, 1], seed=1)
J = sum([(model([rng.random(), rng.random()]) - 1) ** 2 for _ in range(5)])
J.backward()
print(J.data.hex(), [p.grad.hex() for p in model.parameters()])
"""


def run(plain: str, *command: str) -> str:
    environment = os.environ | {"MICROGRAD_DL_PLAIN": plain, "HYPOTHESIS_PROFILE": "ci"}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_both_give_the_same_numbers_bit_for_bit() -> None:
    fast, plain = run("0", "-c", PROGRAM), run("1", "-c", PROGRAM)
    assert fast.count("\n") > 100
    assert fast == plain


@pytest.mark.skipif(bool(os.environ.get("MICROGRAD_DL_PLAIN")), reason="this is the plain engine already")
def test_the_plain_engine_passes_the_tests() -> None:
    """Some of them here; .ci/run runs all."""
    files = [f"tests/engine/test_{name}.py" for name in ("backward", "value", "higher_orders")]
    assert " passed" in run("1", "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *files)
