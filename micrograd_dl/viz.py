"""The package `viz`, under a name that no file ``viz.py`` of your own can hide.

>>> import micrograd_dl.viz
>>> micrograd_dl.viz.draw(micrograd_dl.Value(2.0, "a") * 3)
<picture: The graph of J: 3 nodes, 2 edges>
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from viz import Animation as Animation
    from viz import Picture as Picture
    from viz import Player as Player
    from viz import animate as animate
    from viz import draw as draw
    from viz import play as play
    from viz import plots as plots
    from viz import text as text


def _package() -> ModuleType:
    """What ``import viz`` gives if that is ours; else our package, loaded by its place on the disk."""
    file = Path(__file__).resolve().parents[1] / "viz" / "__init__.py"
    found = sys.modules["viz"].__spec__ if "viz" in sys.modules else find_spec("viz")
    if found is not None and found.origin and Path(found.origin).resolve() == file:
        return import_module("viz")
    spec = spec_from_file_location(__name__, file)
    assert spec is not None
    assert spec.loader is not None
    package = sys.modules[__name__] = module_from_spec(spec)
    spec.loader.exec_module(package)
    return package


# What is found under a module's name after it has run is what an import gives.
sys.modules[__name__] = _package()
