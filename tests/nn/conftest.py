"""What the tests of networks share."""

from __future__ import annotations

import pytest

from micrograd_dl import nn, vectorized
from micrograd_dl.nn.network import Network


@pytest.fixture(scope="session", params=[nn.MLP, vectorized.MLP], ids=["values", "numpy"])
def MLP(request: pytest.FixtureRequest) -> type[Network]:
    """Both kinds of network in turn."""
    kind: type[Network] = request.param
    return kind
